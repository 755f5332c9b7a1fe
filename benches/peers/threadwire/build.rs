//! Compiles the bench's service.

fn main() -> Result<(), threadwire_build::Error> {
    threadwire_build::Builder::new().include("../../proto").compile(&["../../proto/bench.proto"])
}
