//! Text that may be anything, as a .proto file through the whole of threadwire-build: it is refused with an error that
//! is the file's fault, or it becomes Rust that can be parsed. Nothing panics or hangs.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;
use std::{env, fs, process};

use libfuzzer_sys::fuzz_target;
use threadwire_build::{Builder, Error};

/// Where the file lies, and what is written in between.
static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = env::temp_dir().join(format!("threadwire-fuzz-{}", process::id()));
    fs::create_dir_all(&directory).expect("a directory for the file");
    directory
});

fuzz_target!(|text: &str| {
    let file = DIRECTORY.join("fuzzed.proto");
    fs::write(&file, text).expect("writing the file");
    match Builder::new().include(&*DIRECTORY).out_dir(&*DIRECTORY).generate(&["fuzzed.proto"]) {
        Ok(files) => {
            for file in files {
                syn::parse_file(&file.source).expect("what is emitted is Rust");
            }
        }
        Err(Error::Proto(_)) => {}
        Err(error) => panic!("{error}"),
    }
});
