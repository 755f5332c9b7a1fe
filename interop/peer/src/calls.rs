//! Calls at the word of a script, over one channel: what a client makes of a server that answers frame by frame
//! (harness/negative). A line of stdin is one order, `KIND COUNT BYTES MILLISECONDS`: so many calls at once, each with
//! messages of so many zeros, to be done in so much time. A line of stdout is how one of them ended, in their order.
//!
//! KIND: `unary`; `stream`, whose responses are read to the end; `upload`, which sends until the server wants no more
//! (at most [`MOST`] messages); `duplex`, which sends one message for each response.

use crate::cases::Failure;
use std::fmt::Write as _;
use std::io::{BufRead, Write};
use std::thread;
use std::time::Duration;
use threadwire::grpc::{CallKind, Channel, Metadata, MetadataValue, MethodDescriptor, Request, Status};
use threadwire::protobuf::Bytes;

/// A server that says nothing does not make an upload endless.
const MOST: usize = 10_000;

const UNARY: MethodDescriptor = MethodDescriptor::new("/script.Script/Unary", CallKind::Unary);
const STREAM: MethodDescriptor = MethodDescriptor::new("/script.Script/Stream", CallKind::ServerStreaming);
const UPLOAD: MethodDescriptor = MethodDescriptor::new("/script.Script/Upload", CallKind::ClientStreaming);
const DUPLEX: MethodDescriptor = MethodDescriptor::new("/script.Script/Duplex", CallKind::Bidirectional);

/// How a call ended: what came before its end, and its status.
#[derive(Default)]
struct Ended {
    responses: usize,
    bytes: usize,
    code: i32,
    message: String,
    trailers: String,
}

impl Ended {
    fn take(&mut self, response: &Bytes) {
        self.responses += 1;
        self.bytes += response.len();
    }

    fn with(mut self, outcome: Result<String, Status>) -> Self {
        match outcome {
            Ok(trailers) => self.trailers = trailers,
            Err(status) => {
                self.code = i32::from(status.code());
                self.message = status.message().to_owned();
                self.trailers = shown(status.metadata());
            }
        }
        self
    }
}

/// Obeys until the end of stdin.
pub(crate) fn obey(target: &str) -> Result<(), Failure> {
    let channel = Channel::builder(target).connect_lazy()?;
    for order in std::io::stdin().lock().lines() {
        let order = order?;
        let words: Vec<&str> = order.split(' ').collect();
        let [kind, count, bytes, milliseconds] = words[..] else { return Err(format!("no order: {order}").into()) };
        let timeout = Duration::from_millis(milliseconds.parse()?);
        let message = Bytes::from(vec![0; bytes.parse()?]);
        let call = || call(&channel, kind, &message, timeout);
        let ended: Vec<Ended> = thread::scope(|scope| {
            let running: Vec<_> = (0..count.parse().unwrap_or(1)).map(|_| scope.spawn(call)).collect();
            running.into_iter().map(|thread| thread.join().unwrap_or_default()).collect()
        });
        let mut stdout = std::io::stdout();
        for Ended { responses, bytes, code, message, trailers } in ended {
            writeln!(stdout, "{code}\t{responses}\t{bytes}\t{}\t{trailers}", hex(message.as_bytes()))?;
        }
        stdout.flush()?;
    }
    Ok(())
}

fn call(channel: &Channel, kind: &str, message: &Bytes, timeout: Duration) -> Ended {
    let mut ended = Ended::default();
    let outcome = match kind {
        "unary" => unary(channel, message, timeout, &mut ended),
        "stream" => stream(channel, message, timeout, &mut ended),
        "upload" => upload(channel, message, timeout, &mut ended),
        "duplex" => duplex(channel, message, timeout, &mut ended),
        _ => Err(Status::internal(format!("there is no kind of calls '{kind}'"))),
    };
    ended.with(outcome)
}

fn unary(channel: &Channel, message: &Bytes, timeout: Duration, ended: &mut Ended) -> Result<String, Status> {
    let request = Request::new(message.clone()).with_timeout(timeout);
    let response = channel.unary::<Bytes, Bytes>(&UNARY, request)?;
    ended.take(response.message());
    Ok(shown(response.trailers()))
}

fn stream(channel: &Channel, message: &Bytes, timeout: Duration, ended: &mut Ended) -> Result<String, Status> {
    let request = Request::new(message.clone()).with_timeout(timeout);
    let mut responses = channel.server_streaming::<Bytes, Bytes>(&STREAM, request)?;
    while let Some(response) = responses.receive()? {
        ended.take(&response);
    }
    Ok(responses.trailers().map_or_else(String::new, shown))
}

fn upload(channel: &Channel, message: &Bytes, timeout: Duration, ended: &mut Ended) -> Result<String, Status> {
    let request = Request::new(()).with_timeout(timeout);
    let (mut sink, response) = channel.client_streaming::<Bytes, Bytes>(&UPLOAD, request)?;
    // Why no more can be sent is said by the response.
    (0..MOST).try_for_each(|_| sink.send(message.clone())).and_then(|()| sink.finish()).ok();
    let response = response.receive()?;
    ended.take(response.message());
    Ok(shown(response.trailers()))
}

fn duplex(channel: &Channel, message: &Bytes, timeout: Duration, ended: &mut Ended) -> Result<String, Status> {
    let request = Request::new(()).with_timeout(timeout);
    let (mut sink, mut responses) = channel.bidirectional::<Bytes, Bytes>(&DUPLEX, request)?;
    sink.send(message.clone()).ok();
    while let Some(response) = responses.receive()? {
        ended.take(&response);
        sink.send(message.clone()).ok();
    }
    Ok(responses.trailers().map_or_else(String::new, shown))
}

/// `key=value,…`, the values in hexadecimal.
fn shown(metadata: &Metadata) -> String {
    let pairs = metadata.iter().map(|(key, value)| match value {
        MetadataValue::Text(text) => format!("{key}={}", hex(text.as_bytes())),
        MetadataValue::Binary(bytes) => format!("{key}={}", hex(bytes)),
    });
    pairs.collect::<Vec<_>>().join(",")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // To a String: it cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
