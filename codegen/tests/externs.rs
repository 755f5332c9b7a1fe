//! Types that are named by a path instead of being emitted, and the file that includes all others.
//!
//! That such code compiles is shown in threadwire's own tests (tests/protobuf_packages.rs).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::fs;
use std::path::{Path, PathBuf};

use threadwire_build::{Builder, Generated};

/// Writes these files into a directory of their own; the builder includes it.
fn builder(name: &str, files: &[(&str, &str)]) -> (Builder, PathBuf) {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("externs").join(name);
    fs::create_dir_all(&directory).unwrap();
    for (file, text) in files {
        fs::write(directory.join(file), format!("syntax = \"proto3\";\n{text}")).unwrap();
    }
    (Builder::new().include(&directory).out_dir(&directory), directory)
}

fn names(generated: &[Generated]) -> Vec<&str> {
    generated.iter().map(|file| file.name.as_str()).collect()
}

/// The last of the files, without spaces and breaks of lines.
fn compact(generated: &[Generated]) -> String {
    let source = &generated.last().unwrap().source;
    source.split_whitespace().collect::<String>().replace(",>", ">")
}

/// The type of a member of a struct in the last of the files.
#[track_caller]
fn member(generated: &[Generated], member: &str) -> String {
    let source = compact(generated);
    let behind = source.split_once(&format!("pub{member}:")).map(|(_, behind)| behind);
    // What comes next has documentation too.
    let found = behind.and_then(|behind| behind.split_once(",///"));
    found.map(|(ty, _)| ty.to_owned()).unwrap_or_else(|| panic!("no member {member} in {source}"))
}

fn optional(path: &str) -> String {
    format!("::core::option::Option<{path}>")
}

const EVENT: (&str, &str) = (
    "event.proto",
    "package shop;
    import \"google/protobuf/timestamp.proto\";
    import \"google/protobuf/struct.proto\";
    import \"google/protobuf/type.proto\";
    message Event {
        google.protobuf.Timestamp at = 1;
        map<string, google.protobuf.Value> data = 2;
        google.protobuf.NullValue null = 3;
        google.protobuf.Field.Kind kind = 4;
        oneof one { google.protobuf.Timestamp other = 5; }
    }",
);

#[test]
fn well_known_types_are_the_runtimes() {
    let (builder, _) = builder("default", &[EVENT]);
    for (builder, runtime) in [(builder.clone(), "::threadwire"), (builder.runtime("crate::wire"), "crate::wire")] {
        let generated = builder.generate(&["event.proto"]).unwrap();
        assert_eq!(names(&generated), ["shop.rs"]);
        let path = format!("{runtime}::protobuf::well_known");
        assert_eq!(member(&generated, "null"), format!("{path}::NullValue"));
        assert_eq!(member(&generated, "kind"), format!("{path}::field::Kind"));
        assert_eq!(member(&generated, "at"), optional(&format!("{path}::Timestamp")));
        let map = format!("::std::collections::BTreeMap<::std::string::String,{path}::Value>");
        assert_eq!(member(&generated, "data"), map);
        assert!(compact(&generated).contains(&format!("Other({path}::Timestamp)")));
    }
}

#[test]
fn well_known_types_can_be_emitted() {
    let (builder, _) = builder("emitted", &[EVENT]);
    let generated = builder.well_known_types(true).generate(&["event.proto"]).unwrap();
    assert_eq!(names(&generated), ["google.protobuf.rs", "shop.rs"]);
    assert_eq!(member(&generated, "kind"), "super::google::protobuf::field::Kind");
    assert!(generated.iter().all(|file| !file.source.contains("well_known")));
}

#[test]
fn what_is_no_well_known_type_is_emitted() {
    let text = "import \"google/protobuf/descriptor.proto\";\nmessage M { google.protobuf.UninterpretedOption o = 1; }";
    let (builder, _) = builder("descriptor", &[("m.proto", text)]);
    assert_eq!(names(&builder.generate(&["m.proto"]).unwrap()), ["google.protobuf.rs", "m.rs"]);
}

#[test]
fn required_fields_of_types_from_outside_are_looked_for() {
    let text =
        "syntax = \"proto2\";\npackage p;\nmessage Ours { optional Theirs theirs = 1; optional Other other = 2; }
        message Theirs { repeated Within within = 1; }\nmessage Within { required int32 a = 1; }
        message Alone { optional Other other = 1; }\nmessage Other {}";
    let (builder, directory) = builder("required", &[]);
    fs::write(directory.join("p.proto"), text).unwrap();
    let emitted = |builder: &Builder| builder.generate(&["p.proto"]).unwrap().first().unwrap().source.clone();
    let whole = emitted(&builder);
    let without = emitted(&builder.extern_path(".p.Theirs", "crate::Theirs").extern_path(".p.Within", "crate::Within"));
    // What is emitted for the others is the same but for the path.
    let ours = |source: &str| {
        let begin = source.find("impl ::threadwire::protobuf::Message for Ours").unwrap();
        let end = source.get(begin..).and_then(|rest| rest.find("/// The message")).unwrap();
        let part = source.get(begin..begin + end).unwrap().split_whitespace().collect::<String>();
        part.replace("crate::", "").replace(",>", ">")
    };
    assert!(ours(&whole).contains("HAS_REQUIRED:bool=true"));
    assert_eq!(ours(&without), ours(&whole));
    assert!(!without.contains("struct Within"));
}

const COMMON: (&str, &str) = (
    "common.proto",
    "package shop.common;
    import \"google/protobuf/any.proto\";
    message Money { message Unit {} enum Kind { KIND_A = 0; } google.protobuf.Any any = 1; }
    enum Colour { COLOUR_RED = 0; }",
);

const ORDER: (&str, &str) = (
    "order.proto",
    "package shop;
    import \"common.proto\";
    message Order {
        common.Money money = 1;
        common.Money.Unit unit = 2;
        common.Money.Kind kind = 3;
        common.Colour colour = 4;
        Local local = 5;
    }
    message Local { message Within {} }
    message User { Local.Within within = 1; }
    service Orders { rpc Pay(common.Money) returns (Order); }",
);

#[test]
fn a_package_by_a_path() {
    let (builder, _) = builder("package", &[COMMON, ORDER]);
    let cases = [(".shop.common", "::other::proto"), (".shop", "::other"), (".", "crate::all")];
    let expected = ["::other::proto", "::other::common", "crate::all::shop::common"];
    for ((proto, rust), expected) in cases.into_iter().zip(expected) {
        let builder = builder.clone().extern_path(proto, rust);
        let generated = builder.generate(&["order.proto"]).unwrap();
        assert_eq!(names(&generated), ["shop.rs"]);
        let source = &generated.first().unwrap().source;
        assert!(source.contains(&format!("Request<{expected}::Money>")), "{source}");
        if proto == ".shop.common" {
            assert_eq!(member(&generated, "kind"), format!("{expected}::money::Kind"));
            assert_eq!(member(&generated, "colour"), format!("{expected}::Colour"));
            assert_eq!(member(&generated, "unit"), optional(&format!("{expected}::money::Unit")));
        } else {
            assert!(!source.contains("struct Order {"), "only the service is left");
        }
    }
}

#[test]
fn a_type_by_a_path() {
    let (builder, _) = builder("type", &[COMMON, ORDER]);
    let builder = builder
        .extern_path(".shop.common", "::other")
        .extern_path(".shop.common.Money", "crate::r#type::Cash")
        .extern_path(".shop.Local", "::local::Place");
    let generated = builder.generate(&["order.proto"]).unwrap();
    assert_eq!(member(&generated, "money"), optional("crate::r#type::Cash"));
    // What is declared within a type lies in the module that is named after it.
    assert_eq!(member(&generated, "kind"), "crate::r#type::cash::Kind");
    assert_eq!(member(&generated, "colour"), "::other::Colour");
    assert_eq!(member(&generated, "local"), optional("::local::Place"));
    assert_eq!(member(&generated, "within"), optional("::local::place::Within"));
    assert!(!generated.first().unwrap().source.contains("struct Local"));
}

#[test]
fn the_users_path_goes_before_the_well_known_types() {
    let (builder, _) = builder("before", &[EVENT]);
    let generated = builder.extern_path(".google", "::g").generate(&["event.proto"]).unwrap();
    assert_eq!(member(&generated, "null"), "::g::protobuf::NullValue");
}

#[test]
fn a_cycle_through_a_type_from_outside_is_boxed_all_the_same() {
    let text = "package loop;
        message Ours { Theirs theirs = 1; repeated Theirs list = 2; Other other = 3; }
        message Theirs { Ours ours = 1; oneof o { Other another = 2; } }
        message Other {}";
    let (builder, _) = builder("cycle", &[("loop.proto", text)]);
    let generated = builder.extern_path(".loop.Theirs", "crate::Theirs").generate(&["loop.proto"]).unwrap();
    assert_eq!(member(&generated, "theirs"), optional("::std::boxed::Box<crate::Theirs>"));
    assert_eq!(member(&generated, "list"), "::std::vec::Vec<crate::Theirs>");
    assert_eq!(member(&generated, "other"), optional("Other"));
}

#[test]
fn settings_that_make_no_sense() {
    let (builder, _) = builder("settings", &[COMMON, ORDER]);
    let cases = [
        ("shop.common", "::other", "the extern path 'shop.common': begin with a dot, as in '.package.Type'"),
        (".shop.common", "other", "the extern path 'other': write '::krate::module'"),
        (".shop.common", "::other<T>", "the extern path '::other<T>': write '::krate::module'"),
        (".shop.common", "no path", "the extern path 'no path': "),
        (".shop.common.Money", "crate", "the extern path of '.shop.common.Money' names no type: 'crate'"),
    ];
    for (proto, rust, expected) in cases {
        let error = builder.clone().extern_path(proto, rust).generate(&["order.proto"]).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn one_file_includes_all_packages_in_their_modules() {
    let plain = ("plain.proto", "message Plain {}");
    let deep = ("deep.proto", "package shop.common.type;\nmessage Deep {}");
    let (builder, directory) = builder("includes", &[COMMON, ORDER, plain, deep]);
    let builder = builder.include_file("all.rs");
    builder.compile(&["order.proto", "plain.proto", "deep.proto"]).unwrap();
    let all = fs::read_to_string(directory.join("all.rs")).unwrap();
    let lines =
        all.lines().map(str::trim).filter(|line| ["include!", "pub mod", "///"].iter().any(|b| line.starts_with(b)));
    let expected = [
        "include!(\"plain.rs\");",
        "/// The package `shop`.",
        "pub mod shop {",
        "include!(\"shop.rs\");",
        "/// The package `shop.common`.",
        "pub mod common {",
        "include!(\"shop.common.rs\");",
        "/// The package `shop.common.type`.",
        "pub mod r#type {",
        "include!(\"shop.common.type.rs\");",
    ];
    assert_eq!(lines.collect::<Vec<_>>(), expected);
}

#[test]
fn an_include_file_that_cannot_be() {
    let (builder, _) = builder("cannot", &[("a.proto", "package a;\nmessage B {}\n")]);
    let error = builder.include_file("a.rs").generate(&["a.proto"]).unwrap_err();
    assert_eq!(error.to_string(), "the include file a.rs: a package has this output file");
}

#[test]
fn the_types_of_a_message_leave_the_module_of_a_package_to_it() {
    let a = "package a;\nmessage B { message C { oneof d { C e = 1; } } C c = 1; oneof kind { C f = 2; } }\n";
    let (builder, _) = builder("clear", &[("a.proto", a), ("ab.proto", "package a.b;\nmessage M {}\n")]);
    let generated = builder.clone().generate(&["a.proto"]).unwrap();
    assert!(generated.first().unwrap().source.contains("Option<b::C>"));
    let generated = builder.generate(&["a.proto", "ab.proto"]).unwrap();
    let source = &generated.first().unwrap().source;
    for line in ["Option<b_::C>", "Option<b_::Kind>", "pub mod b_ {", "Option<c::D>"] {
        assert!(source.contains(line), "{line} in {source}");
    }
    assert!(!source.contains("b::"), "{source}");
}

/// Writes proto2 files, whose extensions are of interest.
fn statics(name: &str, builder: Builder, directory: &Path, files: &[(&str, &str)]) -> Vec<String> {
    for (file, text) in files {
        fs::write(directory.join(file), format!("syntax = \"proto2\";\n{text}")).unwrap();
    }
    let generated = builder.generate(&[name]).unwrap();
    let lines = generated.iter().flat_map(|file| file.source.lines());
    let names = lines.filter_map(|line| line.trim_start().strip_prefix("pub static ")?.split_once(':'));
    names.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn extensions_are_emitted_where_they_are_declared() {
    let base = (
        "base.proto",
        "package base;
        message Base { extensions 1 to max; }
        message Set { option message_set_wire_format = true; extensions 4 to max; }",
    );
    let more = (
        "more.proto",
        "package more;
        import \"base.proto\";
        extend base.Base { optional int32 fooBar = 1; optional int32 foo_bar = 2; optional int32 self = 3; }
        extend base.Set { optional Held no = 4; }
        message Held { extend base.Base { repeated Held held = 5; } extend base.Set { optional Held no_more = 5; } }",
    );
    let (builder, directory) = builder("extensions", &[]);
    let found = statics("more.proto", builder.clone(), &directory, &[base, more]);
    // Fields of a message set are written otherwise than all others.
    assert_eq!(found, ["FOO_BAR", "FOO_BAR_", "SELF", "HELD"]);
    // What lies outside has its extensions there.
    let outside = builder.clone().extern_path(".more.Held", "::other::Held");
    assert_eq!(statics("more.proto", outside, &directory, &[base, more]), ["FOO_BAR", "FOO_BAR_", "SELF"]);
    let outside = builder.extern_path(".more", "::other");
    assert_eq!(statics("more.proto", outside, &directory, &[base, more]), [""; 0]);
}

#[test]
fn comments_can_be_left_out() {
    let (builder, _) = builder("comments", &[("m.proto", "// Seen.\nmessage M {\n  // Seen too.\n  int32 a = 1;\n}")]);
    let with = builder.clone().generate(&["m.proto"]).unwrap();
    assert_eq!(with.first().unwrap().source.matches("Seen").count(), 2);
    let without = builder.comments(false).generate(&["m.proto"]).unwrap();
    assert!(!without.first().unwrap().source.contains("Seen"));
    assert!(without.first().unwrap().source.contains("/// The message `M`."));
}
