//! The examples: each runs, ends, and prints what it should.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The folder of the examples, all built. `cargo test` has built them, unless it was told to build this test alone.
fn built() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        // target/debug/deps/examples-…
        let profile = env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned();
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--offline", "--locked", "--examples", "--target-dir"]);
        build.arg(profile.parent().unwrap()).current_dir(env!("CARGO_MANIFEST_DIR"));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "the examples are not built");
        profile.join("examples")
    })
}

/// The lines that an example prints.
fn run(name: &str) -> Vec<String> {
    let output = Command::new(built().join(name)).output().unwrap();
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && stderr.is_empty(), "{name}: {}\n{stdout}{stderr}", output.status);
    stdout.lines().map(String::from).collect()
}

#[test]
fn unary() {
    let expected = ["Hello, World!", "InvalidArgument because a name is needed", "1 gRPC connection closed"];
    assert_eq!(run("unary"), expected);
}

#[test]
fn server_streaming() {
    let expected = [
        "Ada: note 1",
        "Ada: note 2",
        "Ada: note 3",
        "Fermat: note 1",
        "Fermat: note 2",
        "Fermat: note 3",
        "RESOURCE_EXHAUSTED: the margin is too narrow",
    ];
    assert_eq!(run("server_streaming"), expected);
}

#[test]
fn client_streaming() {
    assert_eq!(run("client_streaming"), ["3 notes with 11 letters"]);
}

#[test]
fn chat() {
    assert_eq!(run("chat"), ["welcome", "Ada said 'hello'", "Ada said 'is anybody there?'", "good bye"]);
}

#[test]
fn metadata() {
    let expected = [
        "language: Some(\"fr\")",
        "trace: Some([0, 1, 255])",
        "INVALID_ARGUMENT: an author is needed",
        "- author is empty",
    ];
    assert_eq!(run("metadata"), expected);
}

#[test]
fn deadlines() {
    let expected = [
        "the handler has a deadline: true",
        "the client: DEADLINE_EXCEEDED",
        "the handler: stops, as expected: true",
        "one note: Some(\"more\")",
        "the handler: CANCELLED",
        "the handler has a deadline: true",
        "the client: CANCELLED",
        "the handler: stops, as expected: true",
    ];
    assert_eq!(run("deadlines"), expected);
}

#[test]
fn interceptor() {
    // Both ends print: the order of the end of a stream is theirs.
    let mut lines = run("interceptor");
    lines.sort();
    let expected = [
        "Err(\"UNAUTHENTICATED: a token is needed\")",
        "client: /example.notes.Notes/Get ended with OK, in time",
        "client: /example.notes.Notes/List ended with OK, in time",
        "client: a response of 5 bytes",
        "client: a response of 9 bytes",
        "for Ada",
        "one",
        "server: /example.notes.Notes/Get ended with OK, in time",
        "server: /example.notes.Notes/Get ended with UNAUTHENTICATED, in time",
        "server: /example.notes.Notes/List ended with OK, in time",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn generic() {
    let expected = [
        "proxy: /example.Shouter/Shout",
        "IS ANYBODY THERE?",
        "proxy: /example.Shouter/Shout",
        "INVALID_ARGUMENT: nothing to shout",
    ];
    assert_eq!(run("generic"), expected);
}

#[test]
fn wait_for_ready() {
    let expected = ["a call that does not wait: Unavailable", "Hello, early bird!", "Hello, again!"];
    assert_eq!(run("wait_for_ready"), expected);
}

#[test]
fn in_process() {
    assert_eq!(run("in_process"), ["greets_by_name ... ok"]);
}

#[test]
fn by_hand() {
    // What the server says of the connection comes before its answer or between; that has an order.
    let lines = run("by_hand");
    assert!(lines.iter().any(|line| line.starts_with("SETTINGS, 18 bytes")), "{lines:#?}");
    assert!(lines.iter().any(|line| line == "SETTINGS, 0 bytes, flags 1, stream 0"), "{lines:#?}");
    let answer: Vec<_> = lines.iter().filter(|line| line.ends_with("stream 1") || line.starts_with(' ')).collect();
    let expected = [
        "HEADERS, 14 bytes, flags 4, stream 1",
        "  :status: 200",
        "  content-type: application/grpc",
        "DATA, 20 bytes, flags 0, stream 1",
        "  Hello, World!",
        "HEADERS, 12 bytes, flags 5, stream 1",
        "  grpc-status: 0",
    ];
    assert_eq!(answer, expected);
}
