//! The handshake over sockets: what plain HTTP is told, the bounds on requests, on their time and on the number of
//! connections, and what a client makes of servers that answer wrongly or not at all.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

#[path = "support/websocket.rs"]
mod support;

use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use support::{LONG, Raw, RawServer, echo, is_timeout, limits, masked, serve, serve_within};
use threadwire::Limits;
use threadwire::websocket::{self, Client, Connection, Error, Message, Origins, Server};

/// Long enough to be seen, short enough to be waited for.
const SHORT: Duration = Duration::from_millis(200);

/// An answer of HTTP, whose body is as long as it says.
#[derive(Debug)]
struct Answer {
    head: String,
    body: String,
}

impl Answer {
    /// What comes on `raw` until its end.
    fn read(raw: &mut Raw) -> Self {
        let all = String::from_utf8(raw.rest()).unwrap();
        let (head, body) = all.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{all}");
        Self { head: head.to_owned(), body: body.to_owned() }
    }

    fn to(address: SocketAddr, request: &[u8]) -> Self {
        let mut raw = Raw::connect(address);
        raw.write(request);
        Self::read(&mut raw)
    }

    fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn has(&self, header: &str) -> bool {
        self.head.split("\r\n").any(|line| line == header)
    }
}

/// The request of a proper handshake, changed.
fn handshake(address: SocketAddr, from: &str, to: &str) -> Vec<u8> {
    let request = String::from_utf8(support::request(address)).unwrap();
    assert!(request.contains(from));
    request.replace(from, to).into_bytes()
}

#[test]
fn plain_http_is_told_what_this_port_speaks() {
    let (server, _) = serve(echo);
    let address = server.local_addresses()[0];
    let get = Answer::to(address, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(get.status(), 426);
    assert!(get.has("Upgrade: websocket") && get.has("Connection: Upgrade, close"), "{get:?}");
    assert!(get.body.contains("speaks WebSocket"), "{get:?}");
    let post = Answer::to(address, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc");
    assert_eq!(post.status(), 405);
    assert!(post.has("Allow: GET") && post.has("Connection: close"), "{post:?}");
    // None of them has become a connection: there is nothing to be closed.
    assert!(server.shutdown(LONG).is_clean());
}

#[test]
fn another_version_is_told_the_version() {
    let (server, _) = serve(echo);
    let address = server.local_addresses()[0];
    for version in ["Sec-WebSocket-Version: 8", "Sec-WebSocket-Version: 14", "X-None: 0"] {
        let answer = Answer::to(address, &handshake(address, "Sec-WebSocket-Version: 13", version));
        assert_eq!(answer.status(), 426, "{answer:?}");
        assert!(answer.has("Sec-WebSocket-Version: 13"), "{answer:?}");
    }
}

#[test]
fn pages_of_other_origins_are_refused_unless_allowed() {
    let listen = |origins: Option<Origins>| {
        let builder = Server::builder();
        let builder = if let Some(origins) = origins { builder.origins(origins) } else { builder };
        builder.bind("127.0.0.1:0").unwrap().spawn(echo).unwrap()
    };
    let status = |server: &websocket::ServerHandle, origin: &str| {
        let address = server.local_addresses()[0];
        let mut raw = Raw::connect(address);
        raw.write(&handshake(address, "Upgrade: websocket", &format!("Origin: {origin}\r\nUpgrade: websocket")));
        raw.head()
    };
    let foreign = "https://elsewhere.example";
    let server = listen(None);
    let head = status(&server, foreign);
    assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
    let own = format!("http://{}", server.local_addresses()[0]);
    assert!(status(&server, &own).starts_with("HTTP/1.1 101 "));
    let address = server.local_addresses()[0];
    let request = handshake(address, "Upgrade: websocket", "Origin: null\r\nUpgrade: websocket");
    // The answer says what would allow it.
    assert!(Answer::to(address, &request).body.contains("Origins::Only"));
    assert!(status(&listen(Some(Origins::Only(vec![foreign.to_owned()]))), foreign).starts_with("HTTP/1.1 101 "));
    assert!(status(&listen(Some(Origins::Any)), "null").starts_with("HTTP/1.1 101 "));
}

#[test]
fn what_is_no_handshake_is_a_bad_request() {
    let (server, _) = serve(echo);
    let address = server.local_addresses()[0];
    for request in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"hello\r\n\r\n".to_vec(),
        handshake(address, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Key: short"),
        handshake(address, "Sec-WebSocket-Key", "X-Key"),
        handshake(address, "Host:", "X-Host:"),
        handshake(address, "Upgrade: websocket", "Content-Length: 1\r\nUpgrade: websocket"),
        handshake(address, "Host: ", "Bad Header: x\r\nHost: "),
    ] {
        let answer = Answer::to(address, &request);
        assert_eq!(answer.status(), 400, "{}: {answer:?}", request.escape_ascii());
        assert!(answer.has("Connection: close"), "{answer:?}");
    }
    assert_eq!(Answer::to(address, &handshake(address, "HTTP/1.1", "HTTP/1.0")).status(), 505);
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let (server, _) = serve_within(limits(|limits| limits.request_head_bytes = 1000), echo);
    let address = server.local_addresses()[0];
    let padded = |length: usize| {
        let plain = support::request(address).len() + "X: \r\n".len();
        handshake(address, "Upgrade: websocket", &format!("X: {}\r\nUpgrade: websocket", "x".repeat(length - plain)))
    };
    let mut raw = Raw::connect(address);
    raw.write(&padded(1000));
    assert!(raw.head().starts_with("HTTP/1.1 101 "));
    assert_eq!(Answer::to(address, &padded(1001)).status(), 431);
    // One that never ends is not waited for.
    assert_eq!(Answer::to(address, &padded(100_000)[..50_000]).status(), 431);
    let many = (0..100).map(|number| format!("x-{number}: y\r\n")).collect::<String>();
    let request = handshake(address, "Host: ", &format!("{many}Host: "));
    let (roomy, _) = serve(echo);
    assert_eq!(Answer::to(roomy.local_addresses()[0], &request).status(), 431);
}

#[test]
fn a_connection_above_the_cap_is_refused_and_the_place_is_free_again() {
    for limits in [limits(|limits| limits.connections = 2), limits(|limits| limits.connections_per_peer = 2)] {
        is_refused_and_free_again(limits);
    }
}

fn is_refused_and_free_again(limits: Limits) {
    let (server, url) = serve_within(limits, echo);
    let echoes = |socket: &mut Connection| {
        socket.send("there").unwrap();
        assert_eq!(socket.receive_timeout(LONG).unwrap(), Some(Message::from("there")));
    };
    let mut first = websocket::connect(&url).unwrap();
    let mut second = websocket::connect(&url).unwrap();
    let refused = websocket::connect(&url);
    let Err(Error::Refused { status, body }) = refused else { panic!("{refused:?}") };
    assert_eq!(status, 503);
    assert!(body.contains("as many connections as it may"), "{body}");
    // A peer that asks nothing is told so too.
    assert_eq!(Answer::read(&mut Raw::connect(server.local_addresses()[0])).status(), 503);
    echoes(&mut first);
    first.close(1000, "").unwrap();
    // The place is free when the server has seen the end of the connection, which a moment ago it was answering.
    let begin = Instant::now();
    let mut third = loop {
        match websocket::connect(&url) {
            Ok(socket) => break socket,
            Err(Error::Refused { status, .. }) if status == 503 && begin.elapsed() < LONG => thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    };
    echoes(&mut second);
    echoes(&mut third);
}

#[test]
fn peers_without_a_whole_request_are_cut_at_their_time() {
    let hasty = limits(|limits| {
        limits.handshake_timeout = SHORT;
        limits.connections = 3;
    });
    let (server, url) = serve_within(hasty, echo);
    let address = server.local_addresses()[0];
    let begin = Instant::now();
    let mut silent = Raw::connect(address);
    let mut half = Raw::connect(address);
    half.write(&support::request(address)[..40]);
    let mut slow = Raw::connect(address);
    // Byte by byte, each as soon as the one before has not been answered for a moment.
    slow.0.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    let mut answer = Vec::new();
    for byte in support::request(address).iter().cycle() {
        let mut piece = [0; 1024];
        match slow.0.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&piece[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => slow.write(&[*byte]),
            Err(error) => panic!("{error}"),
        }
        assert!(begin.elapsed() < LONG, "never cut");
    }
    assert!(begin.elapsed() >= SHORT);
    assert!(answer.starts_with(b"HTTP/1.1 408 "), "{}", answer.escape_ascii());
    for raw in [&mut silent, &mut half] {
        assert_eq!(Answer::read(raw).status(), 408);
    }
    drop((silent, half, slow));
    // All three places are free again, as soon as the server has seen that its peers have gone.
    while let Err(error) = websocket::connect(&url) {
        assert!(matches!(error, Error::Refused { .. }) && begin.elapsed() < LONG, "{error}");
    }
}

#[test]
fn a_peer_that_leaves_during_its_handshake_leaves_nothing_behind() {
    let (server, _) = serve(echo);
    let address = server.local_addresses()[0];
    let mut raw = Raw::connect(address);
    raw.write(&support::request(address)[..40]);
    raw.end_output();
    assert_eq!(raw.rest(), []);
    drop(Raw::connect(address));
    assert!(server.shutdown(LONG).is_clean());
}

/// What a client makes of a server that does `serve` with the request and its connection.
fn outcome(client: &Client, serve: impl FnOnce(String, Raw) + Send + 'static) -> Result<Connection, Error> {
    let server = RawServer::bind();
    let url = server.url();
    let serving = thread::spawn(move || {
        let mut raw = server.accept();
        serve(raw.head(), raw);
    });
    let outcome = client.connect(&url);
    serving.join().unwrap();
    outcome
}

#[test]
fn an_answer_that_is_no_websocket_is_shown() {
    for (answer, expected, body) in [
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nno room", 404, "no room"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, ""),
        ("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", 302, ""),
        ("HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\nends early", 500, "ends early"),
        ("HTTP/1.0 503 Busy\r\n\r\nlater", 503, "later"),
    ] {
        let found = outcome(&Client::new(), |_, mut raw| raw.write(answer.as_bytes()));
        let Err(Error::Refused { status, body: shown }) = found else { panic!("{answer}: {found:?}") };
        assert_eq!((status.as_u16(), shown.as_str()), (expected, body));
    }
    // A long one is shown in part, and not waited for.
    let found = outcome(&Client::new(), |_, mut raw| {
        raw.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 1000000\r\n\r\n");
        raw.write(&[b'x'; 5000]);
        // The client has gone: it does not read all.
        let _ = raw.0.read(&mut [0]);
    });
    assert!(matches!(&found, Err(Error::Refused { body, .. }) if *body == "x".repeat(1024)), "{found:?}");
}

#[test]
fn an_answer_that_breaks_the_handshake_says_where() {
    let changed = |from: &'static str, to: &'static str| {
        outcome(&Client::new(), move |request, mut raw| {
            let answer = support::accept(&request);
            assert!(answer.contains(from));
            raw.write(answer.replace(from, to).as_bytes());
        })
    };
    for (from, to, where_it_is) in [
        ("Upgrade: websocket", "Upgrade: h2c", "Upgrade"),
        ("Upgrade: websocket\r\n", "", "Upgrade"),
        ("Connection: Upgrade", "Connection: keep-alive", "Connection"),
        ("Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: x", "Sec-WebSocket-Accept"),
        ("Sec-WebSocket-Accept", "X-Accept", "Sec-WebSocket-Accept"),
        ("\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat\r\n\r\n", "Sec-WebSocket-Protocol"),
        ("\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "Sec-WebSocket-Extensions"),
        ("HTTP/1.1", "HTTP/1.0", "answer"),
        ("HTTP/1.1", "SSH-2.0", "answer"),
        ("\r\n\r\n", "\r\n", "answer"),
    ] {
        let found = changed(from, to);
        assert!(matches!(found, Err(Error::Handshake { part, .. }) if part == where_it_is), "{to}: {found:?}");
    }
    // A server that ends without a word, and one that never ends its head.
    let found = outcome(&Client::new(), |_, _| {});
    assert!(matches!(found, Err(Error::Handshake { part: "answer", .. })), "{found:?}");
    let found = outcome(&Client::new(), |_, mut raw| {
        raw.write(b"HTTP/1.1 101 Switching Protocols\r\n");
        while std::io::Write::write_all(&mut raw.0, b"x: y\r\n").is_ok() {}
    });
    assert!(matches!(found, Err(Error::Handshake { part: "answer", .. })), "{found:?}");
}

#[test]
fn a_server_that_never_answers_is_not_waited_for() {
    let begin = Instant::now();
    let wait = |client: Client| {
        let (done, over) = mpsc::channel::<()>();
        let found = thread::scope(|scope| {
            let server = RawServer::bind();
            let url = server.url();
            scope.spawn(move || {
                let _raw = server.accept();
                let _ = over.recv_timeout(LONG);
            });
            let found = client.connect(&url);
            drop(done);
            found
        });
        assert!(is_timeout(&found), "{found:?}");
        assert!(begin.elapsed() >= SHORT && begin.elapsed() < LONG);
    };
    wait(Client::new().timeout(SHORT));
    wait(Client::new().limits(limits(|limits| limits.handshake_timeout = SHORT)));
    // One that answers byte by byte is no better.
    let found = outcome(&Client::new().timeout(SHORT), |request, mut raw| {
        raw.0.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        let mut answer = support::accept(&request).replace("\r\n\r\n", "\r\nX: ").into_bytes();
        answer.resize(10_000, b'x');
        for byte in answer {
            let waited = raw.0.read(&mut [0]);
            if waited.is_ok() || std::io::Write::write_all(&mut raw.0, &[byte]).is_err() {
                break;
            }
        }
    });
    assert!(is_timeout(&found), "{found:?}");
}

#[test]
fn frames_that_come_with_the_answer_are_not_lost() {
    let (mut socket, _raw) = RawServer::established(Limits::default(), b"\x81\x05early\x01\x03in \x80\x05parts");
    assert_eq!(socket.receive_timeout(LONG).unwrap(), Some(Message::from("early")));
    assert_eq!(socket.receive_timeout(LONG).unwrap(), Some(Message::from("in parts")));
}

#[test]
fn an_answer_byte_by_byte_is_understood() {
    let found = outcome(&Client::new(), |request, mut raw| {
        for byte in [support::accept(&request).as_bytes(), b"\x81\x02hi"].concat() {
            raw.write(&[byte]);
        }
    });
    assert_eq!(found.unwrap().receive_timeout(LONG).unwrap(), Some(Message::from("hi")));
}

#[test]
fn addresses_that_lead_nowhere_say_so() {
    for url in ["wss://localhost:1/", "wss://example.com"] {
        let found = websocket::connect(url);
        assert!(matches!(&found, Err(Error::TlsMissing { url: found }) if found == url), "{found:?}");
    }
    for url in ["http://localhost:1", "localhost:1", "ws://", "ws://user@localhost:1/", "ws://localhost:99999/", ""] {
        let found = websocket::connect(url);
        assert!(matches!(found, Err(Error::Local(threadwire::Error::Address { .. }))), "{url}: {found:?}");
    }
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", closed.local_addr().unwrap());
    drop(closed);
    let found = websocket::connect(&url);
    assert!(matches!(found, Err(Error::Local(threadwire::Error::Connect { .. }))), "{found:?}");
}

#[test]
fn a_subprotocol_is_agreed_on() {
    let listening = Server::builder().subprotocols(["v2.chat", "v1.chat"]).bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listening.local_addresses()[0]);
    let _server = listening
        .spawn(|socket| {
            socket.send(format!("{:?}", socket.subprotocol()))?;
            Ok(())
        })
        .unwrap();
    let offers: [(&[&str], Option<&str>); 3] =
        [(&["v1.chat", "v2.chat"], Some("v2.chat")), (&["v3.chat"], None), (&[], None)];
    for (offered, agreed) in offers {
        let client = Client::new().subprotocols(offered.iter().copied()).unwrap();
        let mut socket = client.connect(&url).unwrap();
        assert_eq!(socket.subprotocol(), agreed);
        assert_eq!(socket.receive_timeout(LONG).unwrap(), Some(Message::from(format!("{agreed:?}"))));
    }
    assert!(matches!(Client::new().subprotocols(["no name"]), Err(Error::Header { .. })));
}

#[test]
fn headers_of_the_handshake_cannot_be_set() {
    for name in ["Host", "upgrade", "Connection", "Sec-WebSocket-Key", "content-length", "not a name"] {
        assert!(matches!(Client::new().header(name, "x"), Err(Error::Header { .. })), "{name}");
    }
    assert!(matches!(Client::new().header("x", "two\r\nlines"), Err(Error::Header { .. })));
}

#[test]
fn a_masked_frame_behind_a_refused_request_is_no_message() {
    let (told, came) = mpsc::channel();
    let (server, _) = serve(move |_| Ok(told.send(())?));
    let address = server.local_addresses()[0];
    let request = [handshake(address, "Upgrade: websocket", "Upgrade: x"), masked(0x81, b"message")].concat();
    assert_eq!(Answer::to(address, &request).status(), 426);
    assert!(server.shutdown(LONG).is_clean());
    assert!(came.try_recv().is_err());
}
