//! Every encoding by itself: what it makes is read again, and whatever else comes is refused within the limit.

use super::{Encoding, Expected, Packed, Packer};
use crate::grpc::compression::{Compression, Encodings, Packing};
use crate::grpc::{Code, Status};
use bytes::Bytes;
use http::header::{HeaderMap, HeaderValue};

/// A source of numbers that are the same in every run (xorshift64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        std::iter::repeat_with(|| self.next().to_le_bytes()[3]).take(length).collect()
    }
}

/// Messages of many lengths, that can be made shorter to many degrees.
fn messages() -> Vec<Vec<u8>> {
    let mut numbers = Numbers(7);
    let mut messages = Vec::new();
    for length in [1, 2, 31, 100, 1_000, 65_536, 131_072, 131_073, 300_000] {
        messages.push(vec![0; length]);
        messages.push(b"{\"id\": 7, \"name\": \"someone\"}, ".repeat(length / 31 + 1));
        messages.push(numbers.bytes(length));
        messages.push(numbers.bytes(length).iter().map(|byte| b'a' + byte % 4).collect());
    }
    messages
}

fn encodings() -> impl Iterator<Item = Encoding> {
    Encoding::ALL.iter().copied().filter(|encoding| *encoding != Encoding::Identity)
}

fn packer(encoding: Encoding) -> Packer {
    Packing { limit: usize::MAX, encoding, accepted: Encodings::all() }.packer(Compression::default())
}

/// The flag, and what stands behind the prefix.
fn packed(encoding: Encoding, message: &[u8]) -> (u8, Bytes) {
    let framed = packer(encoding).pack(&Bytes::copy_from_slice(message)).unwrap();
    assert_eq!(framed[1..5], u32::try_from(framed.len() - 5).unwrap().to_be_bytes());
    (framed[0], framed.slice(5..))
}

fn unpack(encoding: Encoding, bytes: &[u8], limit: usize) -> Result<Bytes, Status> {
    Packed::new(Bytes::copy_from_slice(bytes), encoding, limit).unpack()
}

#[test]
fn what_is_compressed_is_read_again_and_is_shorter() {
    for encoding in encodings() {
        for message in messages() {
            match packed(encoding, &message) {
                (0, same) => assert_eq!(same, message),
                (1, shorter) => {
                    assert!(shorter.len() < message.len());
                    assert_eq!(unpack(encoding, &shorter, message.len()).unwrap(), message);
                }
                (other, _) => panic!("{other}"),
            }
        }
        assert_eq!(packed(encoding, &[0; 1_000]).0, 1, "{encoding:?}");
        assert_eq!(packed(encoding, &Numbers(3).bytes(1_000)).0, 0, "{encoding:?}");
        assert_eq!(packed(encoding, b"").0, 0, "{encoding:?}");
    }
}

#[test]
fn the_limit_is_that_of_the_message_itself() {
    for encoding in encodings() {
        for length in [1_000_usize, 131_072, 1_000_000] {
            let (flag, bytes) = packed(encoding, &vec![0; length]);
            assert_eq!(flag, 1);
            assert_eq!(unpack(encoding, &bytes, length).unwrap().len(), length);
            for limit in [0, 1, length / 2, length - 1] {
                let refused = unpack(encoding, &bytes, limit).unwrap_err();
                assert_eq!(refused.code(), Code::ResourceExhausted, "{encoding:?} {length} {limit}: {refused}");
            }
        }
    }
}

#[test]
fn an_early_end_and_what_stands_behind_the_end_are_errors() {
    for encoding in encodings() {
        let message = b"a text, and a text again, and a text again".repeat(10);
        let (_, whole) = packed(encoding, &message);
        for length in 0..whole.len() {
            let error = unpack(encoding, &whole[..length], message.len()).unwrap_err();
            assert_eq!(error.code(), Code::Internal, "{encoding:?} {length}: {error}");
            assert!(error.message().contains(encoding.name()), "{error}");
        }
        for behind in [&b"\0"[..], b"and more", &[0; 100]] {
            let error = unpack(encoding, &[&whole, behind].concat(), message.len()).unwrap_err();
            assert_eq!(error.code(), Code::Internal, "{encoding:?} {behind:?}: {error}");
        }
    }
}

/// Whatever comes, the outcome is one of three: a message within the limit, INTERNAL or RESOURCE_EXHAUSTED.
#[test]
fn arbitrary_bytes_are_read_within_the_limit_or_refused() {
    let mut numbers = Numbers(11);
    for encoding in encodings() {
        let wholes: Vec<_> = messages().iter().map(|message| packed(encoding, message).1).collect();
        let small: Vec<_> = wholes.iter().filter(|whole| whole.len() < 3_000).collect();
        let (mut read, mut refused) = (0, 0);
        for _ in 0..20_000 {
            let mut bytes = small[numbers.below(small.len())].to_vec();
            match numbers.below(8) {
                0 => bytes = numbers.bytes(100),
                1 => bytes.truncate(numbers.below(bytes.len() + 1)),
                2 => bytes.extend_from_within(..),
                _ => {}
            }
            for _ in 0..numbers.below(4) {
                let at = numbers.below(bytes.len().max(1));
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = numbers.next().to_le_bytes()[0];
                }
            }
            let limit = numbers.below(400_000);
            match unpack(encoding, &bytes, limit) {
                Ok(message) => {
                    assert!(message.len() <= limit);
                    read += 1;
                }
                Err(status) => {
                    assert!(matches!(status.code(), Code::Internal | Code::ResourceExhausted), "{status}");
                    refused += 1;
                }
            }
        }
        assert!(read > 1_000 && refused > 1_000, "{encoding:?}: {read} read, {refused} refused");
    }
}

#[test]
fn heads_name_encodings() {
    let headers = |name: &'static str, values: &[&'static str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    };
    assert_eq!(Encoding::ALL.iter().map(|encoding| encoding.name()).collect::<Vec<_>>().join(","), super::ACCEPTED);
    for encoding in Encoding::ALL {
        assert_eq!(super::of_peer(&headers("grpc-encoding", &[encoding.name()])), Ok(*encoding));
        let mut accept = HeaderMap::new();
        accept.insert("grpc-accept-encoding", HeaderValue::from_static(super::ACCEPTED));
        assert!(Encodings::accepted(&accept).contains(*encoding));
    }
    assert_eq!(super::of_peer(&HeaderMap::new()), Ok(Encoding::Identity));
    for unknown in ["br", "", "GZIP", "gzip,identity"] {
        assert!(super::of_peer(&headers("grpc-encoding", &[unknown])).is_err(), "{unknown}");
    }
    for encoding in encodings() {
        let accepted = |values| Encodings::accepted(&headers("grpc-accept-encoding", values)).contains(encoding);
        assert!(!accepted(&[]) && !accepted(&["identity", "br,,"]) && !accepted(&["gzipped,deflated,zstandard"]));
        assert!(accepted(&["identity , deflate\t,gzip, zstd "]) && accepted(&["br", "gzip", "deflate", "zstd"]));
    }
}

#[test]
fn an_encoding_that_is_not_known_matters_when_a_message_has_it() {
    let name = HeaderValue::from_static("snappy");
    let status = Expected::named(Err(&name)).of_compressed().unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("snappy") && status.message().contains(super::ACCEPTED), "{status}");
    let status = Expected::named(Ok(Encoding::Identity)).of_compressed().unwrap_err();
    assert!(status.message().contains("no grpc-encoding"), "{status}");
}

/// gzip as others make it, and as nobody should.
#[cfg(feature = "gzip")]
mod gzip {
    use super::{Code, Encoding, packed, unpack};

    fn gunzip(bytes: &[u8]) -> Result<String, String> {
        let read = unpack(Encoding::Gzip, bytes, 100_000);
        read.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()).map_err(|status| {
            assert_eq!(status.code(), Code::Internal);
            status.message().rsplit_once(": ").unwrap().1.to_owned()
        })
    }

    fn member(text: &str) -> Vec<u8> {
        packed(Encoding::Gzip, text.repeat(50).as_bytes()).1.to_vec()
    }

    #[test]
    fn members_are_one_behind_the_other() {
        let (one, other) = (member("one"), member("other"));
        assert_eq!(gunzip(&[&one[..], &other].concat()).unwrap(), "one".repeat(50) + &"other".repeat(50));
        assert!(gunzip(&one.repeat(256)).is_ok());
        assert_eq!(gunzip(&one.repeat(257)).unwrap_err(), "it has more than 256 members");
        let both = unpack(Encoding::Gzip, &one.repeat(2), 299).unwrap_err();
        assert_eq!(both.code(), Code::ResourceExhausted, "the limit is of all members together");
    }

    #[test]
    fn optional_fields_of_the_head_are_passed_over() {
        let plain = member("text");
        let with = |flags: u8, fields: &[u8]| {
            let mut bytes = plain.clone();
            bytes[3] = flags;
            bytes.splice(10..10, fields.iter().copied());
            bytes
        };
        let text = "text".repeat(50);
        assert_eq!(gunzip(&with(1, b"")).unwrap(), text);
        assert_eq!(gunzip(&with(2, b"cc")).unwrap(), text);
        assert_eq!(gunzip(&with(4, b"\x03\0abc")).unwrap(), text);
        assert_eq!(gunzip(&with(8 | 16, b"name\0\0")).unwrap(), text);
        let all = with(0x1f, b"\x03\0abcname\0comment\0cc");
        assert_eq!(gunzip(&all).unwrap(), text);
        for length in 0..10 + 20 {
            assert_eq!(gunzip(&all[..length]).unwrap_err(), "it ends within its head", "{length}");
        }
        assert_eq!(gunzip(&with(0x20, b"")).unwrap_err(), "a reserved flag is set in its head");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let good = member("text");
        let changed = |at: usize| {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            gunzip(&bytes).unwrap_err()
        };
        for at in 0..3 {
            assert_eq!(changed(at), "it does not begin as gzip does");
        }
        assert_eq!(changed(good.len() - 5), "its checksum is another");
        assert_eq!(changed(good.len() - 1), "its length is another");
        assert_eq!(gunzip(&[&good[..], b"behind"].concat()).unwrap_err(), "6 bytes stand behind its end");
        // zlib is not what `gzip` names, nor the other way about.
        let zlib = packed(Encoding::Deflate, &[7; 100]).1;
        assert_eq!(gunzip(&zlib).unwrap_err(), "it does not begin as gzip does");
        assert_eq!(unpack(Encoding::Deflate, &good, 1_000).unwrap_err().code(), Code::Internal);
    }
}

/// zstd as others make it, and as nobody should.
#[cfg(feature = "zstd")]
mod zstd {
    use super::{Code, Encoding, packed, unpack};

    fn frame(text: &str) -> Vec<u8> {
        packed(Encoding::Zstd, text.repeat(50).as_bytes()).1.to_vec()
    }

    #[test]
    fn frames_are_one_behind_the_other_and_some_are_skipped() {
        let (one, other) = (frame("one"), frame("other"));
        let skipped = b"\x5f\x2a\x4d\x18\x03\0\0\0abc";
        let all = [&skipped[..], &one, skipped, &other].concat();
        let text = unpack(Encoding::Zstd, &all, 1_000).unwrap();
        assert_eq!(text, "one".repeat(50) + &"other".repeat(50));
        assert_eq!(unpack(Encoding::Zstd, &all, 399).unwrap_err().code(), Code::ResourceExhausted);
        assert!(unpack(Encoding::Zstd, &one.repeat(256), 100_000).is_ok());
        let many = unpack(Encoding::Zstd, &one.repeat(257), 100_000).unwrap_err();
        assert!(many.message().ends_with("it has more than 256 frames"), "{many}");
        let cut = unpack(Encoding::Zstd, &skipped[..10], 100_000).unwrap_err();
        assert!(cut.message().ends_with("it ends within a frame that is to be skipped"), "{cut}");
    }

    #[test]
    fn another_checksum_is_an_error() {
        let mut bytes = frame("text");
        *bytes.last_mut().unwrap() ^= 1;
        let error = unpack(Encoding::Zstd, &bytes, 1_000).unwrap_err();
        assert!(error.message().ends_with("its checksum is another"), "{error}");
    }

    /// Of the reference implementation: `printf 'a text, and a text again' | zstd -19`, whose head says the length.
    #[test]
    fn frames_of_the_reference_implementation_are_read() {
        let text = b"a text, and a text again";
        let raw = [&b"\x28\xb5\x2f\xfd\x24\x18\xc1\0\0"[..], text, b"\0\0\0\0"].concat();
        // The checksum that stands there is wrong.
        assert!(unpack(Encoding::Zstd, &raw, 100).unwrap_err().message().ends_with("its checksum is another"));
        let mut other = raw[..raw.len() - 4].to_vec();
        // Without a checksum; then with a length that is another.
        other[4] = 0x20;
        assert_eq!(unpack(Encoding::Zstd, &other, 100).unwrap(), text[..]);
        other[5] = 0x19;
        assert!(unpack(Encoding::Zstd, &other, 100).unwrap_err().message().ends_with("its length is another"));
    }
}
