//! Where handlers of unary calls run, and that one which lasts, never returns or panics on its connection's own thread
//! holds up nobody else.

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

#[path = "support/grpc.rs"]
mod support;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use support::proto::{Answer, Ask, Probe, ProbeServer};
use support::{DATA, END_STREAM, LONG, RST_STREAM, Raw, UNARY, ask, body, frame, waits};
use threadwire::Threads;
use threadwire::grpc::{
    CancelCause, Cancellation, Dispatch, Request, RequestStream, Response, Server, ServerHandle, Status,
};

const UPLOAD: &str = "/probe.v1.Probe/Upload";
const PREFIX: &str = "tw";

/// Answers with the name of the thread that it runs on; waits as long as it is not released, if the request says so.
#[derive(Default)]
struct Here {
    state: Mutex<State>,
    changed: Condvar,
    waiting: AtomicUsize,
    /// Of the last call that waits, and where it does.
    last: Mutex<Option<(Cancellation, String)>>,
}

#[derive(Default)]
struct State {
    released: bool,
    causes: Vec<Option<CancelCause>>,
}

impl Probe for Here {
    fn unary(&self, request: Request<Ask>) -> Result<Response<Answer>, Status> {
        let ask = request.message();
        if ask.wait {
            *self.last.lock().unwrap() = Some((request.cancellation().clone(), here()));
            self.waiting.fetch_add(1, Ordering::SeqCst);
            if ask.text == "until it is told" {
                let cause = request.cancellation().wait_timeout(LONG);
                self.state.lock().unwrap().causes.push(cause);
                return Ok(Answer::default().into());
            }
            let state = self.state.lock().unwrap();
            let _ = self.changed.wait_timeout_while(state, LONG, |state| !state.released).unwrap();
            self.state.lock().unwrap().causes.push(request.cancellation().cause());
        }
        assert!(!ask.panic, "as the test wants it");
        Ok(Answer { text: here(), payload: vec![7; ask.size as usize], ..Default::default() }.into())
    }

    fn upload(&self, request: Request<RequestStream<Ask>>) -> Result<Response<Answer>, Status> {
        let texts: Result<Vec<_>, _> = request.into_message().map(|ask| ask.map(|ask| ask.text)).collect();
        Ok(Answer { text: texts?.concat(), ..Default::default() }.into())
    }
}

impl Here {
    fn release(&self) {
        self.state.lock().unwrap().released = true;
        self.changed.notify_all();
    }

    fn until_waiting(&self, count: usize) {
        until(|| self.waiting.load(Ordering::SeqCst) >= count);
    }
}

/// "call" is a thread of the pool, "grpc" a connection's own.
fn here() -> String {
    thread::current().name().unwrap().split('-').nth(1).unwrap().to_owned()
}

fn until(is: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is() {
        assert!(begin.elapsed() < LONG, "it never comes");
        thread::yield_now();
    }
}

struct Serving {
    here: Arc<Here>,
    handle: ServerHandle,
    address: SocketAddr,
}

fn serve(dispatch: Dispatch, workers: usize) -> Serving {
    let here = Arc::new(Here::default());
    let server = Server::builder()
        .workers(workers)
        .dispatch(dispatch)
        .threads(Threads::new().name_prefix(PREFIX))
        .add_service(ProbeServer::new(Arc::clone(&here)))
        .bind("127.0.0.1:0")
        .unwrap();
    let address = server.local_addresses()[0];
    Serving { here, handle: server.spawn().unwrap(), address }
}

/// A connection that counts its streams.
struct Peer {
    raw: Raw,
    stream: u32,
}

impl Peer {
    fn of(serving: &Serving) -> Self {
        Self { raw: Raw::client(serving.address), stream: 1 }
    }

    fn begin(&mut self, headers: &[(&str, &str)], ask: &Ask) -> u32 {
        let stream = self.stream;
        self.stream += 2;
        self.raw.open(stream, UNARY, headers, 0);
        self.raw.write(&frame(DATA, END_STREAM, stream, &body(ask)));
        stream
    }

    /// Where a call ran.
    fn call(&mut self, ask: &Ask) -> String {
        let stream = self.begin(&[], ask);
        self.answer(stream)
    }

    fn answer(&mut self, stream: u32) -> String {
        let outcome = self.raw.outcome(stream);
        assert_eq!(outcome.status(), "0", "{}", outcome.message());
        let answer = <Answer as threadwire::protobuf::Message>::decode(&outcome.data[5..]).unwrap();
        answer.text
    }

    /// Calls until one runs on the connection's thread: how many ran in the pool. (A machine that is busy makes a call
    /// look slow now and then.)
    fn until_inline(&mut self) -> usize {
        let begin = Instant::now();
        let mut in_pool = 0;
        while self.call(&ask("")) == "call" {
            in_pool += 1;
            assert!(begin.elapsed() < LONG, "never inline");
        }
        in_pool
    }
}

/// A connection whose own thread is in a handler that waits, and that call; behind it come as many others as `behind`,
/// sent with it. `before` makes its method fast.
///
/// (On a busy machine a thread may be kept from its processor for so long that another takes over before: then that
/// call is in the pool, and it is tried again.)
fn stuck(
    dispatch: Dispatch,
    workers: usize,
    behind: usize,
    before: impl Fn(&mut Peer),
) -> (Serving, Peer, u32, Vec<u32>) {
    let begin = Instant::now();
    loop {
        let serving = serve(dispatch, workers);
        let mut peer = Peer::of(&serving);
        before(&mut peer);
        let lasting = peer.begin(&[], &waits());
        let behind = (0..behind).map(|_| peer.begin(&[], &ask(""))).collect();
        serving.here.until_waiting(1);
        let is_own = serving.here.last.lock().unwrap().as_ref().is_some_and(|(_, place)| place == "grpc");
        if is_own {
            return (serving, peer, lasting, behind);
        }
        assert!(begin.elapsed() < LONG, "never on its own thread");
        serving.here.release();
    }
}

#[test]
fn a_method_runs_in_the_pool_until_it_has_shown_that_it_is_fast() {
    let serving = serve(Dispatch::Adaptive, 2);
    let mut peer = Peer::of(&serving);
    assert!(peer.until_inline() >= 32);
    // What it has shown on one connection holds on all.
    assert_eq!(Peer::of(&serving).call(&ask("")), "grpc");
}

#[test]
fn the_choice_can_be_fixed() {
    let inline = serve(Dispatch::Inline, 1);
    assert_eq!(Peer::of(&inline).call(&ask("")), "grpc");
    let pooled = serve(Dispatch::Pool, 1);
    let mut peer = Peer::of(&pooled);
    for _ in 0..100 {
        assert_eq!(peer.call(&ask("")), "call");
    }
}

#[test]
fn a_handler_that_lasts_holds_up_nothing_else_of_its_connection() {
    for dispatch in [Dispatch::Adaptive, Dispatch::Inline] {
        let (serving, mut peer, lasting, behind) = stuck(dispatch, 2, 20, |peer| assert!(peer.until_inline() < 10_000));
        // Two workers may answer in any order: each answer is looked for among all that comes.
        let mut outcomes = outcomes(&mut peer.raw, &behind);
        assert!(behind.iter().all(|stream| outcomes.remove(stream).unwrap() == "0"));
        // The best of some: a busy machine may keep any one from its processor.
        let pinged = |peer: &mut Peer| {
            let begin = Instant::now();
            peer.raw.ping();
            begin.elapsed()
        };
        assert!((0..10).map(|_| pinged(&mut peer)).min().unwrap() < Duration::from_millis(100));
        // One that needs a thread of its own.
        peer.raw.open(1_001, UPLOAD, &[], 0);
        peer.raw.write(&frame(DATA, END_STREAM, 1_001, &body(&ask("up"))));
        assert_eq!(peer.raw.outcome(1_001).status(), "0");
        peer.stream = 1_003;
        assert_eq!(peer.call(&ask("")), "call");
        // Others run where they would.
        let mut other = Peer::of(&serving);
        if dispatch == Dispatch::Inline {
            assert_eq!(other.call(&ask("")), "grpc");
        } else {
            assert_eq!(other.call(&ask("")), "call", "its method is slow");
        }
        serving.here.release();
        assert_eq!(peer.answer(lasting), "grpc");
        drop((peer, other));
        assert!(serving.handle.shutdown(LONG).is_clean());
    }
}

/// The statuses of these streams, in whatever order they come.
fn outcomes(raw: &mut Raw, streams: &[u32]) -> std::collections::BTreeMap<u32, String> {
    let mut found = std::collections::BTreeMap::new();
    while found.len() < streams.len() {
        let frame = raw.next_of(support::HEADERS);
        let fields = raw.decode(&frame.payload);
        if let (true, Some(status)) = (streams.contains(&frame.stream), fields.get("grpc-status")) {
            found.insert(frame.stream, status.clone());
        }
    }
    found
}

#[test]
fn the_proof_doubles_after_each_overrun() {
    let before = |peer: &mut Peer| assert!(peer.until_inline() >= 32);
    let (serving, mut peer, lasting, _) = stuck(Dispatch::Adaptive, 2, 0, before);
    peer.raw.ping();
    assert_eq!(peer.call(&ask("")), "call");
    serving.here.release();
    assert_eq!(peer.answer(lasting), "grpc");
    assert!(peer.until_inline() >= 62);
}

#[test]
fn the_deadline_and_the_reset_of_a_call_that_lasts_on_its_connections_thread_are_noticed() {
    let (serving, mut peer, given_up, _) = stuck(Dispatch::Inline, 1, 0, |_| ());
    let mut other = Peer::of(&serving);
    let late = other.begin(&[("grpc-timeout", "20m")], &waits());
    assert_eq!(other.raw.outcome(late).status(), "4");
    peer.raw.write(&frame(RST_STREAM, 0, given_up, &[0, 0, 0, 8]));
    // Answered by whoever has taken over, behind the reset.
    peer.raw.ping();
    let third = peer.begin(&[], &ask(""));
    assert_eq!(peer.answer(third), "call");
    serving.here.release();
    until(|| serving.here.state.lock().unwrap().causes.len() == 2);
    let mut causes = serving.here.state.lock().unwrap().causes.clone();
    causes.sort_by_key(|cause| *cause == Some(CancelCause::Peer));
    assert_eq!(causes, [Some(CancelCause::Deadline), Some(CancelCause::Peer)]);
    // Both connections run their handlers themselves again.
    assert_eq!(peer.call(&ask("")), "grpc");
}

#[test]
fn a_connection_that_is_lost_while_its_thread_is_in_a_handler_is_noticed() {
    let (serving, peer, ..) = stuck(Dispatch::Inline, 1, 0, |_| ());
    let (cancellation, _) = serving.here.last.lock().unwrap().clone().unwrap();
    drop(peer);
    // Noticed while the handler still runs.
    assert_eq!(cancellation.wait_timeout(LONG), Some(CancelCause::ConnectionLost));
    assert_eq!(Peer::of(&serving).call(&ask("")), "grpc");
    serving.here.release();
    until(|| serving.handle.connections() == 0);
}

/// The end of a connection is read by whoever drives it just then, perhaps while another looks after its calls.
#[test]
fn a_connection_that_is_lost_while_its_calls_are_answered_is_noticed() {
    let begin = Instant::now();
    let serving = serve(Dispatch::Inline, 4);
    let mut lost = 0;
    while begin.elapsed() < Duration::from_secs(2) {
        let mut peer = Peer::of(&serving);
        peer.begin(&[], &Ask { wait: true, text: "until it is told".into(), ..Default::default() });
        lost += 1;
        serving.here.until_waiting(lost);
        let mut others = Vec::new();
        for stream in (3..123).step_by(2) {
            let head = support::block(&support::call_head(UNARY, &[]));
            others.extend(frame(support::HEADERS, support::END_HEADERS, stream, &head));
            others.extend(frame(DATA, END_STREAM, stream, &body(&ask(""))));
        }
        peer.raw.write(&others);
        // At any moment of what follows.
        thread::sleep(Duration::from_micros(200 * (lost as u64 % 20)));
    }
    until(|| serving.here.state.lock().unwrap().causes.len() == lost);
    let causes = serving.here.state.lock().unwrap().causes.clone();
    assert!(causes.iter().all(|cause| *cause == Some(CancelCause::ConnectionLost)), "{causes:?}");
}

/// A handler that forks on its connection's own thread: the child's thread does nothing to the parent's connection.
#[test]
fn a_handler_that_forks_is_answered_by_the_parent() {
    struct Forks(Mutex<Option<u32>>);
    impl Probe for Forks {
        fn unary(&self, _: Request<Ask>) -> Result<Response<Answer>, Status> {
            let Some(child) = threadwire_test_host::fork().unwrap() else {
                return Ok(Answer { text: "child".into(), ..Default::default() }.into());
            };
            *self.0.lock().unwrap() = Some(child);
            // Time for the child to do harm.
            thread::sleep(Duration::from_millis(200));
            Ok(Answer { text: "parent".into(), ..Default::default() }.into())
        }
    }
    for dispatch in [Dispatch::Pool, Dispatch::Inline] {
        let forks = Arc::new(Forks(Mutex::new(None)));
        let server = Server::builder().dispatch(dispatch).add_service(ProbeServer::new(Arc::clone(&forks)));
        let server = server.bind("127.0.0.1:0").unwrap();
        let mut raw = Raw::client(server.local_addresses()[0]);
        let _handle = server.spawn().unwrap();
        let outcome = raw.call(1, UNARY, &[], &body(&ask("")));
        let child = i32::try_from(forks.0.lock().unwrap().unwrap()).unwrap();
        let child = rustix::process::Pid::from_raw(child).unwrap();
        rustix::process::kill_process(child, rustix::process::Signal::KILL).unwrap();
        let answer = <Answer as threadwire::protobuf::Message>::decode(&outcome.data[5..]).unwrap();
        assert_eq!(answer.text, "parent", "{dispatch:?}");
    }
}

#[test]
fn a_handler_that_never_returns_is_named_and_not_waited_for() {
    let (serving, mut peer, ..) = stuck(Dispatch::Inline, 1, 0, |_| ());
    peer.raw.ping();
    let begin = Instant::now();
    let report = serving.handle.shutdown(Duration::from_millis(50));
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert_eq!((report.open, report.cut_off, report.cut_calls), (1, 1, 1), "{report}");
    assert_eq!(report.still_running, [UNARY], "{report}");
    serving.here.release();
}

#[test]
fn a_full_pool_does_not_keep_others_from_taking_over() {
    let (serving, mut peer, lasting, _) = stuck(Dispatch::Inline, 1, 0, |_| ());
    let in_pool = peer.begin(&[], &waits());
    serving.here.until_waiting(2);
    // One that waits for the pool's only thread, which is taken.
    let late = peer.begin(&[("grpc-timeout", "30m")], &ask(""));
    assert_eq!(peer.raw.outcome(late).status(), "4");
    peer.raw.open(99, UPLOAD, &[], 0);
    peer.raw.write(&frame(DATA, END_STREAM, 99, &body(&ask("up"))));
    assert_eq!(peer.raw.outcome(99).status(), "0");
    peer.raw.ping();
    serving.here.release();
    let found = outcomes(&mut peer.raw, &[lasting, in_pool]);
    assert!(found.into_values().all(|status| status == "0"));
}

#[test]
fn a_panic_on_a_connections_thread_ends_its_call_alone() {
    let serving = serve(Dispatch::Inline, 1);
    let mut peer = Peer::of(&serving);
    let calls: Vec<u32> = (0..6).map(|at| peer.begin(&[], &Ask { panic: at % 2 == 0, ..Default::default() })).collect();
    let found = outcomes(&mut peer.raw, &calls);
    assert_eq!(found.into_values().collect::<Vec<_>>(), ["13", "0", "13", "0", "13", "0"]);
    assert_eq!(peer.call(&ask("")), "grpc");
}

#[test]
fn an_answer_of_a_connections_thread_waits_for_its_window() {
    let serving = serve(Dispatch::Inline, 1);
    let mut peer = Peer::of(&serving);
    // 65,535 bytes of it have room (RFC 9113 §6.9.2).
    let large = peer.begin(&[], &Ask { size: 100_000, ..Default::default() });
    let mut received = 0;
    while received < 65_535 {
        received += peer.raw.next_of(DATA).payload.len();
    }
    peer.raw.ping();
    for stream in [0, large] {
        peer.raw.write(&frame(support::WINDOW_UPDATE, 0, stream, &100_000_u32.to_be_bytes()));
    }
    let outcome = peer.raw.outcome(large);
    assert!(received + outcome.data.len() > 100_000);
    assert_eq!(outcome.head.get("grpc-status").map(String::as_str), Some("0"));
}
