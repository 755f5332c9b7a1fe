//! What is refused, and that the error says where and why.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use threadwire_build::Builder;

/// A directory of its own.
fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("refusals").join(name);
    fs::create_dir_all(&directory).unwrap();
    directory
}

/// The error of compiling this text as `name.proto`, without the directory.
#[track_caller]
fn refusal(name: &str, proto: &str) -> String {
    refusal_of(&[(&format!("{name}.proto"), proto)])
}

/// The error of compiling the first of these files, which may import the others, without the directory.
#[track_caller]
fn refusal_of(files: &[(&str, &str)]) -> String {
    let (file, _) = files.first().unwrap();
    let directory = directory(file.trim_end_matches(".proto"));
    for (name, proto) in files {
        fs::write(directory.join(name), proto).unwrap();
    }
    let error = Builder::new().include(&directory).out_dir(&directory).generate(&[file]).unwrap_err();
    // A build script shows the Debug form.
    assert_eq!(format!("{error:?}"), error.to_string());
    let message = error.to_string();
    let directory = format!("{}/", directory.display());
    assert!(message.starts_with(&directory), "{message}");
    message.replace(&directory, "")
}

#[test]
fn editions() {
    let message = refusal("edition", "edition = \"2023\";\nmessage M {}\n");
    assert!(message.starts_with("edition.proto:1:1: ") && message.contains("edition"), "{message}");
}

#[test]
fn what_protoc_refuses_too() {
    let cases = [
        ("syntax", "syntax = \"proto3\";\nmessage M {\n  int32 a 1;\n}\n", "syntax.proto:3:11: "),
        ("undefined", "syntax = \"proto3\";\nmessage M {\n  Nope a = 1;\n}\n", "undefined.proto:3:3: "),
        ("twice", "syntax = \"proto3\";\nmessage M {\n  int32 a = 1;\n  int32 b = 1;\n}\n", "twice.proto:"),
        ("zero", "syntax = \"proto3\";\nmessage M {\n  int32 a = 0;\n}\n", "zero.proto:3:"),
    ];
    for (name, proto, expected) in cases {
        let message = refusal(name, proto);
        assert!(message.starts_with(expected), "{message}");
    }
    let missing = Builder::new().out_dir(env!("CARGO_TARGET_TMPDIR")).generate(&["nowhere.proto"]).unwrap_err();
    assert!(missing.to_string().contains("nowhere.proto"), "{missing}");
}

#[test]
fn everything_that_is_wrong_has_a_line() {
    let undefined = "syntax = \"proto3\";\nmessage M {\n  Nope a = 1;\n  int32 b = 1;\n  Neither c = 3;\n}\n";
    let message = refusal("several", undefined);
    let lines = message.lines().collect::<Vec<_>>();
    assert!(lines.len() >= 2, "{message}");
    for line in &lines {
        assert!(line.starts_with("several.proto:"), "{message}");
    }
    assert!(lines.iter().any(|line| line.starts_with("several.proto:3:3: ") && line.contains("Nope")), "{message}");
    assert!(lines.iter().any(|line| line.starts_with("several.proto:5:3: ") && line.contains("Neither")), "{message}");
    let syntax = "syntax = \"proto3\";\nmessage M {\n  int32 a = 0;\n  int32 b = 536870912;\n}\n";
    assert_eq!(
        refusal("numbers", syntax),
        "numbers.proto:3:13: message numbers must be between 1 and 536870911\n\
         numbers.proto:4:13: message numbers must be between 1 and 536870911"
    );
}

/// Each file by itself, and what it is refused with: the place and the words.
#[track_caller]
fn all_refused(cases: &[(&str, &str, &str)]) {
    for (name, proto, expected) in cases {
        let expected = expected.lines().map(|line| format!("{name}.proto:{line}")).collect::<Vec<_>>().join("\n");
        assert_eq!(refusal(name, proto), expected, "{name}");
    }
}

/// None of these may be refused.
#[track_caller]
fn all_accepted(cases: &[(&str, &str)]) {
    for (name, proto) in cases {
        let directory = directory(name);
        fs::write(directory.join(format!("{name}.proto")), proto).unwrap();
        let builder = Builder::new().include(&directory).out_dir(&directory);
        let result = builder.generate(&[format!("{name}.proto")]);
        assert!(result.is_ok(), "{name}: {}", result.unwrap_err());
    }
}

#[test]
fn options_that_the_field_cannot_have() {
    let packed = "[packed = true] can only be specified for repeated primitive fields.";
    let jstype = "jstype is only allowed on int64, uint64, sint64, fixed64 or sfixed64 fields.";
    let lazy = "[lazy = true] can only be specified for submessage fields.";
    all_refused(&[
        (
            "packed_string",
            "syntax = \"proto3\";\nmessage M { repeated string a = 1 [packed = true]; }",
            &format!("2:22: {packed}"),
        ),
        (
            "packed_message",
            "syntax = \"proto3\";\nmessage M { repeated M a = 1 [packed = true]; }",
            &format!("2:22: {packed}"),
        ),
        (
            "packed_single",
            "syntax = \"proto3\";\nmessage M { int32 a = 1 [packed = true]; }",
            &format!("2:13: {packed}"),
        ),
        (
            "packed_extension",
            "syntax = \"proto2\";\nmessage M { extensions 1; }\nextend M { repeated bytes a = 1 [packed = true]; }",
            &format!("3:21: {packed}"),
        ),
        ("jstype", "syntax = \"proto3\";\nmessage M { int32 a = 1 [jstype = JS_STRING]; }", &format!("2:13: {jstype}")),
        ("lazy", "syntax = \"proto3\";\nmessage M { int32 a = 1 [lazy = true]; }", &format!("2:13: {lazy}")),
        (
            "lazy_group",
            "syntax = \"proto2\";\nmessage M { optional group A = 1 [lazy = true] {} }",
            &format!("2:22: {lazy}"),
        ),
        (
            "json_name",
            "syntax = \"proto3\";\nmessage M { int32 a = 1 [json_name = \"[x]\"]; }",
            "2:19: The custom JSON name of field \"a\" (\"[x]\") is invalid: JSON names may not start with '[' and end \
             with ']'.",
        ),
    ]);
    all_accepted(&[
        (
            "options_false",
            "syntax = \"proto3\";\nmessage M { repeated string a = 1 [packed = false]; string b = 2 [lazy = false]; \
             int32 c = 3 [jstype = JS_NORMAL]; }",
        ),
        (
            "options_fit",
            "syntax = \"proto3\";\nenum E { Z = 0; }\nmessage M { repeated E a = 1 [packed = true]; M b = 2 [lazy = \
             true]; repeated fixed64 c = 3 [jstype = JS_NUMBER]; map<int32, M> d = 4 [lazy = true]; int32 e = 5 \
             [json_name = \"[x\"]; }",
        ),
    ]);
}

#[test]
fn names_that_are_reserved() {
    all_refused(&[
        (
            "field_name",
            "syntax = \"proto3\";\nmessage M {\n  reserved \"a\";\n  int32 b = 1;\n  int32 a = 2;\n}",
            "5:9: Field name \"a\" is reserved.",
        ),
        (
            "value_name",
            "syntax = \"proto3\";\nenum E {\n  reserved \"A\";\n  A = 0;\n}",
            "4:3: Enum value \"A\" is reserved.",
        ),
        (
            "field_name_twice",
            "syntax = \"proto3\";\nmessage M {\n  reserved \"a\", \"b\", \"a\";\n}",
            "3:22: Field name \"a\" is reserved multiple times.",
        ),
        (
            "value_name_twice",
            "syntax = \"proto3\";\nmessage M {\n  enum E {\n    reserved \"B\";\n    reserved \"B\";\n    A = 0;\n  }\n}",
            "5:14: Enum value \"B\" is reserved multiple times.",
        ),
    ]);
}

#[test]
fn ranges_that_overlap() {
    all_refused(&[
        (
            "reserved",
            "syntax = \"proto3\";\nmessage M { reserved 1 to 5, 3 to 7; }",
            "2:30: Reserved range 3 to 7 overlaps with already-defined range 1 to 5.",
        ),
        (
            "reserved_max",
            "syntax = \"proto3\";\nmessage M { reserved 5 to max; reserved 7; }",
            "2:41: Reserved range 7 to 7 overlaps with already-defined range 5 to 536870911.",
        ),
        (
            "both",
            "syntax = \"proto2\";\nmessage M { reserved 1 to 5; extensions 5 to 7; }",
            "2:41: Extension range 5 to 7 overlaps with reserved range 1 to 5.",
        ),
        (
            "extensions",
            "syntax = \"proto2\";\nmessage M { extensions 1 to 5, 3 to 7; }",
            "2:32: Extension range 3 to 7 overlaps with already-defined range 1 to 5.",
        ),
        (
            "enum_reserved",
            "syntax = \"proto3\";\nenum E { A = 0; reserved -9 to -2; reserved 3, -2 to -1; }",
            "2:48: Reserved range -2 to -1 overlaps with already-defined range -9 to -2.",
        ),
    ]);
    all_accepted(&[
        (
            "ranges_apart",
            "syntax = \"proto2\";\nmessage M { reserved 1 to 4, 7, 8; extensions 5 to 6; extensions 9 to max; }",
        ),
        ("enum_ranges_apart", "syntax = \"proto3\";\nenum E { A = 0; reserved 1 to 4, 5 to max; reserved -2 to -1; }"),
    ]);
}

#[test]
fn extensions_and_message_sets() {
    let options_only = "Extensions in proto3 are only allowed for defining options.";
    all_refused(&[
        (
            "number_twice",
            "syntax = \"proto2\";\npackage p;\nmessage M { extensions 1 to 5; }\nextend M { optional int32 a = 1; }\n\
             message N { extend M { optional int32 b = 1; } }",
            "5:43: Extension number 1 has already been used in \"p.M\" by extension \"p.a\".",
        ),
        (
            "ranges_in_proto3",
            "syntax = \"proto3\";\nmessage M {\n  extensions 5 to 6;\n}",
            "3:14: Extension ranges are not allowed in proto3.",
        ),
        (
            "set_with_field",
            "syntax = \"proto2\";\nmessage M { option message_set_wire_format = true; optional int32 a = 1; }",
            "2:67: MessageSets cannot have fields, only extensions.",
        ),
        (
            "set_of_numbers",
            "syntax = \"proto2\";\nmessage M { option message_set_wire_format = true; extensions 4 to max; }\n\
             extend M { optional int32 a = 5; }",
            "3:21: Extensions of MessageSets must be optional messages.",
        ),
        (
            "set_in_proto3",
            "syntax = \"proto3\";\nmessage M { option message_set_wire_format = true; }",
            "2:13: MessageSet is not supported in proto3.",
        ),
        (
            "entry",
            "syntax = \"proto3\";\nmessage M { option map_entry = true; int32 key = 1; int32 value = 2; }",
            "2:13: map_entry should not be set explicitly. Use map<KeyType, ValueType> instead.",
        ),
    ]);
    let old = "syntax = \"proto2\";\nmessage Old { extensions 1 to 5; }";
    let new = "syntax = \"proto3\";\nimport \"old.proto\";\nmessage M { extend Old { int32 a = 1; } }";
    assert_eq!(
        refusal_of(&[("extends.proto", new), ("old.proto", old)]),
        format!("extends.proto:3:20: {options_only}")
    );
    all_accepted(&[
        (
            "options",
            "syntax = \"proto3\";\nimport \"google/protobuf/descriptor.proto\";\nextend google.protobuf.MessageOptions { \
             int32 a = 50001; }\nmessage M { extend google.protobuf.FieldOptions { int32 a = 50001; } }",
        ),
        (
            "set",
            "syntax = \"proto2\";\nmessage M { option message_set_wire_format = true; extensions 4 to max; }\nmessage N { \
             extend M { optional N n = 5; } }",
        ),
    ]);
}

#[test]
fn enums_that_do_not_fit() {
    let two = ("two.proto", "syntax = \"proto2\";\npackage p;\nenum Two { A = 0; }");
    let closed = "Enum type \"p.Two\" is not an open enum, but is used in \"M\" which is a proto3 message type.";
    let used =
        "syntax = \"proto3\";\nimport \"two.proto\";\nmessage M {\n  p.Two a = 1;\n  map<int32, p.Two> b = 2;\n}";
    assert_eq!(
        refusal_of(&[("closed.proto", used), two]),
        format!("closed.proto:4:3: {closed}\nclosed.proto:5:3: {closed}")
    );
    all_refused(&[
        (
            "map_of_enum",
            "syntax = \"proto2\";\nenum E { A = 1; B = 0; }\nmessage M { map<string, E> a = 1; }",
            "3:13: Enum value in map must define 0 as the first value.",
        ),
        (
            "no_alias",
            "syntax = \"proto3\";\nenum E { option allow_alias = true; A = 0; B = 1; }",
            "2:10: \"E\" declares support for enum aliases but no enum values share field numbers. Please remove the \
             unnecessary 'option allow_alias = true;' declaration.",
        ),
        (
            "alias_false",
            "syntax = \"proto3\";\nenum E { option allow_alias = false; A = 0; }",
            "2:10: \"E\" declares 'option allow_alias = false;' which has no effect. Please remove the declaration.",
        ),
        (
            "reserved_number",
            "syntax = \"proto3\";\nenum F { X = 0; Y = 7; }\nmessage M {\n  enum E {\n    A = 0;\n    B = 7;\n    reserved 5 \
             to max;\n  }\n}",
            "6:9: enum number '7' conflicts with reserved range '5 to 2147483647'",
        ),
    ]);
    all_accepted(&[
        ("alias", "syntax = \"proto3\";\nenum E { option allow_alias = true; A = 0; B = 0; }"),
        ("open", "syntax = \"proto3\";\nenum E { A = 0; B = 1; }\nmessage M { map<string, E> a = 1; E b = 2; }"),
        ("closed_in_proto2", "syntax = \"proto2\";\nenum E { A = 1; }\nmessage M { optional E a = 1; }"),
    ]);
}

#[test]
fn options_on_what_they_are_not_for() {
    let features = "Features are only valid under editions.";
    let import = "import \"google/protobuf/descriptor.proto\";";
    all_refused(&[
        (
            "file_features",
            "syntax = \"proto3\";\noption features.field_presence = IMPLICIT;",
            &format!("2:1: {features}"),
        ),
        (
            "field_features",
            "syntax = \"proto3\";\nmessage M { int32 a = 1 [features.field_presence = IMPLICIT]; }",
            &format!("2:26: {features}"),
        ),
        (
            "target",
            &format!(
                "syntax = \"proto3\";\npackage p;\n{import}\nextend google.protobuf.FieldOptions {{\n  string s = 50001 \
                 [targets = TARGET_TYPE_MESSAGE];\n}}\nmessage M {{\n  int32 a = 1 [(s) = \"x\"];\n}}"
            ),
            "8:16: Option p.s cannot be set on an entity of type `field`.",
        ),
        (
            "target_within",
            &format!(
                "syntax = \"proto3\";\n{import}\nmessage O {{ string in = 1 [targets = TARGET_TYPE_FIELD]; }}\nextend \
                 google.protobuf.EnumValueOptions {{ O o = 50001; }}\nenum E {{\n  A = 0 [(o) = {{ in: \"x\" }}];\n}}"
            ),
            "6:10: Option O.in cannot be set on an entity of type `enum entry`.",
        ),
    ]);
    all_accepted(&[(
        "target_fits",
        &format!(
            "syntax = \"proto3\";\n{import}\nextend google.protobuf.FieldOptions {{\n  string s = 50001 [targets = \
             TARGET_TYPE_MESSAGE, targets = TARGET_TYPE_FIELD];\n}}\nmessage M {{\n  int32 a = 1 [(s) = \"x\"];\n}}"
        ),
    )]);
}

#[test]
fn what_protox_has_no_place_for() {
    all_refused(&[
        (
            "packages",
            "syntax = \"proto3\";\npackage a;\n  package b;\nmessage M {}",
            "3:3: multiple package names specified",
        ),
        (
            "comment",
            "syntax = \"proto3\";\nmessage M { /* \n a \n",
            "4:1: expected comment terminator, but reached end of file\n4:1: expected a message field, oneof, reserved \
             range, enum, message, option or '}', but reached end of file",
        ),
    ]);
    let cycle = [
        ("cycle.proto", "syntax = \"proto3\";\nimport \"other.proto\";"),
        ("other.proto", "syntax = \"proto3\";\n\n  import \"google/protobuf/any.proto\";\nimport \"cycle.proto\";"),
    ];
    let expected = "other.proto:4:1: import cycle detected: cycle.proto -> other.proto -> cycle.proto";
    assert_eq!(refusal_of(&cycle), expected);
    let clash = [
        ("clash.proto", "syntax = \"proto3\";\nimport \"in_package.proto\";\nmessage M { clash.N n = 1; }"),
        ("in_package.proto", "syntax = \"proto3\";\npackage clash;\nmessage N {}"),
    ];
    assert_eq!(refusal_of(&clash), "clash.proto:1:1: a package has the output file clash.rs already");
    let directory = directory("bytes");
    fs::write(directory.join("bytes.proto"), b"syntax = \"proto3\";\n// \xff\n").unwrap();
    let error = Builder::new().include(&directory).out_dir(&directory).generate(&["bytes.proto"]).unwrap_err();
    let expected = format!("{}/bytes.proto:2:4: file 'bytes.proto' is not valid utf-8", directory.display());
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_byte_order_mark() {
    all_accepted(&[("mark", "\u{feff}syntax = \"proto3\";\nmessage M {}")]);
    all_refused(&[(
        "mark_and_more",
        "\u{feff}syntax = \"proto3\"; message M { Nope a = 1; }",
        "1:32: name 'Nope' is not defined",
    )]);
    // It has a path all the same.
    let rule = "\u{feff}syntax = \"proto3\"; message M { int32 a = 1 [lazy = true]; }";
    all_refused(&[("mark_and_rule", rule, "1:32: [lazy = true] can only be specified for submessage fields.")]);
}

#[test]
fn extern_paths_that_fit_nothing() {
    let directory = directory("extern_paths");
    let proto = "syntax = \"proto3\";\npackage a.b;\nmessage M { message N {} }\nenum E { Z = 0; }";
    fs::write(directory.join("m.proto"), proto).unwrap();
    let generate = |path: &str| {
        let builder = Builder::new().include(&directory).out_dir(&directory).extern_path(path, "crate::x");
        builder.generate(&["m.proto"])
    };
    for path in [".a.b.Nope", ".a.b.M.O", ".a.b.m"] {
        let expected = format!("the extern path '{path}': its package has no message, enum or package of this name");
        assert_eq!(generate(path).unwrap_err().to_string(), expected);
    }
    // A package that the files do not know: others may.
    for path in [".", ".a", ".a.b", ".a.b.M", ".a.b.M.N", ".a.b.E", ".a.c", ".google.protobuf.Timestamp"] {
        assert!(generate(path).is_ok(), "{path}: {}", generate(path).unwrap_err());
    }
}

#[test]
fn names_of_include_files() {
    let directory = directory("include_files");
    fs::write(directory.join("m.proto"), "syntax = \"proto3\";\npackage a;\nmessage M {}").unwrap();
    let generate = |name: &str| {
        let builder = Builder::new().include(&directory).out_dir(&directory).include_file(name);
        builder.generate(&["m.proto"])
    };
    for name in ["../all.rs", "proto/all.rs", "all", ".rs", "..rs", "x y.rs", "a\"b.rs", "all.txt", ""] {
        assert_eq!(
            generate(name).unwrap_err().to_string(),
            format!(
                "the include file {name:?}: write a file name without a directory: letters, digits, '_', '-' and dots, \
                 then '.rs'"
            )
        );
    }
    for name in ["all.rs", "mod.rs", "my-protos_2.all.rs"] {
        assert!(generate(name).is_ok(), "{name}: {}", generate(name).unwrap_err());
    }
}

/// What `compile` prints is for Cargo, which reads it from a build script alone. The test runs itself to see it.
#[test]
fn lines_for_cargo_are_printed_in_a_build_script_only() {
    const COMPILES: &str = "THREADWIRE_TEST_COMPILES";
    let directory = directory("cargo");
    if env::var_os(COMPILES).is_some() {
        return Builder::new().include(&directory).out_dir(&directory).compile(&["m.proto"]).unwrap();
    }
    fs::write(directory.join("m.proto"), "syntax = \"proto3\";\nmessage M {}").unwrap();
    let printed = |out_dir: Option<&Path>| {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "lines_for_cargo_are_printed_in_a_build_script_only", "--nocapture"]);
        command.env(COMPILES, "1").env_remove("OUT_DIR").envs(out_dir.map(|directory| ("OUT_DIR", directory)));
        let output = command.output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(!printed(None).contains("cargo:"));
    let line = format!("cargo:rerun-if-changed={}", directory.join("m.proto").display());
    assert!(printed(Some(&directory)).contains(&line));
}
