//! The rules of decoding: merging, packed and unpacked lists, unknown fields, unknown numbers of enums, wire types.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a test may fail")]

mod protobuf_proto;

use protobuf_proto::{
    AB, Choice, Color, Empty, Lists, Maps, Option, Person, Place, Presence, Scalars, Tree, X, ab, choice, hex, option,
    person, x,
};
use threadwire::protobuf::{Enumeration, Message};

fn decode<M: Message>(digits: &str) -> M {
    M::decode(&hex(digits)).unwrap()
}

fn encoded<M: Message>(message: &M) -> Vec<u8> {
    message.encode_to_vec().unwrap()
}

#[test]
fn the_last_scalar_wins() {
    let scalars: Scalars = decode("1801 1802 720161 720162 6801 6800");
    assert_eq!((scalars.an_int32, scalars.a_string.as_str(), scalars.a_bool), (2, "b", false));
    let presence: Presence = decode("1801 1800");
    assert_eq!(presence.an_int32, Some(0));
}

#[test]
fn messages_that_come_twice_are_merged() {
    // address { street: "Main" } then address { position { lat: 1 } } then address { position { lng: 2 } }
    let person: Person = decode("1206 0a044d61696e 120b 1209 09000000000000f03f 120b 1209 110000000000000040");
    let address = person.address.unwrap();
    assert_eq!(address.street, "Main");
    assert_eq!(address.position, Some(Place { lat: 1.0, lng: 2.0, ..Default::default() }));
}

#[test]
fn merge_extends_what_is_there() {
    let mut person = Person {
        name: "Ann".into(),
        address: Some(person::Address { street: "Main".into(), ..Default::default() }),
        phones: vec![person::Phone::default()],
        ..Default::default()
    };
    person.merge(&hex("0a03426f62 120b 1209 09000000000000f03f 1a03 0a0131")).unwrap();
    assert_eq!(person.name, "Bob");
    let address = person.address.unwrap();
    assert_eq!(address.street, "Main");
    assert!(address.position.is_some());
    assert_eq!(person.phones.len(), 2);
}

#[test]
fn encode_appends() {
    let mut buffer = b"prefix".to_vec();
    Choice { after: "a".into(), ..Default::default() }.encode(&mut buffer).unwrap();
    assert_eq!(&buffer[..], b"prefix\x32\x01a");
}

#[test]
fn lists_of_numbers_come_packed_or_not_or_both() {
    let forms = ["0a03010203", "0801 0802 0803", "0801 0a020203", "0a00 0a0101 0802 0a0103"];
    for form in forms {
        let lists: Lists = decode(form);
        assert_eq!(lists.packed, [1, 2, 3], "{form}");
        assert!(lists.unknown_fields.is_empty());
    }
    for form in ["1203010203", "1001 1002 1003", "1001 12020203"] {
        let lists: Lists = decode(form);
        assert_eq!(lists.unpacked, [1, 2, 3], "{form}");
        assert_eq!(encoded(&lists), hex("1001 1002 1003"), "declared as not packed");
    }
    let fixed: Lists = decode("2208 07000000 08000000 2509000000");
    assert_eq!(fixed.fixed, [7, 8, 9]);
    let colors: Lists = decode("3a0101 3802");
    assert_eq!(colors.colors, [Color::Red, Color::Green]);
}

#[test]
fn unknown_fields_are_written_again_byte_for_byte() {
    // One of each wire type, a group with a group in it, and an overlong number that stays overlong.
    let unknown = "a0068001 a10601 02030405060708 a20603616263 a306 0801 0b 1001 0c a406 a50601020304 a0068000";
    let unknown = hex(unknown);
    let empty = Empty::decode(&unknown).unwrap();
    assert_eq!(empty.unknown_fields.as_bytes(), unknown);
    assert_eq!(encoded(&empty), unknown);
    assert_eq!(empty.encoded_len(), unknown.len());
    assert_eq!(empty.to_text(), "");

    // In between known fields and in nested messages; they come last then.
    let tree: Tree = decode("0801 a00601 1205 0802 a00602 a00603");
    assert_eq!(tree.left.as_ref().unwrap().unknown_fields.as_bytes(), hex("a00602"));
    assert_eq!(encoded(&tree), hex("0801 1205 0802 a00602 a00601 a00603"));

    let mut forgetful = empty;
    forgetful.unknown_fields.clear();
    assert_eq!(forgetful, Empty::default());
}

#[test]
fn a_known_field_with_another_wire_type_is_unknown() {
    for digits in ["0a0161", "0d01000000", "1001", "1201ff", "0b0c"] {
        let bytes = hex(digits);
        let place = Place::decode(&bytes).unwrap();
        assert_eq!((place.lat, place.lng), (0.0, 0.0), "{digits}");
        assert_eq!(encoded(&place), bytes);
    }
    // A group is no message, and what it contains is not read.
    let tree: Tree = decode("13 0805 14");
    assert_eq!(tree.left, None);
    assert_eq!(encoded(&tree), hex("13080514"));
}

#[test]
fn numbers_that_an_enum_does_not_name_are_kept() {
    let scalars: Scalars = decode("80014d");
    assert_eq!(scalars.color, Color::Unrecognized(77));
    assert_eq!(i32::from(scalars.color), 77);
    assert_eq!(scalars.color.name(), None);
    assert_eq!(encoded(&scalars), hex("80014d"));
    // Not what comes out of decoding, yet equal to it.
    assert_eq!(Color::Unrecognized(1), Color::Red);
    assert_eq!(Color::Unrecognized(1).name(), Some("COLOR_RED"));
    assert_eq!(Color::Crimson, Color::Red);
    assert_eq!(Color::from(-1), Color::Dark);
    assert_eq!(Color::default(), Color::Unspecified);
    // Only the low 32 bits count.
    assert_eq!(decode::<Scalars>("80018180808010").color, Color::Red);
}

#[test]
fn narrow_numbers_take_the_low_bits() {
    // 2^32 + 1, and -1 as five bytes.
    assert_eq!(decode::<Scalars>("188180808010").an_int32, 1);
    assert_eq!(decode::<Scalars>("18ffffffff0f").an_int32, -1);
    assert_eq!(decode::<Scalars>("288180808010").a_uint32, 1);
    assert_eq!(decode::<Scalars>("388280808010").a_sint32, 1);
    assert!(decode::<Scalars>("68808080808001").a_bool);
    // Ten bytes, the last with more bits than fit.
    assert_eq!(decode::<Scalars>("20ffffffffffffffffff7f").an_int64, -1);
    // More bytes than needed.
    assert_eq!(decode::<Scalars>("18818000").an_int32, 1);
}

#[test]
fn zigzag_as_the_documentation_lists_it() {
    let cases: [(i32, &str); 7] = [
        (0, ""),
        (-1, "3801"),
        (1, "3802"),
        (-2, "3803"),
        (i32::MAX, "38feffffff0f"),
        (i32::MIN, "38ffffffff0f"),
        (150, "38ac02"),
    ];
    for (value, digits) in cases {
        let scalars = Scalars { a_sint32: value, ..Default::default() };
        assert_eq!(encoded(&scalars), hex(digits), "{value}");
        assert_eq!(Scalars::decode(&hex(digits)).unwrap(), scalars);
    }
}

#[test]
fn the_documentations_examples() {
    // https://protobuf.dev/programming-guides/encoding/
    assert_eq!(encoded(&Tree { value: 150, ..Default::default() }), hex("089601"));
    assert_eq!(encoded(&Choice { before: "testing".into(), ..Default::default() }), hex("0a0774657374696e67"));
    let list = Lists { packed: vec![3, 270, 86942], ..Default::default() };
    assert_eq!(encoded(&list), hex("0a0603 8e02 9ea705"));
    assert_eq!(encoded(&Scalars { an_int32: -2, ..Default::default() }), hex("18feffffffffffffffff01"));
}

#[test]
fn the_last_member_of_a_oneof_wins_and_messages_merge() {
    use choice::Choice::{Number, Place as In, Text};

    assert_eq!(decode::<Choice>("1001 1a0161").choice, Some(Text("a".into())));
    assert_eq!(decode::<Choice>("1a0161 1001").choice, Some(Number(1)));
    let merged: Choice = decode("2209 09000000000000f03f 2209 110000000000000040");
    assert_eq!(merged.choice, Some(In(Place { lat: 1.0, lng: 2.0, ..Default::default() })));
    let replaced: Choice = decode("2209 09000000000000f03f 1001 2209 110000000000000040");
    assert_eq!(replaced.choice, Some(In(Place { lng: 2.0, ..Default::default() })));
}

#[test]
fn map_entries_may_lack_parts_and_repeat() {
    // No key, no value, nothing, the value first, a key that comes again.
    let maps: Maps = decode("0a021005 0a030a0161 12020801 0a05 1002 0a0162 1a020801");
    assert_eq!(maps.counts, [("".to_owned(), 5), ("a".to_owned(), 0), ("b".to_owned(), 2)].into());
    assert_eq!(maps.names, [(1, String::new())].into());
    assert_eq!(maps.places, [(true, Place::default())].into());
    let twice: Maps = decode("0a0410010a00 0a0410020a00 0a00");
    assert_eq!(twice.counts, [(String::new(), 0)].into());
}

#[test]
fn a_map_entry_with_unknown_fields_is_unknown_as_a_whole() {
    // As in Python: nothing is lost, though the map does not show the entry.
    let maps: Maps = decode("0a07 0a0161 1003 1807 0a05 0a0162 1004");
    assert_eq!(maps.counts, [("b".to_owned(), 4)].into());
    assert_eq!(maps.unknown_fields.as_bytes(), hex("0a07 0a0161 1003 1807"));
    assert_eq!(encoded(&maps), hex("0a05 0a0162 1004 0a07 0a0161 1003 1807"));
    // In a nested message, after the nested message's own tags.
    let nested: Maps = decode("320e 0a016e 1209 0a07 0a0161 1003 1807");
    assert_eq!(encoded(&nested), hex("320e 0a016e 1209 0a07 0a0161 1003 1807"));
}

#[test]
fn names_that_mean_something_in_rust() {
    let option = Option {
        r#type: "t".into(),
        self_: Some(option::Self_ { crate_: 1, ..Default::default() }),
        r#async: 2,
        r#gen: vec![option::Vec { __: 3, ..Default::default() }],
        some: Some(Box::new(option::Box { option: Some(Box::default()), ..Default::default() })),
        unknown_fields_: vec![4],
        camel_case: 5,
        two__underscores: 6,
        r#fn: [("k".to_owned(), Option::default())].into(),
        r#match: option::Result::Err,
        r#enum: Some(option::Enum::String(option::String { string: "s".into(), ..Default::default() })),
        ..Default::default()
    };
    assert_eq!(Option::decode(&encoded(&option)).unwrap(), option);
    assert!(option.to_text().starts_with("type: \"t\"\nself {\n  crate: 1\n}\nasync: 2\ngen {\n  _: 3\n}\n"));
    assert_eq!(option::Result::Unrecognized_, option::Result::from(2));
}

#[test]
fn names_without_a_letter() {
    let nameless = X { ___: x::X3::X5, __: Some(x::X::X6(x::X2::default())), ..Default::default() };
    assert_eq!(encoded(&nameless), hex("1200 1801"));
    assert_eq!(nameless.to_text(), "_6 {\n}\n___: _5\n");
}

#[test]
fn nested_types_and_oneofs_lie_in_one_module() {
    let message = AB { c: Some(ab::C::default()), d: Some(ab::D::E(ab::C::default())), ..Default::default() };
    assert_eq!(encoded(&message), hex("0a00 1200"));
}
