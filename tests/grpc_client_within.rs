//! A handler that calls another server hands its deadline and its cancellation on: a chain of a client, a server in the
//! middle, and one at its end.

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

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use support::proto::{Answer, Ask, Probe, ProbeClient, ProbeServer};
use support::{LONG, Served, ask, serve, waits};
use threadwire::grpc::{CancelCause, Channel, Code, Request, RequestStream, Response, ResponseSink, Server, Status};

/// Hands every call on to the next server, and tells the test how that ended.
struct Middle {
    next: ProbeClient,
    tell: Mutex<Sender<Option<Code>>>,
}

impl Middle {
    fn tell<T>(&self, ended: Result<T, Status>) -> Result<T, Status> {
        self.tell.lock().unwrap().send(ended.as_ref().err().map(Status::code)).unwrap();
        ended
    }
}

impl Probe for Middle {
    fn unary(&self, request: Request<Ask>) -> Result<Response<Answer>, Status> {
        let onwards = Request::new(request.message().clone()).within(&request);
        self.tell(self.next.unary(onwards))
    }

    fn download(&self, request: Request<Ask>, responses: &mut ResponseSink<Answer>) -> Result<(), Status> {
        let onwards = Request::new(request.message().clone()).within(&request);
        let ended =
            self.next.download(onwards).and_then(|mut answers| answers.try_for_each(|answer| responses.send(answer?)));
        self.tell(ended)
    }

    fn upload(&self, request: Request<RequestStream<Ask>>) -> Result<Response<Answer>, Status> {
        let (mut onwards, answer) = self.next.upload(Request::new(()).within(&request))?;
        let ended = request.into_message().try_for_each(|ask| onwards.send(ask?));
        self.tell(ended.and_then(|()| onwards.finish()).and_then(|()| answer.receive()))
    }
}

struct Chain {
    client: ProbeClient,
    middle: threadwire::grpc::ServerHandle,
    told: Receiver<Option<Code>>,
    last: Served,
}

fn chain() -> Chain {
    let last = serve();
    let (tell, told) = channel();
    // No timeout of its own: what ends the calls comes with the request.
    let next = ProbeClient::new(Channel::connect(&last.address.to_string()).unwrap());
    let server = Server::builder()
        .add_service(ProbeServer::new(Middle { next, tell: Mutex::new(tell) }))
        .bind("127.0.0.1:0")
        .unwrap();
    let target = server.local_addresses()[0].to_string();
    let middle = server.spawn().unwrap();
    let client = ProbeClient::new(Channel::connect(&target).unwrap());
    Chain { client, middle, told, last }
}

impl Chain {
    /// How the call of the middle ended.
    fn told(&self) -> Option<Code> {
        self.told.recv_timeout(LONG).expect("the middle still waits")
    }
}

const SHORT: Duration = Duration::from_millis(300);

#[test]
fn what_is_in_time_passes() {
    let chain = chain();
    let request = Request::new(ask("through")).with_timeout(LONG);
    assert_eq!(chain.client.unary(request).unwrap().message().text, "through");
    assert_eq!(chain.told(), None);
    let request = Request::new(Ask { count: 3, ..ask("through") });
    assert_eq!(chain.client.download(request).unwrap().filter(Result::is_ok).count(), 3);
    assert_eq!(chain.told(), None);
}

#[test]
fn the_deadline_goes_through_the_chain() {
    let chain = chain();
    let begin = Instant::now();
    let status = chain.client.unary(Request::new(waits()).with_timeout(SHORT)).unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    // The middle has a deadline of its own though it set none, and so has the last.
    let middle = chain.told();
    assert!([Some(Code::DeadlineExceeded), Some(Code::Cancelled)].contains(&middle), "{middle:?}");
    let last = chain.last.behaviour.causes(1)[0];
    assert!([Some(CancelCause::Deadline), Some(CancelCause::Peer)].contains(&last), "{last:?}");
    assert!((SHORT..LONG / 3).contains(&begin.elapsed()));
}

#[test]
fn a_client_that_gives_up_ends_the_whole_chain() {
    let chain = chain();
    for number in 1..=10 {
        let mut request = Request::new(waits());
        let canceller = request.canceller();
        std::thread::scope(|scope| {
            let call = scope.spawn(|| chain.client.unary(request).unwrap_err().code());
            chain.last.behaviour.until_waiting(number);
            canceller.cancel();
            assert_eq!(call.join().unwrap(), Code::Cancelled);
        });
        assert_eq!(chain.told(), Some(Code::Cancelled));
        assert_eq!(chain.last.behaviour.causes(number).last(), Some(&Some(CancelCause::Peer)));
    }
}

#[test]
fn streams_are_ended_with_the_call_that_they_are_made_for() {
    let chain = chain();
    let mut responses = chain.client.download(Ask { count: 2, wait: true, ..ask("x") }).unwrap();
    assert_eq!(responses.receive().unwrap().unwrap().text, "x");
    chain.last.behaviour.until_waiting(1);
    drop(responses);
    assert_eq!(chain.told(), Some(Code::Cancelled));
    assert_eq!(chain.last.behaviour.causes(1), [Some(CancelCause::Peer)]);
    let (mut requests, answer) = chain.client.upload(Request::new(())).unwrap();
    requests.send(waits()).unwrap();
    chain.last.behaviour.until_waiting(2);
    drop((requests, answer));
    assert_eq!(chain.told(), Some(Code::Cancelled));
    assert_eq!(chain.last.behaviour.causes(2)[1], Some(CancelCause::Peer));
}

#[test]
fn a_middle_that_is_shut_down_ends_the_calls_that_it_has_made() {
    let chain = chain();
    std::thread::scope(|scope| {
        let call = scope.spawn(|| chain.client.unary(waits()).unwrap_err());
        chain.last.behaviour.until_waiting(1);
        let report = chain.middle.shutdown(Duration::from_millis(10));
        assert_eq!(report.cut_calls, 1, "{report}");
        assert_eq!(chain.told.recv_timeout(LONG).unwrap(), Some(Code::Cancelled));
        assert_eq!(chain.last.behaviour.causes(1), [Some(CancelCause::Peer)]);
        assert!([Code::Unavailable, Code::Cancelled].contains(&call.join().unwrap().code()));
    });
}
