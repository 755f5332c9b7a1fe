//! One unary call without any library of HTTP/2 or gRPC on the client's side: the bytes as they go over a TCP
//! connection, and what the server answers, frame by frame.
//!
//! ```sh
//! cargo run --example by_hand
//! ```
//!
//! The numbers of sections are those of RFC 9113 (HTTP/2) and RFC 7541 (HPACK, how header fields are written).

#![allow(clippy::indexing_slicing, reason = "a server has an address")]

mod proto {
    // For the server. The client writes its message by hand, too.
    threadwire::include_proto!("helloworld");
}

use proto::{Greeter, GreeterServer, HelloReply, HelloRequest};
use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use threadwire::grpc::{Request, Response, Server, Status};

/// The first bytes of every connection (RFC 9113 §3.4). A server of HTTP/1 that reads them sees a method it never had.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Every frame begins with nine bytes (RFC 9113 §4.1): length, kind, flags, stream. This one is SETTINGS (§6.5), the
/// first that each side sends; an empty one leaves all settings as they are by default.
#[rustfmt::skip]
const SETTINGS: &[u8] = &[
    0, 0, 0,     // 0 bytes follow
    4,           // SETTINGS
    0,           // no flags
    0, 0, 0, 0,  // stream 0: it is about the connection
];

/// The server's SETTINGS must be acknowledged.
#[rustfmt::skip]
const SETTINGS_ACK: &[u8] = &[
    0, 0, 0,
    4,           // SETTINGS
    1,           // ACK
    0, 0, 0, 0,
];

/// HEADERS (RFC 9113 §6.2) opens the stream, which is the call.
#[rustfmt::skip]
const HEADERS: &[u8] = &[
    0, 0, 64,    // 64 bytes follow
    1,           // HEADERS
    4,           // END_HEADERS: they are all in this frame
    0, 0, 0, 1,  // stream 1; a client's have odd numbers, each call the next

    // From the table of frequent fields that both sides know (RFC 7541 appendix A), each one byte, the top bit set:
    0x83,        // no 3, ":method: POST"
    0x86,        // no 6, ":scheme: http"

    // A name from that table, and a value that nobody should remember (§6.2.2): the name's number, length, text.
    4, 17,       // no 4, ":path"; the method is /package.Service/Method, and this service has no package
    b'/', b'G', b'r', b'e', b'e', b't', b'e', b'r', b'/', b'S', b'a', b'y', b'H', b'e', b'l', b'l', b'o',
    1, 9,        // no 1, ":authority"
    b'l', b'o', b'c', b'a', b'l', b'h', b'o', b's', b't',
    15, 16, 16,  // no 31, "content-type": the first byte holds 15 at most, the second what is above (§5.1)
    b'a', b'p', b'p', b'l', b'i', b'c', b'a', b't', b'i', b'o', b'n', b'/', b'g', b'r', b'p', b'c',

    // A name that the table does not have: 0, then the name, then the value. It says that trailers are understood.
    0, 2, b't', b'e', 8, b't', b'r', b'a', b'i', b'l', b'e', b'r', b's',
];

/// DATA (RFC 9113 §6.1) holds the messages of the call, each behind five bytes of gRPC's.
#[rustfmt::skip]
const DATA: &[u8] = &[
    0, 0, 12,    // 12 bytes follow
    0,           // DATA
    1,           // END_STREAM: the client says nothing more on this stream
    0, 0, 0, 1,  // stream 1

    0,           // gRPC: the message is not compressed
    0, 0, 0, 7,  // gRPC: it has 7 bytes

    // The message HelloRequest { name: "World" } in the wire format of Protocol Buffers:
    0x0a, 5,     // field 1 (1 << 3), which has a length (| 2); 5 bytes
    b'W', b'o', b'r', b'l', b'd',
];

struct MyGreeter;

impl Greeter for MyGreeter {
    fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let message = format!("Hello, {}!", request.message().name);
        Ok(HelloReply { message, ..Default::default() }.into())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder().add_service(GreeterServer::new(MyGreeter)).bind("127.0.0.1:0")?;
    let mut stream = TcpStream::connect(server.local_addresses()[0])?;
    let _server = server.spawn()?;

    // Nothing of this waits for an answer: that the server speaks HTTP/2 is known beforehand (§3.3).
    stream.write_all(&[PREFACE, SETTINGS, HEADERS, DATA].concat())?;

    // Header fields that were sent before may be named by a number later: the decoder remembers, for the connection.
    let mut fields = fluke_hpack::Decoder::new();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head)?;
        let [l1, l2, l3, kind, flags, s1, s2, s3, s4] = head;
        let length = u32::from_be_bytes([0, l1, l2, l3]);
        let on = u32::from_be_bytes([s1, s2, s3, s4]);
        let mut payload = vec![0; usize::try_from(length)?];
        stream.read_exact(&mut payload)?;

        println!("{}, {length} bytes, flags {flags}, stream {on}", name(kind));
        match kind {
            0 => println!("  {}", greeting(&payload).ok_or("no greeting")?),
            1 => {
                for (name, value) in fields.decode(&payload).map_err(|error| format!("{error:?}"))? {
                    println!("  {}: {}", String::from_utf8(name)?, String::from_utf8(value)?);
                }
            }
            4 if flags == 0 => stream.write_all(SETTINGS_ACK)?,
            _ => {}
        }
        // END_STREAM: behind the message came HEADERS once more, the trailers, with the status of the call.
        if on == 1 && flags & 1 != 0 {
            return Ok(());
        }
    }
}

/// The kinds of frames (RFC 9113 §6).
fn name(kind: u8) -> &'static str {
    let names = ["DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY"];
    names.get(usize::from(kind)).unwrap_or(if kind == 8 { &"WINDOW_UPDATE" } else { &"another frame" })
}

/// The text of the message HelloReply in a frame of DATA. (A frame may hold any part of a message, or several. This
/// server sends a small one in one piece.)
fn greeting(data: &[u8]) -> Option<&str> {
    let [0, _, _, _, length, message @ ..] = data else { return None };
    let [0x0a, size, text @ ..] = message else { return None };
    let is_whole = usize::from(*length) == message.len() && usize::from(*size) == text.len();
    std::str::from_utf8(text).ok().filter(|_| is_whole)
}
