//! Compiles the messages that are decoded.

fn main() -> Result<(), threadwire_build::Error> {
    threadwire_build::Builder::new().include("proto").compile(&["proto/everything.proto", "proto/legacy.proto"])
}
