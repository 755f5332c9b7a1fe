//! Shared by the WebSocket tests: a server that echoes, and a peer that speaks bytes (so that it can do what no WebSocket
//! implementation does).

#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;
use threadwire::Limits;
use threadwire::websocket::{Connection, HandlerResult, Server, ServerHandle};

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
        let stream = TcpStream::connect(address).unwrap();
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

    /// An unmasked frame of the server.
    pub fn frame(&mut self) -> Frame {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).unwrap();
        assert!(head[1] < 128, "a server does not mask");
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                self.0.read_exact(&mut length).unwrap();
                usize::from(u16::from_be_bytes(length))
            }
            127 => {
                let mut length = [0; 8];
                self.0.read_exact(&mut length).unwrap();
                usize::try_from(u64::from_be_bytes(length)).unwrap()
            }
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).unwrap();
        Frame { first: head[0], payload }
    }

    /// The code of the Close frame that comes next.
    pub fn close_code(&mut self) -> u16 {
        let frame = self.frame();
        assert_eq!(frame.first, 0x88, "{frame:?}");
        u16::from_be_bytes([frame.payload[0], frame.payload[1]])
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
