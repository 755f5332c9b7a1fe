//! Compiles the messages, without protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=../../proto");
    let files = protox::compile(["codec.proto"], ["../../proto"])?;
    Ok(prost_build::Config::new().compile_fds(files)?)
}
