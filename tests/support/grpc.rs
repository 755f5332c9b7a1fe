//! Shared by the gRPC tests: a service that does what a request says, and a peer that speaks frames (so that it can do
//! what no gRPC implementation does).

#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;
use threadwire::grpc::{
    CancelCause, Cancellation, Channel, Code, Encoding, Request, RequestStream, Response, ResponseSink, Server,
    ServerHandle, Status,
};
use threadwire::protobuf::Message as _;
use threadwire::{Limits, Threads};

pub mod proto {
    threadwire::include_proto!("probe.v1");
}

use proto::{Answer, Ask, Probe, ProbeClient, ProbeServer};

/// No test waits longer than this for anything.
pub const LONG: Duration = Duration::from_secs(30);

/// What `grpc-accept-encoding` lists.
pub fn accepted() -> String {
    Encoding::ALL.iter().map(|encoding| encoding.name()).collect::<Vec<_>>().join(",")
}

/// The service, and what its handlers tell the test.
#[derive(Debug, Default)]
pub struct Behaviour {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Handlers that have begun to wait.
    waiting: usize,
    released: bool,
    causes: Vec<Option<CancelCause>>,
    calls: usize,
}

impl Behaviour {
    fn wait(&self, cancellation: &Cancellation) {
        {
            let mut state = self.state.lock().unwrap();
            state.waiting += 1;
            self.changed.notify_all();
        }
        let mut cause = None;
        while cause.is_none() && !self.state.lock().unwrap().released {
            cause = cancellation.wait_timeout(Duration::from_millis(1));
        }
        self.state.lock().unwrap().causes.push(cause);
        self.changed.notify_all();
    }

    /// Waits until that many handlers wait, or have waited.
    pub fn until_waiting(&self, count: usize) {
        let state = self.state.lock().unwrap();
        let (state, late) = self.changed.wait_timeout_while(state, LONG, |state| state.waiting < count).unwrap();
        assert!(!late.timed_out(), "only {} handlers wait", state.waiting);
    }

    /// Lets the waiting handlers go on.
    pub fn release(&self) {
        self.state.lock().unwrap().released = true;
    }

    /// Why the handlers stopped waiting, once there are `count` of them.
    pub fn causes(&self, count: usize) -> Vec<Option<CancelCause>> {
        let state = self.state.lock().unwrap();
        let (state, late) = self.changed.wait_timeout_while(state, LONG, |state| state.causes.len() < count).unwrap();
        assert!(!late.timed_out(), "only {:?}", state.causes);
        state.causes.clone()
    }

    /// How many handlers have begun.
    pub fn calls(&self) -> usize {
        self.state.lock().unwrap().calls
    }

    fn behave(&self, ask: &Ask, cancellation: &Cancellation) -> Result<(), Status> {
        self.state.lock().unwrap().calls += 1;
        if ask.wait {
            self.wait(cancellation);
        }
        assert!(!ask.panic, "as the test wants it");
        match ask.code {
            0 => Ok(()),
            code => Err(Status::new(Code::from(code), ask.text.clone()).with_details(vec![1, 2, 3])),
        }
    }
}

fn answer(ask: Ask) -> Answer {
    let payload = if ask.size > 0 { vec![7; ask.size as usize] } else { ask.payload };
    Answer { text: ask.text, payload, ..Default::default() }
}

impl Probe for Behaviour {
    /// Echoes the metadata in the initial and, if the call fails or not, in the trailing metadata.
    fn unary(&self, request: Request<Ask>) -> Result<Response<Answer>, Status> {
        let metadata = request.metadata().clone();
        let cancellation = request.cancellation().clone();
        let ask = request.into_message();
        self.behave(&ask, &cancellation).map_err(|status| status.with_metadata(metadata.clone()))?;
        let mut response = Response::new(answer(ask));
        *response.metadata_mut() = metadata.clone();
        *response.trailers_mut() = metadata;
        Ok(response)
    }

    fn download(&self, request: Request<Ask>, responses: &mut ResponseSink<Answer>) -> Result<(), Status> {
        *responses.metadata_mut() = request.metadata().clone();
        *responses.trailers_mut() = request.metadata().clone();
        let ask = request.message().clone();
        for _ in 0..ask.count {
            responses.send(answer(ask.clone()))?;
        }
        self.behave(&ask, request.cancellation())
    }

    fn upload(&self, request: Request<RequestStream<Ask>>) -> Result<Response<Answer>, Status> {
        let cancellation = request.cancellation().clone();
        let metadata = request.metadata().clone();
        let mut texts = Vec::new();
        for ask in request.into_message() {
            let ask = ask?;
            self.behave(&ask, &cancellation)?;
            texts.push(ask.text);
        }
        let mut response = Response::new(Answer { text: texts.concat(), ..Default::default() });
        *response.trailers_mut() = metadata;
        Ok(response)
    }

    fn chat(&self, request: Request<RequestStream<Ask>>, responses: &mut ResponseSink<Answer>) -> Result<(), Status> {
        let cancellation = request.cancellation().clone();
        responses.send_metadata()?;
        for ask in request.into_message() {
            let ask = ask?;
            for _ in 0..ask.count.max(1) {
                responses.send(answer(ask.clone()))?;
            }
            self.behave(&ask, &cancellation)?;
        }
        Ok(())
    }
}

/// A server of the service, and what it is told by its handlers.
pub struct Served {
    pub handle: ServerHandle,
    pub behaviour: Arc<Behaviour>,
    pub address: SocketAddr,
}

pub fn serve() -> Served {
    serve_within(Limits::default(), 4, "threadwire")
}

pub fn serve_within(limits: Limits, workers: usize, thread_names: &str) -> Served {
    let behaviour = Arc::new(Behaviour::default());
    let server = Server::builder()
        .limits(limits)
        .workers(workers)
        .threads(Threads::new().name_prefix(thread_names))
        .add_service(ProbeServer::new(Arc::clone(&behaviour)))
        .bind("127.0.0.1:0")
        .unwrap();
    let address = server.local_addresses()[0];
    Served { handle: server.spawn().unwrap(), behaviour, address }
}

impl Served {
    pub fn channel(&self) -> Channel {
        Channel::builder(&self.address.to_string()).timeout(LONG).connect().unwrap()
    }

    pub fn client(&self) -> ProbeClient {
        ProbeClient::new(self.channel())
    }
}

pub fn ask(text: &str) -> Ask {
    Ask { text: text.into(), ..Default::default() }
}

/// A request whose handler waits.
pub fn waits() -> Ask {
    Ask { wait: true, ..Default::default() }
}

/// A request behind its prefix.
pub fn body(ask: &Ask) -> Vec<u8> {
    prefixed(&ask.encode_to_vec().unwrap())
}

/// A client, and the thread that plays its server once it has connected.
pub fn against<T: Send + 'static>(
    play: impl FnOnce(&TcpListener, Raw) -> T + Send + 'static,
) -> (ProbeClient, thread::JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let raw = Raw::accept(&listener);
        play(&listener, raw)
    });
    let channel = Channel::builder(&target).timeout(LONG).connect().unwrap();
    (ProbeClient::new(channel), server)
}

pub const UNARY: &str = "/probe.v1.Probe/Unary";
/// The head of a response.
pub const GOOD_HEAD: &[(&str, &str)] = &[(":status", "200"), ("content-type", "application/grpc")];

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;
pub const ACK: u8 = 1;

/// A frame (RFC 9113 §4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A body in DATA frames of the size that every peer takes, the last with these flags.
pub fn data(stream: u32, body: &[u8], flags: u8) -> Vec<u8> {
    let mut pieces: Vec<_> = body.chunks(16_384).collect();
    let last = pieces.pop().unwrap_or_default();
    let mut frames: Vec<u8> = pieces.iter().flat_map(|piece| frame(DATA, 0, stream, piece)).collect();
    frames.extend(frame(DATA, flags, stream, last));
    frames
}

/// A message behind its prefix.
pub fn prefixed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], &length[..], message].concat()
}

pub type Headers = Vec<(String, String)>;

/// What a call came to, as seen by a peer that speaks frames.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub head: BTreeMap<String, String>,
    pub data: Vec<u8>,
    pub trailers: BTreeMap<String, String>,
    pub reset: Option<u32>,
    /// The peer has ended its half.
    pub ended: bool,
}

impl Outcome {
    /// `grpc-status`, wherever it stands.
    pub fn status(&self) -> &str {
        self.trailers.get("grpc-status").or(self.head.get("grpc-status")).map_or("none", String::as_str)
    }

    pub fn message(&self) -> &str {
        self.trailers.get("grpc-message").or(self.head.get("grpc-message")).map_or("", String::as_str)
    }

    pub fn http(&self) -> &str {
        self.head.get(":status").map_or("none", String::as_str)
    }
}

/// A peer that speaks frames, of either side.
pub struct Raw {
    pub stream: TcpStream,
    decoder: fluke_hpack::Decoder<'static>,
}

impl Raw {
    pub fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.set_write_timeout(Some(LONG)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, decoder: fluke_hpack::Decoder::new() }
    }

    /// A client that has sent nothing.
    pub fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).unwrap())
    }

    /// A client that has sent preface and SETTINGS.
    pub fn client(address: SocketAddr) -> Self {
        let mut raw = Self::connect(address);
        raw.write(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat());
        raw
    }

    /// A server that has got a client's preface, and has sent SETTINGS.
    pub fn accept(listener: &TcpListener) -> Self {
        let mut raw = Self::over(listener.accept().unwrap().0);
        let mut preface = [0; 24];
        raw.stream.read_exact(&mut preface).unwrap();
        assert_eq!(preface, PREFACE);
        raw.write(&frame(SETTINGS, 0, 0, &[]));
        raw
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// The next frame; none at the end of the peer's output.
    pub fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        match self.stream.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return None,
            Err(error) => panic!("no frame came: {error}"),
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.stream.read_exact(&mut payload).unwrap();
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        Some(Frame { kind: head[3], flags: head[4], stream, payload })
    }

    /// The next frame of this kind; others are passed over.
    pub fn next_of(&mut self, kind: u8) -> Frame {
        loop {
            let frame = self.next().expect("the peer ended instead");
            if frame.kind == kind {
                return frame;
            }
        }
    }

    /// Waits until the peer has read all that was sent; other frames are passed over.
    pub fn ping(&mut self) {
        self.write(&frame(PING, 0, 0, b"are here"));
        while self.next_of(PING).payload != b"are here" {}
    }

    pub fn decode(&mut self, block: &[u8]) -> BTreeMap<String, String> {
        let fields = self.decoder.decode(block).unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        fields.into_iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    /// Opens a stream with the head of a call, changed by `headers` (an empty value takes a header away).
    pub fn open(&mut self, stream: u32, path: &str, headers: &[(&str, &str)], flags: u8) {
        self.write(&frame(HEADERS, END_HEADERS | flags, stream, &block(&call_head(path, headers))));
    }

    /// A whole unary call.
    pub fn call(&mut self, stream: u32, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Outcome {
        self.open(stream, path, headers, 0);
        self.write(&data(stream, body, END_STREAM));
        self.outcome(stream)
    }

    /// What comes on a stream until its end, or a reset of it.
    pub fn outcome(&mut self, stream: u32) -> Outcome {
        let mut outcome = Outcome::default();
        while let Some(frame) = self.next() {
            if frame.kind == HEADERS {
                // Of every stream, since the table of HPACK is one.
                let fields = self.decode(&frame.payload);
                if frame.stream == stream {
                    *(if outcome.head.is_empty() { &mut outcome.head } else { &mut outcome.trailers }) = fields;
                }
            }
            if frame.stream != stream {
                continue;
            }
            match frame.kind {
                DATA => outcome.data.extend(frame.payload),
                RST_STREAM => {
                    outcome.reset = Some(u32::from_be_bytes(frame.payload.try_into().unwrap()));
                    return outcome;
                }
                _ => {}
            }
            if frame.flags & END_STREAM != 0 && frame.kind <= HEADERS {
                outcome.ended = true;
                return outcome;
            }
        }
        outcome
    }

    /// All frames until the peer ends.
    pub fn rest(&mut self) -> Vec<Frame> {
        std::iter::from_fn(|| self.next()).collect()
    }

    /// All frames until the peer ends, in order or not.
    pub fn until_cut(&mut self) -> Vec<Frame> {
        let mut bytes = Vec::new();
        match self.stream.read_to_end(&mut bytes) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "it was not cut: {error}"),
        }
        frames(&bytes)
    }

    /// [`Raw::until_cut`] of a peer that answers each PING, as one does that is drained.
    pub fn until_cut_answering(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(next) = self.next() {
            if next.kind == PING && next.flags == 0 {
                self.write(&frame(PING, ACK, 0, &next.payload));
            }
            frames.push(next);
        }
        frames
    }

    pub fn end_output(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }
}

/// The whole frames in `bytes`.
pub fn frames(mut bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let Some(([a, b, c, kind, flags, s1, s2, s3, s4], rest)) = bytes.split_first_chunk() {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let Some((payload, rest)) = rest.split_at_checked(length) else { break };
        let stream = u32::from_be_bytes([*s1, *s2, *s3, *s4]);
        frames.push(Frame { kind: *kind, flags: *flags, stream, payload: payload.to_vec() });
        bytes = rest;
    }
    frames
}

pub fn call_head(path: &str, changes: &[(&str, &str)]) -> Headers {
    let mut headers: Headers = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    for (name, value) in changes {
        match headers.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) if !old.is_empty() => *old = (*value).to_owned(),
            _ => headers.push(((*name).to_owned(), (*value).to_owned())),
        }
    }
    headers.retain(|(_, value)| !value.is_empty());
    headers
}

/// A header block of these fields.
pub fn headers(pairs: &[(&str, &str)]) -> Vec<u8> {
    block(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

/// A header block of literals that change no table (RFC 7541 §6.2.2).
pub fn block(headers: &Headers) -> Vec<u8> {
    fn string(block: &mut Vec<u8>, text: &str) {
        // An integer with a prefix of 7 bits (RFC 7541 §5.1).
        match text.len() {
            short @ 0..127 => block.push(u8::try_from(short).unwrap()),
            long => {
                block.push(127);
                let mut rest = long - 127;
                while rest >= 128 {
                    block.push(u8::try_from(rest % 128).unwrap() | 128);
                    rest /= 128;
                }
                block.push(u8::try_from(rest).unwrap());
            }
        }
        block.extend(text.bytes());
    }
    let mut block = Vec::new();
    for (name, value) in headers {
        block.push(0);
        string(&mut block, name);
        string(&mut block, value);
    }
    block
}
