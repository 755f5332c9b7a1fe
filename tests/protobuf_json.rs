//! Messages as JSON, printed and parsed: <https://protobuf.dev/programming-guides/json/>.
//!
//! The expected values are those of Python's protobuf 7.36 (`json_format`), but for what its documentation leaves open
//! and the comments name: a double without fraction is printed as `1`, where Python writes `1.0`.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a test may fail")]

mod protobuf_proto;

use std::collections::BTreeMap;

use protobuf_proto::{
    Choice, Color, Holder, Lists, Maps, Names, Person, Place, Presence, Scalars, Tree, WellKnown, Wrappers, choice,
    hex, legacy, well_known,
};
use threadwire::protobuf::well_known::{
    Any, BoolValue, BytesValue, DoubleValue, Duration, FieldMask, FloatValue, Int32Value, Int64Value, ListValue,
    StringValue, Timestamp, UInt32Value, UInt64Value, Value, value,
};
use threadwire::protobuf::{DecodeErrorKind, Message, ParseErrorKind, TypeRegistry, json, text};

fn types() -> TypeRegistry {
    let mut types = TypeRegistry::well_known();
    types.add::<Person>().add::<Place>().add::<WellKnown>();
    types
}

/// The text form of what the JSON is, on one line.
fn parsed<M: Message>(json: &str) -> String {
    let types = types();
    let message = json::Parser::new().types(&types).parse::<M>(json).map_err(|error| format!("{json}: {error}"));
    message.unwrap().to_text().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is wrong with the JSON.
#[track_caller]
fn refused<M: Message>(json: &str) -> String {
    let types = types();
    let result = json::Parser::new().types(&types).parse::<M>(json);
    assert!(result.is_err(), "{json} was read: {result:?}");
    result.unwrap_err().to_string()
}

#[track_caller]
fn printed<M: Message>(message: &M) -> String {
    let types = types();
    let json = json::Printer::new().types(&types).print(message).unwrap();
    let again = json::Parser::new().types(&types).parse::<M>(&json).unwrap();
    assert_eq!(again.encode_to_vec().unwrap(), message.encode_to_vec().unwrap(), "{json} comes back the same");
    json
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
        a_string: "Ж\"'\\\n\r\t\u{1}\u{7f} é😀<>".into(),
        some_bytes: b"\x00\xff'\"abc\n\x80".into(),
        color: Color::Dark,
        ..Default::default()
    };
    let expected = "{\"aDouble\":-1.5,\"aFloat\":0.1,\"anInt32\":-1,\"anInt64\":\"-9223372036854775808\",\
        \"aUint32\":4294967295,\"aUint64\":\"18446744073709551615\",\"aSint32\":-2147483648,\
        \"aSint64\":\"9223372036854775807\",\"aFixed32\":1,\"aFixed64\":\"2\",\"aSfixed32\":-3,\"aSfixed64\":\"-4\",\
        \"aBool\":true,\"aString\":\"Ж\\\"'\\\\\\n\\r\\t\\u0001\u{7f} é😀<>\",\"someBytes\":\"AP8nImFiYwqA\",\
        \"color\":\"COLOR_DARK\"}";
    assert_eq!(printed(&scalars), expected);
    assert_eq!(scalars.to_json().unwrap(), expected);
    assert_eq!(Scalars::from_json(expected).unwrap(), scalars);
}

#[test]
fn what_has_its_default_is_left_out_unless_it_has_presence() {
    assert_eq!(printed(&Scalars::default()), "{}");
    assert_eq!(printed(&Presence { an_int32: Some(0), ..Default::default() }), "{\"anInt32\":0}");
    let choice = Choice { choice: Some(choice::Choice::Number(0)), ..Default::default() };
    assert_eq!(printed(&choice), "{\"number\":0}");
    assert_eq!(printed(&Scalars { a_double: -0.0, ..Default::default() }), "{\"aDouble\":-0}");
}

#[test]
fn numbers_that_json_does_not_have() {
    let scalars = Scalars { a_double: f64::NAN, a_float: f32::NEG_INFINITY, ..Default::default() };
    assert_eq!(printed(&scalars), "{\"aDouble\":\"NaN\",\"aFloat\":\"-Infinity\"}");
    assert_eq!(parsed::<Scalars>(r#"{"aDouble":"Infinity"}"#), "a_double: inf");
    for json in [r#"{"aDouble":NaN}"#, r#"{"aDouble":Infinity}"#, r#"{"aDouble":"inf"}"#, r#"{"aDouble":"nan"}"#] {
        refused::<Scalars>(json);
    }
}

#[test]
fn printing_as_one_chooses() {
    let json = json::Printer::new().always_print(true).print(&Scalars::default()).unwrap();
    let expected = "{\"aDouble\":0,\"aFloat\":0,\"anInt32\":0,\"anInt64\":\"0\",\"aUint32\":0,\"aUint64\":\"0\",\
        \"aSint32\":0,\"aSint64\":\"0\",\"aFixed32\":0,\"aFixed64\":\"0\",\"aSfixed32\":0,\"aSfixed64\":\"0\",\
        \"aBool\":false,\"aString\":\"\",\"someBytes\":\"\",\"color\":\"COLOR_UNSPECIFIED\"}";
    assert_eq!(json, expected);
    let always = json::Printer::new().always_print(true);
    assert_eq!(always.print(&Presence::default()).unwrap(), "{}");
    assert_eq!(always.print(&Choice::default()).unwrap(), "{\"before\":\"\",\"after\":\"\"}");
    let maps = "{\"counts\":{},\"names\":{},\"places\":{},\"colors\":{},\"blobs\":{},\"nested\":{}}";
    assert_eq!(always.print(&Maps::default()).unwrap(), maps);
    assert_eq!(always.print(&Tree::default()).unwrap(), "{\"value\":0,\"children\":[]}");

    let names = Names { snake_case_name: 1, ..Default::default() };
    assert_eq!(json::Printer::new().proto_names(true).print(&names).unwrap(), "{\"snake_case_name\":1}");
    let red = Scalars { color: Color::Red, ..Default::default() };
    assert_eq!(json::Printer::new().enum_numbers(true).print(&red).unwrap(), "{\"color\":1}");

    let person = Person { name: "Ann".into(), phones: vec![Default::default(); 2], ..Default::default() };
    assert_eq!(
        json::Printer::new().pretty(true).print(&person).unwrap(),
        "{\n  \"name\": \"Ann\",\n  \"phones\": [\n    {},\n    {}\n  ]\n}"
    );
}

#[test]
fn names_of_fields() {
    let names = Names { snake_case_name: 1, camel_case: 2, own: 3, _leading: 4, two__scores: 5, ..Default::default() };
    assert_eq!(printed(&names), r#"{"snakeCaseName":1,"camelCase":2,"@own name":3,"Leading":4,"twoScores":5}"#);
    assert_eq!(parsed::<Names>(r#"{"snake_case_name":1,"own":3}"#), "snake_case_name: 1 own: 3");
    let error = refused::<Names>(r#"{"gone":1}"#);
    assert_eq!(error, r#"at 1:2: threadwire.test.Names has no field "gone""#);
    let error = refused::<Names>(r#"{"snakeCaseName":1,"snake_case_name":1}"#);
    assert_eq!(error, r#"snakeCaseName at 1:20: "snake_case_name" a second time"#);
}

#[test]
fn integers() {
    for number in ["100", "1e2", "1.0E2", "100.00", "10000e-2", "\"100\"", "\"1e2\"", "\"1.0e2\"", "\"\\u0031e2\""] {
        for field in ["anInt32", "anInt64", "aUint32", "aUint64", "aSint32", "aSint64", "aFixed64", "aSfixed32"] {
            let json = format!("{{\"{field}\": {number}}}");
            assert!(parsed::<Scalars>(&json).ends_with(": 100"), "{json}");
        }
    }
    assert_eq!(parsed::<Scalars>(r#"{"aUint64":18446744073709551615}"#), "a_uint64: 18446744073709551615");
    assert_eq!(parsed::<Scalars>(r#"{"anInt64":-9223372036854775808}"#), "an_int64: -9223372036854775808");
    assert_eq!(parsed::<Scalars>(r#"{"anInt32":-0}"#), "");
    for (field, number) in [
        ("anInt32", "2147483648"),
        ("anInt32", "-2147483649"),
        ("aUint32", "4294967296"),
        ("aUint32", "-1"),
        ("anInt64", "9223372036854775808"),
        ("aUint64", "18446744073709551616"),
        ("aUint64", "\"1e536870000\""),
        ("anInt32", "1.5"),
        ("anInt32", "15e-1"),
        ("anInt32", "true"),
        ("anInt32", "\"\""),
        ("anInt32", "\" 1\""),
        ("anInt32", "\"1 \""),
        ("anInt32", "\"0x1\""),
        ("anInt32", "\"12abc\""),
        ("anInt32", "\"\u{661}\""),
        ("anInt32", "\"NaN\""),
        ("anInt32", "[1]"),
        ("anInt32", "{}"),
        ("anInt32", "01"),
        ("anInt32", "+1"),
        ("anInt32", "1."),
        ("anInt32", "0x1"),
    ] {
        refused::<Scalars>(&format!("{{\"{field}\": {number}}}"));
    }
}

#[test]
fn floats() {
    for (json, text) in [
        (r#"{"aDouble":1.5}"#, "a_double: 1.5"),
        (r#"{"aDouble":"1.5"}"#, "a_double: 1.5"),
        (r#"{"aDouble":1e-999}"#, ""),
        (r#"{"aFloat":3.4028235e38}"#, "a_float: 3.40282347e+38"),
        (r#"{"aFloat":-1}"#, "a_float: -1"),
    ] {
        assert_eq!(parsed::<Scalars>(json), text);
    }
    for number in ["1e999", "\"1e999\"", "\"\"", "\"x\"", "true", "\"1.5 \"", ".5", "-"] {
        refused::<Scalars>(&format!("{{\"aDouble\":{number}}}"));
    }
    refused::<Scalars>(r#"{"aFloat":3.5e38}"#);
}

#[test]
fn other_scalars() {
    for (json, text) in [
        (r#"{"color":"COLOR_RED"}"#, "color: COLOR_RED"),
        (r#"{"color":"COLOR_CRIMSON"}"#, "color: COLOR_RED"),
        (r#"{"color":1}"#, "color: COLOR_RED"),
        (r#"{"color":1.0}"#, "color: COLOR_RED"),
        (r#"{"color":77}"#, "color: 77"),
        (r#"{"color":null}"#, ""),
        (r#"{"someBytes":"-_"}"#, r#"some_bytes: "\373""#),
        (r#"{"someBytes":"+/="}"#, r#"some_bytes: "\373""#),
        (r#"{"someBytes":""}"#, ""),
        (r#"{"aString":"\ud83d\ude00\/"}"#, "a_string: \"😀/\""),
        (r#"{"a_string":"x"}"#, "a_string: \"x\""),
        (r#" { "aBool" : true , "aString" : "a" } "#, "a_bool: true a_string: \"a\""),
    ] {
        // One `=` too few is no padding.
        if json.contains("+/=") {
            refused::<Scalars>(json);
            continue;
        }
        assert_eq!(parsed::<Scalars>(json), text);
    }
    let mut unknown = Scalars::from_json(r#"{"color":77}"#).unwrap();
    assert_eq!(printed(&unknown), r#"{"color":77}"#);
    unknown.color = Color::Red;
    assert_eq!(printed(&unknown), r#"{"color":"COLOR_RED"}"#);
    for json in [
        r#"{"color":"NO"}"#,
        r#"{"color":"1"}"#,
        r#"{"color":true}"#,
        r#"{"color":["COLOR_RED"]}"#,
        r#"{"color":COLOR_RED}"#,
        r#"{"color":1.5}"#,
        r#"{"color":2147483648}"#,
        r#"{"aBool":"true"}"#,
        r#"{"aBool":1}"#,
        r#"{"aBool":truex}"#,
        r#"{"someBytes":"A"}"#,
        r#"{"someBytes":"!!"}"#,
        r#"{"someBytes":1}"#,
        r#"{"aString":1}"#,
        r#"{"aString":"\ud83d"}"#,
        r#"{"aString":"\udc00\ud83d"}"#,
        "{\"aString\":\"a\nb\"}",
        r#"{"aString":'a'}"#,
    ] {
        refused::<Scalars>(json);
    }
}

#[test]
fn lists_maps_and_null() {
    assert_eq!(
        parsed::<Lists>(r#"{"packed":[1,2],"strings":["a",""]}"#),
        r#"packed: 1 packed: 2 strings: "a" strings: """#
    );
    assert_eq!(parsed::<Lists>(r#"{"packed":null,"places":null,"strings":[]}"#), "");
    for json in [
        r#"{"packed":[null]}"#,
        r#"{"packed":1}"#,
        r#"{"packed":[1,]}"#,
        r#"{"packed":[,1]}"#,
        r#"{"packed":[1 2]}"#,
        r#"{"packed":[1}"#,
        r#"{"strings":["a",null]}"#,
        r#"{"places":[null]}"#,
    ] {
        refused::<Lists>(json);
    }
    let lists = Lists {
        packed: vec![1, -2],
        doubles: vec![0.5, 1.0],
        unpacked: vec![3, 4],
        fixed: vec![5],
        zigzags: vec![-1, 1],
        bools: vec![true, false],
        colors: vec![Color::Red, 9.into()],
        places: vec![Place::default(), Place { lat: 1.0, ..Default::default() }],
        ..Default::default()
    };
    assert_eq!(
        printed(&lists),
        "{\"packed\":[1,-2],\"unpacked\":[3,4],\"doubles\":[0.5,1],\"fixed\":[5],\"zigzags\":[\"-1\",\"1\"],\
         \"bools\":[true,false],\"colors\":[\"COLOR_RED\",9],\"places\":[{},{\"lat\":1}]}"
    );

    let maps = Maps {
        counts: BTreeMap::from([("b".into(), 2), ("a\"".into(), 0)]),
        names: BTreeMap::from([(10, "y".into()), (-5, "x".into())]),
        places: BTreeMap::from([(true, Place { lat: 1.0, ..Default::default() }), (false, Place::default())]),
        colors: BTreeMap::from([(-7, Color::Red)]),
        blobs: BTreeMap::from([(3, b"ab".into())]),
        ..Default::default()
    };
    assert_eq!(
        printed(&maps),
        "{\"counts\":{\"a\\\"\":0,\"b\":2},\"names\":{\"-5\":\"x\",\"10\":\"y\"},\
         \"places\":{\"false\":{},\"true\":{\"lat\":1}},\"colors\":{\"-7\":\"COLOR_RED\"},\"blobs\":{\"3\":\"YWI=\"}}"
    );
    assert_eq!(parsed::<Maps>(r#"{"counts":null}"#), "");
    for json in [
        r#"{"counts":{"a":null}}"#,
        r#"{"names":{"x":"a"}}"#,
        r#"{"names":{"1":"a","1":"b"}}"#,
        r#"{"names":{"1":"a","1.0":"b"}}"#,
        r#"{"names":{"2147483648":"a"}}"#,
        r#"{"names":{1:"a"}}"#,
        r#"{"places":{"True":{}}}"#,
        r#"{"counts":[]}"#,
    ] {
        refused::<Maps>(json);
    }
}

#[test]
fn oneofs_and_duplicates() {
    assert_eq!(parsed::<Choice>(r#"{"number":null,"text":"a"}"#), "text: \"a\"");
    assert_eq!(parsed::<Choice>(r#"{"number":1,"text":null}"#), "number: 1");
    let error = refused::<Choice>(r#"{"number":1, "text":"a"}"#);
    assert_eq!(error, r#"text at 1:14: a second member of the oneof "choice""#);
    for json in [r#"{"number":1,"number":1}"#, r#"{"number":null,"number":1}"#, r#"{"number":1,"number":null}"#] {
        refused::<Choice>(json);
    }
}

#[test]
fn what_is_not_known_can_be_passed_over() {
    let parser = json::Parser::new().ignore_unknown_fields(true);
    let json = r#"{"color":"NO","nope":[{"a":"\u0041"},1.5e3,[],null,true],"[a.b]":{},"anInt32":5}"#;
    assert_eq!(parser.parse::<Scalars>(json).unwrap().to_text(), "an_int32: 5\n");
    let lists = parser.parse::<Lists>(r#"{"colors":["NO","COLOR_RED","NO"]}"#).unwrap();
    assert_eq!(lists.colors, [Color::Red]);
    let maps = parser.parse::<Maps>(r#"{"colors":{"1":"NO","2":"COLOR_RED"}}"#).unwrap();
    assert_eq!(maps.colors, BTreeMap::from([(2, Color::Red)]));
    for json in [r#"{"nope":[1,]}"#, r#"{"nope":nul}"#, r#"{"nope":"\ud800"}"#, r#"{"color":"NO","color":"NO"}"#] {
        assert!(parser.parse::<Scalars>(json).is_err(), "{json}");
    }
    for json in [r#"{"nope":1}"#, r#"{"[a.b]":1}"#] {
        refused::<Scalars>(json);
    }
}

#[test]
fn errors_name_the_field_the_place_and_what_was_expected() {
    let json = "{\n  \"people\": [\n    {},\n    { \"address\": { \"position\": { \"lat\": true } } }\n  ]\n}";
    let error = json::Parser::new().parse::<protobuf_proto::People>(json).unwrap_err();
    assert_eq!(error.to_string(), "people[1].address.position.lat at 4:41: expected a number, got true");
    assert_eq!((error.line(), error.column()), (4, 41));
    assert_eq!(error.field(), "people[1].address.position.lat");
    let expected = ParseErrorKind::Unexpected { expected: "a number".into(), got: "true".into() };
    assert_eq!(*error.kind(), expected);

    for (json, error) in [
        ("", "at 1:1: expected an object, got the end"),
        ("[]", "at 1:1: expected an object, got an array"),
        ("null", "at 1:1: expected an object, got null"),
        ("{\"anInt32\":", "anInt32 at 1:12: expected a whole number of 32 bits, got the end"),
        ("{\"é\": 1, x", "at 1:2: threadwire.test.Scalars has no field \"é\""),
        ("{\"aString\":\"é\" \"", "at 1:17: expected the closing quote of a string, got the end"),
        ("{} x", "at 1:4: expected the end, got x"),
        ("{\"aBool\":true,}", "at 1:15: expected a name in quotes, got `}`"),
        ("{\"color\":\"NO\"}", "color at 1:10: expected a value of threadwire.test.Color, got \"NO\""),
        ("{\"aUint32\":-1}", "aUint32 at 1:12: expected a whole number of 32 bits without sign, got -1"),
    ] {
        assert_eq!(refused::<Scalars>(json), error, "{json}");
    }
    let error = refused::<Maps>(r#"{"nested":{"a b":{"names":{"7":true}}}}"#);
    assert_eq!(error, r#"nested["a b"].names["7"] at 1:32: expected a string, got true"#);
}

#[test]
fn times() {
    for (json, text) in [
        (r#"{"timestamp":"1970-01-01T08:00:01.5+08:00"}"#, "timestamp { seconds: 1 nanos: 500000000 }"),
        (r#"{"timestamp":"1970-01-01T00:00:00Z"}"#, "timestamp { }"),
        (r#"{"duration":"-1.5s"}"#, "duration { seconds: -1 nanos: -500000000 }"),
        (r#"{"timestamp":null,"duration":null}"#, ""),
    ] {
        assert_eq!(parsed::<WellKnown>(json), text);
    }
    let timestamp = |seconds, nanos| WellKnown {
        timestamp: Some(Timestamp { seconds, nanos, ..Default::default() }),
        ..Default::default()
    };
    assert_eq!(printed(&timestamp(1, 340_000)), r#"{"timestamp":"1970-01-01T00:00:01.000340Z"}"#);
    let duration = |seconds, nanos| WellKnown {
        duration: Some(Duration { seconds, nanos, ..Default::default() }),
        ..Default::default()
    };
    assert_eq!(printed(&duration(0, -1_000_000)), r#"{"duration":"-0.001s"}"#);

    assert_eq!(
        timestamp(0, -1).to_json().unwrap_err().to_string(),
        "timestamp: a Timestamp is from year 1 to 9999, with 0 to 999999999 nanoseconds: 0 s and -1 ns"
    );
    assert_eq!(
        duration(1, -1).to_json().unwrap_err().to_string(),
        "duration: a Duration has at most 315576000000 s and 999999999 ns, of one sign: 1 s and -1 ns"
    );
    let error = refused::<WellKnown>(r#"{"timestamp":"1970-01-01"}"#);
    assert!(error.ends_with("got \"1970-01-01\""), "{error}");
    for json in [r#"{"duration":1}"#, r#"{"duration":"1"}"#, r#"{"duration":{}}"#, r#"{"timestamp":0}"#] {
        refused::<WellKnown>(json);
    }
}

#[test]
fn field_masks() {
    let mask = |paths: &[&str]| WellKnown {
        mask: Some(FieldMask { paths: paths.iter().map(|path| (*path).into()).collect(), ..Default::default() }),
        ..Default::default()
    };
    assert_eq!(printed(&mask(&["a", "b_c.d_e"])), r#"{"mask":"a,bC.dE"}"#);
    assert_eq!(printed(&mask(&[])), r#"{"mask":""}"#);
    assert_eq!(parsed::<WellKnown>(r#"{"mask":"a,bC.dE"}"#), r#"mask { paths: "a" paths: "b_c.d_e" }"#);
    refused::<WellKnown>(r#"{"mask":"a_b"}"#);
    // Python reads an empty path, but would not read it again where it is the only one.
    refused::<WellKnown>(r#"{"mask":"a,"}"#);
    for path in ["", "fooBar", "foo_3_bar", "foo__bar", "foo_", "_Foo"] {
        let error = mask(&[path]).to_json().unwrap_err();
        assert_eq!(*error.kind(), json::PrintErrorKind::FieldMask { path: path.into() });
    }
}

#[test]
fn values() {
    let json = r#"{"struct":{"a":[1,null,{"b":"c"}],"d":{}},"value":null,"list":[[],true],"values":[null,1.5],"map":{"k":null}}"#;
    assert_eq!(
        parsed::<WellKnown>(r#"{"struct":{"a":[1,null,{"b":"c"}]}}"#),
        "struct { fields { key: \"a\" value { list_value { values { number_value: 1 } values { null_value: NULL_VALUE } \
         values { struct_value { fields { key: \"b\" value { string_value: \"c\" } } } } } } } }"
    );
    assert_eq!(printed(&WellKnown::from_json(json).unwrap()), json);
    assert_eq!(parsed::<WellKnown>(r#"{"list":null,"struct":null,"values":null}"#), "");
    for json in
        [r#"{"struct":{"a":1,"a":2}}"#, r#"{"struct":[]}"#, r#"{"list":{}}"#, r#"{"value":1e999}"#, r#"{"value":x}"#]
    {
        refused::<WellKnown>(json);
    }
    let value = |kind| WellKnown { value: Some(Value { kind, ..Default::default() }), ..Default::default() };
    let error = value(None).to_json().unwrap_err();
    assert_eq!(error.to_string(), "value: a Value of which nothing is set");
    let error = value(Some(value::Kind::NumberValue(f64::NAN))).to_json().unwrap_err();
    assert_eq!(*error.kind(), json::PrintErrorKind::NotFinite);
    // On their own too.
    assert_eq!(Value::from_json("[1]").unwrap().to_json().unwrap(), "[1]");
    assert_eq!(Value::from_json("null").unwrap().to_json().unwrap(), "null");
    assert_eq!(ListValue::from_json("[{\"a\":false}]").unwrap().to_json().unwrap(), "[{\"a\":false}]");
}

#[test]
fn null_values_are_null() {
    assert_eq!(parsed::<WellKnown>(r#"{"null":null}"#), "");
    refused::<WellKnown>(r#"{"null":1}"#);
    for json in [r#"{"eitherNull":null}"#, r#"{"eitherNull":"NULL_VALUE"}"#, r#"{"eitherNull":0}"#] {
        let message = WellKnown::from_json(json).unwrap();
        assert!(matches!(message.either, Some(well_known::Either::EitherNull(_))), "{json}");
        assert_eq!(printed(&message), r#"{"eitherNull":null}"#);
    }
}

#[test]
fn wrappers() {
    let json = r#"{"double":1.5,"float":"NaN","int64":"-1","uint64":"1","int32":0,"uint32":2,"bool":false,"string":"","bytes":"AA=="}"#;
    let wrappers = Wrappers {
        double: Some(DoubleValue { value: 1.5, ..Default::default() }),
        float: Some(FloatValue { value: f32::NAN, ..Default::default() }),
        int64: Some(Int64Value { value: -1, ..Default::default() }),
        uint64: Some(UInt64Value { value: 1, ..Default::default() }),
        int32: Some(Int32Value::default()),
        uint32: Some(UInt32Value { value: 2, ..Default::default() }),
        bool: Some(BoolValue::default()),
        string: Some(StringValue::default()),
        bytes: Some(BytesValue { value: vec![0], ..Default::default() }),
        ..Default::default()
    };
    assert_eq!(printed(&wrappers), json);
    assert_eq!(parsed::<Wrappers>(r#"{"bool":null,"int64":1}"#), "int64 { value: 1 }");
    refused::<Wrappers>(r#"{"uint32":-1}"#);
    refused::<Wrappers>(r#"{"string":{"value":"a"}}"#);
}

#[test]
fn anys() {
    let place = r#"{"any":{"@type":"type.googleapis.com/threadwire.test.Place","lat":1.5}}"#;
    for json in [
        place,
        r#"{"any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1.500s"}}"#,
        r#"{"any":{"@type":"x/google.protobuf.Empty"}}"#,
        r#"{"any":{"@type":"x/google.protobuf.Struct","value":{"a":1}}}"#,
        r#"{"any":{"@type":"x/google.protobuf.Value","value":null}}"#,
        r#"{"any":{"@type":"x/google.protobuf.Int32Value","value":5}}"#,
        r#"{"any":{"@type":"x/google.protobuf.Any","value":{"@type":"x/threadwire.test.Place","lat":1}}}"#,
        r#"{"anys":[{},{"@type":"x/threadwire.test.WellKnown","any":{"@type":"x/threadwire.test.Place"}}]}"#,
        r#"{"any":{}}"#,
    ] {
        let types = types();
        let message = json::Parser::new().types(&types).parse::<WellKnown>(json).unwrap();
        assert_eq!(printed(&message), json);
    }
    // The bytes are those of the message, in the order in which it is encoded, wherever its type stands.
    let types = types();
    let parser = json::Parser::new().types(&types);
    let unordered = r#"{"any":{"phones":[{}],"name":"Ann","@type":"x/threadwire.test.Person"}}"#;
    let person = Person { name: "Ann".into(), phones: vec![Default::default()], ..Default::default() };
    let any = parser.parse::<WellKnown>(unordered).unwrap().any.unwrap();
    assert_eq!(any.value, person.encode_to_vec().unwrap());
    assert_eq!(any.type_url, "x/threadwire.test.Person");

    assert_eq!(parsed::<WellKnown>(r#"{"any":null}"#), "");
    for json in [
        r#"{"any":{"@type":"","value":""}}"#,
        r#"{"any":{"@type":"not_a_url","value":""}}"#,
        r#"{"any":{"@type":"threadwire.test.Place"}}"#,
        r#"{"any":{"@type":"x/google.protobuf.Duration"}}"#,
        r#"{"any":{"@type":"x/google.protobuf.Duration","value":"1s","value":"1s"}}"#,
        r#"{"any":{"@type":"x/google.protobuf.Duration","value":"1s","other":1}}"#,
        r#"{"any":{"@type":"x/google.protobuf.Empty","value":{}}}"#,
        r#"{"any":{"@type":"x/threadwire.test.Place","@type":"x/threadwire.test.Place"}}"#,
        r#"{"any":{"@type":1}}"#,
        r#"{"any":{"lat":1}}"#,
        r#"{"any":[]}"#,
    ] {
        refused::<WellKnown>(json);
    }
    let error = refused::<WellKnown>(r#"{"any":{"@type":"nope/x.Y"}}"#);
    assert_eq!(error, r#"any at 1:8: the type "nope/x.Y" is not in the registry"#);
    let error = refused::<WellKnown>(r#"{"any":{"@type":"x/threadwire.test.Place","lat":"x"}}"#);
    assert_eq!(error, r#"any.lat at 1:49: expected a number, got x"#);

    // Without a registry, and with bytes that are not of the type.
    let message = parser.parse::<WellKnown>(place).unwrap();
    let unknown = message.to_json().unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "any: the type \"type.googleapis.com/threadwire.test.Place\" is not in the registry"
    );
    let any = Any { type_url: "x/threadwire.test.Place".into(), value: vec![9], ..Default::default() };
    let broken = WellKnown { any: Some(any), ..Default::default() };
    let error = json::Printer::new().types(&types).print(&broken).unwrap_err();
    assert!(matches!(error.kind(), json::PrintErrorKind::Any(inner)
        if matches!(inner.kind(), DecodeErrorKind::Truncated { .. })));
}

#[test]
fn unknown_fields_are_not_shown() {
    let place = Place::decode(&[0x1a, 1, 97, 9, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]).unwrap();
    assert!(!place.unknown_fields.is_empty());
    assert_eq!(place.to_json().unwrap(), r#"{"lat":1}"#);
    let holder = Holder { trees: vec![Tree::decode(&[0x2a, 0]).unwrap()], ..Default::default() };
    assert_eq!(holder.to_json().unwrap(), r#"{"trees":[{}]}"#);
}

#[test]
fn depth_is_bounded() {
    let tree = |depth: usize| format!("{}{}", "{\"left\":".repeat(depth), "{}".to_owned() + &"}".repeat(depth));
    let message = Tree::from_json(&tree(100)).unwrap();
    assert_eq!(message.to_json().unwrap(), tree(100));
    for depth in [101, 10_000, 1_000_000] {
        let error = Tree::from_json(&tree(depth)).unwrap_err();
        assert_eq!(*error.kind(), ParseErrorKind::TooDeep);
    }
    let nested =
        |open: &str, close: &str, depth| format!("{{\"value\":{}1{}}}", open.repeat(depth), close.repeat(depth));
    for (open, close) in [("[", "]"), ("{\"n\":", "}")] {
        assert!(WellKnown::from_json(&nested(open, close, 49)).unwrap().to_json().is_ok());
        for depth in [50, 200, 1_000_000] {
            assert_eq!(*WellKnown::from_json(&nested(open, close, depth)).unwrap_err().kind(), ParseErrorKind::TooDeep);
        }
    }
    let parser = json::Parser::new().ignore_unknown_fields(true);
    let unknown = format!("{{\"nope\":{}", "[".repeat(1_000_000));
    assert_eq!(*parser.parse::<Tree>(&unknown).unwrap_err().kind(), ParseErrorKind::TooDeep);

    // An Any in an Any in an Any, as bytes and as JSON.
    let types = types();
    let mut any = Any::default();
    for _ in 0..300 {
        let value = any.encode_to_vec().unwrap();
        any = Any { type_url: "x/google.protobuf.Any".into(), value, ..Default::default() };
    }
    let error = json::Printer::new().types(&types).print(&any).unwrap_err();
    assert_eq!(*error.kind(), json::PrintErrorKind::TooDeep);
    let level = "{\"@type\":\"x/google.protobuf.Any\",\"value\":";
    let json = format!("{}{{}}{}", level.repeat(100), "}".repeat(100));
    assert!(json::Parser::new().types(&types).parse::<Any>(&json).is_ok());
    let json = format!("{}{{}}{}", level.repeat(10_000), "}".repeat(10_000));
    assert!(json::Parser::new().types(&types).parse::<Any>(&json).is_err());
}

/// As deep as it may be, on the stack of a thread of ours.
#[test]
fn the_deepest_messages_need_little_stack() {
    let work = || {
        let types = types();
        let (parser, printer) = (json::Parser::new().types(&types), json::Printer::new().types(&types));
        let nested = |open: &str, depth, close: &str| format!("{}{{}}{}", open.repeat(depth), close.repeat(depth));
        let tree = parser.parse::<Tree>(&nested("{\"children\":[", 100, "]}")).unwrap();
        printer.print(&tree).unwrap();
        let maps = parser.parse::<Maps>(&nested("{\"nested\":{\"\":", 100, "}}")).unwrap();
        printer.print(&maps).unwrap();
        assert_eq!(Maps::from_text(&maps.to_text()).unwrap(), maps);
        assert_eq!(Tree::from_text(&tree.to_text()).unwrap(), tree);
        let value = parser.parse::<Value>(&nested("{\"\":", 49, "}")).unwrap();
        printer.print(&value).unwrap();
        let any = "{\"@type\":\"x/google.protobuf.Any\",\"value\":";
        let any = parser.parse::<Any>(&nested(any, 100, "}")).unwrap();
        printer.print(&any).unwrap();
        let text = text::Printer::new().types(&types).print(&any);
        text::Parser::new().types(&types).parse::<Any>(&text).unwrap();
        parser
            .ignore_unknown_fields(true)
            .parse::<Tree>(&format!("{{\"x\":{}1{}}}", "[".repeat(200), "]".repeat(200)))
            .unwrap();
    };
    std::thread::Builder::new().stack_size(512 << 10).spawn(work).unwrap().join().unwrap();
}

#[test]
fn large_inputs_take_no_more_than_their_size() {
    let long = "é".repeat(5 << 20);
    let scalars = Scalars::from_json(&format!("{{\"aString\":\"{long}\"}}")).unwrap();
    assert_eq!(scalars.a_string, long);
    assert_eq!(scalars.to_json().unwrap().len(), long.len() + 14);
    // A number of a million digits, as a float and as an integer.
    let digits = "1".repeat(1 << 20);
    for json in [format!("{{\"aDouble\":{digits}}}"), format!("{{\"anInt64\":{digits}}}")] {
        let error = Scalars::from_json(&json).unwrap_err().to_string();
        assert!(error.len() < 200, "{error}");
    }
    let zeros = format!("{{\"anInt64\":1{}e-1048576}}", "0".repeat(1 << 20));
    assert_eq!(Scalars::from_json(&zeros).unwrap().an_int64, 1);
    // Elements that cost three bytes of JSON and a structure of memory each: the decoder's bound holds.
    let empties = format!("{{\"many\":[{}{{}}]}}", "{},".repeat(500_000));
    let error = json::Parser::new().parse::<Holder>(&empties).unwrap_err();
    assert!(matches!(error.kind(), ParseErrorKind::Message(_)), "{error}");
}

#[test]
fn groups_closed_enums_and_required_fields() {
    let json = "{\"before\":1,\"single\":{\"a\":2,\"within\":{\"text\":\"x\"}},\"many\":[{\"a\":1},{}],\"chosen\":{},\
        \"recursive\":{\"groups\":{},\"numbers\":[1,2]}}";
    assert_eq!(printed(&legacy::Groups::from_json(json).unwrap()), json);

    let json = r#"{"level":"LEVEL_HIGH","levels":["LEVEL_LOW","LEVEL_BELOW"],"byNumber":{"1":"GRADE_FULL"}}"#;
    assert_eq!(printed(&legacy::Closed::from_json(json).unwrap()), json);
    assert_eq!(parsed::<legacy::Closed>(r#"{"level":7,"levels":[-2]}"#), "level: LEVEL_HIGH levels: LEVEL_BELOW");
    for json in [r#"{"level":1}"#, r#"{"level":0}"#, r#"{"levels":[3,4]}"#, r#"{"byNumber":{"1":99}}"#] {
        refused::<legacy::Closed>(json);
    }

    let json = r#"{"id":1,"inner":[{"name":""}],"level":"LEVEL_LOW"}"#;
    assert_eq!(printed(&legacy::Required::from_json(json).unwrap()), json);
    for (json, error) in [
        (r#"{"id":1}"#, r#"at 1:1: the required field "level" is missing"#),
        (r#"{"id":1,"level":3,"inner":[{}]}"#, r#"inner[0] at 1:28: the required field "name" is missing"#),
        (r#"{"id":null,"level":3}"#, "id at 1:7: expected a whole number of 32 bits, got null"),
    ] {
        assert_eq!(refused::<legacy::Required>(json), error);
    }
}

/// A registry with all extensions of `Extendable`.
fn extensions() -> TypeRegistry {
    let mut types = types();
    types.add::<legacy::Extendable>();
    types.add_extension(&legacy::extendable::INSIDE).add_extension(&legacy::OUTSIDE).add_extension(&legacy::OUTSIDE_);
    types.add_extension(&legacy::ADDED).add_extension(&legacy::NUMBERS).add_extension(&legacy::LEVEL);
    types.add_extension(&legacy::RATIO).add_extension(&legacy::WORDS).add_extension(&legacy::WITHIN);
    types.add_extension(&legacy::NEEDY).add_extension(&legacy::TIME);
    types
}

#[test]
fn extensions_are_printed_and_parsed_by_their_full_names() {
    let types = extensions();
    let (printer, parser) = (json::Printer::new().types(&types), json::Parser::new().types(&types));
    let bytes = hex(
        "0801 da06050803a00604 f00601 a006fbffffffffffffffff01 aa0602780a b3060801b406b306b406 ba060301d804 c00607 cd06cdcccc3d \
        d2060161 d20602c3a9 ea06020801 e2060908011a030a016e3003",
    );
    let json = "{\"known\":1,\"[threadwire.legacy.outside]\":-5,\"[threadwire.legacy.Extendable.inside]\":\"x\\n\",\
        \"[threadwire.legacy.added]\":[{\"a\":1},{}],\"[threadwire.legacy.numbers]\":[-1,300],\
        \"[threadwire.legacy.level]\":\"LEVEL_HIGH\",\"[threadwire.legacy.ratio]\":0.1,\
        \"[threadwire.legacy.words]\":[\"a\",\"é\"],\
        \"[threadwire.legacy.within]\":{\"known\":3,\"[threadwire.legacy.outside]\":4},\
        \"[threadwire.legacy.needy]\":[{\"id\":1,\"inner\":[{\"name\":\"n\"}],\"level\":\"LEVEL_LOW\"}],\
        \"[threadwire.legacy.time]\":\"1s\",\"[threadwire.legacy.Outside]\":true}";
    let message = legacy::Extendable::decode(&bytes).unwrap();
    assert_eq!(printer.print(&message).unwrap(), json);
    let again = parser.parse::<legacy::Extendable>(json).unwrap();
    assert_eq!(printer.print(&again).unwrap(), json);
    assert_eq!(again.encode_to_vec().unwrap().len(), bytes.len());
    // Without them they are unknown fields.
    assert_eq!(message.to_json().unwrap(), r#"{"known":1}"#);
    assert!(legacy::Extendable::from_json(json).is_err());

    for (json, bytes) in [
        (r#"{"[threadwire.legacy.outside]":0,"known":2}"#, "0802 a00600"),
        (r#"{"[threadwire.legacy.outside]":null,"[threadwire.legacy.words]":null}"#, ""),
        (r#"{"[threadwire.legacy.numbers]":[1,-2]}"#, "ba06020203"),
        (r#"{"[threadwire.legacy.numbers]":[]}"#, ""),
        (r#"{"[threadwire.legacy.added]":[{"a":1},{}]}"#, "b3060801b406b306b406"),
        (r#"{"[threadwire.legacy.time]":"1.5s"}"#, "ea060808011080cab5ee01"),
    ] {
        assert_eq!(parser.parse::<legacy::Extendable>(json).unwrap().encode_to_vec().unwrap(), hex(bytes), "{json}");
    }
    for (json, expected) in [
        (
            r#"{"[threadwire.legacy.words]":[],"[threadwire.legacy.words]":[]}"#,
            r#"[threadwire.legacy.words] at 1:33: "[threadwire.legacy.words]" a second time"#,
        ),
        (
            r#"{"[threadwire.legacy.nope]":1}"#,
            r#"at 1:2: threadwire.legacy.Extendable has no field "[threadwire.legacy.nope]""#,
        ),
        (
            r#"{"threadwire.legacy.outside":1}"#,
            r#"at 1:2: threadwire.legacy.Extendable has no field "threadwire.legacy.outside""#,
        ),
        (
            r#"{"[threadwire.legacy.needy]":[{"id":1}]}"#,
            r#"[threadwire.legacy.needy][0] at 1:31: the required field "level" is missing"#,
        ),
    ] {
        assert_eq!(parser.parse::<legacy::Extendable>(json).unwrap_err().to_string(), expected);
    }
    assert!(parser.parse::<legacy::Groups>(r#"{"[threadwire.legacy.outside]":1}"#).is_err());
}

/// What is no value of its extension, and what has the number of a known field, is an unknown field in every message.
#[test]
fn unknown_fields_beside_extensions_are_not_printed() {
    let types = extensions();
    let print = |bytes: &str| {
        let message = legacy::Extendable::decode(&hex(bytes)).unwrap();
        json::Printer::new().types(&types).print(&message).unwrap()
    };
    assert_eq!(print("0a0161 a00601 a00602"), r#"{"[threadwire.legacy.outside]":2}"#);
    for bytes in ["0a0161", "a206020102", "c00605", "aa0601ff", "ba0601ff", "da060108", "e206020801", "c2a3090101"] {
        assert_eq!(print(bytes), "{}", "{bytes}");
    }
    // However deep they nest: the extension `within`, whose bytes are the rest.
    let nested = |depth| {
        (0..depth).fold(Vec::new(), |within: Vec<u8>, _| {
            // The length in two bytes always.
            let len = [within.len() as u8 & 0x7f | 0x80, (within.len() >> 7) as u8];
            [&hex("da06"), &len[..], &within].concat()
        })
    };
    for (depth, is_printed) in [(100, true), (101, false), (3_000, false)] {
        let message = legacy::Extendable::decode(&nested(depth)).unwrap();
        assert_eq!(json::Printer::new().types(&types).print(&message).is_ok(), is_printed, "{depth}");
    }
    // In messages with forms of their own and in groups too.
    assert_eq!(print("ea0603 0a0161"), r#"{"[threadwire.legacy.time]":"0s"}"#);
    assert_eq!(print("b306 0a0161 0801 b406"), r#"{"[threadwire.legacy.added]":[{"a":1}]}"#);
    let wrapped =
        Any { type_url: "x/threadwire.legacy.Extendable".into(), value: hex("0a0161 a00601"), ..Default::default() };
    let json = json::Printer::new().types(&types).print(&wrapped).unwrap();
    assert_eq!(json, r#"{"@type":"x/threadwire.legacy.Extendable","[threadwire.legacy.outside]":1}"#);
    let again = json::Parser::new().types(&types).parse::<Any>(&json).unwrap();
    assert_eq!(again.value, hex("a00601"));
}

/// Whatever the bytes of extensions are, what is printed of them is read again, and is then printed as the same.
#[test]
fn every_changed_byte_of_an_extension_is_printed_so_that_it_can_be_read() {
    let whole = hex("aa0602780a b3060801b406 ba060301d804 c00607 da06050803a00604 e2060908011a030a016e3003 ea06020801");
    let types = extensions();
    let (printer, parser) = (json::Printer::new().types(&types), json::Parser::new().types(&types));
    let (text_printer, text_parser) = (text::Printer::new().types(&types), text::Parser::new().types(&types));
    let (mut printed, mut refused) = (0, 0);
    for place in 0..whole.len() {
        for byte in 0..=u8::MAX {
            let mut bytes = whole.clone();
            bytes[place] = byte;
            let Ok(message) = legacy::Extendable::decode(&bytes) else { continue };
            let text = text_printer.print(&message);
            let again = text_parser.parse::<legacy::Extendable>(&text).unwrap();
            assert_eq!(text_printer.print(&again), text);
            let Ok(json) = printer.print(&message) else {
                refused += 1; // a duration that is too long
                continue;
            };
            printed += 1;
            let again = parser.parse::<legacy::Extendable>(&json).unwrap();
            assert_eq!(printer.print(&again).unwrap(), json);
        }
    }
    assert!(printed > 3_000 && refused < 100, "{printed} printed, {refused} refused");
}

/// Whatever the JSON is, it is an error or a message, and a message that is printed is read again as the same.
#[test]
fn every_truncation_and_every_changed_byte_is_an_error_or_a_message() {
    let whole = "{\"any\":{\"@type\":\"x/google.protobuf.Struct\",\"value\":{\"a\":[1e2,null]}},\"map\":{\"k\\n\":-0.5},\
        \"timestamp\":\"1970-01-01T00:00:00.5Z\",\"duration\":\"-1.5s\",\"mask\":\"a,bC\",\"eitherString\":\"\\ud83d\\ude00\",\
        \"values\":[true,\"x\",{}],\"anys\":[{\"@type\":\"x/threadwire.test.Place\",\"lat\":\"1\"}],\"null\":0}";
    let types = types();
    let parser = json::Parser::new().types(&types);
    assert!(parser.parse::<WellKnown>(whole).is_ok());
    let (mut errors, mut messages) = (0, 0);
    let mut check = |json: &str| {
        for ignore in [false, true] {
            let Ok(message) = parser.ignore_unknown_fields(ignore).parse::<WellKnown>(json) else {
                errors += 1;
                continue;
            };
            messages += 1;
            let printed = json::Printer::new().types(&types).print(&message).unwrap();
            assert_eq!(parser.parse::<WellKnown>(&printed).unwrap(), message, "{json} became {printed}");
        }
    };
    for end in 0..whole.len() {
        check(whole.get(..end).unwrap());
    }
    for place in 0..whole.len() {
        for byte in b"\0 \"\\{}[]:,-+.019eEntud@/_\x7f" {
            let mut changed = whole.as_bytes().to_vec();
            changed[place] = *byte;
            check(std::str::from_utf8(&changed).unwrap());
        }
    }
    assert!(errors > 1_000 && messages > 1_000, "{errors} errors, {messages} messages");
}

#[test]
fn errors_are_short_whatever_the_input_is() {
    let long = "x".repeat(1 << 20);
    let key = format!("{{\"counts\":{{\"{long}\":true}}}}");
    for error in [
        Maps::from_json(&key).unwrap_err().to_string(),
        Maps::from_json(&format!("{{\"{long}\":1}}")).unwrap_err().to_string(),
        Maps::from_text(&format!("{long}: 1")).unwrap_err().to_string(),
        Any::from_text(&format!("[{long}/a.B] {{}}")).unwrap_err().to_string(),
    ] {
        assert!(error.len() < 300, "{}", error.len());
    }
}

#[test]
fn a_mask_is_printed_only_if_it_comes_back_the_same() {
    for path in ["a,b", "], ", "a b", "é", "a..b", "1a"] {
        let mask = FieldMask { paths: vec![path.into()], ..Default::default() };
        assert!(mask.to_json().is_err(), "{path}");
        assert!(FieldMask::from_json(&format!("{:?}", path.replace(',', "!"))).is_err(), "{path}");
    }
}
