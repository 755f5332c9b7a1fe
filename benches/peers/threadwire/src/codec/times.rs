//! threadwire's times: `threadwire-codec PAYLOAD[@VARIANT] SECONDS`.

mod contender;

use std::process::ExitCode;

fn main() -> ExitCode {
    contender::run(&codec::Times)
}
