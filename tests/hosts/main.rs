//! What a host program may be: short of descriptors and threads, full of connections, forked, with signals of its own.
//!
//! Each test runs such hosts as child processes, which are this program with other arguments. So it has no harness of
//! the standard kind: run by itself it runs all tests whose name contains an argument, one after the other.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    reason = "a test may fail"
)]
// What the system says of processes is read from /proc.
#[cfg(target_os = "linux")]
#[path = "harness.rs"]
mod harness;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    harness::run()
}

#[cfg(not(target_os = "linux"))]
fn main() {}
