//! One connection and its reader thread: looks after the table of calls, runs handlers of fast methods itself, and
//! gives all others to the pool or to threads of their own.
//!
//! While a handler runs on the reader thread, the reader role is lent: if that lasts, the attendant takes it, and looks
//! after the table (the Link's [`Duty`]). It finds the call that overran, which from then on is watched as those in the
//! pool are, sends its method back to the pool, and gives the pool the calls that waited behind it. So the table's lock
//! settles who is newest: the thread that comes back from a handler finds it still noted as running, or taken over.

use super::super::compression::{Encodings, Packing};
use super::super::quota::{Quota, Share};
use super::super::{CancelCause, Status};
use super::Core;
use super::call::Call;
use super::leaving::Untaken;
use super::pool::Job;
use super::table::{Table, Work};
use crate::http2::{Accept, Incoming, Respond};
use crate::link::{Duty, Parker, lock};
use crate::net::PeerAddress;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::Waker;
use std::time::{Duration, Instant};

/// How long answers of handlers on the reader thread gather at most before they leave: long enough for a dozen, which
/// makes a send worth its cost, and so short that the client works on them while this thread works on the next.
const GATHER: Duration = Duration::from_micros(50);
/// What `fork(2)` takes at the least: a handler that took less has not forked, and the system need not be asked.
const FORK: Duration = Duration::from_micros(10);

/// A connection that is served.
pub(super) struct Served {
    core: Arc<Core>,
    accept: Accept,
    peer: PeerAddress,
    /// It is this side that cuts the connection off.
    cut: AtomicBool,
    /// Bytes of requests that are not whole yet.
    unfinished: Arc<Quota>,
    /// Calls that wait for more than this connection's thread.
    calls: Arc<Quota>,
    /// Streaming calls whose handler has not returned.
    streaming: Arc<Quota>,
    /// Wakes whoever reads.
    reader: Arc<Parker>,
    waker: Waker,
    /// Guards the calls; held for a look at all of them, never while a handler runs or a thread is started.
    table: Mutex<Table>,
}

impl Served {
    pub(super) fn new(core: &Arc<Core>, accept: Accept, peer: PeerAddress) -> Arc<Self> {
        let reader = accept.connection.reader_parker();
        let limits = &core.limits;
        let unfinished = "bytes of unfinished requests on this connection";
        Arc::new(Self {
            unfinished: Quota::part_of(&core.unfinished, limits.unfinished_message_bytes, unfinished),
            calls: Quota::part_of(
                &core.calls,
                limits.concurrent_calls_per_connection,
                "concurrent calls on this connection",
            ),
            streaming: Quota::new(limits.streaming_calls_per_connection, "streaming calls on this connection"),
            core: Arc::clone(core),
            peer,
            cut: AtomicBool::new(false),
            waker: Waker::from(Arc::clone(&reader)),
            reader,
            table: Mutex::new(Table::new(limits.untaken_message_bytes)),
            accept,
        })
    }

    /// Serves the connection, on the calling thread, until it is closed.
    pub(super) fn serve(self: &Arc<Self>) {
        let connection = &self.accept.connection;
        let parker = connection.parker();
        let this: Weak<Self> = Arc::downgrade(self);
        connection.read_until_closed(&parker, this, || {
            let next = self.look(true);
            self.run_ready(&parker);
            next
        });
        lock(&self.table).lose_all(self);
    }

    /// No new calls; those that are open finish, then the connection ends.
    pub(super) fn drain(&self) {
        self.accept.ending.drain(&self.accept.connection);
    }

    /// Ends the connection and all its calls now.
    pub(super) fn cut_off(&self) {
        self.cut.store(true, Ordering::Release);
        self.accept.ending.abort(&self.accept.connection);
    }

    /// Whether the socket has been closed; a handler may still run.
    pub(super) fn is_closed(&self) -> bool {
        self.accept.connection.is_closed()
    }

    /// The method whose handler runs on the reader thread.
    pub(super) fn running_path(&self) -> Option<Arc<str>> {
        lock(&self.table).running_path()
    }

    /// The peer of this call can get no answer any more: because of `cause`, unless it is this side that cuts the
    /// connection off.
    pub(super) fn lose(&self, call: &Call, cause: CancelCause) {
        let cut = self.cut.load(Ordering::Acquire);
        if call.abandon(if cut { CancelCause::Shutdown } else { cause }) && cut {
            self.core.cut_calls.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    pub(super) fn peer(&self) -> &PeerAddress {
        &self.peer
    }

    pub(super) fn unfinished(&self) -> &Arc<Quota> {
        &self.unfinished
    }

    /// A place for one more call.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED if there is none.
    pub(super) fn place(&self) -> Result<Share, Status> {
        let mut place = self.calls.share();
        place.hold(1)?;
        Ok(place)
    }

    pub(super) fn streaming(&self) -> &Arc<Quota> {
        &self.streaming
    }

    /// Wakes whoever reads.
    pub(super) fn reader(&self) -> &Arc<Parker> {
        &self.reader
    }

    /// The protocol is over: there will be no answers.
    pub(super) fn is_over(&self) -> bool {
        self.accept.accepted.is_closed()
    }

    pub(super) fn next_stream(&self) -> Option<Incoming> {
        self.accept.accepted.next(&self.accept.connection, &self.reader)
    }

    /// `accepted`: what its client reads.
    pub(super) fn call(
        &self,
        respond: Respond,
        deadline: Option<Instant>,
        accepted: Encodings,
        untaken: &Arc<Untaken>,
    ) -> Arc<Call> {
        let packing = Packing { limit: self.core.limits.send_message_bytes, encoding: self.core.encoding, accepted };
        Call::new(respond, deadline, packing, &self.accept.peer, untaken, self.waker.clone())
    }

    /// Does what there is to do but run handlers; answers when there will be more at the latest. `by_reader`: fast
    /// methods' handlers may wait to be run by this thread.
    fn look(&self, by_reader: bool) -> Option<Instant> {
        self.reader.clear();
        let mut work = Vec::new();
        let next = lock(&self.table).turn(self, by_reader, &mut work);
        for work in work {
            match work {
                Work::Pool(job) => self.core.pool.submit(job),
                Work::Stream(call, handler, share) => self.core.start_streaming(call, handler, share),
            }
        }
        next
    }

    /// Runs the calls that wait for this thread.
    fn run_ready(&self, parker: &Arc<Parker>) {
        let connection = &self.accept.connection;
        let mut begin = Instant::now();
        let mut sent = begin;
        let Some(mut job) = lock(&self.table).begin_next(begin) else { return };
        loop {
            connection.lend(parker);
            let Job { call, method, request, place } = job;
            let outcome = method.run(&call, request, call.packing);
            let end = Instant::now();
            // A handler has forked, and this is the child's thread: the connection is the parent's.
            while end - begin > FORK && !connection.is_ours() {
                std::thread::park();
            }
            drop(place);
            let is_left = call.answer_quietly(outcome);
            method.pace.note(end - begin);
            let next = {
                let mut table = lock(&self.table);
                table.finish(call, is_left, self);
                table.begin_next(end)
            };
            if next.is_none() || end - sent > GATHER {
                connection.reclaim(parker);
                connection.pump_within();
                sent = end;
            }
            begin = end;
            match next {
                Some(next) => job = next,
                None => return,
            }
        }
    }
}

impl Duty for Served {
    fn attend(&self) -> Option<Instant> {
        self.look(false)
    }
}
