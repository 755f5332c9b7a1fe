//! Compiles .proto files from the command line, for build systems that run no build script.
//!
//! ```text
//! cargo run -p threadwire-build --example compile -- --include proto --out src/proto proto/helloworld.proto
//! ```

use std::process::ExitCode;

use threadwire_build::Builder;

const USAGE: &str = "\
usage: compile --out FOLDER [--include FOLDER]… [--runtime PATH] [--no-services] [--descriptor-set NAME] FILE…
                          writes a Rust file for each package into the folder";

fn main() -> ExitCode {
    let Some((builder, files)) = parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match builder.compile(&files) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// None: these arguments mean nothing.
fn parse(mut arguments: impl Iterator<Item = String>) -> Option<(Builder, Vec<String>)> {
    let (mut builder, mut files, mut has_out) = (Builder::new(), Vec::new(), false);
    while let Some(argument) = arguments.next() {
        builder = match argument.as_str() {
            "--out" => {
                has_out = true;
                builder.out_dir(arguments.next()?)
            }
            "--include" => builder.include(arguments.next()?),
            "--runtime" => builder.runtime(arguments.next()?),
            "--no-services" => builder.services(false),
            "--descriptor-set" => builder.descriptor_set(arguments.next()?),
            flag if flag.starts_with('-') => return None,
            _ => {
                files.push(argument);
                builder
            }
        };
    }
    (has_out && !files.is_empty()).then_some((builder, files))
}
