//! The Link with an engine that echoes lines: over a socket pair, and over a layer that behaves as badly as TLS may.

#![cfg(not(threadwire_model))]

mod attended;
mod stalls;

use super::{Attendant, Engine, Filled, Io, Link, Parker, Parts, Step, Unready, lock};
use crate::Threads;
use crate::net::{Direction, Interest, Observer, Socket, Transport};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, mpsc};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

/// Lines that came, lines to send, and who waits for the former.
#[derive(Default)]
struct Shared {
    came: VecDeque<String>,
    to_send: VecDeque<String>,
    waiting: Option<Waker>,
    finish: bool,
    closed: bool,
}

/// An engine whose messages are lines; "echo …" is answered at once, all others are handed out.
struct Lines {
    parts: Parts,
    shared: Arc<Mutex<Shared>>,
    partial: Vec<u8>,
}

impl Engine for Lines {
    fn step(&mut self, now: Instant) -> Step {
        let mut io = lock(&self.parts.io);
        let mut shared = self.shared.lock().unwrap();
        while let Some(line) = shared.to_send.pop_front() {
            if io.gather(line.as_bytes(), || now).is_err() {
                shared.to_send.push_front(line);
                break;
            }
        }
        while !io.is_full() {
            match io.fill() {
                Ok(Filled::Some) => {
                    let bytes = io.input().to_vec();
                    io.consume(bytes.len());
                    for byte in bytes {
                        self.partial.push(byte);
                        if byte == b'\n' {
                            let line = String::from_utf8(std::mem::take(&mut self.partial)).unwrap();
                            if line.starts_with("echo") {
                                io.gather(line.as_bytes(), || now).unwrap();
                            } else {
                                shared.came.push_back(line);
                                if let Some(waker) = shared.waiting.take() {
                                    waker.wake();
                                }
                            }
                        }
                    }
                }
                Ok(Filled::Nothing) => break,
                Ok(Filled::End) | Err(_) => return Step::Finished,
            }
        }
        if shared.finish && shared.to_send.is_empty() { Step::Finished } else { Step::Open }
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn closed(&mut self) {
        let mut shared = self.shared.lock().unwrap();
        shared.closed = true;
        if let Some(waker) = shared.waiting.take() {
            waker.wake();
        }
    }
}

struct End {
    link: Arc<Link<Lines>>,
    shared: Arc<Mutex<Shared>>,
}

impl End {
    fn over(transport: impl Transport + 'static) -> Self {
        Self::with(Io::new(Box::new(transport), 64 * 1024, Duration::from_secs(5)))
    }

    fn with(io: Io) -> Self {
        let attendant = Attendant::new(&Threads::new()).unwrap();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let lines = Arc::clone(&shared);
        let make = |parts: &Parts| Lines { parts: parts.clone(), shared: lines, partial: Vec::new() };
        Self { link: Link::new(io, &attendant, Duration::from_secs(5), make).unwrap(), shared }
    }

    fn send(&self, line: &str) {
        self.shared.lock().unwrap().to_send.push_back(line.to_owned());
        self.link.kick();
    }

    fn receive(&self, within: Duration) -> Result<String, Unready> {
        let parker = self.link.parker();
        self.link.wait_until(&parker, Some(Instant::now() + within), || self.take(&parker))
    }

    fn take(&self, parker: &Arc<Parker>) -> Option<String> {
        let mut shared = self.shared.lock().unwrap();
        let line = shared.came.pop_front();
        if line.is_none() {
            shared.waiting = Some(Waker::from(Arc::clone(parker)));
        }
        line
    }
}

fn pair() -> (UnixStream, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    (ours, theirs)
}

const LONG: Duration = Duration::from_secs(20);

#[test]
fn what_is_sent_arrives_without_a_reader() {
    let (ours, mut theirs) = pair();
    let end = End::over(Socket::new(ours));
    end.send("hello\n");
    let mut line = [0; 6];
    theirs.read_exact(&mut line).unwrap();
    assert_eq!(&line, b"hello\n");
}

#[test]
fn the_waiting_thread_reads() {
    let (ours, mut theirs) = pair();
    let end = End::over(Socket::new(ours));
    thread::scope(|scope| {
        scope.spawn(|| theirs.write_all(b"one\ntwo\n").unwrap());
        assert_eq!(end.receive(LONG).unwrap(), "one\n");
        assert_eq!(end.receive(LONG).unwrap(), "two\n");
    });
    assert_eq!(end.receive(Duration::from_millis(20)), Err(Unready::TimedOut));
}

#[test]
fn the_attendant_answers_while_no_thread_reads() {
    let (ours, mut theirs) = pair();
    let end = End::over(Socket::new(ours));
    assert_eq!(end.receive(Duration::from_millis(1)), Err(Unready::TimedOut));
    theirs.set_read_timeout(Some(LONG)).unwrap();
    for _ in 0..3 {
        theirs.write_all(b"echo\n").unwrap();
        let mut line = [0; 5];
        theirs.read_exact(&mut line).unwrap();
        assert_eq!(&line, b"echo\n");
    }
    // The role comes back to a thread that wants it.
    theirs.write_all(b"one\n").unwrap();
    assert_eq!(end.receive(LONG).unwrap(), "one\n");
}

#[test]
fn the_role_goes_from_thread_to_thread() {
    let (ours, mut theirs) = pair();
    let end = End::over(Socket::new(ours));
    let end = &end;
    let lines = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..250 {
                    // Only one waker slot in this engine, so a lost slot is found by the short deadline.
                    loop {
                        match end.receive(Duration::from_millis(5)) {
                            Ok(line) => break lines.lock().unwrap().push(line),
                            Err(Unready::TimedOut) => {}
                            Err(Unready::Closed) => panic!("closed"),
                        }
                    }
                }
            });
        }
        for number in 0..1000 {
            theirs.write_all(format!("{number}\n").as_bytes()).unwrap();
        }
    });
    let mut lines: Vec<usize> = lines.lock().unwrap().iter().map(|line| line.trim().parse().unwrap()).collect();
    lines.sort_unstable();
    assert_eq!(lines, (0..1000).collect::<Vec<_>>());
}

#[test]
fn the_peers_end_ends_the_connection_and_wakes_who_waits() {
    let (ours, theirs) = pair();
    let end = End::over(Socket::new(ours));
    thread::scope(|scope| {
        let waiter = scope.spawn(|| end.receive(LONG));
        theirs.shutdown(Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        (&theirs).read_to_end(&mut rest).unwrap();
        assert_eq!(waiter.join().unwrap(), Err(Unready::Closed));
    });
    assert!(end.shared.lock().unwrap().closed);
}

#[test]
fn a_peer_that_is_gone_right_after_its_last_words_is_noticed() {
    let (ours, mut theirs) = pair();
    let end = End::over(Socket::new(ours));
    assert_eq!(end.receive(Duration::from_millis(1)), Err(Unready::TimedOut));
    theirs.write_all(b"goodbye\n").unwrap();
    // One wait finds the words and the loss of both directions.
    drop(theirs);
    assert_eq!(end.receive(LONG).unwrap(), "goodbye\n");
    assert_eq!(end.receive(LONG), Err(Unready::Closed));
}

#[test]
fn last_words_are_read_although_the_peer_takes_nothing_any_more() {
    /// A peer that speaks and goes in the moment of a write.
    #[derive(Debug)]
    struct Going {
        socket: Socket<UnixStream>,
        gone: bool,
        words: VecDeque<u8>,
    }
    impl Transport for Going {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if !self.gone {
                return Err(ErrorKind::WouldBlock.into());
            }
            // In short pieces.
            let byte = self.words.pop_front().ok_or(ErrorKind::ConnectionReset)?;
            buffer[0] = byte;
            Ok(1)
        }
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.gone = true;
            Err(ErrorKind::BrokenPipe.into())
        }
        fn shutdown_write(&mut self) -> io::Result<()> {
            Ok(())
        }
        fn descriptor(&self) -> Arc<dyn AsFd + Send + Sync> {
            self.socket.descriptor()
        }
    }
    let (ours, _theirs) = pair();
    let end =
        End::over(Going { socket: Socket::new(ours), gone: false, words: b"why\nand how\n".iter().copied().collect() });
    end.send("too late\n");
    assert_eq!(end.receive(LONG).unwrap(), "why\n");
    assert_eq!(end.receive(LONG).unwrap(), "and how\n");
    assert_eq!(end.receive(LONG), Err(Unready::Closed));
}

#[test]
fn a_thread_that_takes_the_role_during_a_run_of_the_attendant_learns_what_came_of_it() {
    /// Its first step says that it has begun, waits until it may go on, and loses the connection.
    struct Slow {
        parts: Parts,
        begun: mpsc::Sender<()>,
        go_on: mpsc::Receiver<()>,
    }
    impl Engine for Slow {
        fn step(&mut self, _: Instant) -> Step {
            self.begun.send(()).unwrap();
            self.go_on.recv_timeout(LONG).unwrap();
            lock(&self.parts.io).fail(&ErrorKind::ConnectionReset.into());
            Step::Finished
        }
        fn deadline(&self) -> Option<Instant> {
            None
        }
        fn closed(&mut self) {}
    }
    let (ours, _theirs) = pair();
    let ((begun, began), (go, go_on)) = (mpsc::channel(), mpsc::channel());
    let io = Io::new(Box::new(Socket::new(ours)), 1024, LONG);
    let attendant = Attendant::new(&Threads::new()).unwrap();
    let link = Link::new(io, &attendant, LONG, |parts| Slow { parts: parts.clone(), begun, go_on }).unwrap();
    link.entrust();
    began.recv_timeout(LONG).unwrap();
    let link = &link;
    thread::scope(|scope| {
        let begin = Instant::now();
        let closed = scope.spawn(move || link.drive_to_close(Some(begin + LONG)));
        while !link.bell.reader_sleeps() {
            assert!(begin.elapsed() < LONG);
            thread::yield_now();
        }
        go.send(()).unwrap();
        assert!(closed.join().unwrap());
        assert!(begin.elapsed() < LONG, "nobody has woken it");
    });
}

#[test]
fn last_words_arrive_although_input_is_unread() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut theirs = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (ours, _) = listener.accept().unwrap();
    ours.set_nonblocking(true).unwrap();
    let end = End::over(Socket::new(ours));
    theirs.write_all(&[b'x'; 100_000]).unwrap();
    end.shared.lock().unwrap().finish = true;
    end.send("goodbye\n");
    theirs.write_all(&[b'x'; 50_000]).unwrap();
    let mut words = String::new();
    thread::scope(|scope| {
        scope.spawn(|| assert!(end.link.drive_to_close(Some(Instant::now() + LONG))));
        theirs.read_to_string(&mut words).unwrap();
        assert_eq!(words, "goodbye\n");
        theirs.shutdown(Shutdown::Both).unwrap();
    });
}

#[test]
fn output_without_progress_ends_the_connection() {
    let (ours, _theirs) = pair();
    let end = End::with(Io::new(Box::new(Socket::new(ours)), 64 * 1024, Duration::from_millis(50)));
    let line = format!("{}\n", "x".repeat(1023));
    for _ in 0..2000 {
        end.send(&line);
    }
    assert_eq!(end.receive(LONG), Err(Unready::Closed));
}

#[test]
fn an_observer_sees_all_bytes() {
    #[derive(Default)]
    struct Record(Mutex<Vec<(u64, Direction, Vec<u8>)>>);
    impl Observer for Record {
        fn bytes(&self, connection: u64, direction: Direction, _at: Instant, bytes: &[u8]) {
            self.0.lock().unwrap().push((connection, direction, bytes.to_vec()));
        }
    }
    let (ours, mut theirs) = pair();
    let record = Arc::new(Record::default());
    let io = Io::new(Box::new(Socket::new(ours)), 64 * 1024, LONG).observed_by(Some(record.clone()), 7);
    let end = End::with(io);
    end.send("out\n");
    theirs.write_all(b"in\n").unwrap();
    end.receive(LONG).unwrap();
    let seen = record.0.lock().unwrap().clone();
    assert_eq!(seen, [(7, Direction::Sent, b"out\n".to_vec()), (7, Direction::Received, b"in\n".to_vec())]);
}

/// A layer that gives one byte a read, keeps what it has read of the socket, keeps back what it writes until `flush`,
/// and, after each 16 bytes, reads on only after it has written a byte of its own (as TLS does for a key update).
#[derive(Debug)]
struct Awkward {
    socket: Socket<UnixStream>,
    kept: VecDeque<u8>,
    held_back: Vec<u8>,
    given: usize,
    owes_a_byte: bool,
}

impl Transport for Awkward {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.owes_a_byte {
            self.socket.write(b"!")?;
            self.owes_a_byte = false;
        }
        if self.kept.is_empty() {
            let mut scratch = [0; 100];
            let count = self.socket.read(&mut scratch)?;
            if count == 0 {
                return Ok(0);
            }
            self.kept.extend(&scratch[..count]);
        }
        buffer[0] = self.kept.pop_front().unwrap();
        self.given += 1;
        self.owes_a_byte = self.given.is_multiple_of(16);
        Ok(1)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.held_back.len() > 50 {
            self.flush()?;
        }
        let count = bytes.len().min(7);
        self.held_back.extend(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        while !self.held_back.is_empty() {
            let count = self.socket.write(&self.held_back)?;
            self.held_back.drain(..count);
        }
        Ok(())
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        self.flush()?;
        self.socket.shutdown_write()
    }

    fn interest(&self) -> Interest {
        Interest { readable: false, writable: self.owes_a_byte || !self.held_back.is_empty() }
    }

    fn holds_input(&self) -> bool {
        !self.kept.is_empty()
    }

    fn descriptor(&self) -> Arc<dyn AsFd + Send + Sync> {
        self.socket.descriptor()
    }
}

#[test]
fn an_awkward_layer_loses_nothing() {
    let (ours, theirs) = pair();
    let awkward = Awkward {
        socket: Socket::new(ours),
        kept: VecDeque::new(),
        held_back: Vec::new(),
        given: 0,
        owes_a_byte: false,
    };
    let end = End::over(awkward);
    let sent: String = (0..500).map(|number| format!("echo {number}\n")).collect();
    thread::scope(|scope| {
        scope.spawn(|| {
            for part in sent.as_bytes().chunks(33) {
                (&theirs).write_all(part).unwrap();
            }
            theirs.shutdown(Shutdown::Write).unwrap();
        });
        scope.spawn(|| end.link.drive_to_close(Some(Instant::now() + LONG)));
        let mut came = String::new();
        (&theirs).read_to_string(&mut came).unwrap();
        assert_eq!(came.replace('!', ""), sent);
        assert_eq!(came.matches('!').count(), sent.len() / 16);
    });
}

#[test]
fn a_failure_of_the_transport_reaches_the_engine() {
    #[derive(Debug)]
    struct Broken(Socket<UnixStream>);
    impl Transport for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(ErrorKind::ConnectionReset.into())
        }
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }
        fn shutdown_write(&mut self) -> io::Result<()> {
            Ok(())
        }
        fn descriptor(&self) -> Arc<dyn AsFd + Send + Sync> {
            self.0.descriptor()
        }
    }
    let (ours, _theirs) = pair();
    let end = End::over(Broken(Socket::new(ours)));
    assert_eq!(end.receive(LONG), Err(Unready::Closed));
    assert!(end.shared.lock().unwrap().closed && end.link.is_closed());
}
