//! What the attendant owes to connections whose reader is in user code, and when there is no thread for it.

use super::{End, LONG, Lines, Shared, pair};
use crate::Threads;
use crate::link::{Attendant, Duty, Io, Link, Parts, lock};
use crate::net::Socket;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// A connection of this attendant, and its peer.
fn attended_by(attendant: &Arc<Attendant>) -> (Arc<Link<Lines>>, UnixStream) {
    let (ours, theirs) = pair();
    let lines = Arc::new(Mutex::new(Shared::default()));
    let make = |parts: &Parts| Lines { parts: parts.clone(), shared: lines, partial: Vec::new() };
    let io = Io::new(Box::new(Socket::new(ours)), 64 * 1024, LONG);
    (Link::new(io, attendant, LONG, make).unwrap(), theirs)
}

/// Notes at each look whether the connection is closed, and loses it at the first.
struct Looks {
    link: Arc<Link<Lines>>,
    looks: Mutex<Vec<bool>>,
    done: AtomicBool,
}

impl Duty for Looks {
    fn attend(&self) -> Option<Instant> {
        self.looks.lock().unwrap().push(self.link.is_closed());
        if !self.done.swap(true, Ordering::SeqCst) {
            // As an answer that the duty sends to a peer that is gone, or another thread that drives just then.
            lock(&self.link.parts().io).fail(&ErrorKind::ConnectionReset.into());
            self.link.kick();
        }
        None
    }
}

#[test]
fn the_duty_is_done_once_more_after_the_close() {
    let (ours, _theirs) = pair();
    let end = End::over(Socket::new(ours));
    let looks = Arc::new(Looks { link: Arc::clone(&end.link), looks: Mutex::default(), done: AtomicBool::new(false) });
    let parker = end.link.parker();
    let weak: Weak<dyn Duty> = Arc::downgrade(&(Arc::clone(&looks) as Arc<dyn Duty>));
    let mut turns = 0;
    end.link.read_until_closed(&parker, weak, || {
        turns += 1;
        if turns == 2 {
            end.link.lend(&parker);
            let begin = Instant::now();
            while !looks.looks.lock().unwrap().contains(&true) {
                assert!(begin.elapsed() < LONG, "no look after the close while the reader was in user code");
                thread::yield_now();
            }
            end.link.reclaim(&parker);
        }
        // So that there is a second turn.
        Some(Instant::now() + Duration::from_millis(5))
    });
}

#[test]
fn a_thread_that_is_refused_once_is_tried_again() {
    // No system gives a stack of this size.
    let attendant = Attendant::new(&Threads::new().stack_size(usize::MAX / 2)).unwrap();
    let (link, _theirs) = attended_by(&attendant);
    assert!(!link.entrust());
    assert!(!link.entrust(), "it says that a thread attends to it, and there is none");
}

struct Panics(Arc<AtomicBool>);

impl Duty for Panics {
    fn attend(&self) -> Option<Instant> {
        self.0.store(true, Ordering::SeqCst);
        panic!("as the test wants it");
    }
}

#[test]
fn a_duty_that_panics_ends_its_own_connection_alone() {
    let attendant = Attendant::that_stays(&Threads::new()).unwrap();
    let ((first, _theirs), (second, mut theirs)) = (attended_by(&attendant), attended_by(&attendant));
    theirs.set_read_timeout(Some(LONG)).unwrap();
    let mut echoes = |line: &[u8; 7]| {
        theirs.write_all(line).unwrap();
        let mut came = [0; 7];
        theirs.read_exact(&mut came).expect("the other connection is attended no more");
        assert_eq!(&came, line);
    };
    assert!(second.entrust());
    echoes(b"echo 1\n");
    let panicked = Arc::new(AtomicBool::new(false));
    let duty: Arc<dyn Duty> = Arc::new(Panics(Arc::clone(&panicked)));
    let parker = first.parker();
    let mut turns = 0;
    first.read_until_closed(&parker, Arc::downgrade(&duty), || {
        turns += 1;
        if turns == 2 {
            first.lend(&parker);
            let begin = Instant::now();
            while !first.is_closed() {
                assert!(begin.elapsed() < LONG, "it is not closed");
                thread::yield_now();
            }
            first.reclaim(&parker);
        }
        Some(Instant::now() + Duration::from_millis(5))
    });
    assert!(panicked.load(Ordering::SeqCst));
    echoes(b"echo 2\n");
    attendant.release();
}
