//! gzip as others make it, and as nobody should.

use super::{Code, Encoding, bytes, packed, song, unpack};

#[test]
fn what_zlib_makes_is_read() {
    // Python's gzip, level 9.
    let member = bytes(
        "1f8b08000000000002038dd4cb09c3401443d1565e01595852bee53830d88b610cc940da4f09d7fbbb3a082db57d5a1bf53ee6eced5b\
         fb3ab63a46cdbdd56fedfd52c2c258048b2b16372cee583cb07862f162b185135615b38a5dc5b0625931add8568c2bd635ebfac46659\
         d7ac6bd635eb9a75cdba665db36e5837ac9b1397c0ba61ddb06e5837ac1bd60debfe01b23de6566e050000",
    );
    assert_eq!(gunzip(&member).unwrap(), song());
}

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
