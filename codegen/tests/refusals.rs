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
