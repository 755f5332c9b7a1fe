//! The generated code that threadwire's own sources contain, so that who uses it compiles no generator: it is what this
//! version emits. `UPDATE_CHECKED_IN=1 cargo test -p threadwire-build --test checked_in` writes it anew.
//!
//! The messages of google/protobuf come from the descriptors that protox brings along.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use threadwire_build::Builder;

fn scratch(name: &str) -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&scratch).unwrap();
    scratch
}

/// Compares what the files become, as one package, with a source file of threadwire that opens with this head.
#[track_caller]
fn is_fresh(builder: Builder, files: &[&str], head: &str, source: &str) {
    let generated = builder.generate(files).unwrap();
    assert_eq!(generated.len(), 1, "one package");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(source);
    let text = format!("{head}\n{}", generated.first().unwrap().source);
    if env::var_os("UPDATE_CHECKED_IN").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let line = text.lines().zip(found.lines()).position(|(new, old)| new != old);
    assert!(text == found, "{source} is not what is emitted, from line {:?} on", line.map(|line| line + 1));
}

#[test]
fn the_well_known_types() {
    let files =
        ["any", "api", "duration", "empty", "field_mask", "source_context", "struct", "timestamp", "type", "wrappers"];
    let files = files.map(|name| format!("google/protobuf/{name}.proto"));
    is_fresh(
        Builder::new().out_dir(scratch("well_known")).well_known_types(true),
        &files.each_ref().map(String::as_str),
        "//! The messages of google/protobuf/*.proto, as threadwire-build emits them (codegen/tests/checked_in.rs).\n",
        "src/protobuf/well_known/generated.rs",
    );
}

#[test]
fn the_standard_error_details() {
    // Without comments: those are under another licence than ours (tests/proto/google/README.md).
    let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proto");
    is_fresh(
        Builder::new().include(proto).out_dir(scratch("details")).comments(false),
        &["google/rpc/status.proto", "google/rpc/error_details.proto"],
        "//! The messages of google/rpc, as threadwire-build emits them (codegen/tests/checked_in.rs).\n",
        "src/grpc/details/generated.rs",
    );
}
