//! Compiles the bench's service, without protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=../../proto");
    let files = protox::compile(["bench.proto"], ["../../proto"])?;
    Ok(tonic_prost_build::configure().compile_fds(files)?)
}
