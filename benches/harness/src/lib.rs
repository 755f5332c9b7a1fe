//! What the programs of the bench share: the payload, how a server says where it is, how a client counts and reports.
//!
//! Uses the standard library alone, so that it brings nothing into a peer.

mod calls;
mod flow;
mod program;

pub use calls::{Calls, Window, cpu_seconds, report};
pub use flow::Flow;
pub use program::{Arguments, Outcome, announce, fail};

use std::time::Duration;

/// The name in every request.
pub const NAME: &str = "World";
/// The message in every answer.
pub const GREETING: &str = "Hello, World!";
/// The name whose greeting takes [`SLOW`].
pub const SLOW_NAME: &str = "slow";
/// How long a slow handler sleeps.
pub const SLOW: Duration = Duration::from_millis(20);

/// Looks at an answer.
///
/// # Errors
/// It is not the greeting of [`NAME`].
pub fn check(message: &str) -> Result<(), String> {
    if message == GREETING { Ok(()) } else { Err(format!("expected {GREETING:?}, got {message:?}")) }
}
