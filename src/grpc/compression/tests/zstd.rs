//! zstd as others make it, and as nobody should.

use super::{Code, Encoding, bytes, packed, song, unpack};

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

#[test]
fn frames_of_the_reference_implementation_are_read() {
    // zstd 1.5.4, -19: the head says the length, and there is a checksum.
    let frame = bytes(
        "28b52ffd04681d030092040e11a0edb0f2e87ee8bf9ddd4664b8dcff0a04bbbbbbbbbbffffffbf6ddbb67d4c2143ecada035345531a9\
         eee9728869544dca97d42905978627a811f0ebff1b80334a0f11fcff2ff403b1388719cc2f7bb94b2e6da9e52cb11c00800156b0a806\
         057c6fc9",
    );
    assert_eq!(unpack(Encoding::Zstd, &frame, 2_000).unwrap(), song());
}

#[test]
fn blocks_that_become_nothing_are_bounded() {
    let frame = |empty: usize| [&b"\x28\xb5\x2f\xfd\0\x58"[..], &[0; 3].repeat(empty), &[1, 0, 0]].concat();
    let text = [frame(1_000), frame(255)].concat();
    assert!(unpack(Encoding::Zstd, &text, 1_024 * 1_001).unwrap().is_empty());
    let error = unpack(Encoding::Zstd, &text, 1_024 * 1_000).unwrap_err();
    assert!(error.message().ends_with("it has too many blocks"), "{error}");
}

#[test]
fn another_length_is_an_error() {
    let frame = [&b"\x28\xb5\x2f\xfd\x20\x18\xc1\0\0"[..], b"a text, and a text again"].concat();
    assert_eq!(unpack(Encoding::Zstd, &frame, 100).unwrap(), &b"a text, and a text again"[..]);
    let mut other = frame;
    other[5] = 0x19;
    let error = unpack(Encoding::Zstd, &other, 100).unwrap_err();
    assert!(error.message().ends_with("its length is another"), "{error}");
}
