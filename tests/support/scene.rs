//! An attacker beside another client, who is served meanwhile, and what is left when the attacker has been let go.

#![allow(dead_code, reason = "each test uses a part of it")]

use crate::process::{comes_true, descriptors, processor_time, threads};
use crate::support::{Frame, GOAWAY, LONG, Raw, Served, ask, serve_within};
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use threadwire::Limits;

pub const PROTOCOL_ERROR: u32 = 1;
pub const CALM: u32 = 11;

/// Calls of another client, one after the other for as long as this lives.
pub struct Bystander {
    over: Arc<AtomicBool>,
    calling: thread::JoinHandle<(usize, Duration)>,
}

impl Bystander {
    /// One that has been served once.
    pub fn of(served: &Served) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (client, until) = (served.client(), Arc::clone(&over));
        client.unary(ask("x")).unwrap();
        let calling = thread::spawn(move || {
            let (mut calls, mut slowest) = (0, Duration::ZERO);
            while !until.load(Ordering::Relaxed) || calls < 20 {
                let begin = Instant::now();
                assert_eq!(client.unary(ask("x")).unwrap().message().text, "x");
                slowest = slowest.max(begin.elapsed());
                calls += 1;
            }
            (calls, slowest)
        });
        Self { over, calling }
    }

    pub fn was_served(self) {
        self.over.store(true, Ordering::Relaxed);
        let (calls, slowest) = self.calling.join().unwrap();
        assert!(slowest < Duration::from_secs(2), "one of {calls} calls took {slowest:?}");
    }
}

/// A server with a bystander, and an attacker that is connected to it.
pub struct Scene {
    pub served: Served,
    bystander: Bystander,
    pub raw: Raw,
    name: &'static str,
    /// Before the attacker came (of an earlier test some may still have been going).
    descriptors: usize,
}

/// How a connection was cut.
#[derive(Debug, PartialEq, Eq)]
pub struct Cut {
    pub code: u32,
    pub why: String,
}

pub fn cut(code: u32, why: &str) -> Cut {
    Cut { code, why: why.to_owned() }
}

/// GOAWAY among what came last.
pub fn goaway(frames: &[Frame]) -> Cut {
    let frame = frames.iter().rfind(|frame| frame.kind == GOAWAY).expect("no GOAWAY came");
    let [_, _, _, _, a, b, c, d, why @ ..] = &frame.payload[..] else { panic!("{frame:?}") };
    Cut { code: u32::from_be_bytes([*a, *b, *c, *d]), why: String::from_utf8(why.to_vec()).unwrap() }
}

impl Scene {
    /// What this server's threads are called begins with `name`, which is short, so that it can be seen whole.
    pub fn new(name: &'static str, limits: Limits) -> Self {
        let served = serve_within(limits, 4, name);
        let bystander = Bystander::of(&served);
        let descriptors = descriptors();
        let raw = Raw::client(served.address);
        Self { served, bystander, raw, name, descriptors }
    }

    /// What the thread is called that reads for the attacker: the second to connect.
    fn reader(&self) -> String {
        format!("{}-grpc-2", self.name)
    }

    /// The processor time of reading for the attacker.
    pub fn attacker_time(&self) -> Duration {
        processor_time(&self.reader())
    }

    /// Whether the attacker's connection is there.
    pub fn is_served(&self) -> bool {
        threads(&self.reader()) > 0
    }

    /// Sends `bytes` until the connection is cut, `most` times at most, and reads meanwhile; answers what came.
    pub fn floods(&mut self, most: usize, bytes: impl Fn(usize) -> Vec<u8> + Send + 'static) -> Vec<Frame> {
        let mut out = self.raw.stream.try_clone().unwrap();
        let writer = thread::spawn(move || send_until_cut(&mut out, most, bytes));
        let frames = self.raw.until_cut();
        assert!(writer.join().unwrap() < most, "all of it was taken");
        frames
    }

    /// Nothing is left of the attacker, and the others have noticed nothing.
    pub fn ends(self) {
        let Self { served, bystander, raw, name, descriptors: before } = self;
        drop(raw);
        assert!(comes_true(|| descriptors() <= before), "{} descriptors, {before} before", descriptors());
        assert!(comes_true(|| threads(&format!("{name}-grpc-2")) == 0), "its reader is there");
        bystander.was_served();
        let report = served.handle.shutdown(LONG);
        assert!(report.is_clean(), "{report}");
        // A thread that was joined is still to be seen for a moment.
        assert!(comes_true(|| threads(name) == 0), "{} threads", threads(name));
    }
}

fn send_until_cut(out: &mut TcpStream, most: usize, bytes: impl Fn(usize) -> Vec<u8>) -> usize {
    (0..most).take_while(|round| out.write_all(&bytes(*round)).is_ok()).count()
}
