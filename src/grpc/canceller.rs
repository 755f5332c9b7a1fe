//! How a client gives a call up from outside, while the thread that makes it waits.

use crate::link::Alarm;
use std::sync::Arc;

/// Cancels calls of a client, from any thread. Cheap to clone; one may be given to several requests.
///
/// The calls end with CANCELLED, their servers are told (RST_STREAM with CANCEL), and whatever waits for them comes
/// back at once: for a connection, for its turn, for an answer, or for room to send. A call that has ended, or has all
/// of its answer, stays as it is.
///
/// ```
/// use threadwire::grpc::{Canceller, Request};
/// let canceller = Canceller::new();
/// let request = Request::new("the message").cancelled_by(&canceller);
/// // … and from another thread, while `client.say_hello(request)` waits:
/// canceller.cancel();
/// assert!(canceller.is_cancelled());
/// # drop(request);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Canceller(Arc<Alarm>);

impl Canceller {
    /// One that has cancelled nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancels the calls that have been made with it, and those that will be. Never blocks.
    pub fn cancel(&self) {
        self.0.ring();
    }

    /// Whether it has cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_rung()
    }

    pub(super) fn alarm(&self) -> &Arc<Alarm> {
        &self.0
    }
}
