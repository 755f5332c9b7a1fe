//! Shared by the WebSocket tests: servers with simple handlers, and peers of either side that speak bytes (so that they
//! can do what no WebSocket implementation does).

#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::panic::resume_unwind;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;
use threadwire::Limits;
use threadwire::websocket::{self, Connection, Error, HandlerResult, Server, ServerHandle};

/// No test waits longer than this for anything.
pub const LONG: Duration = Duration::from_secs(30);

pub fn echo(mut socket: Connection) -> HandlerResult {
    while let Some(message) = socket.receive()? {
        socket.send(message)?;
    }
    Ok(())
}

pub fn serve(handler: impl Fn(Connection) -> HandlerResult + Send + Sync + 'static) -> (ServerHandle, String) {
    serve_within(Limits::default(), handler)
}

pub fn serve_within(
    limits: Limits,
    handler: impl Fn(Connection) -> HandlerResult + Send + Sync + 'static,
) -> (ServerHandle, String) {
    let server = Server::builder().limits(limits).bind("127.0.0.1:0").unwrap().spawn(handler).unwrap();
    let url = format!("ws://{}/path?query=1", server.local_addresses()[0]);
    (server, url)
}

/// The limits by default, but for `change`.
pub fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

/// A server whose handlers receive until the end and tell what the end was.
pub fn serve_telling(limits: Limits) -> (ServerHandle, String, mpsc::Receiver<Result<(), Error>>) {
    let (told, ends) = mpsc::channel();
    let (server, url) = serve_within(limits, move |mut socket| {
        let end = loop {
            match socket.receive() {
                Ok(Some(_)) => {}
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        told.send(end)?;
        Ok(())
    });
    (server, url, ends)
}

/// Runs `body` on a thread of its own, and fails if it is not over in time.
pub fn in_time<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    let (over, wait) = mpsc::channel();
    let thread = thread::spawn(move || over.send(body()));
    match wait.recv_timeout(LONG) {
        Ok(value) => value,
        Err(RecvTimeoutError::Timeout) => panic!("not over after {LONG:?}"),
        Err(RecvTimeoutError::Disconnected) => resume_unwind(thread.join().unwrap_err()),
    }
}

/// Whether an operation ended because its time was over.
pub fn is_timeout<T>(outcome: &Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::Local(threadwire::Error::TimedOut { .. })))
}

/// A server that speaks bytes.
#[derive(Debug)]
pub struct RawServer(TcpListener);

impl RawServer {
    pub fn bind() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub fn url(&self) -> String {
        format!("ws://{}/", self.0.local_addr().unwrap())
    }

    /// Takes the next connection, which must be on its way, and nothing of its bytes.
    pub fn accept(&self) -> Raw {
        Raw::new(self.0.accept().unwrap().0)
    }

    /// A client of ours with `limits`, and this side of its connection, right after a handshake in which the bytes
    /// `early` came with the answer.
    pub fn established(limits: Limits, early: &[u8]) -> (Connection, Raw) {
        let server = Self::bind();
        let url = server.url();
        let client = thread::spawn(move || websocket::Client::new().limits(limits).connect(&url));
        let mut raw = server.accept();
        let request = raw.head();
        raw.write(&[accept(&request).as_bytes(), early].concat());
        (client.join().unwrap().unwrap(), raw)
    }
}

/// The answer that makes a WebSocket of `request`.
pub fn accept(request: &str) -> String {
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

/// A peer that speaks bytes.
#[derive(Debug)]
pub struct Raw(pub TcpStream);

/// A frame, as far as these tests look at it.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    pub first: u8,
    pub payload: Vec<u8>,
}

impl Raw {
    pub fn connect(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).unwrap())
    }

    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.set_write_timeout(Some(LONG)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    /// Connects and shakes hands.
    pub fn upgrade(address: SocketAddr) -> Self {
        let mut raw = Self::connect(address);
        raw.write(&request(address));
        let head = raw.head();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        raw
    }

    /// The same peer, for another thread.
    pub fn other(&self) -> Self {
        Self(self.0.try_clone().unwrap())
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    /// A head, byte by byte, so that nothing behind it is lost.
    pub fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        String::from_utf8(head).unwrap()
    }

    /// An unmasked frame, as a server sends it.
    pub fn frame(&mut self) -> Frame {
        let (frame, mask) = self.any_frame();
        assert_eq!(mask, None, "a server does not mask");
        frame
    }

    /// A masked frame, as a client sends it.
    pub fn client_frame(&mut self) -> Frame {
        let (mut frame, mask) = self.any_frame();
        let Some(mask) = mask else { panic!("a client masks") };
        frame.payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        frame
    }

    fn any_frame(&mut self) -> (Frame, Option<[u8; 4]>) {
        let [first, second] = self.array();
        let length = match second & 0x7f {
            126 => usize::from(u16::from_be_bytes(self.array())),
            127 => usize::try_from(u64::from_be_bytes(self.array())).unwrap(),
            short => usize::from(short),
        };
        let mask = (second & 0x80 != 0).then(|| self.array());
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).unwrap();
        (Frame { first, payload }, mask)
    }

    fn array<const LENGTH: usize>(&mut self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        self.0.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// Code and reason of the Close frame that comes next.
    pub fn close(&mut self) -> (u16, String) {
        let frame = self.frame();
        assert_eq!(frame.first, 0x88, "{frame:?}");
        let (code, reason) = frame.payload.split_at(2);
        (u16::from_be_bytes([code[0], code[1]]), String::from_utf8(reason.to_vec()).unwrap())
    }

    /// All that comes until the peer ends.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).unwrap();
        rest
    }

    pub fn end_output(&mut self) {
        self.0.shutdown(Shutdown::Write).unwrap();
    }
}

pub fn request(address: SocketAddr) -> Vec<u8> {
    format!(
        "GET / HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    .into_bytes()
}

/// A Close frame of a client.
pub fn masked_close(code: u16, reason: &str) -> Vec<u8> {
    masked(0x88, &[&code.to_be_bytes(), reason.as_bytes()].concat())
}

/// A frame of a client, with a mask that is not zero.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [1, 2, 3, 4];
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | u8::try_from(length).unwrap()),
        length @ 126..=65_535 => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend(u64::try_from(length).unwrap().to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}
