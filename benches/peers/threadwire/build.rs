//! Compiles the bench's service and messages.

fn main() -> Result<(), threadwire_build::Error> {
    threadwire_build::Builder::new()
        .include("../../proto")
        .compile(&["../../proto/bench.proto", "../../proto/codec.proto"])
}
