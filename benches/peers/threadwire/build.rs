//! Compiles the bench's service and messages; the messages a second time, so that they share what they are decoded
//! from.

use std::env;
use std::path::PathBuf;
use threadwire_build::Builder;

fn main() -> Result<(), threadwire_build::Error> {
    Builder::new().include("../../proto").compile(&["../../proto/bench.proto", "../../proto/codec.proto"])?;
    let shared = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("shared");
    Builder::new().include("../../proto").shared(true).out_dir(shared).compile(&["../../proto/codec.proto"])
}
