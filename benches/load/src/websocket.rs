//! A cheap load for echo servers: frames made beforehand, answers compared as bytes.
//!
//! `websocket-load CONNECTIONSxWINDOW ADDRESS SECONDS`: on each connection that many messages are always under way;
//! what has come back whole is sent again, with one write. One thread does it for all connections; in the mode
//! `threads-…` each has a thread that blocks, as independent clients have. `raw-…` does without WebSocket: the server
//! echoes bytes.

mod frames;

use harness::{Arguments, Outcome, Window};
use rustix::event::epoll;
use rustix::fd::OwnedFd;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::process::ExitCode;
use std::thread;

/// The most that is read at once.
const READ: usize = 64 * 1024;

fn main() -> ExitCode {
    harness::fail(run())
}

fn run() -> Outcome {
    let Arguments { mode, address, time } = Arguments::read()?;
    let (raw, shape) = mode.strip_prefix("raw-").map_or((false, mode.as_str()), |shape| (true, shape));
    let (threads, shape) = shape.strip_prefix("threads-").map_or((false, shape), |shape| (true, shape));
    let (connections, messages) = shape.split_once('x').ok_or("expected a mode CONNECTIONSxWINDOW")?;
    let (connections, messages): (usize, usize) = (connections.parse()?, messages.parse()?);
    let (loads, each) = if threads { (connections, 1) } else { (1, connections) };
    let loads = (0..loads).map(|_| {
        let mut load = Load::new(raw, messages)?;
        (0..each).try_for_each(|_| load.connect(&address))?;
        Ok(load)
    });
    let loads = loads.collect::<io::Result<Vec<_>>>()?;
    let window = &Window::new(time);
    let counted = thread::scope(|scope| {
        let running = loads.into_iter().map(|load| scope.spawn(move || load.run(window))).collect::<Vec<_>>();
        let ended = running.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(ErrorKind::Other.into())));
        ended.collect::<io::Result<Vec<_>>>()
    })?;
    let (inside, all) = counted.iter().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    if inside == 0 {
        return Err("no message came back".into());
    }
    println!("calls={inside} seconds={} all={all} cpu={}", time.as_secs_f64(), harness::cpu_seconds()?);
    Ok(())
}

struct Load {
    raw: bool,
    epoll: OwnedFd,
    connections: Vec<Connection>,
    /// Frames to send, as many as a window holds.
    sent: Vec<u8>,
    sent_frame: usize,
    /// Frames as they come back, more than one read can take.
    echoed: Vec<u8>,
    echoed_frame: usize,
    buffer: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    /// Bytes of a frame that has not come whole yet.
    begun: usize,
}

impl Load {
    fn new(raw: bool, window: usize) -> io::Result<Self> {
        let sent = frames::masked();
        let echoed = if raw { sent.clone() } else { frames::echoed() };
        Ok(Self {
            raw,
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            connections: Vec::new(),
            sent_frame: sent.len(),
            sent: sent.repeat(window),
            echoed_frame: echoed.len(),
            echoed: echoed.repeat(READ / echoed.len() + 2),
            buffer: vec![0; READ],
        })
    }

    /// One more connection, with its window under way.
    fn connect(&mut self, address: &str) -> io::Result<()> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        if !self.raw {
            frames::shake_hands(&mut stream)?;
        }
        stream.set_nonblocking(true)?;
        stream.write_all(&self.sent)?;
        let number = epoll::EventData::new_u64(self.connections.len() as u64);
        epoll::add(&self.epoll, &stream, number, epoll::EventFlags::IN)?;
        self.connections.push(Connection { stream, begun: 0 });
        Ok(())
    }

    /// Until the time is over. Answers how many messages came back within the window, and in all.
    fn run(mut self, window: &Window) -> io::Result<(usize, usize)> {
        let (mut inside, mut all) = (0, 0);
        while !window.is_over() {
            let came = self.turn()?;
            all += came;
            if window.is_open() {
                inside += came;
            }
        }
        Ok((inside, all))
    }

    /// Waits for echoes and sends as many messages again. Answers how many came.
    fn turn(&mut self) -> io::Result<usize> {
        let mut events =
            [const { epoll::Event { flags: epoll::EventFlags::empty(), data: epoll::EventData::new_u64(0) } }; 64];
        let second = rustix::event::Timespec { tv_sec: 1, tv_nsec: 0 };
        let count = epoll::wait(&self.epoll, events.as_mut_slice(), Some(&second))?;
        let mut came = 0;
        for event in events.iter().take(count) {
            came += self.pass_on(event.data.u64() as usize)?;
        }
        Ok(came)
    }

    fn pass_on(&mut self, number: usize) -> io::Result<usize> {
        let nothing = || io::Error::from(ErrorKind::InvalidData);
        let connection = self.connections.get_mut(number).ok_or_else(nothing)?;
        let length = connection.stream.read(&mut self.buffer)?;
        let end = connection.begun + length;
        if length == 0 || self.buffer.get(..length) != self.echoed.get(connection.begun..end) {
            return Err(io::Error::other("a connection was closed, or something else than the echo came"));
        }
        let whole = end / self.echoed_frame;
        connection.begun = end % self.echoed_frame;
        connection.stream.write_all(self.sent.get(..whole * self.sent_frame).ok_or_else(nothing)?)?;
        Ok(whole)
    }
}
