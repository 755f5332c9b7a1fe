//! Connections that once stood still, or never stood still: each test is a defect that was found.

use super::super::{Attendant, Engine, Filled, Io, Link, Parts, Step, Unready, lock};
use super::{LONG, pair};
use crate::Threads;
use crate::net::{Direction, Interest, Observer, Socket, Transport};
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Sends `left` bytes, throws away what comes, and counts its steps.
struct Blast {
    parts: Parts,
    left: usize,
    steps: Arc<AtomicUsize>,
}

impl Blast {
    fn over(transport: impl Transport + 'static, bound: usize, left: usize) -> (Arc<Link<Self>>, Arc<AtomicUsize>) {
        Self::within(Io::new(Box::new(transport), bound, LONG), left)
    }

    fn within(io: Io, left: usize) -> (Arc<Link<Self>>, Arc<AtomicUsize>) {
        let attendant = Attendant::new(&Threads::new()).unwrap();
        let steps = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&steps);
        let make = |parts: &Parts| Self { parts: parts.clone(), left, steps: counted };
        (Link::new(io, &attendant, Duration::from_secs(5), make).unwrap(), steps)
    }
}

impl Engine for Blast {
    fn step(&mut self, now: Instant) -> Step {
        self.steps.fetch_add(1, Ordering::Relaxed);
        let mut io = lock(&self.parts.io);
        loop {
            match io.fill() {
                Ok(Filled::Some) => {}
                Ok(Filled::Nothing) => break,
                Ok(Filled::End) | Err(_) => return Step::Finished,
            }
            let count = io.input().len();
            io.consume(count);
        }
        while self.left > 0 {
            let count = self.left.min(1024);
            if io.gather(&[b'x'; 1024][..count], || now).is_err() {
                break;
            }
            self.left -= count;
        }
        Step::Open
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn closed(&mut self) {}
}

/// A socket pair whose writes and flushes find no room a number of times.
#[derive(Debug)]
struct Tight {
    socket: Socket<UnixStream>,
    refused_writes: usize,
    refused_flushes: usize,
}

fn refuse(count: &mut usize) -> io::Result<()> {
    match count.checked_sub(1) {
        None => Ok(()),
        Some(left) => {
            *count = left;
            Err(ErrorKind::WouldBlock.into())
        }
    }
}

impl Transport for Tight {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.read(buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        refuse(&mut self.refused_writes)?;
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        refuse(&mut self.refused_flushes)
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        self.socket.shutdown_write()
    }

    fn interest(&self) -> Interest {
        Interest { readable: false, writable: self.refused_flushes > 0 }
    }

    fn descriptor(&self) -> Arc<dyn AsFd + Send + Sync> {
        self.socket.descriptor()
    }
}

fn read_all(mut from: &UnixStream, count: usize) {
    from.set_read_timeout(Some(LONG)).unwrap();
    from.read_exact(&mut vec![0; count]).unwrap();
}

/// The engine found no room, and the send of the same step then emptied the outbox: nothing is left to wait for.
#[test]
fn room_that_comes_within_a_step_is_used() {
    let (ours, theirs) = pair();
    let tight = Tight { socket: Socket::new(ours), refused_writes: 1, refused_flushes: 0 };
    let (link, _) = Blast::over(tight, 4096, 20_000);
    link.kick();
    read_all(&theirs, 20_000);
}

/// A layer below took all but could not flush once: no deadline may stay behind.
#[test]
fn a_flush_that_was_late_leaves_no_deadline() {
    let (ours, _theirs) = pair();
    let tight = Tight { socket: Socket::new(ours), refused_writes: 0, refused_flushes: 1 };
    let io = Io::new(Box::new(tight), 4096, Duration::from_millis(20));
    let (link, steps) = Blast::within(io, 10);
    assert!(!link.drive_to_close(Some(Instant::now() + Duration::from_millis(200))));
    let steps = steps.load(Ordering::Relaxed);
    assert!(steps < 50, "{steps} steps in an idle connection");
}

#[test]
fn times_that_no_clock_can_show_are_never() {
    let (ours, theirs) = pair();
    let io = Io::new(Box::new(Socket::new(ours)), 1 << 20, Duration::MAX);
    // More than the socket takes, so that the output stalls.
    let (link, _) = Blast::within(io, 1 << 21);
    link.kick();
    drop(theirs);
    assert!(link.drive_to_close(Some(Instant::now() + LONG)));
}

#[test]
fn a_panic_beside_the_engine_closes_the_connection_alone() {
    struct Panics;
    impl Observer for Panics {
        fn bytes(&self, _: u64, _: Direction, _: Instant, _: &[u8]) {
            panic!("as the test wants it");
        }
    }
    let (ours, mut theirs) = pair();
    let io = Io::new(Box::new(Socket::new(ours)), 1024, LONG).observed_by(Some(Arc::new(Panics)), 1);
    let (link, _) = Blast::within(io, 10);
    assert!(link.drive_to_close(Some(Instant::now() + LONG)));
    assert_eq!(theirs.read(&mut [0; 10]).unwrap(), 0);
    assert_eq!(link.wait_until(&link.parker(), None, || None::<()>), Err(Unready::Closed));
}
