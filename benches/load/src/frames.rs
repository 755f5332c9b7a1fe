//! What the loads send, as bytes made beforehand, and what must come back.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

/// The payload of a WebSocket message.
const PAYLOAD: [u8; 64] = *b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-+";
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A whole binary message in one frame as a client sends it (RFC 6455 §5.2): masked.
pub(crate) fn masked() -> Vec<u8> {
    let payload = PAYLOAD.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    [0x82, 0x80 | 64].into_iter().chain(MASK).chain(payload).collect()
}

/// The same as a server echoes it.
pub(crate) fn echoed() -> Vec<u8> {
    [0x82, 64].into_iter().chain(PAYLOAD).collect()
}

/// The client's side of the handshake, which blocks.
pub(crate) fn shake_hands(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    )?;
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer)? {
            0 => break,
            length => head.extend_from_slice(buffer.get(..length).unwrap_or_default()),
        }
    }
    let accepted = head.starts_with(b"HTTP/1.1 101 ") && head.ends_with(b"\r\n\r\n");
    if accepted { Ok(()) } else { Err(io::Error::other(format!("refused: {}", String::from_utf8_lossy(&head)))) }
}
