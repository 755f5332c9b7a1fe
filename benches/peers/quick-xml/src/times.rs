//! quick-xml's times: `quick-xml-codec PAYLOAD SECONDS`.

mod contender;

use std::process::ExitCode;

fn main() -> ExitCode {
    contender::run(&codec::Times)
}
