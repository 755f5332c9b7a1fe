//! What proto2 has beside proto3: required fields, groups, closed enums, defaults, extensions.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a test may fail")]

mod protobuf_proto;

use protobuf_proto::hex;
use protobuf_proto::legacy::{
    Added, Closed, Defaults, Extendable, Grade, Groups, Level, Old, Outer, Required, closed, defaults, groups, outer,
    required,
};
use std::collections::BTreeMap;
use threadwire::protobuf::{DecodeErrorKind, EncodeErrorKind, Message, RECURSION_LIMIT};

fn decode<M: Message>(digits: &str) -> M {
    M::decode(&hex(digits)).unwrap()
}

fn error<M: Message>(digits: &str) -> String {
    M::decode(&hex(digits)).unwrap_err().to_string()
}

fn inner(name: Option<&str>) -> required::Inner {
    required::Inner { name: name.map(Into::into), ..Default::default() }
}

fn whole() -> Required {
    Required { id: Some(0), level: Some(Level::High), ..Default::default() }
}

#[test]
fn a_required_field_is_written_though_it_is_zero() {
    let bytes = whole().encode_to_vec().unwrap();
    assert_eq!(bytes, hex("0800 3007"));
    assert_eq!(Required::decode(&bytes).unwrap(), whole());
}

#[test]
fn a_message_that_lacks_a_required_field_is_not_encoded() {
    let missing = |message: &Required| match message.encode_to_vec().unwrap_err().kind() {
        EncodeErrorKind::MissingField { field } => field.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(missing(&Required::default()), "id");
    assert_eq!(missing(&Required { level: None, ..whole() }), "level");
    assert_eq!(missing(&Required { next: Some(Box::default()), ..whole() }), "next.id");
    assert_eq!(missing(&Required { inner: vec![inner(Some("a")), inner(None)], ..whole() }), "inner[1].name");
    let by_name = BTreeMap::from([("a".into(), inner(None))]);
    assert_eq!(missing(&Required { by_name, ..whole() }), "by_name.name");
    assert_eq!(missing(&Required { choice: Some(required::Choice::Chosen(inner(None))), ..whole() }), "chosen.name");
    let error = Required::default().encode_to_vec().unwrap_err();
    assert_eq!(error.to_string(), "this threadwire.legacy.Required lacks the required field id");
    let mut buffer = b"before".to_vec();
    Required::default().encode(&mut buffer).unwrap_err();
    assert_eq!(&buffer[..], b"before");
}

#[test]
fn a_message_that_lacks_a_required_field_is_not_decoded() {
    assert_eq!(error::<Required>(""), "id at byte 0x0: a required field that is missing");
    assert_eq!(error::<Required>("0801"), "level at byte 0x2: a required field that is missing");
    assert_eq!(error::<Required>("0801 3003 1a00"), "inner[0].name at byte 0x6: a required field that is missing");
    // A number that the closed enum does not name is no value.
    assert_eq!(error::<Required>("0801 3005"), "level at byte 0x4: a required field that is missing");
    let kind = Required::decode(&[]).unwrap_err().kind().clone();
    assert_eq!(kind, DecodeErrorKind::MissingField);
    // What is merged may be in parts, as long as the whole is whole.
    let mut message = whole();
    message.merge(&hex("2202 0a00")).unwrap_err();
    message = whole();
    message.merge(&hex("0805")).unwrap();
    assert_eq!(message.id, Some(5));
}

#[test]
fn required_fields_are_found_however_far_in() {
    assert_eq!(decode::<Outer>("0a00"), Outer { middle: Some(outer::Middle::default()), ..Default::default() });
    assert_eq!(error::<Outer>("0a02 0b0c"), "middle.part[0].id at byte 0x4: a required field that is missing");
    assert_eq!(
        error::<Outer>("0a0a 0b 0801 1204 0a02 0b0c 0c"),
        "middle.part[0].outer.middle.part[0].id at byte 0xc: a required field that is missing"
    );
    let outer: Outer = decode("0a04 0b 0801 0c");
    assert_eq!(outer.middle.unwrap().part, [outer::middle::Part { id: Some(1), ..Default::default() }]);
}

#[test]
fn groups_lie_between_their_tags() {
    let message = Groups {
        before: Some(1),
        single: Some(groups::Single {
            a: Some(2),
            within: Some(groups::single::Within { text: Some("x".into()), ..Default::default() }),
            ..Default::default()
        }),
        many: vec![groups::Many { a: Some(3), ..Default::default() }, groups::Many::default()],
        choice: Some(groups::Choice::Chosen(groups::Chosen { a: Some(4), ..Default::default() })),
        recursive: Some(Box::new(groups::Recursive {
            groups: Some(Box::default()),
            numbers: vec![5, 300],
            ..Default::default()
        })),
        ..Default::default()
    };
    let bytes = message.encode_to_vec().unwrap();
    let expected = "0801 13 0802 13 1a0178 14 14 1b 0803 1c 1b 1c 23 0804 24 fbffffff0f 0a00 120305ac02 fcffffff0f";
    assert_eq!(bytes, hex(expected));
    assert_eq!(message.encoded_len(), bytes.len());
    assert_eq!(Groups::decode(&bytes).unwrap(), message);
    let text = "before: 1\nSingle {\n  a: 2\n  Within {\n    text: \"x\"\n  }\n}\nMany {\n  a: 3\n}\nMany {\n}\nChosen {\n  a: 4\n}\n\
        Recursive {\n  groups {\n  }\n  numbers: 5\n  numbers: 300\n}\n";
    assert_eq!(message.to_text(), text);
}

#[test]
fn groups_that_come_twice_are_merged() {
    let message: Groups = decode("13 0802 14 13 13 1a0178 14 14 23 0801 24 2a0179 23 24");
    let single = message.single.unwrap();
    assert_eq!((single.a, single.within.unwrap().text.as_deref()), (Some(2), Some("x")));
    // The member was another meanwhile.
    assert_eq!(message.choice, Some(groups::Choice::Chosen(groups::Chosen::default())));
}

#[test]
fn groups_that_do_not_end_are_errors() {
    assert_eq!(error::<Groups>("13 0802"), "single at byte 0x3: needs 1 byte, 0 left");
    assert_eq!(error::<Groups>("13 1c"), "single at byte 0x1: the end of group 3, which is not open here");
    assert_eq!(error::<Groups>("14"), "at byte 0x0: the end of group 2, which is not open here");
    assert_eq!(error::<Groups>("13 13 14"), "single at byte 0x3: needs 1 byte, 0 left");
    // A group is a field of its own: behind a length prefix its number is unknown.
    let message: Groups = decode("1202 0801");
    assert_eq!((message.single.clone(), message.unknown_fields.as_bytes()), (None, &hex("1202 0801")[..]));
}

#[test]
fn groups_nest_as_deep_as_messages() {
    let nested = |depth: u32| {
        let mut bytes = Vec::new();
        for _ in 0..depth / 2 {
            // Recursive { groups { … } }: the length of what is in the message is not known before.
            let mut inner = hex("fbffffff0f");
            inner.extend([0x0a]);
            let body = std::mem::take(&mut bytes);
            let mut len = body.len();
            while len >= 0x80 {
                inner.push(len as u8 | 0x80);
                len >>= 7;
            }
            inner.push(len as u8);
            inner.extend(body);
            inner.extend(hex("fcffffff0f"));
            bytes = inner;
        }
        bytes
    };
    let bytes = nested(RECURSION_LIMIT);
    let message = Groups::decode(&bytes).unwrap();
    assert_eq!(message.encode_to_vec().unwrap(), bytes);
    let kind = Groups::decode(&nested(RECURSION_LIMIT + 2)).unwrap_err().kind().clone();
    assert_eq!(kind, DecodeErrorKind::TooDeep);
}

#[test]
fn closed_enums_keep_other_numbers_among_the_unknown_fields() {
    let message: Closed = decode("0803 0805 1003 1004 1007 1a03 030407 2805");
    assert_eq!(message.level, Some(Level::Low), "the unknown one changes nothing");
    assert_eq!(message.levels, [Level::Low, Level::High]);
    assert_eq!(message.packed, [Level::Low, Level::High]);
    assert_eq!(message.choice, None);
    assert_eq!(message.unknown_fields.as_bytes(), hex("0805 1004 1804 2805"));
    assert_eq!(message.encode_to_vec().unwrap(), hex("0803 1003 1007 1a02 0307 0805 1004 1804 2805"));
    // Packed and not, the other way round; and a negative one.
    let message: Closed = decode("1204 03040507 1803 1805 08feffffffffffffffff01");
    assert_eq!((message.levels.len(), message.packed.len()), (2, 1));
    assert_eq!(message.level, Some(Level::Below));
    assert_eq!(message.unknown_fields.as_bytes(), hex("1004 1005 1805"));
}

#[test]
fn a_closed_enum_in_a_map_keeps_the_whole_entry() {
    let message: Closed = decode("2204 08011003 2204 08021004 2202 0803");
    assert_eq!(message.by_number, BTreeMap::from([(1, Grade::Full), (3, Grade::None)]), "the first is the default");
    assert_eq!(message.unknown_fields.as_bytes(), hex("2204 08021004"));
}

#[test]
fn an_unknown_number_leaves_the_member_of_a_oneof_that_is_set() {
    let message: Closed = decode("320178 2805");
    assert_eq!(message.choice, Some(closed::Choice::Text("x".into())));
    assert_eq!(error::<Closed>("2880"), "chosen at byte 0x1: needs 2 bytes, 1 left");
}

#[test]
fn a_field_without_a_value_counts_as_its_default() {
    let message = Defaults { r#type: Some(1), ..Default::default() };
    assert_eq!(message.text_or_default(), "a \"quoted\"\n☺");
    assert_eq!(message.data_or_default(), [0, 255]);
    assert!(message.flag_or_default());
    assert_eq!((message.small_or_default(), message.large_or_default()), (i32::MIN, u64::MAX));
    assert_eq!((message.ratio_or_default(), message.endless_or_default()), (0.1, f64::NEG_INFINITY));
    assert!(message.none_or_default().is_nan());
    assert_eq!((message.level_or_default(), message.type_or_default()), (Level::Below, 1));
    assert_eq!((message.number_or_default(), message.word_or_default()), (-5, "word"));
    // None of it is on the wire, and a value that is the default is.
    assert_eq!(message.encode_to_vec().unwrap(), hex("65 01000000"));
    let message =
        Defaults { text: Some(String::new()), flag: Some(false), choice: Some(defaults::Choice::Number(0)), ..message };
    assert_eq!((message.text_or_default(), message.flag_or_default(), message.number_or_default()), ("", false, 0));
    assert_eq!(message.encode_to_vec().unwrap(), hex("0a00 1800 5000 65 01000000"));
}

#[test]
fn extensions_are_kept() {
    let digits = "0801 a00605 aa060178 b306 0802 b406";
    let message: Extendable = decode(digits);
    assert_eq!(message.known, Some(1));
    assert_eq!(message.encode_to_vec().unwrap(), hex(digits));
    // A group that an extension declares is a message like others.
    assert_eq!(decode::<Added>("0802").a, Some(2));
    let set = "0b 1004 1a0178 0c";
    assert_eq!(decode::<Old>(set).encode_to_vec().unwrap(), hex(set));
}
