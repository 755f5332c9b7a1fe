//! Compression between our two ends: what a channel, a server, a call and a message say of it, in all kinds of calls;
//! each side sees how each message came.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    reason = "a test may fail"
)]

#[path = "support/grpc.rs"]
mod support;

use std::net::SocketAddr;
use support::LONG;
use support::proto::{Answer, Ask, Probe, ProbeClient, ProbeServer};
use threadwire::grpc::{
    Channel, Code, Encoding, Request, RequestStream, Response, ResponseSink, Server, ServerHandle, Status,
};

/// Long enough to be worth it.
const SIZE: usize = 10_000;

/// Answers how each request came; what it does of its own, the request says in its text, word by word.
struct Observing;

fn how(compressed: bool) -> &'static str {
    if compressed { "compressed " } else { "plain " }
}

fn named(text: &str) -> Option<Encoding> {
    Encoding::ALL.iter().copied().find(|encoding| text.split(' ').any(|word| word == encoding.name()))
}

fn answer(text: &str) -> Answer {
    Answer { text: text.into(), payload: vec![7; SIZE], ..Default::default() }
}

fn ask(text: &str) -> Ask {
    Ask { text: text.into(), payload: vec![7; SIZE], ..Default::default() }
}

fn response(text: &str, said: &str) -> Response<Answer> {
    let mut response = Response::new(answer(text));
    if let Some(encoding) = named(said) {
        response = response.with_encoding(encoding);
    }
    if said.contains("uncompressed") { response.uncompressed() } else { response }
}

impl Probe for Observing {
    fn unary(&self, request: Request<Ask>) -> Result<Response<Answer>, Status> {
        Ok(response(how(request.was_compressed()), &request.message().text))
    }

    /// Of its answers, every second one goes as it is.
    fn download(&self, request: Request<Ask>, responses: &mut ResponseSink<Answer>) -> Result<(), Status> {
        let text = &request.message().text;
        if let Some(encoding) = named(text) {
            responses.set_encoding(encoding);
        }
        for number in 0..4 {
            responses.set_compressed(number % 2 == 0);
            responses.send(answer(how(request.was_compressed())))?;
        }
        Ok(())
    }

    fn upload(&self, request: Request<RequestStream<Ask>>) -> Result<Response<Answer>, Status> {
        assert!(!request.was_compressed(), "the stream says it");
        let mut requests = request.into_message();
        let (mut came, mut said) = (String::new(), String::new());
        while let Some(ask) = requests.receive()? {
            came += how(requests.was_compressed());
            said = ask.text;
        }
        Ok(response(&came, &said))
    }

    fn chat(&self, request: Request<RequestStream<Ask>>, responses: &mut ResponseSink<Answer>) -> Result<(), Status> {
        let mut requests = request.into_message();
        while let Some(ask) = requests.receive()? {
            responses.set_compressed(!ask.text.contains("uncompressed"));
            responses.send(answer(how(requests.was_compressed())))?;
            // The head has been sent.
            responses.set_encoding(Encoding::Identity);
        }
        Ok(())
    }
}

struct Served {
    _handle: ServerHandle,
    address: SocketAddr,
}

fn serve(default: Encoding) -> Served {
    let server = Server::builder().compress(default).add_service(ProbeServer::new(Observing)).bind("127.0.0.1:0");
    let server = server.unwrap();
    let address = server.local_addresses()[0];
    Served { _handle: server.spawn().unwrap(), address }
}

impl Served {
    fn client(&self, default: Encoding) -> ProbeClient {
        let channel = Channel::builder(&self.address.to_string()).timeout(LONG).compress(default).connect();
        ProbeClient::new(channel.unwrap())
    }
}

fn encodings() -> Vec<Encoding> {
    let all: Vec<_> = Encoding::ALL.iter().copied().filter(|encoding| *encoding != Encoding::Identity).collect();
    assert!(!all.is_empty());
    all
}

/// How the request of a unary call came, and how its response did.
fn unary(client: &ProbeClient, request: Request<Ask>) -> (String, bool) {
    let response = client.unary(request).unwrap();
    assert_eq!(response.message().payload.len(), SIZE);
    (response.message().text.trim().to_owned(), response.was_compressed())
}

#[test]
fn nothing_is_compressed_unless_it_is_said() {
    let served = serve(Encoding::Identity);
    let client = served.client(Encoding::Identity);
    assert_eq!(unary(&client, ask("").into()), ("plain".into(), false));
    for encoding in encodings() {
        let compressing = served.client(encoding);
        assert_eq!(unary(&compressing, ask("").into()), ("compressed".into(), false), "{encoding:?}");
        let served = serve(encoding);
        let client = served.client(Encoding::Identity);
        assert_eq!(unary(&client, ask("").into()), ("plain".into(), true), "{encoding:?}");
    }
}

#[test]
fn a_call_says_more_than_its_channel_and_a_handler_more_than_its_server() {
    for (default, other) in encodings().into_iter().zip(encodings().into_iter().rev()) {
        let served = serve(default);
        let client = served.client(default);
        assert_eq!(unary(&client, ask("").into()), ("compressed".into(), true));
        let said = Request::new(ask(other.name())).with_encoding(other);
        assert_eq!(unary(&client, said), ("compressed".into(), true));
        let none = Request::new(ask("identity")).with_encoding(Encoding::Identity);
        assert_eq!(unary(&client, none), ("plain".into(), false));
        let plain = Request::new(ask("uncompressed")).uncompressed();
        assert_eq!(unary(&client, plain), ("plain".into(), false));
    }
}

#[test]
fn messages_that_would_not_be_shorter_go_as_they_are() {
    for encoding in encodings() {
        let served = serve(encoding);
        let client = served.client(encoding);
        let short = Ask { text: "a".into(), ..Default::default() };
        assert_eq!(client.unary(short).unwrap().message().text, "plain ", "{encoding:?}");
        let empty = client.unary(Ask::default()).unwrap();
        assert_eq!(empty.message().text, "plain ", "{encoding:?}");
        assert!(empty.was_compressed());
    }
}

#[test]
fn each_message_of_a_download_says_how_it_came() {
    for encoding in encodings() {
        for (default, said) in [(encoding, ""), (Encoding::Identity, encoding.name())] {
            let served = serve(default);
            let client = served.client(encoding);
            let mut answers = client.download(ask(said)).unwrap();
            let mut came = Vec::new();
            while let Some(answer) = answers.receive().unwrap() {
                assert_eq!((answer.text.as_str(), answer.payload.len()), ("compressed ", SIZE));
                came.push(answers.was_compressed());
            }
            assert_eq!(came, [true, false, true, false], "{encoding:?}");
        }
    }
}

#[test]
fn each_message_of_an_upload_can_be_compressed_or_not() {
    for encoding in encodings() {
        let served = serve(encoding);
        let client = served.client(Encoding::Identity);
        for (request, came) in [
            (Request::new(()).with_encoding(encoding), "compressed plain compressed "),
            (Request::new(()).with_encoding(encoding).uncompressed(), "plain plain compressed "),
            (Request::new(()), "plain plain plain "),
        ] {
            let (mut asks, pending) = client.upload(request).unwrap();
            asks.send(ask("")).unwrap();
            asks.set_compressed(false);
            asks.send(ask("")).unwrap();
            asks.set_compressed(true);
            asks.send(ask("uncompressed")).unwrap();
            asks.finish().unwrap();
            let response = pending.receive().unwrap();
            assert_eq!((response.message().text.as_str(), response.was_compressed()), (came, false), "{encoding:?}");
        }
        let (mut asks, pending) = client.upload(()).unwrap();
        asks.send(ask("")).unwrap();
        asks.finish().unwrap();
        assert!(pending.receive().unwrap().was_compressed(), "{encoding:?}");
    }
}

#[test]
fn both_halves_of_a_chat_switch_message_by_message() {
    for encoding in encodings() {
        let served = serve(encoding);
        let client = served.client(encoding);
        let (mut asks, mut answers) = client.chat(()).unwrap();
        for (text, sent, came) in
            [("", true, true), ("uncompressed", false, false), ("", false, true), ("", true, true)]
        {
            asks.set_compressed(sent);
            asks.send(ask(text)).unwrap();
            assert_eq!(answers.receive().unwrap().unwrap().text, how(sent), "{encoding:?}");
            assert_eq!(answers.was_compressed(), came, "{encoding:?}");
        }
        asks.finish().unwrap();
        assert!(answers.receive().unwrap().is_none());
        assert!(!answers.was_compressed(), "there is no message");
    }
}

#[test]
fn the_limits_are_those_of_messages_that_are_not_compressed() {
    for encoding in encodings() {
        let mut limits = threadwire::Limits::default();
        limits.send_message_bytes = 1_000;
        limits.receive_message_bytes = SIZE;
        let served = serve(encoding);
        let channel = Channel::builder(&served.address.to_string()).timeout(LONG).limits(limits).compress(encoding);
        let client = ProbeClient::new(channel.connect().unwrap());
        let too_large = client.unary(ask("")).unwrap_err();
        assert_eq!(too_large.code(), Code::ResourceExhausted, "{encoding:?}");
        assert!(too_large.message().contains("to be sent"), "{too_large}");
        // The answer has some bytes beside the payload.
        let too_large = client.unary(Ask::default()).unwrap_err();
        assert_eq!(too_large.code(), Code::ResourceExhausted, "{encoding:?}");
        assert!(too_large.message().contains(encoding.name()), "{too_large}");
    }
}
