//! What is refused, and that the error says where and why.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::path::Path;

use threadwire_build::Builder;

/// The error of compiling this text as `name.proto`, without the directory.
#[track_caller]
fn refusal(name: &str, proto: &str) -> String {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("refusals").join(name);
    fs::create_dir_all(&directory).unwrap();
    let file = format!("{name}.proto");
    fs::write(directory.join(&file), proto).unwrap();
    let error = Builder::new().include(&directory).out_dir(&directory).generate(&[file]).unwrap_err();
    // A build script shows the Debug form.
    assert_eq!(format!("{error:?}"), error.to_string());
    let message = error.to_string();
    let directory = format!("{}/", directory.display());
    assert!(message.starts_with(&directory), "{message}");
    message.replace(&directory, "")
}

#[test]
fn what_the_message_layer_does_not_know_yet() {
    let cases = [
        (
            "group",
            "syntax = \"proto2\";\nmessage M {\n  optional group G = 1 { optional int32 a = 2; }\n}\n",
            "group.proto:3:3: not supported yet: groups",
        ),
        (
            "required",
            "syntax = \"proto2\";\nmessage M {\n  required int32 a = 1;\n}\n",
            "required.proto:3:3: not supported yet: required fields",
        ),
        (
            "default",
            "syntax = \"proto2\";\nmessage M {\n\n  optional int32 a = 1 [default = 5];\n}\n",
            "default.proto:4:3: not supported yet: default values",
        ),
        (
            "closed",
            "syntax = \"proto2\";\nenum E { A = 0; }\nmessage M { optional E e = 1; }\n",
            "closed.proto:3:13: not supported yet: fields with a closed enum (one of a proto2 file)",
        ),
        (
            "extend",
            "syntax = \"proto2\";\nmessage M { extensions 100 to max; }\nextend M { optional int32 a = 100; }\n",
            "extend.proto:3:12: not supported yet: extensions (`extend`)",
        ),
        (
            "within",
            "syntax = \"proto2\";\nmessage M {\n  extensions 100;\n  message N { extend M { optional int32 a = 100; } }\n}",
            "within.proto:4:26: not supported yet: extensions (`extend`)",
        ),
        (
            "set",
            "syntax = \"proto2\";\nmessage M {\n  option message_set_wire_format = true;\n  extensions 4 to max;\n}\n",
            "set.proto:2:1: not supported yet: the option message_set_wire_format",
        ),
    ];
    for (name, proto, expected) in cases {
        assert_eq!(refusal(name, proto), expected);
    }
}

#[test]
fn a_file_that_protox_brings_along() {
    let proto = "syntax = \"proto3\";\nimport \"google/protobuf/descriptor.proto\";\nmessage M {\n  \
        google.protobuf.FileOptions options = 1;\n}\n";
    assert_eq!(
        refusal("along", proto),
        "along.proto:4:3: in google/protobuf/descriptor.proto: not supported yet: fields with a closed enum (one of a \
         proto2 file)"
    );
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

#[test]
fn names_that_become_one_in_rust() {
    let members =
        "syntax = \"proto2\";\nmessage M {\n  optional int32 HTTPCode = 1;\n  optional int32 http_code = 2;\n}\n";
    assert_eq!(refusal("members", members), "members.proto:4:3: a second field that is called `http_code` in Rust");
    let types = "syntax = \"proto3\";\nmessage FooBar {}\nmessage Foo_Bar {}\n";
    assert_eq!(refusal("types", types), "types.proto:3:1: a second type that is called `FooBar` in Rust");
    let service =
        "syntax = \"proto3\";\nmessage EchoClient {}\nservice Echo {\n  rpc Do(EchoClient) returns (EchoClient);\n}\n";
    assert_eq!(refusal("service", service), "service.proto:3:1: a second type that is called `EchoClient` in Rust");
}
