//! Streaming calls that end before their time: given up by the client, at their deadline, by the server while the
//! client still sends, with the connection. Each time it is said who learns of it, and how.

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
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use support::proto::{Answer, Ask, Probe, ProbeClient, ProbeServer};
use support::{
    DATA, END_HEADERS, END_STREAM, GOOD_HEAD, HEADERS, LONG, RST_STREAM, Raw, against, ask, frame, headers, prefixed,
    serve,
};
use threadwire::grpc::{
    CancelCause, Cancellation, Channel, Code, Request, RequestStream, Response, ResponseSink, Server, ServerHandle,
    Status,
};
use threadwire::protobuf::Message;

/// What a handler learned when its call had ended: the code of the failed operation, and the cause at that moment.
type Learned = (Option<Code>, Option<CancelCause>);

/// A service that goes on until it learns that it need not, and tells the test what it learned.
struct Enduring {
    begin: Mutex<Sender<()>>,
    tell: Mutex<Sender<Learned>>,
}

impl Enduring {
    fn begin(&self) {
        self.begin.lock().unwrap().send(()).unwrap();
    }

    fn tell(&self, ended: &Result<(), Status>, cancellation: &Cancellation) {
        let learned = (ended.as_ref().err().map(Status::code), cancellation.cause());
        self.tell.lock().unwrap().send(learned).unwrap();
    }
}

impl Probe for Enduring {
    /// Sends for ever.
    fn download(&self, request: Request<Ask>, responses: &mut ResponseSink<Answer>) -> Result<(), Status> {
        self.begin();
        let ended = loop {
            let payload = vec![7; request.message().size as usize];
            if let Err(status) = responses.send(Answer { payload, ..Default::default() }) {
                break Err(status);
            }
        };
        self.tell(&ended, request.cancellation());
        ended
    }

    /// Receives to the end.
    fn upload(&self, request: Request<RequestStream<Ask>>) -> Result<Response<Answer>, Status> {
        self.begin();
        let cancellation = request.cancellation().clone();
        let ended = request.into_message().try_for_each(|ask| ask.map(drop));
        self.tell(&ended, &cancellation);
        ended.map(|()| Answer::default().into())
    }

    /// Answers `count` times, then neither sends nor receives.
    fn chat(&self, request: Request<RequestStream<Ask>>, responses: &mut ResponseSink<Answer>) -> Result<(), Status> {
        let cancellation = request.cancellation().clone();
        let ask = request.into_message().receive()?.unwrap_or_default();
        self.begin();
        for _ in 0..ask.count {
            let payload = vec![7; ask.size as usize];
            responses.send(Answer { payload, ..Default::default() })?;
        }
        cancellation.wait_timeout(LONG);
        self.tell(&Ok(()), &cancellation);
        Ok(())
    }
}

struct Served {
    handle: ServerHandle,
    address: SocketAddr,
    begun: Receiver<()>,
    learned: Receiver<Learned>,
}

fn endure() -> Served {
    let ((begin, begun), (tell, learned)) = (channel(), channel());
    let server = Server::builder()
        .add_service(ProbeServer::new(Enduring { begin: Mutex::new(begin), tell: Mutex::new(tell) }))
        .bind("127.0.0.1:0")
        .unwrap();
    let address = server.local_addresses()[0];
    Served { handle: server.spawn().unwrap(), address, begun, learned }
}

impl Served {
    fn client(&self) -> ProbeClient {
        ProbeClient::new(Channel::builder(&self.address.to_string()).timeout(LONG).connect().unwrap())
    }

    /// Waits until a handler runs: a call that is given up before need not reach one.
    fn begun(&self) {
        self.begun.recv_timeout(LONG).expect("no handler runs");
    }

    fn learned(&self) -> Learned {
        self.learned.recv_timeout(LONG).expect("the handler still runs")
    }
}

#[test]
fn a_handler_that_sends_learns_that_the_client_has_gone() {
    let served = endure();
    let client = served.client();
    // Small messages: the window has room. Large ones: the handler waits for room.
    for size in [10, 100_000] {
        let mut responses = client.download(Ask { size, ..Default::default() }).unwrap();
        for _ in 0..3 {
            assert_eq!(responses.receive().unwrap().unwrap().payload.len(), size as usize);
        }
        drop(responses);
        assert_eq!(served.learned(), (Some(Code::Cancelled), Some(CancelCause::Peer)), "{size}");
    }
}

#[test]
fn a_handler_that_receives_learns_that_the_client_has_gone() {
    let served = endure();
    let (mut requests, response) = served.client().upload(Request::new(())).unwrap();
    requests.send(ask("one")).unwrap();
    served.begun();
    drop(requests);
    assert_eq!(served.learned(), (Some(Code::Cancelled), Some(CancelCause::Peer)));
    assert_eq!(response.receive().unwrap_err().code(), Code::Cancelled);
}

/// Neither a send nor a receive tells it: before its first response, behind responses that the window took, and behind
/// some for which it had to wait.
#[test]
fn a_handler_that_does_something_else_learns_that_the_client_has_gone() {
    let served = endure();
    let client = served.client();
    for (count, size) in [(0, 0), (3, 10), (30, 100_000)] {
        let (mut requests, mut responses) = client.chat(Request::new(())).unwrap();
        requests.send(Ask { count, size, ..Default::default() }).unwrap();
        for _ in 0..count {
            assert_eq!(responses.receive().unwrap().unwrap().payload.len(), size as usize);
        }
        served.begun();
        let begin = Instant::now();
        drop((requests, responses));
        assert_eq!(served.learned(), (None, Some(CancelCause::Peer)), "{count} of {size} bytes");
        assert!(begin.elapsed() < LONG / 2, "it learned of it at the end of its own wait");
    }
}

/// Short enough to be waited for, long enough for a call to begin within it.
const SHORT: Duration = Duration::from_millis(300);

/// The messages before the end, and the end.
fn drain(responses: impl Iterator<Item = Result<Answer, Status>>) -> (usize, Option<Code>) {
    let mut count = 0;
    for response in responses {
        match response {
            Ok(_) => count += 1,
            Err(status) => return (count, Some(status.code())),
        }
    }
    (count, None)
}

/// The client ends the call at its deadline, and says so: the server may hear of that before its own clock.
const LATE: [Option<CancelCause>; 2] = [Some(CancelCause::Deadline), Some(CancelCause::Peer)];

#[test]
fn a_deadline_in_the_middle_ends_both_sides() {
    let served = endure();
    let (mut requests, responses) = served.client().chat(Request::new(()).with_timeout(SHORT)).unwrap();
    requests.send(Ask { count: 3, size: 10, ..Default::default() }).unwrap();
    assert_eq!(drain(responses), (3, Some(Code::DeadlineExceeded)));
    let (code, cause) = served.learned();
    assert!(code.is_none() && LATE.contains(&cause), "{code:?} {cause:?}");
}

#[test]
fn a_deadline_ends_sends_that_wait_for_the_window() {
    let served = endure();
    let client = served.client();
    // Of the client: the handler has dropped its requests, and sends nothing.
    let (mut requests, responses) = client.chat(Request::new(()).with_timeout(SHORT)).unwrap();
    requests.send(ask("")).unwrap();
    let large = Ask { payload: vec![0; 100_000], ..Default::default() };
    let failed = (0..10_000).find_map(|_| requests.send(large.clone()).err()).expect("no send has waited");
    assert_eq!(failed.code(), Code::DeadlineExceeded);
    assert_eq!(drain(responses), (0, Some(Code::DeadlineExceeded)));
    let (code, cause) = served.learned();
    assert!(code.is_none() && LATE.contains(&cause), "{code:?} {cause:?}");
    // Of the server: the client does not receive.
    let download = Request::new(Ask { size: 100_000, ..Default::default() }).with_timeout(SHORT);
    let responses = client.download(download).unwrap();
    assert_eq!(served.learned(), (Some(Code::DeadlineExceeded), Some(CancelCause::Deadline)));
    assert_eq!(drain(responses).1, Some(Code::DeadlineExceeded));
}

/// A client that does nothing at its deadline: the server ends the call by its own clock.
#[test]
fn a_server_keeps_the_deadline_by_itself() {
    let served = endure();
    let mut raw = Raw::client(served.address);
    for (stream, path, size) in [(1, "/probe.v1.Probe/Chat", 0), (3, "/probe.v1.Probe/Upload", 0)] {
        raw.open(stream, path, &[("grpc-timeout", "100m")], 0);
        raw.write(&frame(DATA, 0, stream, &prefixed(&ask_of(size).encode_to_vec().unwrap())));
        let outcome = raw.outcome(stream);
        assert_eq!((outcome.status(), outcome.ended), ("4", true), "{path}");
        assert_eq!(served.learned().1, Some(CancelCause::Deadline), "{path}");
    }
    // The window is full within a message: behind that no status would be understood.
    raw.open(5, "/probe.v1.Probe/Download", &[("grpc-timeout", "100m")], 0);
    raw.write(&frame(DATA, support::END_STREAM, 5, &prefixed(&ask_of(100_000).encode_to_vec().unwrap())));
    assert_eq!(raw.outcome(5).reset, Some(8));
    assert_eq!(served.learned(), (Some(Code::DeadlineExceeded), Some(CancelCause::Deadline)));
}

#[test]
fn a_lost_connection_ends_the_calls_on_it() {
    let served = endure();
    let mut raw = Raw::client(served.address);
    raw.open(1, "/probe.v1.Probe/Upload", &[], 0);
    raw.open(3, "/probe.v1.Probe/Download", &[], 0);
    raw.write(&frame(DATA, support::END_STREAM, 3, &prefixed(&ask_of(100_000).encode_to_vec().unwrap())));
    raw.open(5, "/probe.v1.Probe/Chat", &[], 0);
    raw.write(&frame(DATA, 0, 5, &prefixed(&ask_of(0).encode_to_vec().unwrap())));
    raw.next_of(DATA);
    (0..3).for_each(|_| served.begun());
    drop(raw);
    let mut learned: Vec<_> = (0..3).map(|_| served.learned()).collect();
    learned.sort_by_key(|(code, _)| code.is_some());
    assert_eq!(learned[0], (None, Some(CancelCause::ConnectionLost)));
    assert_eq!((learned[1].0, learned[2].0), (Some(Code::Unavailable), Some(Code::Unavailable)));
}

#[test]
fn a_server_that_cuts_its_calls_off_tells_their_handlers() {
    let served = endure();
    let client = served.client();
    let (mut requests, _responses) = client.chat(Request::new(())).unwrap();
    requests.send(ask("")).unwrap();
    let mut download = client.download(ask_of(100_000)).unwrap();
    // The first has come, the others fill the window.
    download.receive().unwrap();
    (0..2).for_each(|_| served.begun());
    let Served { handle, learned, .. } = served;
    let report = handle.shutdown(Duration::from_millis(50));
    // A handler that learns of it first ends its call itself, which is then not counted.
    assert_eq!(report.cut_off, 1);
    assert!((1..=2).contains(&report.cut_calls), "{report}");
    let mut learned: Vec<Learned> = (0..2).map(|_| learned.recv_timeout(LONG).unwrap()).collect();
    learned.sort_by_key(|(code, _)| code.is_some());
    assert_eq!(learned[0], (None, Some(CancelCause::Shutdown)));
    assert_eq!(learned[1].0, Some(Code::Unavailable));
}

fn ask_of(size: u32) -> Ask {
    Ask { size, ..Default::default() }
}

/// What the server says, with OK or not, reaches the client that still sends; its connection goes on.
#[test]
fn a_server_may_end_a_call_while_the_client_still_sends() {
    let served = serve();
    let client = served.client();
    let large = Ask { payload: vec![0; 100_000], ..Default::default() };
    for _ in 0..10 {
        let (mut requests, response) = client.upload(Request::new(())).unwrap();
        requests.send(Ask { code: 9, ..ask("enough") }).unwrap();
        assert!((0..10_000).any(|_| requests.send(large.clone()).is_err()), "it sends on and on");
        let status = response.receive().unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::FailedPrecondition, "enough"));
    }
    assert_eq!(client.unary(ask("still here")).unwrap().message().text, "still here");
    assert_eq!(served.handle.connections(), 1);
}

/// Whoever is told so by a `send` may drop the requests: that cancels nothing of what the server has said.
#[test]
fn requests_that_the_server_wants_no_more_of_may_be_dropped() {
    let refused = [GOOD_HEAD, &[("grpc-status", "7")]].concat();
    let (client, server) = against(move |_, mut raw| {
        let stream = raw.next_of(HEADERS).stream;
        raw.write(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &headers(&refused)));
        raw
    });
    let (mut requests, response) = client.upload(Request::new(())).unwrap();
    while requests.send(ask("more")).is_ok() {}
    drop(requests);
    assert_eq!(response.receive().unwrap_err().code(), Code::PermissionDenied);
    server.join().unwrap();
}

/// PROTOCOL-HTTP2.md, *Errors*; RFC 9113 §8.1: the whole answer, then RST_STREAM(NO_ERROR).
#[test]
fn an_early_end_asks_the_client_to_stop() {
    let served = serve();
    let mut raw = Raw::client(served.address);
    raw.open(1, "/probe.v1.Probe/Upload", &[], 0);
    let refused = Ask { code: 9, ..ask("enough") };
    raw.write(&frame(DATA, 0, 1, &prefixed(&refused.encode_to_vec().unwrap())));
    let outcome = raw.outcome(1);
    assert_eq!((outcome.status(), outcome.message(), outcome.ended), ("9", "enough", true));
    let reset = raw.next_of(RST_STREAM);
    assert_eq!((reset.stream, &reset.payload[..]), (1, &[0, 0, 0, 0][..]));
}

/// Whichever half is dropped before its end, the other being kept.
#[test]
fn either_half_of_the_client_cancels() {
    let served = endure();
    let client = served.client();
    let cancelled = Some(CancelCause::Peer);
    let (mut requests, responses) = client.chat(Request::new(())).unwrap();
    requests.send(ask("")).unwrap();
    served.begun();
    drop(responses);
    assert_eq!(served.learned(), (None, cancelled));
    let (mut requests, responses) = client.chat(Request::new(())).unwrap();
    requests.send(ask("")).unwrap();
    served.begun();
    drop(requests);
    assert_eq!(served.learned(), (None, cancelled));
    assert_eq!(drain(responses), (0, Some(Code::Cancelled)));
    let (mut requests, response) = client.upload(Request::new(())).unwrap();
    requests.send(ask("")).unwrap();
    served.begun();
    drop(response);
    assert_eq!(served.learned(), (Some(Code::Cancelled), cancelled));
    assert!((0..100).any(|_| requests.send(ask("")).is_err()), "it sends on and on");
}
