//! Connections that do nothing: `idle-load KIND ADDRESS COUNT` opens them, says so and holds them until it is ended.
//!
//! KIND is `websocket` (the handshake and nothing more), `websocket-used` (and one message, echoed), `grpc` (HTTP/2's
//! preface and SETTINGS, and one call) or `raw-used` (one echo of bytes).

mod frames;

use harness::{Outcome, announce};
use std::env;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::process::ExitCode;
use std::thread;

fn main() -> ExitCode {
    harness::fail(run())
}

fn run() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [kind, address, count] = arguments.as_slice() else {
        return Err("expected three arguments: KIND ADDRESS COUNT".into());
    };
    let open = match kind.as_str() {
        "websocket" => frames::shake_hands,
        "websocket-used" => |stream: &mut TcpStream| {
            frames::shake_hands(stream)?;
            exchange(stream, &frames::masked(), &frames::echoed())
        },
        "raw-used" => |stream: &mut TcpStream| exchange(stream, &frames::masked(), &frames::masked()),
        "grpc" => call,
        kind => return Err(format!("there is no kind {kind}").into()),
    };
    let mut streams = Vec::new();
    for _ in 0..count.parse()? {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        open(&mut stream)?;
        streams.push(stream);
    }
    // Where the server listens, which only says that all is ready.
    announce(address.parse()?)?;
    loop {
        thread::park();
    }
}

fn exchange(stream: &mut TcpStream, sent: &[u8], expected: &[u8]) -> io::Result<()> {
    stream.write_all(sent)?;
    let mut came = vec![0; expected.len()];
    stream.read_exact(&mut came)?;
    if came == expected { Ok(()) } else { Err(io::Error::other("something else than the echo came")) }
}

/// The preface, SETTINGS without a setting, and one whole call (RFC 9113 §3.4, §4.1); then frames are read until the
/// stream's end.
fn call(stream: &mut TcpStream) -> io::Result<()> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    bytes.extend(frame(HEADERS, END_HEADERS, 1, &head()));
    bytes.extend(frame(DATA, END_STREAM, 1, b"\0\0\0\0\x07\x0a\x05World"));
    stream.write_all(&bytes)?;
    loop {
        let mut prefix = [0; 9];
        stream.read_exact(&mut prefix)?;
        let [a, b, c, kind, flags, _, _, _, id] = prefix;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        stream.read_exact(&mut payload)?;
        match kind {
            SETTINGS if flags & ACK == 0 => stream.write_all(&frame(SETTINGS, ACK, 0, &[]))?,
            HEADERS if flags & END_STREAM != 0 && id == 1 => return Ok(()),
            RESET | GOAWAY => return Err(io::Error::other("the call was refused")),
            _ => {}
        }
    }
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0, 0, payload.len() as u8, kind, flags, 0, 0, 0, stream];
    frame.extend(payload);
    frame
}

/// Literals without indexing (RFC 7541 §6.2.2), so that one needs no table.
fn head() -> Vec<u8> {
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/bench.Greeter/SayHello"),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    let text = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
    fields.iter().flat_map(|(name, value)| [vec![0], text(name), text(value)].concat()).collect()
}
