//! The client's side of a connection: opening streams, as many at once as the peer allows.

use super::departures::Departures;
use super::early::Early;
use super::engine::{Connection, Ending, Engine, Settings, State};
use super::failure::Failure;
use super::intake::Inflow;
use super::io::Adapter;
use super::opening::{Opening, Progress};
use super::outflow::Outflow;
use super::stream::{Half, Inbound, Outbound, wait};
use super::turns::Turns;
use super::upkeep::Upkeep;
use super::watch::{Own, Watch};
use crate::link::{Alarm, Attendant, Io, Link, Parker, Unready, lock};
use crate::net;
use bytes::Bytes;
use h2::RecvStream;
use h2::client::{ResponseFuture, SendRequest};
use http::{Request, Response};
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

/// How long it takes at most until all know of a connection's end who have not heard of it in time.
const MOMENT: Duration = Duration::from_secs(1);

/// Speaks HTTP/2 on `io`. The preface is sent with the first step.
///
/// # Errors
/// What the system says when it refuses a waker.
pub(crate) fn connect(io: Io, attendant: &Arc<Attendant>, settings: &Settings) -> io::Result<Requests> {
    let limits = &settings.limits;
    let shared = Arc::new(Shared::default());
    let ending = Ending::default();
    let begin_by = net::wait::deadline(Instant::now(), limits.handshake_timeout);
    let mut builder = h2::client::Builder::new();
    builder
        .initial_window_size(limits.stream_window_bytes)
        .initial_connection_window_size(limits.connection_window_bytes)
        .max_concurrent_streams(limits.concurrent_streams)
        .max_header_list_size(limits.header_list_bytes)
        .max_send_buffer_size(limits.outbox_bytes)
        .data_frame_budget(settings.data_frame_budget())
        // Answers to calls that were given up cross with the reset; h2 counts those it has forgotten as our errors, for
        // the connection's whole life, and ends it at 1,024.
        .max_concurrent_reset_streams(limits.concurrent_streams as usize)
        .max_local_error_reset_streams(None)
        .enable_push(false);
    let progress = Progress::new();
    let inflow: Arc<Inflow> = Arc::default();
    let outflow = Outflow::new(limits.outbox_bytes);
    let mut made = Err(io::Error::other("h2 made no connection"));
    let link = Link::new(io, attendant, limits.close_timeout, |parts| {
        let own = Own { departures: Arc::clone(&shared.departures), early: Arc::clone(&shared.early) };
        let (opening, watch) = (Opening::of_server(&progress), Watch::of_server(limits, own));
        let adapter = Adapter::new(Arc::clone(&parts.io), Bytes::new(), opening, watch, &inflow);
        let handshake = pin!(builder.handshake(adapter));
        // The preface is only gathered, which never has to wait.
        let state = match handshake.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok((send, connection))) => {
                made = Ok(send);
                State::Client(Box::new(connection), Arc::clone(&progress), Arc::clone(&shared))
            }
            Poll::Ready(Err(error)) => {
                made = Err(io::Error::other(error));
                State::Over
            }
            Poll::Pending => State::Over,
        };
        Engine::new(parts, &ending.0, begin_by, Upkeep::of_client(limits), (&inflow, &outflow), state)
    })?;
    lock(&shared.state).send = Some(made?);
    Ok(Requests { shared, peer: progress, connection: link, inflow, outflow })
}

/// Opens streams on one connection. When it and all streams are gone, the connection ends.
#[derive(Debug)]
pub(crate) struct Requests {
    shared: Arc<Shared>,
    peer: Arc<Progress>,
    connection: Arc<Connection>,
    inflow: Arc<Inflow>,
    outflow: Arc<Outflow>,
}

/// What engine and callers share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    // Guards the state alone; taken while the engine runs, and by callers for a few instructions.
    state: Mutex<Streams>,
    departures: Arc<Departures>,
    early: Arc<Early>,
}

#[derive(Debug, Default)]
struct Streams {
    begun: bool,
    ended: bool,
    failure: Option<String>,
    /// None when `Requests` has been dropped.
    send: Option<SendRequest<Bytes>>,
    /// Why h2 takes no new stream: GOAWAY has come, or the stream ids are used up.
    refused: Option<Failure>,
    /// The peer has ended the connection since it was asked too often whether it is there.
    calmed: bool,
    /// Once it has ended: the first stream that has not left.
    first_left_behind: u32,
    turns: Turns,
    /// Who waits for the beginning, or the end.
    watching: Vec<Arc<Parker>>,
}

impl Streams {
    fn wake_all(&mut self) {
        self.turns.wake_all();
        for parker in self.watching.drain(..) {
            parker.wake();
        }
    }

    fn watch(&mut self, parker: Option<&Arc<Parker>>) {
        if let Some(parker) = parker
            && !self.watching.iter().any(|watching| Arc::ptr_eq(watching, parker))
        {
            self.watching.push(Arc::clone(parker));
        }
    }

    /// Whoever waited does so no more.
    fn leave(&mut self, parker: &Arc<Parker>) {
        self.watching.retain(|watching| !Arc::ptr_eq(watching, parker));
        self.turns.leave(parker);
    }

    /// Why no stream can be opened any more.
    fn over(&self) -> Option<Failure> {
        (self.ended || self.refused.is_some()).then(|| self.failure())
    }

    fn failure(&self) -> Failure {
        if let (false, Some(refused)) = (self.ended, &self.refused) {
            return refused.clone();
        }
        Failure::Lost(self.failure.clone().unwrap_or_else(|| "the peer closed it".to_owned()))
    }
}

impl Shared {
    pub(super) fn begin(&self, limit: usize) {
        let mut state = lock(&self.state);
        state.begun = true;
        state.turns.set_limit(limit);
        state.wake_all();
    }

    pub(super) fn set_stream_limit(&self, limit: usize) {
        lock(&self.state).turns.set_limit(limit);
    }

    /// Asks h2 whether it takes new streams. (Its connection does not say.)
    pub(super) fn look_for_refusal(&self) {
        let mut state = lock(&self.state);
        if state.refused.is_some() {
            return;
        }
        let ready = state.send.as_mut().map(|send| send.poll_ready(&mut Context::from_waker(Waker::noop())));
        if let Some(Poll::Ready(Err(error))) = ready {
            state.calmed |= is_too_many_pings(&error.to_string());
            state.refused = Some(error.into());
            state.wake_all();
        }
    }

    /// Whether streams are open.
    pub(super) fn has_streams(&self) -> bool {
        lock(&self.state).turns.are_taken()
    }

    /// The connection is over. `sent` bytes have left, and no more will if what was gathered is `thrown_away`.
    pub(super) fn end(&self, failure: Option<String>, sent: u64, thrown_away: bool) {
        let mut state = lock(&self.state);
        if !state.ended {
            state.first_left_behind = self.departures.first_left_behind(sent, thrown_away);
        }
        state.ended = true;
        state.calmed |= failure.as_deref().is_some_and(is_too_many_pings);
        state.failure = state.failure.take().or(failure);
        state.wake_all();
    }
}

/// Whether a failure of h2 is the GOAWAY of a server that was sent PING too often (gRFC A8): its text is all that h2
/// shows of the debug data.
fn is_too_many_pings(failure: &str) -> bool {
    failure.contains("too_many_pings")
}

/// The right to have one more stream open. Given back when the last half of the stream is dropped.
#[derive(Debug)]
pub(super) struct Permit(Arc<Shared>);

impl Drop for Permit {
    fn drop(&mut self) {
        lock(&self.0.state).turns.give_back();
    }
}

impl Requests {
    /// Waits until the peer's first SETTINGS has come, whatever has come behind it.
    ///
    /// # Errors
    /// [`Failure::Lost`] or [`Failure::TimedOut`].
    pub(crate) fn wait_begun(&self, deadline: Option<Instant>) -> Result<(), Failure> {
        self.wait_for(deadline, None, |state, parker| {
            let found = if state.begun { Some(Ok(())) } else { state.over().map(Err) };
            if found.is_none() {
                state.watch(parker);
            }
            found
        })
    }

    #[cfg(test)]
    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Has the attendant read, and no caller.
    pub(crate) fn read_in_background(&self) {
        self.connection.read_in_background();
    }

    /// What the peer's first SETTINGS says.
    pub(crate) fn peer(&self) -> &Progress {
        &self.peer
    }

    /// Why no new stream may be opened here, if that is so.
    pub(crate) fn why_unusable(&self) -> Option<Failure> {
        lock(&self.shared.state).over()
    }

    /// Whether a new stream may be opened here.
    pub(crate) fn is_usable(&self) -> bool {
        let state = lock(&self.shared.state);
        !state.ended && state.refused.is_none()
    }

    /// Whether the peer has ended the connection since it was asked too often whether it is there.
    pub(crate) fn was_calmed(&self) -> bool {
        lock(&self.shared.state).calmed
    }

    /// Sends a request's head; waits for its turn if the peer allows no more streams at once.
    ///
    /// # Errors
    /// The connection takes no new stream, the deadline has come, or `alarm` has rung: nothing was sent.
    pub(crate) fn open(
        &self,
        request: Request<()>,
        deadline: Option<Instant>,
        alarm: Option<&Arc<Alarm>>,
    ) -> Result<(Pending, Outbound), Failure> {
        let permit = Arc::new(self.permit(deadline, alarm)?);
        self.open_with(permit, request)
    }

    /// [`Requests::open`] of a stream that may be sent on for long: its sending half learns that the peer has ended.
    ///
    /// # Errors
    /// Those of `open`.
    pub(crate) fn open_for_sending(
        &self,
        request: Request<()>,
        deadline: Option<Instant>,
        alarm: Option<&Arc<Alarm>>,
    ) -> Result<(Pending, Outbound), Failure> {
        let permit = Arc::new(self.permit(deadline, alarm)?);
        let beginning = self.shared.early.begin();
        let (pending, outbound) = self.open_with(permit, request)?;
        let announced = pending.number().and_then(|number| beginning.opened(number, outbound.half()));
        Ok((pending, outbound.told_of_the_end(announced)))
    }

    fn open_with(&self, permit: Arc<Permit>, request: Request<()>) -> Result<(Pending, Outbound), Failure> {
        // A clone: it has no memory of an earlier stream that h2 has not opened yet. The permits count them.
        let send = lock(&self.shared.state).send.clone();
        let mut send = send.ok_or_else(|| Failure::Lost("closed by this side".to_owned()))?;
        let (response, stream) = match send.send_request(request, false) {
            Ok(opened) => opened,
            Err(error) => {
                drop(permit);
                self.connection.pump();
                return Err(error.into());
            }
        };
        let pending = Pending {
            connection: Arc::clone(&self.connection),
            response: Some(response),
            came: None,
            inflow: Arc::clone(&self.inflow),
            permit: Some(Arc::clone(&permit)),
        };
        Ok((pending, Outbound::new(&self.connection, Half::new(stream, None, &self.outflow)).with_permit(permit)))
    }

    fn permit(&self, deadline: Option<Instant>, alarm: Option<&Arc<Alarm>>) -> Result<Permit, Failure> {
        self.wait_for(deadline, alarm, |state, parker| {
            if let Some(failure) = state.over() {
                return Some(Err(failure));
            }
            state.turns.take(parker).then(|| Ok(Permit(Arc::clone(&self.shared))))
        })
    }

    fn wait_for<T>(
        &self,
        deadline: Option<Instant>,
        alarm: Option<&Arc<Alarm>>,
        mut ready: impl FnMut(&mut Streams, Option<&Arc<Parker>>) -> Option<Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let mut look = |parker: Option<&Arc<Parker>>| {
            let mut state = lock(&self.shared.state);
            if alarm.is_some_and(|alarm| alarm.is_rung()) {
                return Some(Err(Failure::Cancelled));
            }
            ready(&mut state, parker)
        };
        if let Some(found) = look(None) {
            return found;
        }
        let parker = self.connection.parker();
        let listening = alarm.map(|alarm| {
            let (connection, parker) = (Arc::clone(&self.connection), Arc::clone(&parker));
            alarm.listen(Waker::from(Arc::new(FromOutside { connection, parker })))
        });
        let end = self.connection.wait_until(&parker, deadline, || look(Some(&parker)));
        drop(listening);
        let found = {
            let mut state = lock(&self.shared.state);
            // A turn that came with the deadline, or the alarm, goes to the next.
            state.leave(&parker);
            end.unwrap_or_else(|unready| match unready {
                Unready::TimedOut => Err(Failure::TimedOut),
                Unready::Closed => Err(state.failure()),
            })
        };
        self.connection.pump();
        found
    }
}

/// Wakes a thread that waits on a connection, by one that does not use it otherwise.
struct FromOutside {
    connection: Arc<Connection>,
    parker: Arc<Parker>,
}

impl Wake for FromOutside {
    fn wake(self: Arc<Self>) {
        self.parker.wake_by_ref();
        // Only a pump wakes those on the list.
        self.connection.pump();
    }
}

impl Drop for Requests {
    fn drop(&mut self) {
        // h2 ends a connection when the last handle of it is gone, at its next step.
        let send = lock(&self.shared.state).send.take();
        drop(send);
        self.connection.kick();
    }
}

/// A response whose head has not been taken yet.
#[derive(Debug)]
pub(crate) struct Pending {
    connection: Arc<Connection>,
    response: Option<ResponseFuture>,
    came: Option<Result<Response<RecvStream>, h2::Error>>,
    inflow: Arc<Inflow>,
    // Given on after the response's place is.
    permit: Option<Arc<Permit>>,
}

impl Pending {
    /// Whether the head has come, or will not come; else the context's waker is woken when it does.
    pub(crate) fn has_come(&mut self, context: &mut Context<'_>) -> bool {
        if let (None, Some(response)) = (&self.came, &mut self.response)
            && let Poll::Ready(came) = Pin::new(response).poll(context)
        {
            self.came = Some(came);
        }
        self.came.is_some()
    }

    /// Waits until the head has come, or will not come.
    ///
    /// # Errors
    /// The deadline has come; it can be waited for again.
    pub(crate) fn wait(&mut self, deadline: Option<Instant>) -> Result<(), Failure> {
        let connection = Arc::clone(&self.connection);
        wait(&connection, deadline, |context| if self.has_come(context) { Poll::Ready(()) } else { Poll::Pending })
    }

    /// The response's head, and its body. To be called after [`Pending::wait`].
    ///
    /// # Errors
    /// The stream or connection has ended.
    pub(crate) fn head(mut self) -> Result<Response<Inbound>, Failure> {
        let came = self.came.take();
        let response = match came.ok_or_else(|| Failure::Lost("closed".to_owned()))?.map_err(Failure::from) {
            Err(Failure::Lost(why)) if !self.has_left() => return Err(Failure::NeverLeft(why)),
            response => response?,
        };
        let (head, body) = response.into_parts();
        let mut body = Inbound::new(&self.connection, body, &self.inflow);
        if let Some(permit) = self.permit.take() {
            body = body.with_permit(permit);
        }
        Ok(Response::from_parts(head, body))
    }
}

impl Pending {
    /// The number of the stream.
    fn number(&self) -> Option<u32> {
        self.response.as_ref().map(|response| response.stream_id().as_u32())
    }

    /// Whether anything of a stream whose connection was lost may have left.
    fn has_left(&self) -> bool {
        let (Some(number), Some(permit)) = (self.number(), &self.permit) else { return true };
        let shared = &permit.0;
        let parker = self.connection.parker();
        // The connection ends in the same step in which h2 told the loss to its streams: this is no long wait.
        let ended = self.connection.wait_until(&parker, Some(Instant::now() + MOMENT), || {
            let mut state = lock(&shared.state);
            let ended = state.ended.then_some(state.first_left_behind);
            if ended.is_none() {
                state.watch(Some(&parker));
            }
            ended
        });
        lock(&shared.state).leave(&parker);
        ended.map_or(true, |first_left_behind| number < first_left_behind)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.response = None;
        self.came = None;
        self.permit = None;
        // The reset of a response that nobody waits for any more leaves, and who waits for its place is woken.
        self.connection.pump();
    }
}
