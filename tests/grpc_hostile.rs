//! Peers and users that mean ill, or know no better: whatever they do, calls end, and nothing is held that is not
//! bounded.

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

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use support::proto::{Answer, Ask, Probe, ProbeClient, ProbeServer};
use support::{
    DATA, END_HEADERS, END_STREAM, GOAWAY, GOOD_HEAD, HEADERS, LONG, PREFACE, RST_STREAM, Raw, SETTINGS, UNARY,
    WINDOW_UPDATE, against, ask, body, frame, headers, prefixed, serve, serve_within, waits,
};
use threadwire::grpc::{CancelCause, Channel, Code, Request, Response, Server, Status};
use threadwire::protobuf::Message as _;
use threadwire::{Limits, Threads};

const DOWNLOAD: &str = "/probe.v1.Probe/Download";

/// What `work` comes to, which must not last.
fn soon<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    result.recv_timeout(Duration::from_secs(10)).expect("it hangs, or has panicked")
}

#[test]
fn a_streaming_handler_learns_that_its_client_gave_up() {
    let served = serve();
    let mut raw = Raw::client(served.address);
    for (number, count) in [(1, 0), (2, 1)] {
        let stream = number * 2 - 1;
        raw.open(stream, DOWNLOAD, &[], 0);
        raw.write(&frame(DATA, END_STREAM, stream, &body(&Ask { count, ..waits() })));
        served.behaviour.until_waiting(number as usize);
        raw.write(&frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]));
        assert_eq!(served.behaviour.causes(number as usize)[number as usize - 1], Some(CancelCause::Peer), "{count}");
    }
}

#[test]
fn a_broken_connection_is_not_the_clients_giving_up() {
    let served = serve();
    for path in [UNARY, DOWNLOAD] {
        let mut raw = Raw::client(served.address);
        let number = usize::from(path == DOWNLOAD) + 1;
        raw.open(1, path, &[], 0);
        raw.write(&frame(DATA, END_STREAM, 1, &body(&waits())));
        served.behaviour.until_waiting(number);
        // A SETTINGS frame of a length that none can have.
        raw.write(&frame(SETTINGS, 0, 0, &[0; 5]));
        assert_eq!(served.behaviour.causes(number)[number - 1], Some(CancelCause::ConnectionLost), "{path}");
    }
}

#[test]
fn a_streaming_call_that_is_cut_is_counted_and_told() {
    let served = serve();
    let mut raw = Raw::client(served.address);
    raw.open(1, DOWNLOAD, &[], 0);
    raw.write(&frame(DATA, END_STREAM, 1, &body(&waits())));
    served.behaviour.until_waiting(1);
    // The client reads nothing and closes nothing.
    let report = served.handle.shutdown(Duration::from_millis(50));
    assert_eq!((report.cut_off, report.cut_calls), (1, 1), "{report}");
    assert!(report.still_running.is_empty(), "{report}");
    assert_eq!(served.behaviour.causes(1), [Some(CancelCause::Shutdown)]);
}

#[test]
fn after_an_error_a_stream_gives_nothing_more() {
    for (sent, more) in
        [(&[9, 0, 0, 0, 0][..], &b""[..]), (&[9, 0, 0, 0, 0], &[0; 40]), (&[0, 0, 0, 0, 1, 255], &[0; 10])]
    {
        let (client, server) = against(move |_, mut raw| {
            let stream = raw.next_of(HEADERS).stream;
            raw.write(&frame(HEADERS, END_HEADERS, stream, &headers(GOOD_HEAD)));
            raw.write(&frame(DATA, 0, stream, sent));
            raw.write(&frame(DATA, 0, stream, more));
            raw
        });
        let mut stream = client.download(ask("x")).unwrap();
        let raw = server.join().unwrap();
        assert_eq!(stream.next().unwrap().unwrap_err().code(), Code::Internal);
        assert!(soon(move || stream.next()).is_none());
        drop(raw);
    }
}

#[test]
fn a_stream_that_ends_in_a_deadline_ends() {
    // The body has ended, but its trailers do not come: HEADERS without END_HEADERS, and no CONTINUATION.
    let (client, server) = against(|_, mut raw| {
        let stream = raw.next_of(HEADERS).stream;
        raw.write(&frame(HEADERS, END_HEADERS, stream, &headers(GOOD_HEAD)));
        raw
    });
    let stream = client.download(Request::new(ask("x")).with_timeout(Duration::from_millis(50))).unwrap();
    let errors = soon(move || stream.take(10).count());
    assert_eq!(errors, 1);
    server.join().unwrap();
}

#[test]
fn joined_values_are_not_more_than_separate_ones() {
    let served = serve();
    let mut raw = Raw::client(served.address);
    for (stream, value) in [(1, ",".repeat(15_000)), (3, "AA,".repeat(5_000))] {
        assert_eq!(raw.call(stream, UNARY, &[("x-bin", &value)], &body(&ask("x"))).status(), "13");
    }
    assert_eq!(raw.call(5, UNARY, &[("x-bin", "AA,AA, AA")], &body(&ask("x"))).status(), "0");
}

#[test]
fn metadata_that_no_header_list_can_hold_fails_its_call() {
    struct Much;
    impl Probe for Much {
        fn unary(&self, _: Request<Ask>) -> Result<Response<Answer>, Status> {
            let mut response = Response::new(Answer::default());
            for _ in 0..40_000 {
                response.metadata_mut().append("x", "").unwrap();
            }
            Ok(response)
        }
    }
    let server = Server::builder().workers(1).add_service(ProbeServer::new(Much)).bind("127.0.0.1:0").unwrap();
    let target = server.local_addresses()[0].to_string();
    let handle = server.spawn().unwrap();
    let client = ProbeClient::new(Channel::connect(&target).unwrap());
    for _ in 0..3 {
        let client = client.clone();
        assert_ne!(soon(move || client.unary(ask("x"))).unwrap_err().code(), Code::Ok);
    }
    let mut request = Request::new(ask("x"));
    while request.metadata_mut().append("x", "").is_ok() {
        assert!(request.metadata().len() < 20_000);
    }
    assert!(soon(move || client.unary(request)).is_err());
    assert!(handle.shutdown(LONG).is_clean());
}

#[test]
fn the_deadline_covers_an_answer_that_nobody_takes() {
    let served = serve();
    let mut raw = Raw::connect(served.address);
    // SETTINGS_INITIAL_WINDOW_SIZE 0
    raw.write(&[PREFACE, &frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0])].concat());
    raw.open(1, UNARY, &[("grpc-timeout", "100m")], 0);
    raw.write(&frame(DATA, END_STREAM, 1, &body(&Ask { size: 1 << 20, ..Default::default() })));
    raw.stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert_eq!(raw.next_of(RST_STREAM).payload, [0, 0, 0, 8]);
}

#[test]
fn a_dropped_response_stream_cancels_the_call_though_its_sink_lives() {
    let (client, server) = against(|_, mut raw| {
        let stream = raw.next_of(HEADERS).stream;
        raw.write(&frame(HEADERS, END_HEADERS, stream, &headers(GOOD_HEAD)));
        raw.stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        raw.next_of(RST_STREAM).payload
    });
    let (mut sink, responses) = client.chat(()).unwrap();
    sink.send(ask("x")).unwrap();
    drop(responses);
    assert_eq!(server.join().unwrap(), [0, 0, 0, 8]);
    assert_eq!(sink.send(ask("x")).unwrap_err().code(), Code::Cancelled);
}

#[test]
fn a_sink_that_is_dropped_after_the_answer_takes_nothing_of_it() {
    for ends in [0, END_STREAM] {
        let (client, server) = against(move |_, mut raw| {
            let stream = raw.next_of(HEADERS).stream;
            raw.write(&frame(HEADERS, END_HEADERS, stream, &headers(GOOD_HEAD)));
            raw.write(&frame(DATA, 0, stream, &prefixed(&[])));
            let trailers = headers(&[("grpc-status", "5")]);
            raw.write(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &trailers));
            if ends == 0 {
                raw.write(&frame(RST_STREAM, 0, stream, &[0; 4]));
            }
            raw.ping();
            raw
        });
        let (sink, mut responses) = client.chat(()).unwrap();
        let _raw = server.join().unwrap();
        responses.metadata().unwrap();
        drop(sink);
        assert!(responses.receive().unwrap().is_some(), "{ends}");
        assert_eq!(responses.receive().unwrap_err().code(), Code::NotFound, "{ends}");
    }
}

#[test]
fn a_hook_that_panics_at_the_start_of_every_thread_strands_no_call() {
    let started = Arc::new(AtomicUsize::new(0));
    let threads = {
        let started = Arc::clone(&started);
        Threads::new().name_prefix("tw-hook").on_start(move || {
            started.fetch_add(1, Ordering::SeqCst);
            std::panic::panic_any(Bomb)
        })
    };
    let behaviour = Arc::new(support::Behaviour::default());
    let server = Server::builder().workers(1).threads(threads).add_service(ProbeServer::new(behaviour));
    let server = server.bind("127.0.0.1:0").unwrap();
    let target = server.local_addresses()[0].to_string();
    let handle = server.spawn().unwrap();
    let client = ProbeClient::new(Channel::connect(&target).unwrap());
    for _ in 0..3 {
        let client = client.clone();
        let stream = client.download(Ask { count: 2, ..ask("x") }).unwrap();
        assert_eq!(soon(move || client.unary(ask("x"))).unwrap().message().text, "x");
        assert_eq!(soon(move || stream.map(Result::unwrap).count()), 2);
    }
    assert!(handle.shutdown(LONG).is_clean());
    // Who accepts, a connection, a call, a stream for each.
    assert!(started.load(Ordering::SeqCst) >= 6);
}

/// A connection for which there is no thread is refused in words, although nobody can see to its end.
#[test]
fn without_threads_calls_and_connections_are_refused() {
    let behaviour = Arc::new(support::Behaviour::default());
    // No system gives a stack of this size.
    let threads = Threads::new().stack_size(usize::MAX / 2);
    let server =
        Server::builder().threads(threads).add_service(ProbeServer::new(behaviour)).bind("127.0.0.1:0").unwrap();
    let target = server.local_addresses()[0];
    // It goes on as long as the test.
    thread::spawn(move || server.serve());
    for _ in 0..100 {
        let mut raw = Raw::connect(target);
        assert!(raw.next_of(GOAWAY).payload.ends_with(b"too many connections"));
        assert!(raw.rest().is_empty());
    }
}

/// What a panic may leave: its drop panics, too.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("as the test wants it");
    }
}

#[test]
fn a_panic_whose_payload_panics_ends_its_call_alone() {
    struct Bad;
    impl Probe for Bad {
        fn unary(&self, _: Request<Ask>) -> Result<Response<Answer>, Status> {
            std::panic::panic_any(Bomb)
        }

        fn download(&self, _: Request<Ask>, _: &mut threadwire::grpc::ResponseSink<Answer>) -> Result<(), Status> {
            std::panic::panic_any(Bomb)
        }
    }
    let server = Server::builder().workers(1).add_service(ProbeServer::new(Bad)).bind("127.0.0.1:0").unwrap();
    let target = server.local_addresses()[0].to_string();
    let _handle = server.spawn().unwrap();
    let client = ProbeClient::new(Channel::connect(&target).unwrap());
    for _ in 0..3 {
        let client = client.clone();
        soon(move || {
            assert_eq!(client.unary(ask("x")).unwrap_err().code(), Code::Internal);
            assert_eq!(client.download(ask("x")).unwrap().receive().unwrap_err().code(), Code::Internal);
        });
    }
}

#[test]
fn limits_of_nothing_and_of_everything() {
    let mut none = Limits::default();
    none.queued_calls = 0;
    none.queued_call_bytes = 0;
    none.outbox_bytes = 0;
    none.close_timeout = Duration::ZERO;
    none.connection_window_bytes = 0;
    none.rapid_resets = 0;
    let mut all = Limits::default();
    all.connections = usize::MAX;
    all.connections_per_peer = usize::MAX;
    all.handshake_timeout = Duration::MAX;
    all.connect_timeout = Duration::MAX;
    all.write_timeout = Duration::MAX;
    all.close_timeout = Duration::MAX;
    all.header_list_bytes = u32::MAX;
    all.concurrent_streams = u32::MAX;
    all.stream_window_bytes = u32::MAX;
    all.connection_window_bytes = u32::MAX;
    all.receive_message_bytes = usize::MAX;
    all.unfinished_message_bytes = usize::MAX;
    all.server_unfinished_message_bytes = usize::MAX;
    all.untaken_message_bytes = usize::MAX;
    all.streaming_calls = usize::MAX;
    all.streaming_calls_per_connection = usize::MAX;
    all.queued_calls = usize::MAX;
    all.queued_call_bytes = usize::MAX;
    all.outbox_bytes = usize::MAX;
    all.keepalive_interval = Some(Duration::MAX);
    all.keepalive_timeout = Duration::MAX;
    all.least_ping_interval = Duration::MAX;
    all.idle_timeout = Some(Duration::MAX);
    all.message_timeout = Duration::MAX;
    all.control_frames = usize::MAX;
    all.rapid_resets = usize::MAX;
    for limits in [none, Limits::small(), all] {
        let served = serve_within(limits.clone(), 0, "threadwire");
        let channel = Channel::builder(&served.address.to_string()).limits(limits).connect().unwrap();
        let client = ProbeClient::new(channel);
        let caller = client.clone();
        let large = Ask { payload: vec![1; 1_000], ..Default::default() };
        let reply = soon(move || caller.unary(large)).unwrap();
        assert_eq!(reply.message().payload.len(), 1_000);
        let stream = client.download(Ask { count: 3, ..ask("x") }).unwrap();
        assert_eq!(soon(move || stream.map(Result::unwrap).count()), 3);
        assert!(soon(move || served.handle.shutdown(Duration::MAX)).is_clean());
    }
}

/// h2 (and others) end a connection after so many empty DATA frames.
#[test]
fn no_empty_data_is_sent_within_a_body() {
    let (client, server) = against(|_, mut raw| {
        let stream = raw.next_of(HEADERS).stream;
        let mut empty = 0;
        loop {
            let got = raw.next_of(DATA);
            if got.flags & END_STREAM != 0 {
                raw.write(&frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]));
                return (empty, raw);
            }
            empty += usize::from(got.payload.is_empty());
            for stream in [0, stream] {
                let count = u32::try_from(got.payload.len()).unwrap();
                if count > 0 {
                    raw.write(&frame(WINDOW_UPDATE, 0, stream, &count.to_be_bytes()));
                }
            }
        }
    });
    client.unary(Ask { payload: vec![0; 3 << 20], ..Default::default() }).unwrap_err();
    assert_eq!(server.join().unwrap().0, 0);
}

/// An answer that the window does not take waits for it, and comes whole; too many of them are answered in words.
#[test]
fn answers_wait_for_window_within_bounds() {
    let mut limits = Limits::default();
    limits.untaken_message_bytes = 1_000_000;
    // One worker: when it runs the second call, it has answered the first.
    let served = serve_within(limits, 1, "threadwire");
    let mut raw = Raw::connect(served.address);
    // SETTINGS_INITIAL_WINDOW_SIZE 0
    raw.write(&[PREFACE, &frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0])].concat());
    let large = body(&Ask { size: 600_000, ..Default::default() });
    for stream in [1, 3] {
        raw.open(stream, UNARY, &[], 0);
        raw.write(&frame(DATA, END_STREAM, stream, &large));
        if stream == 1 {
            // Its head has come: it waits.
            let head = raw.next_of(HEADERS).payload;
            raw.decode(&head);
        }
    }
    assert_eq!(raw.outcome(3).status(), "8");
    for stream in [0, 1] {
        raw.write(&frame(WINDOW_UPDATE, 0, stream, &1_000_000u32.to_be_bytes()));
    }
    let outcome = raw.outcome(1);
    assert_eq!(Answer::decode(&outcome.data[5..]).unwrap().payload.len(), 600_000);
    // Its trailers are all the headers that were left.
    assert_eq!((outcome.ended, outcome.status()), (true, "0"));
    // Its share is free again.
    raw.open(5, UNARY, &[], 0);
    raw.write(&frame(DATA, END_STREAM, 5, &large));
    for stream in [0, 5] {
        raw.write(&frame(WINDOW_UPDATE, 0, stream, &1_000_000u32.to_be_bytes()));
    }
    assert_eq!(raw.outcome(5).status(), "0");
}

/// A client that takes nothing of an answer does not hold it for ever.
#[test]
fn an_answer_that_makes_no_progress_is_thrown_away() {
    let mut limits = Limits::default();
    limits.write_timeout = Duration::from_millis(200);
    let served = serve_within(limits, 1, "threadwire");
    let mut raw = Raw::connect(served.address);
    raw.write(&[PREFACE, &frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0])].concat());
    raw.open(1, UNARY, &[], 0);
    raw.write(&frame(DATA, END_STREAM, 1, &body(&Ask { size: 1 << 20, ..Default::default() })));
    assert_eq!(raw.outcome(1).reset, Some(8));
    assert_eq!(raw.call(3, UNARY, &[], &body(&Ask { code: 5, ..ask("") })).status(), "5");
}

/// Small frames that wait unread are no attack, however small the window.
#[test]
fn a_small_window_takes_many_small_messages() {
    let mut limits = Limits::default();
    limits.connection_window_bytes = 65_535;
    let served = serve_within(limits, 1, "threadwire");
    let mut raw = Raw::client(served.address);
    raw.open(1, "/probe.v1.Probe/Upload", &[], 0);
    let sent = body(&waits());
    raw.write(&frame(DATA, 0, 1, &sent));
    served.behaviour.until_waiting(1);
    for _ in 0..2_000 {
        raw.write(&frame(DATA, 0, 1, &body(&ask("x"))));
    }
    raw.write(&frame(DATA, END_STREAM, 1, &[]));
    raw.ping();
    served.behaviour.release();
    assert_eq!(raw.outcome(1).status(), "0");
}

#[test]
fn large_requests_without_end() {
    let served = serve();
    let client = served.client();
    for number in 0..150 {
        let large = Ask { payload: vec![0; 3 << 20], size: 1, ..Default::default() };
        client.unary(large).map(drop).map_err(|error| format!("{number}: {error}")).unwrap();
    }
}
