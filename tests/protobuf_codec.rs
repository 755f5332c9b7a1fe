//! Messages, their bytes and their text, as Python's protobuf 7.36 (upb) writes and prints them.
//!
//! Maps are the one difference: Python prints them in the order of a hash table, here they come in the order of keys.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a test may fail")]

mod protobuf_proto;

use std::collections::BTreeMap;

use protobuf_proto::{
    Choice, Color, Imports, Lists, Maps, Person, Place, Presence, Scalars, Tree, choice, example, hex, other, person,
    second, tree,
};
use threadwire::protobuf::Message;
use threadwire::protobuf::well_known::Timestamp;

/// The three forms of one message agree, whichever one starts from.
#[track_caller]
fn check<M: Message>(message: &M, digits: &str, text: &str) {
    let bytes = hex(digits);
    assert_eq!(message.encode_to_vec().unwrap(), bytes, "the bytes of {message:?}");
    assert_eq!(message.encoded_len(), bytes.len(), "the size of {message:?}");
    assert_eq!(&M::decode(&bytes).unwrap(), message, "the message of {digits}");
    assert_eq!(message.to_text(), text, "the text of {message:?}");
}

#[test]
fn the_classic_person() {
    let john =
        example::Person { name: "John Doe".into(), id: 123, email: "johndoe@example.com".into(), ..Default::default() };
    check(
        &john,
        "0a084a6f686e20446f65 107b 1a136a6f686e646f65406578616d706c652e636f6d",
        "name: \"John Doe\"\nid: 123\nemail: \"johndoe@example.com\"\n",
    );
    // The size that the documentation names.
    let classic = example::Person { name: "John Doe".into(), id: 1234, email: "jdoe@example.com".into(), ..john };
    assert_eq!(classic.encoded_len(), 31);
    assert_eq!(example::Person::FULL_NAME, "Person");
    assert_eq!(Person::FULL_NAME, "threadwire.test.Person");
}

#[test]
fn every_scalar_type() {
    let scalars = Scalars {
        a_double: -1.5,
        a_float: 0.1,
        an_int32: -1,
        an_int64: i64::MIN,
        a_uint32: u32::MAX,
        a_uint64: u64::MAX,
        a_sint32: i32::MIN,
        a_sint64: i64::MAX,
        a_fixed32: 1,
        a_fixed64: 2,
        a_sfixed32: -3,
        a_sfixed64: -4,
        a_bool: true,
        a_string: "Ж\"'\\\n\r\t\u{1}\u{7f} é".into(),
        some_bytes: b"\x00\xff'\"abc\n\x80".into(),
        color: Color::Dark,
        ..Default::default()
    };
    check(
        &scalars,
        "09000000000000f8bf 15cdcccc3d 18ffffffffffffffffff01 2080808080808080808001 28ffffffff0f
         30ffffffffffffffffff01 38ffffffff0f 40feffffffffffffffff01 4d01000000 510200000000000000 5dfdffffff
         61fcffffffffffffff 6801 720dd09622275c0a0d09017f20c3a9 7a0900ff27226162630a80 8001ffffffffffffffffff01"
            .replace('\n', "")
            .as_str(),
        r#"a_double: -1.5
a_float: 0.1
an_int32: -1
an_int64: -9223372036854775808
a_uint32: 4294967295
a_uint64: 18446744073709551615
a_sint32: -2147483648
a_sint64: 9223372036854775807
a_fixed32: 1
a_fixed64: 2
a_sfixed32: -3
a_sfixed64: -4
a_bool: true
a_string: "Ж\"\'\\\n\r\t\001\177 é"
some_bytes: "\000\377\'\"abc\n\200"
color: COLOR_DARK
"#,
    );
}

#[test]
fn defaults_are_not_written_but_negative_zero_is_none() {
    check(&Scalars::default(), "", "");
    let zeros = Scalars { a_double: -0.0, a_float: -0.0, ..Default::default() };
    check(&zeros, "090000000000000080 1500000080", "a_double: -0\na_float: -0\n");
    let decoded = Scalars::decode(&hex("090000000000000080")).unwrap();
    assert!(decoded.a_double.is_sign_negative());
}

#[test]
fn with_presence_defaults_are_written() {
    let presence = Presence {
        a_double: Some(0.0),
        an_int32: Some(0),
        a_bool: Some(false),
        a_string: Some(String::new()),
        some_bytes: Some(Vec::new()),
        color: Some(Color::Unspecified),
        ..Default::default()
    };
    check(
        &presence,
        "090000000000000000 1800 6800 7200 7a00 800100",
        "a_double: 0\nan_int32: 0\na_bool: false\na_string: \"\"\nsome_bytes: \"\"\ncolor: COLOR_UNSPECIFIED\n",
    );
    check(&Presence::default(), "", "");
}

#[test]
fn lists() {
    let lists = Lists {
        packed: vec![1, -2, 300],
        unpacked: vec![1, -2, 300],
        doubles: vec![1.5, -0.0],
        fixed: vec![7, 8],
        zigzags: vec![0, -1, 1, i64::MIN],
        bools: vec![true, false],
        colors: vec![Color::Red, Color::Dark, Color::Unrecognized(77)],
        strings: vec![String::new(), "a".into()],
        byte_strings: vec![vec![], vec![0]],
        places: vec![Place::default(), Place { lat: 1.0, ..Default::default() }],
        ..Default::default()
    };
    let text = "packed: 1\npacked: -2\npacked: 300\nunpacked: 1\nunpacked: -2\nunpacked: 300\ndoubles: 1.5\n\
        doubles: -0\nfixed: 7\nfixed: 8\nzigzags: 0\nzigzags: -1\nzigzags: 1\nzigzags: -9223372036854775808\n\
        bools: true\nbools: false\ncolors: COLOR_RED\ncolors: COLOR_DARK\ncolors: 77\nstrings: \"\"\n\
        strings: \"a\"\nbyte_strings: \"\"\nbyte_strings: \"\\000\"\nplaces {\n}\nplaces {\n  lat: 1\n}\n";
    check(
        &lists,
        "0a0d01feffffffffffffffff01ac02 1001 10feffffffffffffffff01 10ac02 1a10000000000000f83f0000000000000080 \
         2507000000 2508000000 2a0d000102ffffffffffffffffff01 32020100 3a0c01ffffffffffffffffff014d 4200 420161 \
         4a00 4a0100 5200 520909000000000000f03f",
        text,
    );
}

#[test]
fn maps_come_in_the_order_of_their_keys() {
    let inner = Maps { counts: BTreeMap::from([("c".into(), 3)]), ..Default::default() };
    let maps = Maps {
        counts: BTreeMap::from([("b".into(), 0), ("a".into(), 1)]),
        names: BTreeMap::from([(-1, "x".into())]),
        places: BTreeMap::from([(true, Place { lat: 2.5, ..Default::default() })]),
        colors: BTreeMap::from([(-3, Color::Green)]),
        blobs: BTreeMap::from([(9, b"z".to_vec())]),
        nested: BTreeMap::from([("n".into(), inner)]),
        ..Default::default()
    };
    let text = "counts {\n  key: \"a\"\n  value: 1\n}\ncounts {\n  key: \"b\"\n  value: 0\n}\n\
        names {\n  key: -1\n  value: \"x\"\n}\nplaces {\n  key: true\n  value {\n    lat: 2.5\n  }\n}\n\
        colors {\n  key: -3\n  value: COLOR_GREEN\n}\nblobs {\n  key: 9\n  value: \"z\"\n}\n\
        nested {\n  key: \"n\"\n  value {\n    counts {\n      key: \"c\"\n      value: 3\n    }\n  }\n}\n";
    check(
        &maps,
        "0a050a01611001 0a050a01621000 120e08ffffffffffffffffff01120178 1a0d0801120909000000000000 0440 220408051002 \
         2a080d0900000012017a 320c0a016e12070a050a01631003",
        text,
    );
}

#[test]
fn oneofs_have_presence() {
    let zero =
        Choice { before: "b".into(), choice: Some(choice::Choice::Number(0)), after: "a".into(), ..Default::default() };
    check(&zero, "0a0162 1000 320161", "before: \"b\"\nnumber: 0\nafter: \"a\"\n");
    let empty = Choice { choice: Some(choice::Choice::Place(Place::default())), ..Default::default() };
    check(&empty, "2200", "place {\n}\n");
    let deep = Choice { choice: Some(choice::Choice::Nested(Box::new(zero))), ..Default::default() };
    check(&deep, "2a080a01621000320161", "nested {\n  before: \"b\"\n  number: 0\n  after: \"a\"\n}\n");
    check(&Choice { choice: Some(choice::Choice::None(0.0)), ..Default::default() }, "410000000000000000", "none: 0\n");
}

#[test]
fn messages_that_contain_themselves() {
    let leaf = |value| Tree { value, ..Default::default() };
    let tree = Tree {
        value: 1,
        left: Some(Box::new(Tree { value: 2, left: Some(Box::new(leaf(3))), ..Default::default() })),
        children: vec![leaf(4)],
        branch: Some(Box::new(tree::Branch {
            tree: Some(Box::new(leaf(5))),
            other: Some(Box::new(tree::Branch { other: Some(Box::default()), ..Default::default() })),
            ..Default::default()
        })),
        ..Default::default()
    };
    check(
        &tree,
        "0801 120608021202 0803 1a020804 22080a02080512021200",
        "value: 1\nleft {\n  value: 2\n  left {\n    value: 3\n  }\n}\nchildren {\n  value: 4\n}\n\
         branch {\n  tree {\n    value: 5\n  }\n  other {\n    other {\n    }\n  }\n}\n",
    );
}

#[test]
fn nested_types() {
    let person = Person {
        name: "Ann".into(),
        address: Some(person::Address {
            street: "Main".into(),
            position: Some(Place { lat: 1.0, lng: 2.0, ..Default::default() }),
            ..Default::default()
        }),
        phones: vec![
            person::Phone { number: "1".into(), r#type: person::phone::Type::Home, ..Default::default() },
            person::Phone { r#type: person::phone::Type::Unrecognized(9), ..Default::default() },
        ],
        ..Default::default()
    };
    check(
        &person,
        "0a03416e6e 121a0a044d61696e121209000000000000f03f110000000000000040 1a050a01311001 1a021009",
        "name: \"Ann\"\naddress {\n  street: \"Main\"\n  position {\n    lat: 1\n    lng: 2\n  }\n}\n\
         phones {\n  number: \"1\"\n  type: TYPE_HOME\n}\nphones {\n  type: 9\n}\n",
    );
}

#[test]
fn types_of_other_packages() {
    let imports = Imports {
        thing: Some(other::Thing {
            inner: Some(other::thing::Inner { kind: other::Kind::Known, ..Default::default() }),
            ..Default::default()
        }),
        kind: other::Kind::Known,
        at: Some(Timestamp { seconds: -5, nanos: 7, ..Default::default() }),
        ..Default::default()
    };
    check(
        &imports,
        "0a040a020801 1801 220d08fbffffffffffffffff011007",
        "thing {\n  inner {\n    kind: KIND_KNOWN\n  }\n}\nkind: KIND_KNOWN\nat {\n  seconds: -5\n  nanos: 7\n}\n",
    );
}

#[test]
fn proto2_has_presence_and_unpacked_lists() {
    let record = second::Record {
        id: Some(0),
        name: Some(String::new()),
        numbers: vec![1, 2],
        packed: vec![3, 4],
        parent: Some(Box::new(second::Record { id: Some(1), ..Default::default() })),
        choice: Some(second::record::Choice::Yes(false)),
        ..Default::default()
    };
    check(
        &record,
        "0800 1200 1801 1802 22020304 2a020801 3000",
        "id: 0\nname: \"\"\nnumbers: 1\nnumbers: 2\npacked: 3\npacked: 4\nparent {\n  id: 1\n}\nyes: false\n",
    );
}
