//! prost's memory: `prost-codec-memory PAYLOAD SECONDS`.

mod contender;

use codec::{Counting, Memory};
use std::process::ExitCode;

#[global_allocator]
static MEMORY: Counting = Counting::new();

fn main() -> ExitCode {
    contender::run(&Memory(&MEMORY))
}
