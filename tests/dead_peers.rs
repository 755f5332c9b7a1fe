//! Peers that are gone without a word are noticed by TCP (grpc.md, *Features*): both ends of every connection have
//! keepalive, and what nobody acknowledges ends a connection.
//!
//! A host that vanishes cannot be played without root. What can be seen is that the system's keepalive timer runs on
//! both ends, as Linux shows it, and that TCP_USER_TIMEOUT cuts a connection whose peer takes nothing.

#![cfg(target_os = "linux")]
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

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};
use support::proto::{Ask, ProbeClient};
use support::{LONG, Raw, SETTINGS, WINDOW_UPDATE, ask, frame, serve, serve_within};
use threadwire::Limits;
use threadwire::grpc::{Channel, Code, Request};

/// The ends of established connections to `port` here, client's and server's, and in how many hundredths of a second
/// the system asks their peers, if it does.
fn keepalive(port: u16) -> Vec<Option<u64>> {
    let ends_with = |address: &str| u16::from_str_radix(address.rsplit(':').next().unwrap(), 16).unwrap() == port;
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let rows = table.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
    let established = rows.filter(|row| row[3] == "01" && (ends_with(row[1]) || ends_with(row[2])));
    established
        .map(|row| {
            let (timer, when) = row[5].split_once(':').unwrap();
            (timer == "02").then(|| u64::from_str_radix(when, 16).unwrap())
        })
        .collect()
}

/// What the timers are once nothing is unacknowledged.
fn settled(port: u16, expected: impl Fn(&[Option<u64>]) -> bool) -> Vec<Option<u64>> {
    let end = Instant::now() + LONG;
    loop {
        let found = keepalive(port);
        if expected(&found) || Instant::now() > end {
            return found;
        }
        thread::yield_now();
    }
}

#[test]
fn both_ends_of_a_connection_are_asked_for_life_within_20_s() {
    let served = serve();
    let client = served.client();
    client.unary(ask("x")).unwrap();
    let right = |timers: &[Option<u64>]| {
        timers.len() == 2 && timers.iter().all(|timer| timer.is_some_and(|hundredths| hundredths <= 2_000))
    };
    let timers = settled(served.address.port(), right);
    assert!(right(&timers), "{timers:?}");
}

#[test]
fn it_can_be_left_to_the_system() {
    let mut limits = Limits::default();
    limits.dead_peer_timeout = None;
    let served = serve_within(limits.clone(), 1, "dead");
    let channel = Channel::builder(&served.address.to_string()).limits(limits).connect().unwrap();
    ProbeClient::new(channel.clone()).unary(ask("x")).unwrap();
    let right = |timers: &[Option<u64>]| timers == [None, None];
    let timers = settled(served.address.port(), right);
    assert!(right(&timers), "{timers:?}");
}

#[test]
fn what_nobody_acknowledges_ends_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut limits = Limits::default();
    limits.dead_peer_timeout = Some(Duration::from_millis(300));
    limits.write_timeout = LONG * 10;
    let target = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let mut raw = Raw::accept(&listener);
        // All windows of HTTP/2 are open, and nothing is read.
        let most = [0x7f, 0xff, 0, 0];
        raw.write(&frame(SETTINGS, 0, 0, &[&[0, 4][..], &most].concat()));
        raw.write(&frame(WINDOW_UPDATE, 0, 0, &most));
        raw
    });
    let channel = Channel::builder(&target).limits(limits).connect().unwrap();
    let raw = server.join().unwrap();
    let (mut requests, response) = ProbeClient::new(channel).upload(Request::new(())).unwrap();
    let large = Ask { payload: vec![0; 1 << 20], ..Default::default() };
    let begin = Instant::now();
    let failed = (0..1_000).find_map(|_| requests.send(large.clone()).err()).expect("all of it was taken");
    assert_eq!(failed.code(), Code::Unavailable, "{failed}");
    assert_eq!(response.receive().unwrap_err().code(), Code::Unavailable);
    assert!(begin.elapsed() < LONG);
    drop(raw);
}
