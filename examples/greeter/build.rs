//! Compiles the .proto files, when one of them has changed.

fn main() -> Result<(), threadwire_build::Error> {
    threadwire_build::Builder::new().include("proto").compile(&["proto/greeter.proto"])
}
