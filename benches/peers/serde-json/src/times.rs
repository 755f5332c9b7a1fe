//! serde_json's times: `serde-json-codec PAYLOAD SECONDS`.

mod contender;

use std::process::ExitCode;

fn main() -> ExitCode {
    contender::run(&codec::Times)
}
