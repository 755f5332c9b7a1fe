//! Every encoding by itself: what it makes is read again, and whatever else comes is refused within the limit.

#[cfg(feature = "gzip")]
mod gzip;
#[cfg(feature = "zstd")]
mod zstd;

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
        for _ in 0..4_000 {
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
        assert!(read > 300 && refused > 300, "{encoding:?}: {read} read, {refused} refused");
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

/// What the constants are that other implementations made.
#[cfg(any(feature = "gzip", feature = "zstd"))]
fn song() -> String {
    (0..40).map(|number| format!("{number} green bottles hang on the wall, ")).collect()
}

#[cfg(any(feature = "gzip", feature = "zstd"))]
fn bytes(digits: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(digits.as_bytes()).unwrap()
}
