//! Bytes from a peer that means harm: a clean error that names the byte and the field, never a panic, a hang, or memory
//! out of proportion.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, unreachable_pub, reason = "a test may fail")]

mod protobuf_proto;

use std::thread;

use protobuf_proto::{
    Choice, Crowd, Empty, Imports, Large, Lists, Maps, Option, People, Person, Presence, Scalars, Tree, Wide, hex,
};
use threadwire::protobuf::{DecodeErrorKind, Message};

/// The error of decoding.
#[track_caller]
fn refusal<M: Message>(digits: &str) -> String {
    M::decode(&hex(digits)).unwrap_err().to_string()
}

#[test]
fn errors_name_the_field_and_the_byte() {
    // people[3].address.position.lat, with 5 of 8 bytes.
    let people = "0a00 0a00 0a00 0a0a 1208 1206 09 0102030405";
    assert_eq!(refusal::<People>(people), "people[3].address.position.lat at byte 0xd: needs 8 bytes, 5 left");
    let error = People::decode(&hex(people)).unwrap_err();
    assert_eq!(error.field(), "people[3].address.position.lat");
    assert_eq!(error.offset(), 13);
    assert_eq!(error.kind(), &DecodeErrorKind::Truncated { needed: 8, left: 5 });
    assert_eq!(size_of_val(&error), size_of::<usize>());

    assert_eq!(refusal::<Person>("0a05 616263"), "name at byte 0x2: needs 5 bytes, 3 left");
    assert_eq!(refusal::<Person>("0a04 6162ff63"), "name at byte 0x4: a string that is not UTF-8");
    assert_eq!(refusal::<Scalars>("1880"), "an_int32 at byte 0x1: needs 2 bytes, 1 left");
    assert_eq!(refusal::<Scalars>("18"), "an_int32 at byte 0x1: needs 1 byte, 0 left");
    assert_eq!(refusal::<Lists>("1a0a 000000000000f03f 0000"), "doubles[1] at byte 0xa: needs 8 bytes, 2 left");
    assert_eq!(refusal::<Lists>("0a020180"), "packed[1] at byte 0x3: needs 2 bytes, 1 left");
    assert_eq!(refusal::<Maps>("0a04 0a016110"), "counts.value at byte 0x6: needs 1 byte, 0 left");
    // The same if the entry has an unknown field and is kept as a whole.
    assert_eq!(refusal::<Maps>("1207 0801 1201ff 1807"), "names.value at byte 0x6: a string that is not UTF-8");
    let nested = refusal::<Maps>("1a0b 0801 1205 0900000000 1807");
    assert_eq!(nested, "places.value.lat at byte 0x7: needs 8 bytes, 4 left");
    assert_eq!(refusal::<Choice>("2205 09000000"), "place at byte 0x2: needs 5 bytes, 4 left");
}

#[test]
fn tags_that_do_not_exist() {
    assert_eq!(refusal::<Person>("00 00"), "at byte 0x0: field number 0 does not exist");
    assert_eq!(refusal::<Person>("0a00 0e"), "at byte 0x2: wire type 6 does not exist, only 0 to 5");
    assert_eq!(refusal::<Person>("0f"), "at byte 0x0: wire type 7 does not exist, only 0 to 5");
    assert_eq!(refusal::<Person>("f8ffffff1f 00"), "at byte 0x0: the tag 0x1fffffff8 takes more than 32 bits");
    // Within 32 bits, but written in six bytes.
    assert_eq!(refusal::<Person>("888080808000 01"), "at byte 0x0: the tag 0x8 takes more than 32 bits");
    assert_eq!(refusal::<Person>("0c"), "at byte 0x0: the end of group 1, which is not open here");
    assert_eq!(refusal::<Empty>("0b 14"), "at byte 0x1: the end of group 2, which is not open here");
    assert_eq!(refusal::<Empty>("0b"), "at byte 0x1: needs 1 byte, 0 left");
    // The largest field number there is.
    assert!(Empty::decode(&hex("f8ffffff0f 00")).is_ok());
}

#[test]
fn lengths_in_more_bytes_than_they_need() {
    assert_eq!(Person::decode(&hex("0a 8180808000 61")).unwrap().name, "a");
    let refused = "at byte 0x1: the length 1 is written in more than 5 bytes";
    assert_eq!(refusal::<Person>("0a 818080808000 61"), format!("name {refused}"));
    assert_eq!(refusal::<Lists>("0a 818080808000 01"), format!("packed {refused}"));
    assert_eq!(refusal::<Maps>("0a 818080808000 00"), format!("counts {refused}"));
    assert_eq!(refusal::<Empty>("0a 818080808000 00"), refused);
}

#[test]
fn numbers_without_end() {
    let endless = "ffffffffffffffffffff01";
    assert_eq!(
        refusal::<Scalars>(&format!("20{endless}")),
        "an_int64 at byte 0x1: a number does not end within 10 bytes"
    );
    assert_eq!(refusal::<Scalars>(endless), "at byte 0x0: a number does not end within 10 bytes");
    assert_eq!(
        refusal::<Scalars>(&format!("72{endless}")),
        "a_string at byte 0x1: a number does not end within 10 bytes"
    );
}

#[test]
fn lengths_that_do_not_fit() {
    // What makes quick-protobuf's own reader hang, and lengths around 2^32 and 2^64.
    assert_eq!(
        refusal::<Tree>("0810 1a f3ffffffffffffffff01"),
        "children[0] at byte 0xd: needs 18446744073709551603 bytes, 0 left"
    );
    for length in ["8080808010", "ffffffff0f", "ffffffffffffffffff01", "8080808080808080807f"] {
        for tag in ["0a", "12", "1a"] {
            assert!(refusal::<Person>(&format!("{tag}{length} 00")).contains("bytes, 1 left"), "{tag} {length}");
        }
    }
    for tag in ["a206", "a3060a"] {
        assert!(Empty::decode(&hex(&format!("{tag}8080808010"))).is_err());
    }
    assert!(Tree::decode(&hex("0a0110001af3ffffffffffffffff01")).is_err());
}

/// `depth` messages within each other below the outermost one.
fn nested(depth: usize, tag: u8) -> Vec<u8> {
    nested_by_turns(depth, [tag, tag])
}

/// The same with two tags by turns, the first outermost; `depth` is even.
fn nested_by_turns(depth: usize, tags: [u8; 2]) -> Vec<u8> {
    (0..depth).fold(Vec::new(), |inner, level| prefixed(tags[(level + 1) % 2], &inner))
}

#[test]
fn depth_has_a_limit_and_a_small_stack_suffices() {
    // As Python's protobuf: 100 levels are read, 101 are not. The smallest stack a thread of the library has.
    let small = thread::Builder::new().stack_size(512 << 10);
    let work = || {
        for (tag, name) in [(0x12, "left"), (0x1a, "children[0]")] {
            let tree = Tree::decode(&nested(100, tag)).unwrap();
            assert_eq!(tree.encode_to_vec().unwrap(), nested(100, tag));
            assert!(tree.to_text().len() > 100 * 100);
            let error = Tree::decode(&nested(101, tag)).unwrap_err();
            assert_eq!(error.kind(), &DecodeErrorKind::TooDeep);
            assert!(error.field().starts_with(name), "{error}");
            assert!(Tree::decode(&nested(10_000, tag)).is_err());
        }
        let choice = Choice::decode(&nested(100, 0x2a)).unwrap();
        assert_eq!(choice.encode_to_vec().unwrap(), nested(100, 0x2a));
        assert!(Choice::decode(&nested(101, 0x2a)).is_err());
        // Large structures, and two kinds of them by turns.
        let turns = nested_by_turns(100, [0x2a, 0x0a]);
        assert_eq!(Option::decode(&turns).unwrap().encode_to_vec().unwrap(), turns);
        assert!(Option::decode(&nested_by_turns(102, [0x2a, 0x0a])).is_err());
    };
    small.spawn(work).unwrap().join().unwrap();
}

#[test]
fn large_structures_do_not_lie_on_the_stack_while_they_are_read() {
    assert!(size_of::<Wide>() > 6 << 10);
    let crowd = nested(100, 0x0a);
    let in_map = (0..100).fold(Vec::new(), |inner, _| {
        let value = prefixed(0x12, &inner);
        prefixed(0x1a, &[vec![0x08, 0x05], value].concat())
    });
    let small = thread::Builder::new().stack_size(512 << 10);
    let work = move || {
        for bytes in [nested(100, 0x0a), nested(100, 0x12), nested(100, 0x22), in_map] {
            let wide = Wide::decode(&bytes).unwrap();
            assert_eq!(wide.encode_to_vec().unwrap(), bytes);
            assert!(!wide.to_text().is_empty());
        }
        // Nor is there anything on the stack for each field that there could be.
        let deep = Crowd::decode(&crowd).unwrap();
        assert_eq!(deep.encode_to_vec().unwrap(), crowd);
        assert!(!deep.to_text().is_empty());
    };
    small.spawn(work).unwrap().join().unwrap();
}

#[test]
fn groups_have_the_same_limit() {
    let groups = |depth: usize| [hex("a306").repeat(depth), hex("a406").repeat(depth)].concat();
    let kept = Empty::decode(&groups(100)).unwrap();
    assert_eq!(kept.encode_to_vec().unwrap(), groups(100));
    assert_eq!(Empty::decode(&groups(101)).unwrap_err().kind(), &DecodeErrorKind::TooDeep);
    assert!(Empty::decode(&hex("a306").repeat(1_000_000)).is_err());
}

#[test]
fn map_values_count_as_depth_too() {
    let mut bytes = Vec::new();
    for _ in 0..101 {
        let value = prefixed(0x12, &bytes);
        bytes = prefixed(0x32, &value);
    }
    assert_eq!(Maps::decode(&bytes).unwrap_err().kind(), &DecodeErrorKind::TooDeep);
}

fn prefixed(tag: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let mut len = payload.len();
    while len > 0x7f {
        bytes.push((len & 0x7f) as u8 | 0x80);
        len >>= 7;
    }
    bytes.push(len as u8);
    bytes.extend_from_slice(payload);
    bytes
}

#[test]
fn memory_is_in_proportion_to_the_bytes() {
    // Few bytes an element, each of which is a structure of several KiB: in a list, a map, a box, and a box in a oneof.
    assert!(size_of::<Wide>() > 6 << 10);
    let in_map = (0..20_000_u32).flat_map(|key| {
        let key = [0x08, key as u8 & 0x7f | 0x80, (key >> 7) as u8 & 0x7f | 0x80, (key >> 14) as u8];
        prefixed(0x1a, &key)
    });
    let boxed = |element: &[u8]| prefixed(0x12, element).repeat(20_000);
    let cases = [
        ([0x12, 0x00].repeat(20_000), "list["),
        (in_map.collect(), "map"),
        (boxed(&[0x0a, 0x00]), "list["),
        (boxed(&[0x22, 0x00]), "list["),
    ];
    for (bytes, field) in cases {
        let error = Wide::decode(&bytes).unwrap_err();
        assert_eq!(error.kind(), &DecodeErrorKind::TooMuchMemory);
        assert!(error.field().starts_with(field), "{error}");
    }
    // So many are fine, and structures of an ordinary size in any number.
    assert_eq!(Wide::decode(&[0x12, 0x00].repeat(5_000)).unwrap().list.len(), 5_000);
    assert!(size_of::<Scalars>() > 100);
    assert_eq!(Large::decode(&[0x12, 0x02, 0x18, 0x01].repeat(1 << 18)).unwrap().scalars.len(), 1 << 18);
    assert_eq!(Large::decode(&[0x0a, 0x00].repeat(1 << 20)).unwrap().empties.len(), 1 << 20);
    // What is one element to the wire is one in memory, however often it comes.
    let same_key = prefixed(0x1a, &[0x08, 0x01]).repeat(100);
    assert_eq!(Wide::decode(&same_key).unwrap().map.len(), 1);
    assert!(Wide::decode(&[0x0a, 0x00].repeat(100_000)).unwrap().itself.is_some());
}

#[test]
fn unknown_fields_have_a_limit() {
    let many = hex("a00601").repeat(1 << 20);
    assert_eq!(Empty::decode(&many).unwrap().unknown_fields.as_bytes().len(), 3 << 20);
    let error = Empty::decode(&[many, hex("a00601")].concat()).unwrap_err();
    assert_eq!(error.kind(), &DecodeErrorKind::TooManyUnknownFields);
}

/// One message of each kind, with every field set.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (
            "Scalars",
            hex("09000000000000f8bf15cdcccc3d18ffffffffffffffffff01208080808080808080800128ffffffff0f30ffffffffff \
                 ffffffff0138ffffffff0f40feffffffffffffffff014d010000005102000000000000005dfdffffff61fcffffffffff \
                 ffff6801720dd09622275c0a0d09017f20c3a97a0900ff27226162630a808001ffffffffffffffffff01"),
        ),
        ("Presence", hex("0900000000000000001800680072007a00800100")),
        (
            "Lists",
            hex("0a0d01feffffffffffffffff01ac02100110feffffffffffffffff0110ac021a10000000000000f83f00000000000000 \
                 80250700000025080000002a0d000102ffffffffffffffffff01320201003a0c01ffffffffffffffffff014d42004201 \
                 614a004a01005200520909000000000000f03f"),
        ),
        (
            "Maps",
            hex("0a050a016110010a050a01621000120e08ffffffffffffffffff011201781a0d08011209090000000000000440220408 \
                 0510022a080d0900000012017a320c0a016e12070a050a01631003"),
        ),
        ("Choice", hex("0a01622a080a01621000320161320161")),
        ("Tree", hex("080112060802120208031a02080422080a02080512021200")),
        ("Person", hex("0a03416e6e121a0a044d61696e121209000000000000f03f1100000000000000401a050a013110011a021009")),
        ("Imports", hex("0a040a0208011801220d08fbffffffffffffffff011007")),
        ("Empty", hex("a0068001a10601020304050607 08a20603616263a30608010b10010ca406a50601020304")),
    ]
}

/// Decodes as every type there is; what is accepted must survive a round, and must have its own size.
fn try_all(bytes: &[u8]) {
    fn one<M: Message>(bytes: &[u8]) {
        let Ok(message) = M::decode(bytes) else { return };
        let again = message.encode_to_vec().unwrap();
        assert_eq!(again.len(), message.encoded_len());
        // Not compared as messages: a NaN is not equal to itself.
        let decoded = M::decode(&again).unwrap();
        assert_eq!(decoded.encode_to_vec().unwrap(), again);
        assert_eq!(decoded.to_text(), message.to_text());
    }
    one::<Scalars>(bytes);
    one::<Presence>(bytes);
    one::<Lists>(bytes);
    one::<Maps>(bytes);
    one::<Choice>(bytes);
    one::<Tree>(bytes);
    one::<Person>(bytes);
    one::<People>(bytes);
    one::<Imports>(bytes);
    one::<Option>(bytes);
    one::<Empty>(bytes);
}

#[test]
fn every_truncation_is_an_error_or_a_shorter_message() {
    for (name, bytes) in samples() {
        assert!(!bytes.is_empty(), "{name}");
        for end in 0..=bytes.len() {
            try_all(&bytes[..end]);
        }
    }
}

#[test]
fn every_changed_byte_is_an_error_or_another_message() {
    for (_, bytes) in samples() {
        for position in 0..bytes.len() {
            for value in [0x00, 0x01, 0x07, 0x0a, 0x0b, 0x7f, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[position] = value;
                try_all(&changed);
            }
        }
    }
}

#[test]
fn random_bytes_are_an_error_or_a_message() {
    // xorshift: the same bytes each time.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..20_000 {
        let len = (next() % 40) as usize;
        let bytes =
            (0..len).map(|_| if next() % 3 == 0 { (next() % 24) as u8 } else { next() as u8 }).collect::<Vec<_>>();
        try_all(&bytes);
    }
}
