//! Thousands of calls of all four kinds, by a script of chance that is the same each time: some end well, others by
//! their handler's failure or panic, by deadlines, cancelled from another thread, dropped half-way, by a peer that
//! resets them or goes away within a message, by a connection that is cut. Each must end, in a way that is allowed;
//! and nothing is left of them: no thread, no descriptor, no allocated block.
//!
//! `THREADWIRE_SOAK_CALLS` says how many calls (CONTRIBUTING.md).

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

mod calls;
mod dice;
mod held;
mod peers;
#[path = "../support/process.rs"]
mod process;
mod service;
#[path = "../support/grpc.rs"]
mod support;
mod watch;

use calls::{Outcome, Plan, WITHIN};
use dice::Dice;
use held::Held;
use peers::Relay;
use process::comes_true;
use service::{Soaked, WANTED};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::panic;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use support::proto::{ProbeClient, ProbeServer};
use support::{LONG, ask};
use threadwire::Limits;
use threadwire::grpc::{Backoff, Canceller, Channel, Code, Driver, Request, Server, ServerHandle};
use watch::Watch;

/// In `cargo test`.
const CALLS: usize = 3_000;
/// Threads that call on each channel.
const CALLERS: usize = 2;
/// Threads that play peers.
const PEERS: usize = 2;

/// Of the server, for unary calls. They come when they are needed, and go after a while.
const WORKERS: usize = 8;
/// Streams of a connection.
const STREAMS: u32 = 16;

/// How often calls came to what.
#[derive(Debug, Default)]
struct Account(Mutex<BTreeMap<String, usize>>);

impl Account {
    fn note(&self, what: &str, count: usize) {
        *self.0.lock().unwrap().entry(what.to_owned()).or_default() += count;
    }

    fn of(&self, what: &str) -> usize {
        self.0.lock().unwrap().get(what).copied().unwrap_or_default()
    }

    fn all(&self) -> usize {
        self.0.lock().unwrap().values().sum()
    }
}

/// A server, channels to it of several sorts, and a relay that one of them goes through.
struct Stage {
    service: Arc<Soaked>,
    server: ServerHandle,
    address: SocketAddr,
    relay: Relay,
    channels: Vec<Channel>,
    account: Account,
}

impl Stage {
    fn new() -> Self {
        let service = Arc::new(Soaked::default());
        let server =
            Server::builder().workers(WORKERS).limits(few()).add_service(ProbeServer::new(Arc::clone(&service)));
        let server = server.bind("127.0.0.1:0").unwrap();
        let address = server.local_addresses()[0];
        let server = server.spawn().unwrap();
        let relay = Relay::new(address);
        let mut narrow = few();
        narrow.stream_window_bytes = 4_000;
        let mut soon = Backoff::default();
        (soon.initial, soon.most) = (Duration::from_millis(1), Duration::from_millis(1));
        let to = |address: SocketAddr| Channel::builder(&address.to_string()).limits(few());
        let channels = [
            to(address),
            to(address).driver(Driver::Background),
            to(address).limits(narrow),
            // The last one's connections are cut.
            to(relay.address).backoff(soon),
        ];
        let channels = channels.into_iter().map(|channel| channel.connect_lazy().unwrap()).collect();
        Self { service, server, address, relay, channels, account: Account::default() }
    }

    /// Makes that many calls, and waits until all is at rest.
    fn play(&self, calls: usize, seed: u64) {
        let watch = Watch::new(self.channels.len() * CALLERS + PEERS);
        let share = calls.div_ceil(self.channels.len() * CALLERS + PEERS);
        thread::scope(|scope| {
            scope.spawn(|| watch.run());
            let _over = watch.until_dropped();
            thread::scope(|scope| {
                for (number, slot) in watch.slots().enumerate() {
                    let dice = Dice::new(seed * 100 + number as u64);
                    match self.channels.get(number / CALLERS) {
                        Some(channel) => {
                            let cut = number / CALLERS + 1 == self.channels.len();
                            scope.spawn(move || self.call(channel, share, cut, slot, dice));
                        }
                        None => {
                            scope.spawn(move || self.visit(share, slot, dice));
                        }
                    }
                }
            });
        });
        self.rest();
    }

    fn call(&self, channel: &Channel, calls: usize, cut: bool, slot: &watch::Slot, mut dice: Dice) {
        let client = ProbeClient::new(channel.clone());
        let (cancelling, to_be_cancelled) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(move || cancel(&to_be_cancelled));
            for _ in 0..calls {
                let plan = Plan::draw(&mut dice, cut);
                match slot.watched(plan.timeout(), || plan.make(&client, &cancelling)) {
                    Outcome::Ended(code) => self.account.note(code.name(), 1),
                    Outcome::Dropped => self.account.note("dropped", 1),
                }
            }
            drop(cancelling);
        });
    }

    fn visit(&self, calls: usize, slot: &watch::Slot, mut dice: Dice) {
        for _ in 0..calls.div_ceil(peers::CALLS) {
            slot.watched(WITHIN, || peers::visit(self.address, &mut dice));
            self.account.note("of a peer", peers::CALLS);
        }
    }

    /// No handler is left, and no connection but those of the channels, each of which is there.
    fn rest(&self) {
        assert!(comes_true(|| self.service.running() == 0), "{} handlers are left", self.service.running());
        for channel in &self.channels {
            let client = ProbeClient::new(channel.clone());
            let call = || client.unary(Request::new(ask("x")).with_timeout(LONG));
            assert!(comes_true(|| call().is_ok()), "it is not served any more: {:?}", call());
        }
        let count = self.channels.len();
        assert!(comes_true(|| self.server.connections() == count), "{} connections", self.server.connections());
    }

    fn end(self) -> Account {
        drop(self.channels);
        let report = self.server.shutdown(LONG);
        assert!(report.is_clean(), "{report}");
        self.relay.end();
        assert_eq!((self.service.running(), self.service.forgotten()), (0, 0));
        assert!(self.service.begun() > self.account.of(Code::Ok.name()));
        self.account
    }
}

/// Few streams: of as many that were reset an end of a connection keeps what it knows, for 30 s.
fn few() -> Limits {
    let mut limits = Limits::default();
    limits.concurrent_streams = STREAMS;
    limits
}

/// Cancels what is to be cancelled, one after the other.
fn cancel(calls: &Receiver<(Duration, Canceller)>) {
    for (delay, canceller) in calls {
        thread::sleep(delay);
        canceller.cancel();
    }
}

/// What handlers do because they are told to is nothing that a reader should see.
fn keep_wanted_panics_quiet() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if panic.payload().downcast_ref() != Some(&WANTED) {
            usual(panic);
        }
    }));
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "counts in /proc")]
fn nothing_is_left_of_calls_however_they_end() {
    let calls = std::env::var("THREADWIRE_SOAK_CALLS").map_or(CALLS, |text| text.parse().unwrap());
    keep_wanted_panics_quiet();
    // What is made once in a process is there afterwards.
    let first = Stage::new();
    first.play(CALLS / 8, 0);
    first.end();
    let before = Held::at_rest();
    let stage = Stage::new();
    // Connections learn the fields of heads, and keep something of streams that were reset.
    stage.play(CALLS / 2, 5);
    let quarters: Vec<_> = (1..=4)
        .map(|quarter| {
            stage.play(calls / 4, quarter);
            Held::at_rest()
        })
        .collect();
    let account = stage.end();
    println!("{account:?}\nbefore {before}");
    quarters.iter().for_each(|quarter| println!("quarter {quarter}"));
    println!("after {}", Held::falls_to(&before));
    quarters[3].is_as_much_as(&quarters[0], WORKERS);
    assert!(account.all() >= calls, "{} calls", account.all());
    for end in ["OK", "CANCELLED", "DEADLINE_EXCEEDED", "FAILED_PRECONDITION", "INTERNAL", "UNAVAILABLE", "dropped"] {
        assert!(account.of(end) > 0, "no call came to {end}: {account:?}");
    }
}
