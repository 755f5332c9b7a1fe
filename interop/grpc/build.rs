//! Compiles the services of the interoperability tests.

fn main() -> Result<(), threadwire_build::Error> {
    threadwire_build::Builder::new().include("../proto").compile(&["../proto/grpc_testing.proto"])
}
