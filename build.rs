//! Compiles the program's .proto files, and those of the examples and tests; without the feature `program` there is nothing to do.

#[cfg(feature = "program")]
fn main() -> Result<(), threadwire_build::Error> {
    use threadwire_build::Builder;

    Builder::new().include("proto").compile(&["proto/helloworld.proto", "proto/person.proto"])?;
    Builder::new().include("examples/proto").compile(&["examples/proto/notes.proto"])?;
    // The program shows what both kinds of messages cost.
    Builder::new().include("proto").shared(true).out_dir(folder("shared")).compile(&["proto/person.proto"])?;
    // A packaged crate has no tests.
    println!("cargo:rerun-if-changed=tests/proto");
    if std::path::Path::new("tests/proto").is_dir() {
        let files =
            ["codec", "json", "other", "second", "probe", "legacy"].map(|name| format!("tests/proto/{name}.proto"));
        Builder::new().include("tests/proto").compile(&files)?;
        // Messages whose strings and bytes lie in the buffer that they were decoded from.
        let shared = Builder::new().include("tests/proto").shared(true).out_dir(folder("shared"));
        shared.compile(&["tests/proto/shared.proto"])?;
        // The test of services has its own runtime.
        Builder::new().include("tests/proto").runtime("crate::stand_in").compile(&["tests/proto/calls.proto"])?;
        // Those of several packages, all in one; and once more with one of the packages from outside.
        let packages = Builder::new().include("tests/proto/packages");
        let files = ["plain", "a/old", "a/more"].map(|name| format!("tests/proto/packages/{name}.proto"));
        packages.clone().include_file("packages.rs").compile(&files)?;
        let outside = packages.extern_path(".a.b.c", "crate::proto::a::b::c");
        let outside = outside.extern_path(".a.old", "crate::proto::a::old").out_dir(folder("outside"));
        outside.include_file("all.rs").compile(&files)?;
        // The service of the tests of gRPC, with messages of pb-rs itself.
        let foreign = Builder::new().include("tests/proto").out_dir(folder("foreign"));
        let foreign = foreign.extern_path(".probe.v1.Ask", "crate::ForeignAsk");
        foreign.extern_path(".probe.v1.Answer", "crate::ForeignAnswer").compile(&["tests/proto/probe.proto"])?;
    }
    Ok(())
}

/// A folder of its own in the output directory.
#[cfg(feature = "program")]
fn folder(name: &str) -> std::path::PathBuf {
    std::path::PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join(name)
}

#[cfg(not(feature = "program"))]
fn main() {}
