//! The text form, parsed: <https://protobuf.dev/reference/protobuf/textformat-spec/>. What is printed is tested in
//! `protobuf_codec`; here are what an `Any` and unknown fields look like.
//!
//! The expected values are those of Python's protobuf 7.36 (`text_format`), but where the comments say that the
//! specification, or C++, differs.

#![allow(clippy::panic, clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a test may fail")]

mod protobuf_proto;

use protobuf_proto::{Choice, Lists, Maps, Names, People, Person, Place, Scalars, Tree, WellKnown, hex, legacy};
use threadwire::protobuf::well_known::{Any, Duration};
use threadwire::protobuf::{Message, ParseErrorKind, TypeRegistry, text};

fn types() -> TypeRegistry {
    let mut types = TypeRegistry::new();
    types.add::<Any>().add::<Duration>().add::<Person>().add::<Place>();
    types
}

/// What was read, printed on one line.
#[track_caller]
fn parsed<M: Message>(source: &str) -> String {
    let types = types();
    match text::Parser::new().types(&types).parse::<M>(source) {
        Ok(message) => {
            text::Printer::new().types(&types).print(&message).split_whitespace().collect::<Vec<_>>().join(" ")
        }
        Err(error) => panic!("{source}: {error}"),
    }
}

/// What is wrong with it.
#[track_caller]
fn refused<M: Message>(source: &str) -> String {
    let types = types();
    let result = text::Parser::new().types(&types).parse::<M>(source);
    assert!(result.is_err(), "{source} was read: {result:?}");
    result.unwrap_err().to_string()
}

#[test]
fn what_is_printed_is_read() {
    let person = r#"name: "Ann \"\n\001 é"
address {
  street: "Main"
  position {
    lat: 1.5
    lng: -inf
  }
}
phones {
  number: "1"
  type: TYPE_WORK
}
phones {
}
"#;
    assert_eq!(Person::from_text(person).unwrap().to_text(), person);
    assert_eq!(Person::from_text("").unwrap(), Person::default());
}

#[test]
fn integers() {
    for (source, text) in [
        ("an_int32: 017", "an_int32: 15"),
        ("an_int32: 0x1F", "an_int32: 31"),
        ("an_int32: -0x1f", "an_int32: -31"),
        ("an_int32: -017", "an_int32: -15"),
        ("an_int32: -2147483648", "an_int32: -2147483648"),
        ("an_int64: 0x7fffffffffffffff", "an_int64: 9223372036854775807"),
        ("a_uint64: 18446744073709551615", "a_uint64: 18446744073709551615"),
        ("a_uint32: -0", ""),
        ("a_sint32: -1", "a_sint32: -1"),
        ("a_sfixed64: -1", "a_sfixed64: -1"),
        // The specification allows white space behind the sign; Python does not.
        ("an_int32: - 5", "an_int32: -5"),
        ("an_int32: - # five\n 5", "an_int32: -5"),
    ] {
        assert_eq!(parsed::<Scalars>(source), text, "{source}");
    }
    for source in [
        "an_int32: 08",
        "an_int32: 1.0",
        "an_int32: 1f",
        "an_int32: 1e2",
        "an_int32: 2147483648",
        "an_int32: -2147483649",
        "an_int64: 9223372036854775808",
        "a_uint64: 18446744073709551616",
        "a_uint32: -1",
        "an_int32: +1",
        "an_int32: --1",
        "an_int32: 0x",
        "an_int32: \"1\"",
        "an_int32: true",
        "an_int32 5",
        "an_int32: [5]",
        "an_int32: 5a_bool: true",
        "an_int32: 99999999999999999999999999999999999999999999999999",
    ] {
        refused::<Scalars>(source);
    }
}

#[test]
fn floats() {
    for (source, text) in [
        ("a_double: 1", "a_double: 1"),
        ("a_double: .5", "a_double: 0.5"),
        ("a_double: 1.", "a_double: 1"),
        ("a_double: -1.5e-3", "a_double: -0.0015"),
        ("a_double: 1.5f", "a_double: 1.5"),
        ("a_double: 10F", "a_double: 10"),
        ("a_double: 1e400", "a_double: inf"),
        ("a_float: 1e50", "a_float: inf"),
        ("a_float: -1e50", "a_float: -inf"),
        ("a_double: -inf", "a_double: -inf"),
        ("a_double: INFINITY", "a_double: inf"),
        ("a_double: NaN", "a_double: nan"),
        ("a_double: -0", "a_double: -0"),
        ("a_double: 123456789012345678901234567890", "a_double: 1.2345678901234568e+29"),
    ] {
        assert_eq!(parsed::<Scalars>(source), text, "{source}");
    }
    for source in ["a_double: 017", "a_double: 0x1", "a_double: 1e", "a_double: \"1\"", "a_double: infx", "a_double: ."]
    {
        refused::<Scalars>(source);
    }
}

#[test]
fn booleans_and_enums() {
    for source in ["t", "true", "True", "1", "0x1", "01"] {
        assert_eq!(parsed::<Scalars>(&format!("a_bool: {source}")), "a_bool: true");
    }
    for source in ["f", "false", "False", "0"] {
        assert_eq!(parsed::<Scalars>(&format!("a_bool: {source}")), "");
    }
    for source in ["2", "TRUE", "yes", "-1", "\"true\"", "1.0"] {
        refused::<Scalars>(&format!("a_bool: {source}"));
    }
    for (source, text) in [
        ("COLOR_RED", "color: COLOR_RED"),
        ("COLOR_CRIMSON", "color: COLOR_RED"),
        ("1", "color: COLOR_RED"),
        ("0x1", "color: COLOR_RED"),
        ("-1", "color: COLOR_DARK"),
        ("77", "color: 77"),
    ] {
        assert_eq!(parsed::<Scalars>(&format!("color: {source}")), text);
    }
    for source in ["NO", "\"COLOR_RED\"", "2147483648", "-COLOR_RED", "1.0"] {
        refused::<Scalars>(&format!("color: {source}"));
    }
}

#[test]
fn strings() {
    for (source, text) in [
        (r#"a_string: "a" 'b'"#, r#"a_string: "ab""#),
        ("a_string: \"a\" # and\n 'b'", r#"a_string: "ab""#),
        (r#"a_string: """a""""#, r#"a_string: "a""#),
        (r#"a_string: "\u00e9\U0001F600""#, "a_string: \"é😀\""),
        (r#"a_string: "\xc3\xa9""#, "a_string: \"é\""),
        (r#"some_bytes: "\xff\377\0""#, r#"some_bytes: "\377\377\000""#),
        (r#"some_bytes: "é\u00e9""#, r#"some_bytes: "\303\251\303\251""#),
    ] {
        assert_eq!(parsed::<Scalars>(source), text, "{source}");
    }
    for source in [
        r#"a_string: "\xff""#,
        r#"a_string: "\ud83d""#,
        r#"a_string: "\ud83d\ude00""#,
        r#"a_string: "\400""#,
        r#"some_bytes: "\400""#,
        r#"a_string: "\q""#,
        "a_string: \"a\nb\"",
        "a_string: \"a",
        "a_string: abc",
        "a_string: 1",
        "a_string: [\"a\"]",
    ] {
        refused::<Scalars>(source);
    }
}

#[test]
fn fields_and_what_stands_between_them() {
    for source in [
        "an_int32: 5; a_bool: true, a_string: \"x\"",
        "# comment\nan_int32: 5 # more\n\t\r\na_bool:true a_string:\"x\"#",
        "a_string:\"x\"an_int32:5;a_bool: # c\n t,",
    ] {
        assert_eq!(parsed::<Scalars>(source), "an_int32: 5 a_bool: true a_string: \"x\"", "{source}");
    }
    for source in ["an_int32: 5,,", ",", "{an_int32: 5}", "an_int32: 5 }", "an_int32", "an_int32:", "a-b: 1", "é: 1"] {
        refused::<Scalars>(source);
    }
    assert_eq!(refused::<Scalars>("an_int32: 5 an_int32: 6"), "at 1:13: \"an_int32\" a second time");
    let error = refused::<Choice>("number: 1\ntext: 'a'");
    assert_eq!(error, "at 2:1: a second member of the oneof \"choice\"");
    for source in ["number: 1 number: 2", "place { } place { }", "place { lat: 1 lat: 1 }"] {
        refused::<Choice>(source);
    }
}

#[test]
fn lists_and_messages() {
    for (source, text) in [
        ("packed: [1, 2] packed: 3", "packed: 1 packed: 2 packed: 3"),
        ("packed: []", ""),
        ("places: [] places []", ""),
        ("places [{lat: 1}, <lng: 2>]", "places { lat: 1 } places { lng: 2 }"),
        ("places { lat: 1 } places: < lat: 2; >", "places { lat: 1 } places { lat: 2 }"),
        ("strings: [\"a\" \"b\", 'c']", "strings: \"ab\" strings: \"c\""),
        ("unpacked: 1 unpacked: [2]", "unpacked: 1 unpacked: 2"),
    ] {
        assert_eq!(parsed::<Lists>(source), text, "{source}");
    }
    for source in [
        "packed: [1,]",
        "packed: [1 2]",
        "packed: [1",
        "packed: [[1]]",
        "packed [1]",
        "places { lat: 1",
        "places < lat: 1 }",
        "places: 1",
        "places",
    ] {
        refused::<Lists>(source);
    }
}

#[test]
fn maps() {
    for (source, text) in [
        ("counts { key: \"a\" value: 1 }", "counts { key: \"a\" value: 1 }"),
        ("counts { key: \"a\" value: 1 } counts { key: \"a\" value: 2 }", "counts { key: \"a\" value: 2 }"),
        // What is missing has its default, which is printed here.
        ("counts { value: 1 }", "counts { key: \"\" value: 1 }"),
        (
            "counts: [{key: \"a\" value: 1}, <key: 'b'>]",
            "counts { key: \"a\" value: 1 } counts { key: \"b\" value: 0 }",
        ),
        ("places { key: true value { lat: 1 } }", "places { key: true value { lat: 1 } }"),
        (
            "nested { key: 'a' value { counts { key: 'b' } } }",
            "nested { key: \"a\" value { counts { key: \"b\" value: 0 } } }",
        ),
    ] {
        assert_eq!(parsed::<Maps>(source), text, "{source}");
    }
    for source in ["counts { key: 'a' key: 'b' }", "counts { other: 1 }", "counts: 1", "counts { key: 1 }"] {
        refused::<Maps>(source);
    }
}

#[test]
fn names_that_are_not_fields() {
    assert_eq!(refused::<Scalars>(" nope: 1"), "at 1:2: threadwire.test.Scalars has no field \"nope\"");
    assert_eq!(refused::<Scalars>("[a.b]: 1"), "at 1:1: threadwire.test.Scalars has no field \"[a.b]\"");
    assert_eq!(refused::<Scalars>("1: 5"), "at 1:1: expected the name of a field, got 1");
    // Reserved names are passed over, as in C++; in Python they are errors.
    for source in ["gone: 1", "gone { a: [1] }", "gone: -inf", "long_gone: [{a: \"x\" [b.c]: 1}, <1: 2>]", "gone: [] "]
    {
        assert_eq!(parsed::<Names>(&format!("{source} own: 1")), "own: 1", "{source}");
    }
    for source in ["gone: ", "gone: [1,]", "gone { a }", "gone: {a: 1>", "gone: -", "gone_: 1"] {
        refused::<Names>(source);
    }
    let parser = text::Parser::new().ignore_unknown_fields(true);
    let source = "nope: [1, 'a' \"b\"] [x.y] < z { } > 17: 0x1 other { a: b; c: 1.5f } an_int32: 1";
    assert_eq!(parser.parse::<Scalars>(source).unwrap().to_text(), "an_int32: 1\n");
}

#[test]
fn anys() {
    let place = "any { [type.googleapis.com/threadwire.test.Place] { lat: 1 } }";
    for source in [
        place,
        "any { [ type.googleapis.com / # c\n threadwire.test.Place ] : < lat: 1 > }",
        "any: < [type.googleapis.com/threadwire.test.Place] { lat: 1 }; >",
    ] {
        assert_eq!(parsed::<WellKnown>(source), place);
    }
    let nested =
        "any { [x/google.protobuf.Any] { [x/threadwire.test.Person] { name: \"a\" phones { number: \"1\" } } } }";
    assert_eq!(parsed::<WellKnown>(nested), nested);
    let source = "any { type_url: \"a/b\" value: \"c\" }";
    assert_eq!(parsed::<WellKnown>(source), source);
    // The bytes are in the order in which the message is encoded.
    let unordered = "any { [x/threadwire.test.Person] { phones { } name: 'a' } }";
    let types = types();
    let any = text::Parser::new().types(&types).parse::<WellKnown>(unordered).unwrap().any.unwrap();
    assert_eq!(any.value, hex("0a0161 1a00"));

    for source in [
        "any { type_url: \"a\" [type.googleapis.com/threadwire.test.Place] { } }",
        "any { [x/threadwire.test.Place] { } value: \"x\" }",
        "any { [x/threadwire.test.Place] { } [x/threadwire.test.Place] { } }",
        "any { [x/threadwire.test.Place] }",
        "any { [x/threadwire.test.Place { } }",
        "any { [] { } }",
        "any { [threadwire.test.Place] { } }",
        "[x/threadwire.test.Place] { }",
    ] {
        refused::<WellKnown>(source);
    }
    let error = refused::<WellKnown>("any { [nope/x.Y] { } }");
    assert_eq!(error, "any at 1:7: the type \"nope/x.Y\" is not in the registry");
    let error = refused::<WellKnown>("any { [x/threadwire.test.Place] { lat: x } }");
    assert_eq!(error, "any[\"x/threadwire.test.Place\"].lat at 1:40: expected a number, got x");

    // Bytes that are not of the type, and a type that is not registered, are shown as they are.
    let any = Any { type_url: "x/threadwire.test.Place".into(), value: vec![9], ..Default::default() };
    let printer = text::Printer::new().types(&types);
    assert_eq!(printer.print(&any), "type_url: \"x/threadwire.test.Place\"\nvalue: \"\\t\"\n");
    assert_eq!(any.to_text(), printer.print(&any));
}

#[test]
fn errors_name_the_field_the_place_and_what_was_expected() {
    let source = "people { }\npeople {\n  name: 'é' address { position { lat: true } }\n}";
    let error = text::Parser::new().parse::<People>(source).unwrap_err();
    assert_eq!(error.to_string(), "people[1].address.position.lat at 3:39: expected a number, got true");
    assert_eq!((error.line(), error.column(), error.field().as_str()), (3, 39, "people[1].address.position.lat"));
    for (source, error) in [
        ("packed: [1, 'a']", "packed[1] at 1:13: expected a whole number of 32 bits, got a string"),
        ("packed: 1 packed: 1.5", "packed[1] at 1:19: expected a whole number of 32 bits, got 1.5"),
        ("packed: [1", "packed[0] at 1:11: expected `,` or `]`, got the end"),
        ("places: {", "places[0] at 1:10: expected the name of a field, got the end"),
        ("places: 'a'", "places[0] at 1:9: expected `{`, got a string"),
        ("strings: \"\\xzz\"", "strings[0] at 1:11: expected an escape, got `\\x`"),
        ("strings: \"\\377\"", "strings[0] at 1:10: expected a string, got bytes that are not UTF-8"),
    ] {
        assert_eq!(refused::<Lists>(source), error, "{source}");
    }
}

#[test]
fn unknown_fields_are_shown_if_wanted() {
    // Of Python's `print_unknown_fields`, but fixed numbers in hexadecimal, as C++ shows them.
    let place = Place::decode(&hex("1801 22026162 2d01000000 310200000000000000 3b08053c 3a020805")).unwrap();
    assert_eq!(place.to_text(), "");
    let text = text::Printer::new().unknown_fields(true).print(&place);
    assert_eq!(text, "3: 1\n4: \"ab\"\n5: 0x00000001\n6: 0x0000000000000002\n7 {\n  1: 5\n}\n7 {\n  1: 5\n}\n");
}

#[test]
fn depth_is_bounded() {
    let tree = |depth: usize| format!("{}{}", "left {".repeat(depth), "}".repeat(depth));
    assert!(Tree::from_text(&tree(100)).is_ok());
    for depth in [101, 1_000_000] {
        assert_eq!(*Tree::from_text(&tree(depth)).unwrap_err().kind(), ParseErrorKind::TooDeep);
    }
    let entries = "nested { value {".repeat(1_000_000);
    assert_eq!(*Maps::from_text(&entries).unwrap_err().kind(), ParseErrorKind::TooDeep);
    let reserved = format!("gone {}", "{ a ".repeat(1_000_000));
    assert_eq!(*Names::from_text(&reserved).unwrap_err().kind(), ParseErrorKind::TooDeep);

    let types = types();
    let mut any = Any::default();
    for _ in 0..300 {
        let value = any.encode_to_vec().unwrap();
        any = Any { type_url: "x/google.protobuf.Any".into(), value, ..Default::default() };
    }
    let text = text::Printer::new().types(&types).print(&any);
    assert_eq!(text.matches("[x/google.protobuf.Any]").count(), 100, "and then the bytes");
    let source = "[x/google.protobuf.Any] {".repeat(10_000);
    let error = text::Parser::new().types(&types).parse::<Any>(&source).unwrap_err();
    assert_eq!(*error.kind(), ParseErrorKind::TooDeep);
}

#[test]
fn large_inputs() {
    let long = "é".repeat(5 << 20);
    assert_eq!(Scalars::from_text(&format!("a_string: '{long}'")).unwrap().a_string, long);
    let digits = "1".repeat(10 << 20);
    let error = Scalars::from_text(&format!("an_int32: {digits}")).unwrap_err().to_string();
    assert!(error.len() < 200, "{error}");
    let list = format!("packed: [{}0]", "0,".repeat(1 << 20));
    assert_eq!(Lists::from_text(&list).unwrap().packed.len(), (1 << 20) + 1);
}

#[test]
fn groups_closed_enums_and_required_fields() {
    for (source, text) in [
        ("Single { a: 1 }", "Single { a: 1 }"),
        ("Single: { a: 1 Within < text: \"x\" > }", "Single { a: 1 Within { text: \"x\" } }"),
        ("Many { a: 1 } Many { }", "Many { a: 1 } Many { }"),
        ("Many [{a:1}, {}]", "Many { a: 1 } Many { }"),
        (
            "Recursive { numbers: [1,2] groups { before: 1} }",
            "Recursive { groups { before: 1 } numbers: 1 numbers: 2 }",
        ),
        // By the field's name too, which editions ask for; Python knows the type's alone.
        ("single { a: 1 } many { }", "Single { a: 1 } Many { }"),
    ] {
        assert_eq!(parsed::<legacy::Groups>(source), text, "{source}");
    }
    for source in ["SINGLE { }", "Single: 1", "Chosen { } text: 'a'", "Single { } single { }", "Single { a: 1 >"] {
        refused::<legacy::Groups>(source);
    }
    assert_eq!(
        parsed::<legacy::Closed>("level: 7 levels: [3, LEVEL_BELOW]"),
        "level: LEVEL_HIGH levels: LEVEL_LOW levels: LEVEL_BELOW"
    );
    for source in ["level: 1", "level: NO", "by_number { key: 1 value: 5 }"] {
        refused::<legacy::Closed>(source);
    }
    let error = refused::<legacy::Required>("id: 1\n");
    assert_eq!(error, "at 2:1: the required field \"level\" is missing");
    let error = refused::<legacy::Required>("id: 1 level: LEVEL_LOW inner { name: 'a' } inner { }");
    assert_eq!(error, "inner[1] at 1:52: the required field \"name\" is missing");
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
fn extensions_are_printed_behind_the_known_fields() {
    let bytes = hex(
        "0801 da06050803a00604 f00601 a006fbffffffffffffffff01 aa0602780a b3060801b406b306b406 ba060301d804 c00607 cd06cdcccc3d \
        d2060161 d20602c3a9 ea06020801 e2060908011a030a016e3003",
    );
    let text = r#"known: 1
[threadwire.legacy.outside]: -5
[threadwire.legacy.Extendable.inside]: "x\n"
[threadwire.legacy.added] {
  a: 1
}
[threadwire.legacy.added] {
}
[threadwire.legacy.numbers]: -1
[threadwire.legacy.numbers]: 300
[threadwire.legacy.level]: LEVEL_HIGH
[threadwire.legacy.ratio]: 0.1
[threadwire.legacy.words]: "a"
[threadwire.legacy.words]: "é"
[threadwire.legacy.within] {
  known: 3
  [threadwire.legacy.outside]: 4
}
[threadwire.legacy.needy] {
  id: 1
  inner {
    name: "n"
  }
  level: LEVEL_LOW
}
[threadwire.legacy.time] {
  seconds: 1
}
[threadwire.legacy.Outside]: true
"#;
    let message = legacy::Extendable::decode(&bytes).unwrap();
    let types = extensions();
    assert_eq!(text::Printer::new().types(&types).print(&message), text);
    let again = text::Parser::new().types(&types).parse::<legacy::Extendable>(text).unwrap();
    assert_eq!(text::Printer::new().types(&types).print(&again), text);
    assert_eq!(again.encode_to_vec().unwrap().len(), bytes.len());
    // Without them they are unknown fields.
    assert_eq!(message.to_text(), "known: 1\n");
    assert!(legacy::Extendable::from_text(text).is_err());
}

#[test]
fn extensions_are_parsed_by_their_full_names() {
    let types = extensions();
    let parser = text::Parser::new().types(&types);
    for (source, bytes) in [
        ("[threadwire.legacy.outside]: 1 known: 2", "0802 a00601"),
        ("[threadwire.legacy.added]: {a:1} [threadwire.legacy.added] [{},{a:2}]", "b3060801b406 b306b406 b3060802b406"),
        ("[threadwire.legacy.numbers]: [1,-2]", "ba06020203"),
        ("[threadwire.legacy.numbers]: [1,-2] [threadwire.legacy.numbers]: 3", "ba0603020306"),
        ("[threadwire.legacy.numbers]: []", ""),
        ("[threadwire.legacy.level]: LEVEL_LOW", "c00603"),
        ("[ threadwire . legacy . outside ] : 0;", "a00600"),
        ("[threadwire.legacy.within] <[threadwire.legacy.words]: ['a'] known: 1>", "da0606 d2060161 0801"),
    ] {
        let message = parser.parse::<legacy::Extendable>(source).unwrap();
        assert_eq!(message.encode_to_vec().unwrap(), hex(bytes), "{source}");
    }
    for (source, expected) in [
        (
            "[threadwire.legacy.outside]: 1 [threadwire.legacy.outside]: 2",
            "at 1:32: \"[threadwire.legacy.outside]\" a second time",
        ),
        ("[threadwire.legacy.outside] 7", "[threadwire.legacy.outside] at 1:29: expected `:`, got 7"),
        (
            "[threadwire.legacy.level]: 9",
            "[threadwire.legacy.level] at 1:28: expected a value of threadwire.legacy.Level, got 9",
        ),
        (
            "[threadwire.legacy.needy] {id:1}",
            "[threadwire.legacy.needy][0] at 1:32: the required field \"level\" is missing",
        ),
        (
            "[threadwire.legacy.inside]: 'a'",
            "at 1:1: threadwire.legacy.Extendable has no field \"[threadwire.legacy.inside]\"",
        ),
        (
            "[threadwire.legacy.within] { [threadwire.legacy.Added] {} }",
            "[threadwire.legacy.within] at 1:30: threadwire.legacy.Extendable has no field \"[threadwire.legacy.Added]\"",
        ),
    ] {
        assert_eq!(parser.parse::<legacy::Extendable>(source).unwrap_err().to_string(), expected);
    }
    // Of another message it is none.
    assert!(parser.parse::<legacy::Groups>("[threadwire.legacy.outside]: 1").is_err());
    let lenient = parser.ignore_unknown_fields(true);
    let source = "[threadwire.legacy.nope] { a: 1 } [threadwire.legacy.outside]: 1";
    assert_eq!(lenient.parse::<legacy::Extendable>(source).unwrap().encode_to_vec().unwrap(), hex("a00601"));
}

#[test]
fn what_is_no_value_of_an_extension_stays_unknown() {
    let types = extensions();
    let printer = text::Printer::new().types(&types);
    let one_line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (bytes, known, all) in [
        // The last value; messages merged; packed and not.
        ("a00601 a00602", "[threadwire.legacy.outside]: 2", ""),
        ("da06020801 da06020802", "[threadwire.legacy.within] { known: 2 }", ""),
        (
            "b80601 ba06020203",
            "[threadwire.legacy.numbers]: -1 [threadwire.legacy.numbers]: 1 [threadwire.legacy.numbers]: -2",
            "",
        ),
        // Another wire type; a number that the enum does not name; not UTF-8; a message that is none, or lacks a field.
        ("a206020102", "", "100: \"\\001\\002\""),
        ("c00605", "", "104: 5"),
        ("aa0601ff", "", "101: \"\\377\""),
        ("ba0601ff", "", "103: \"\\377\""),
        ("da060108", "", "107: \"\\010\""),
        ("e206020801", "", "108 { 1: 1 }"),
        ("980602 a00601", "[threadwire.legacy.outside]: 1", "99: 2"),
    ] {
        let message = legacy::Extendable::decode(&hex(bytes)).unwrap();
        assert_eq!(one_line(printer.print(&message)), known, "{bytes}");
        let all = if known.is_empty() { all.to_owned() } else { format!("{known} {all}") };
        assert_eq!(one_line(printer.unknown_fields(true).print(&message)), all.trim_end(), "{bytes}");
    }
    // However deep they nest.
    let mut bytes = Vec::new();
    for _ in 0..5_000 {
        bytes = nested(&bytes);
    }
    let printed = printer.print(&legacy::Extendable::decode(&bytes).unwrap());
    assert_eq!(printed.matches("[threadwire.legacy.within] {").count(), 100);
}

/// The extension `within` with these bytes.
fn nested(bytes: &[u8]) -> Vec<u8> {
    let mut rest = bytes.len();
    let mut out = hex("da06");
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
    [out, bytes.to_vec()].concat()
}

#[test]
fn extensions_in_an_any() {
    let types = extensions();
    let source = "[x/threadwire.legacy.Extendable] {\n  known: 1\n  [threadwire.legacy.outside]: 2\n}\n";
    let any = text::Parser::new().types(&types).parse::<Any>(source).unwrap();
    assert_eq!(any.value, hex("0801 a00602"));
    assert_eq!(text::Printer::new().types(&types).print(&any), source);
}

/// Whatever the text is, it is an error or a message, and a message that is printed is read again as the same.
#[test]
fn every_truncation_and_every_changed_byte_is_an_error_or_a_message() {
    let whole = "any: <[x/threadwire.test.Place] { lat: -1.5e1f }> # c\nvalue { list_value { values: [{ number_value: inf }, {}] } } \
        map: { key: 'k\\n\\x41' \"\\u00e9\" value: { bool_value: t } }; mask { paths: ['a', \"b\"] }, null: 0x0 timestamp{seconds:-017}";
    let types = types();
    let parser = text::Parser::new().types(&types);
    assert!(parser.parse::<WellKnown>(whole).is_ok());
    let (mut errors, mut messages) = (0, 0);
    let mut check = |source: &str| {
        for ignore in [false, true] {
            let Ok(message) = parser.ignore_unknown_fields(ignore).parse::<WellKnown>(source) else {
                errors += 1;
                continue;
            };
            messages += 1;
            let printed = text::Printer::new().types(&types).print(&message);
            assert_eq!(parser.parse::<WellKnown>(&printed).unwrap(), message, "{source} became {printed}");
        }
    };
    for end in 0..whole.len() {
        check(whole.get(..end).unwrap());
    }
    for place in 0..whole.len() {
        for byte in b"\0 \n\"'\\{}[]<>#:;,-+.019aexft_/\x7f" {
            let mut changed = whole.as_bytes().to_vec();
            changed[place] = *byte;
            check(std::str::from_utf8(&changed).unwrap());
        }
    }
    assert!(errors > 1_000 && messages > 1_000, "{errors} errors, {messages} messages");
}

#[test]
fn the_entries_of_maps() {
    let parsed = |text: &str| Maps::from_text(text);
    assert_eq!(parsed("counts { value: 2, key: 'a'; }").unwrap().counts.get("a"), Some(&2));
    assert_eq!(parsed("counts <> counts: {key: 'a'}").unwrap().counts.len(), 2);
    assert_eq!(parsed("nested { key: 'a' value { counts {} } }").unwrap().nested.len(), 1);
    for (text, error) in [
        ("counts { key: 'a' key: 'b' }", "counts[0] at 1:19: \"key\" a second time"),
        ("counts { other: 1 }", "counts[0] at 1:10: a map's entry has no field \"other\""),
        ("counts { key 'a' }", "counts[0].key at 1:14: expected `:`, got a string"),
        ("counts { : 1 }", "counts[0] at 1:10: expected `key` or `value`, got `:`"),
    ] {
        assert_eq!(parsed(text).unwrap_err().to_string(), error, "{text}");
    }
    let lenient = text::Parser::new().ignore_unknown_fields(true).parse::<Maps>("counts { x: [1] y { } key: 'a' }");
    assert_eq!(lenient.unwrap().counts.len(), 1);
}
