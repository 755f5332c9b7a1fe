//! Compiles the service that every peer serves, and the classic example's.

fn main() -> Result<(), threadwire_build::Error> {
    threadwire_build::Builder::new()
        .include("../proto")
        .include("../../proto")
        .compile(&["../proto/interop.proto", "../../proto/helloworld.proto"])
}
