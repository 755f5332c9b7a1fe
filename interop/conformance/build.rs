//! Compiles the runner's .proto files, which come with it: harness/conformance.py says where they are.

use std::path::PathBuf;

/// The protocol between runner and program, and the messages it tests with.
const FILES: [&str; 3] = [
    "conformance/conformance.proto",
    "google/protobuf/test_messages_proto2.proto",
    "google/protobuf/test_messages_proto3.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-env-changed=CONFORMANCE_PROTOS");
    let include = PathBuf::from(std::env::var("CONFORMANCE_PROTOS")?);
    let files = FILES.map(|file| include.join(file));
    let builder = threadwire_build::Builder::new().include(include).services(false);
    builder.compile(&files)?;
    // The same messages, which share the buffer that they are read from.
    let shared = PathBuf::from(std::env::var("OUT_DIR")?).join("shared");
    builder.shared(true).out_dir(shared).compile(&files)?;
    Ok(())
}
