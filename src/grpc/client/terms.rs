//! What ends a call before its answer, and its waits: the deadline, and whoever cancels it.

use super::super::Status;
use super::super::mapping::{deadline_exceeded, has_passed};
use super::super::{Canceller, Request};
use crate::link::{Alarm, Listening};
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

/// The terms of one call, the same for all attempts to make it.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    pub(super) deadline: Option<Instant>,
    pub(super) wait_for_ready: bool,
    stop: Option<Arc<Stop>>,
}

/// What cancels a call.
#[derive(Debug)]
struct Stop {
    alarm: Arc<Alarm>,
    /// To the alarms that ring it, if they are several.
    _linked: Vec<Listening>,
}

impl Terms {
    /// Those of a call that starts now. `timeout` and `wait_for_ready` are the channel's.
    pub(super) fn of<T>(request: &Request<T>, timeout: Option<Duration>, wait_for_ready: bool) -> Self {
        let given = request.given_canceller().map(Canceller::alarm).cloned();
        Self {
            deadline: request.deadline_from_now(timeout),
            wait_for_ready: request.waits_for_ready(wait_for_ready),
            stop: Stop::of(given, request.cancellation().alarm()),
        }
    }

    /// Without a deadline, and nobody cancels.
    pub(super) fn none() -> Self {
        Self { deadline: None, wait_for_ready: false, stop: None }
    }

    /// Rings when the call is cancelled; none if nobody can.
    pub(super) fn alarm(&self) -> Option<&Arc<Alarm>> {
        self.stop.as_ref().map(|stop| &stop.alarm)
    }

    /// How the call has ended, if it was cancelled.
    pub(super) fn cancelled(&self) -> Option<Status> {
        let rung = self.alarm()?.is_rung();
        rung.then(|| if has_passed(self.deadline) { deadline_exceeded() } else { Status::cancelled(GIVEN_UP) })
    }
}

const GIVEN_UP: &str = "the call was cancelled on this side";

impl Stop {
    fn of(given: Option<Arc<Alarm>>, incoming: Option<Arc<Alarm>>) -> Option<Arc<Self>> {
        let (alarm, linked) = match (given, incoming) {
            (None, None) => return None,
            (Some(alarm), None) | (None, Some(alarm)) => (alarm, Vec::new()),
            (Some(given), Some(incoming)) => {
                let both: Arc<Alarm> = Arc::default();
                let linked = [given, incoming].map(|one| one.listen(Waker::from(Arc::clone(&both))));
                (both, linked.into())
            }
        };
        Some(Arc::new(Self { alarm, _linked: linked }))
    }
}

#[cfg(test)]
mod tests {
    use super::Terms;
    use crate::grpc::compression::Compression;
    use crate::grpc::{CancelCause, Cancellation, Canceller, Code, Metadata, Request};
    use crate::net::PeerAddress;
    use std::time::{Duration, Instant};

    fn incoming(deadline: Instant, cancellation: &Cancellation) -> Request<()> {
        let compression = Compression::default();
        Request::received((), Metadata::new(), Some(deadline), PeerAddress::Unknown, cancellation.clone(), compression)
    }

    #[test]
    fn a_call_made_for_another_ends_with_it_if_not_before() {
        let (cancellation, now) = (Cancellation::new(), Instant::now());
        let (soon, late) = (now + Duration::from_secs(10), now + Duration::from_secs(3_600));
        let terms = |request: Request<()>, timeout| Terms::of(&request, timeout, false).deadline;
        let within = |deadline| Request::new(()).within(&incoming(deadline, &cancellation));
        assert_eq!(terms(within(soon), None), Some(soon));
        assert_eq!(terms(within(soon), Some(Duration::from_secs(60))), Some(soon));
        assert_eq!(terms(within(late).with_deadline(soon), None), Some(soon));
        assert_eq!(terms(within(soon).with_deadline(late), None), Some(soon));
        assert!(terms(within(late), Some(Duration::from_secs(60))) < Some(late));
        // Through more than one.
        let of_that = Request::new(()).within(&within(soon));
        assert_eq!(terms(of_that, None), Some(soon));
    }

    #[test]
    fn either_of_two_cancels() {
        for by_canceller in [true, false] {
            let (canceller, cancellation) = (Canceller::new(), Cancellation::new());
            let late = Instant::now() + Duration::from_secs(3_600);
            let request = Request::new(()).within(&incoming(late, &cancellation)).cancelled_by(&canceller);
            let terms = Terms::of(&request, None, false);
            assert!(terms.cancelled().is_none());
            if by_canceller {
                canceller.cancel()
            } else {
                cancellation.cancel(CancelCause::ConnectionLost)
            }
            assert_eq!(terms.cancelled().unwrap().code(), Code::Cancelled);
        }
        assert!(Terms::of(&Request::new(()), None, false).alarm().is_none());
    }
}
