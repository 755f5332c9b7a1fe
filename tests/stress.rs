//! Everything at once, for a while: fast, sleeping, cancelled and streaming calls of many threads on few connections,
//! some with windows of two bytes, and WebSocket senders and receivers beside them. No call may outlive its deadline by
//! a second, no message may be lost, and afterwards no thread and no descriptor is left.
//!
//! It takes 3 seconds; `THREADWIRE_STRESS_SECONDS` says otherwise (CONTRIBUTING.md).

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

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use support::LONG;
use support::proto::{Answer, Ask, Probe, ProbeClient, ProbeServer};
use threadwire::grpc::{
    Channel, Code, Dispatch, Driver, Request, RequestStream, Response, ResponseSink, Server, ServerHandle, Status,
};
use threadwire::{Limits, websocket};

/// Threads that call on each connection.
const CALLERS: usize = 8;
/// The deadline of a call that has no reason to last.
const WITHIN: Duration = Duration::from_secs(5);
/// How much later than its deadline a call may end.
const SLACK: Duration = Duration::from_secs(1);
/// WebSocket connections, each with a sender and a receiver.
const SOCKETS: usize = 4;

struct Stress;

impl Probe for Stress {
    /// Sleeps for `count` milliseconds; or until the call is cancelled.
    fn unary(&self, request: Request<Ask>) -> Result<Response<Answer>, Status> {
        let cancellation = request.cancellation().clone();
        let ask = request.into_message();
        if ask.wait {
            cancellation.wait_timeout(LONG).expect("its deadline, or its client");
        }
        if ask.count > 0 {
            thread::sleep(Duration::from_millis(ask.count.into()));
        }
        Ok(Answer { text: ask.text, payload: vec![7; ask.size as usize], ..Default::default() }.into())
    }

    fn download(&self, request: Request<Ask>, responses: &mut ResponseSink<Answer>) -> Result<(), Status> {
        let ask = request.message();
        for _ in 0..ask.count {
            let payload = vec![7; ask.size as usize];
            responses.send(Answer { payload, ..Default::default() })?;
        }
        Ok(())
    }

    fn upload(&self, request: Request<RequestStream<Ask>>) -> Result<Response<Answer>, Status> {
        let mut bytes = 0;
        for ask in request.into_message() {
            bytes += ask?.payload.len();
        }
        Ok(Answer { text: bytes.to_string(), ..Default::default() }.into())
    }

    fn chat(&self, request: Request<RequestStream<Ask>>, responses: &mut ResponseSink<Answer>) -> Result<(), Status> {
        for ask in request.into_message() {
            responses.send(Answer { text: ask?.text, ..Default::default() })?;
        }
        Ok(())
    }
}

/// Each caller's call: until when it must be over, and what it is.
struct Watch {
    slots: Vec<Mutex<Option<(Instant, &'static str)>>>,
    over: AtomicBool,
    calls: AtomicU64,
}

impl Watch {
    /// Makes a call within `timeout`, watched.
    fn call<T>(&self, caller: usize, what: &'static str, timeout: Duration, make: impl FnOnce() -> T) -> T {
        *self.slots[caller].lock().unwrap() = Some((Instant::now() + timeout, what));
        let made = make();
        *self.slots[caller].lock().unwrap() = None;
        self.calls.fetch_add(1, Ordering::Relaxed);
        made
    }

    /// Looks after all calls until the end. A call that hangs ends the process: no thread can be ended from outside.
    fn run(&self) {
        while !self.over.load(Ordering::Acquire) {
            for slot in &self.slots {
                let call = *slot.lock().unwrap();
                if let Some((until, what)) = call
                    && Instant::now() > until + SLACK
                {
                    eprintln!("a call ({what}) is {:?} late", until.elapsed());
                    std::process::abort();
                }
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn dice(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |sides| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % sides
    }
}

/// The code of a call that may be late.
fn is_ok_or_late<T: std::fmt::Debug>(outcome: Result<T, Status>) -> bool {
    match outcome {
        Ok(_) => true,
        Err(status) => {
            assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
            false
        }
    }
}

fn one_call(client: &ProbeClient, watch: &Watch, caller: usize, dice: &mut impl FnMut(u64) -> u64) {
    let within = |ask: Ask, timeout: Duration| Request::new(ask).with_timeout(timeout);
    let text = dice(1 << 40).to_string();
    match dice(20) {
        0..12 => {
            let ask = Ask { text: text.clone(), size: u32::try_from(dice(200)).unwrap(), ..Default::default() };
            let size = ask.size as usize;
            let answer = watch.call(caller, "fast", WITHIN, || client.unary(within(ask, WITHIN)).unwrap());
            assert_eq!((&*answer.message().text, answer.message().payload.len()), (&*text, size));
        }
        12 => {
            let ask = Ask { count: u32::try_from(dice(30)).unwrap(), ..Default::default() };
            let timeout = Duration::from_millis(dice(40) + 1);
            watch.call(caller, "sleeping", timeout, || is_ok_or_late(client.unary(within(ask, timeout))));
        }
        13 => {
            let timeout = Duration::from_millis(dice(10) + 1);
            let ask = Ask { wait: true, ..Default::default() };
            watch.call(caller, "without an answer", timeout, || {
                assert!(!is_ok_or_late(client.unary(within(ask, timeout))));
            });
        }
        14 => {
            let ask = Ask { count: 1_000, size: 1_000, ..Default::default() };
            let taken = dice(20);
            watch.call(caller, "given up download", WITHIN, || {
                let mut answers = client.download(within(ask, WITHIN)).unwrap();
                for _ in 0..taken {
                    assert_eq!(answers.receive().unwrap().unwrap().payload.len(), 1_000);
                }
            });
        }
        15 => {
            let ask = Ask { count: 20, size: 300, ..Default::default() };
            let all = watch.call(caller, "download", WITHIN, || client.download(within(ask, WITHIN)).unwrap().count());
            assert_eq!(all, 20);
        }
        16 | 17 => watch.call(caller, "upload", WITHIN, || {
            let (mut sink, answer) = client.upload(Request::new(()).with_timeout(WITHIN)).unwrap();
            for _ in 0..5 {
                sink.send(Ask { payload: vec![1; 100], ..Default::default() }).unwrap();
            }
            sink.finish().unwrap();
            assert_eq!(answer.receive().unwrap().message().text, "500");
        }),
        _ => watch.call(caller, "chat", WITHIN, || {
            let (mut sink, mut answers) = client.chat(Request::new(()).with_timeout(WITHIN)).unwrap();
            for _ in 0..5 {
                sink.send(Ask { text: text.clone(), ..Default::default() }).unwrap();
                assert_eq!(answers.receive().unwrap().unwrap().text, text);
            }
            // Half of them end in order, the others are dropped.
            if dice(2) == 0 {
                sink.finish().unwrap();
                assert!(answers.receive().unwrap().is_none());
            }
        }),
    }
}

/// Windows of two bytes: messages pass in crumbs.
fn crumbs() -> Limits {
    let mut limits = Limits::default();
    limits.stream_window_bytes = 2;
    limits
}

fn serve(limits: Limits, dispatch: Dispatch) -> (ServerHandle, String) {
    let server = Server::builder()
        .dispatch(dispatch)
        .limits(limits)
        .add_service(ProbeServer::new(Stress))
        .bind("127.0.0.1:0")
        .unwrap();
    let target = server.local_addresses()[0].to_string();
    (server.spawn().unwrap(), target)
}

/// A sender and a receiver on one connection to a server that echoes.
fn converse(url: &str, watch: &Watch, slot: usize) {
    let (mut receiver, sender) = websocket::connect(url).unwrap().split();
    let sent = AtomicU64::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut dice = dice(slot as u64);
            while !watch.over.load(Ordering::Acquire) {
                let number = sent.load(Ordering::Relaxed);
                let text = format!("{number} {}", "x".repeat(usize::try_from(dice(2_000)).unwrap()));
                watch.call(slot, "WebSocket send", WITHIN, || sender.send_timeout(text, WITHIN).unwrap());
                sent.store(number + 1, Ordering::Relaxed);
                if dice(50) == 0 {
                    watch.call(slot, "WebSocket ping", WITHIN, || sender.ping(WITHIN).unwrap());
                }
            }
            sender.send_timeout("last", WITHIN).unwrap();
        });
        let mut received = 0;
        loop {
            let message =
                watch.call(slot + 1, "WebSocket receive", WITHIN, || receiver.receive_timeout(WITHIN).unwrap());
            let message = message.unwrap();
            let text = message.to_text().unwrap();
            if text == "last" {
                break;
            }
            assert_eq!(text.split_once(' ').unwrap().0, received.to_string());
            received += 1;
        }
        assert_eq!(received, sent.load(Ordering::Relaxed));
    });
}

/// Threads and descriptors of this process.
fn held() -> (usize, usize) {
    let count = |path| fs::read_dir(path).unwrap().count();
    (count("/proc/self/task"), count("/proc/self/fd"))
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "counts in /proc")]
fn everything_at_once() {
    let seconds = std::env::var("THREADWIRE_STRESS_SECONDS").map_or(3, |text| text.parse().unwrap());
    let before = held();
    let (plain, plain_target) = serve(Limits::default(), Dispatch::Adaptive);
    let (small, small_target) = serve(crumbs(), Dispatch::Inline);
    let sockets = websocket::Server::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", sockets.local_addresses()[0]);
    let sockets = sockets
        .spawn(|mut socket: websocket::Connection| {
            while let Some(message) = socket.receive()? {
                socket.send(message)?;
            }
            Ok(())
        })
        .unwrap();
    let channels = [
        Channel::connect(&plain_target).unwrap(),
        Channel::builder(&plain_target).driver(Driver::Background).connect().unwrap(),
        Channel::builder(&plain_target).limits(crumbs()).connect().unwrap(),
        Channel::connect(&small_target).unwrap(),
    ];
    let callers = channels.len() * CALLERS;
    let watch = Arc::new(Watch {
        slots: (0..callers + 2 * SOCKETS).map(|_| Mutex::new(None)).collect(),
        over: AtomicBool::new(false),
        calls: AtomicU64::new(0),
    });
    thread::scope(|scope| {
        scope.spawn(|| watch.run());
        for caller in 0..callers {
            let (client, watch) = (ProbeClient::new(channels[caller / CALLERS].clone()), &watch);
            scope.spawn(move || {
                let mut dice = dice(caller as u64 + 100);
                while !watch.over.load(Ordering::Acquire) {
                    one_call(&client, watch, caller, &mut dice);
                }
            });
        }
        for socket in 0..SOCKETS {
            let (url, watch) = (&url, &watch);
            scope.spawn(move || converse(url, watch, callers + 2 * socket));
        }
        thread::sleep(Duration::from_secs(seconds));
        watch.over.store(true, Ordering::Release);
    });
    println!("{} calls and messages in {seconds} s", watch.calls.load(Ordering::Relaxed));
    drop(channels);
    for report in [plain.shutdown(LONG), small.shutdown(LONG)] {
        assert!(report.is_clean(), "{report}");
    }
    assert!(sockets.shutdown(LONG).is_clean());
    let begin = Instant::now();
    while held() != before {
        assert!(begin.elapsed() < LONG, "before {before:?}, left {:?}", held());
        thread::sleep(Duration::from_millis(10));
    }
}
