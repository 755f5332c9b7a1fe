//! The gRPC cases of a client.

use crate::cases::{self, BINARY_VALUES, Case, Failure, Outcome, PATIENCE, TEXT, TEXT_VALUES, TOO_LARGE, same};
use crate::proto::helloworld::{GreeterClient, HelloRequest};
use crate::proto::interop::{AbsentClient, EchoReply, EchoRequest, InteropClient};
use std::time::{Duration, Instant};
use threadwire::grpc::{CallKind, Channel, Code, Encoding, Metadata, MethodDescriptor, Request, Response, Status};

/// A method that no .proto file has.
const NO_SUCH_METHOD: MethodDescriptor =
    MethodDescriptor::new("/threadwire.interop.Interop/NoSuchMethod", CallKind::Unary);

/// Runs the cases against the server at `target`. `joined`: it may join the values of a metadata key; `compressed`: it
/// compresses its replies when it is asked to.
pub(crate) fn check(target: &str, joined: bool, compressed: bool) -> Result<(), Failure> {
    let peer = Peer::connect(target, joined, compressed)?;
    let peer = &peer;
    let cases: Vec<Case<'_>> = vec![
        ("reply", Box::new(|| peer.reply())),
        ("metadata both ways", Box::new(|| peer.metadata_both_ways())),
        ("error status", Box::new(|| peer.error_status())),
        ("deadline", Box::new(|| peer.deadline())),
        ("unknown method", Box::new(|| peer.unknown_method())),
        ("unknown service", Box::new(|| peer.unknown_service())),
        ("large message", Box::new(|| peer.large_message())),
        ("gzip and deflate", Box::new(|| peer.gzip_and_deflate())),
        ("request over the limit", Box::new(|| peer.request_over_the_limit())),
        ("reply over the limit", Box::new(|| peer.reply_over_the_limit())),
        ("1000 calls over 10 threads", Box::new(|| peer.many_calls())),
        ("reply after all that", Box::new(|| peer.reply())),
    ];
    cases::run(cases)
}

/// The classic example.
pub(crate) fn check_greeter(target: &str) -> Result<(), Failure> {
    let client = GreeterClient::new(channel(target)?);
    let greeting = || {
        ["World", TEXT].iter().try_for_each(|name| {
            let request = HelloRequest { name: (*name).to_owned(), ..Default::default() };
            let reply = client.say_hello(request)?.into_message();
            same("greeting", reply.message, format!("Hello, {name}!"))
        })
    };
    cases::run(vec![("greeting", Box::new(greeting))])
}

fn channel(target: &str) -> Result<Channel, Failure> {
    Ok(Channel::builder(target).timeout(PATIENCE).connect_lazy()?)
}

struct Peer {
    channel: Channel,
    client: InteropClient,
    joined: bool,
    compressed: bool,
}

impl Peer {
    fn connect(target: &str, joined: bool, compressed: bool) -> Result<Self, Failure> {
        let channel = channel(target)?;
        Ok(Self { client: InteropClient::new(channel.clone()), channel, joined, compressed })
    }

    fn echo(&self, request: impl Into<Request<EchoRequest>>) -> Result<Response<EchoReply>, Status> {
        self.client.echo(request)
    }

    fn reply(&self) -> Outcome {
        let sent = EchoRequest { text: TEXT.to_owned(), payload: vec![0, 255], ..Default::default() };
        let expected = EchoReply { text: TEXT.to_owned(), payload: vec![0, 255], ..Default::default() };
        same("reply", self.echo(sent)?.message(), &expected)?;
        same("empty reply", self.echo(EchoRequest::default())?.message(), &EchoReply::default())
    }

    fn metadata_both_ways(&self) -> Outcome {
        let response = self.echo(with_metadata(EchoRequest::default())?)?;
        self.echoed("initial", response.metadata())?;
        self.echoed("trailing", response.trailers())
    }

    fn echoed(&self, place: &str, metadata: &Metadata) -> Outcome {
        let texts = if self.joined { vec![TEXT_VALUES.join(", ")] } else { TEXT_VALUES.map(str::to_owned).to_vec() };
        same(&format!("{place} x-echo-text"), metadata.get_all("x-echo-text").collect::<Vec<_>>(), texts)?;
        let binary: Vec<&[u8]> = metadata.get_all_bin("x-echo-data-bin").map(|value| &value[..]).collect();
        same(&format!("{place} x-echo-data-bin"), binary, BINARY_VALUES)
    }

    fn error_status(&self) -> Outcome {
        let request = EchoRequest {
            fail_code: cases::FAIL_CODE,
            fail_message: cases::FAIL_MESSAGE.to_owned(),
            ..Default::default()
        };
        let status = refused(self.echo(with_metadata(request)?), Code::from(cases::FAIL_CODE))?;
        same("message", status.message(), cases::FAIL_MESSAGE)?;
        self.echoed("trailing", status.metadata())
    }

    fn deadline(&self) -> Outcome {
        let begin = Instant::now();
        let request = EchoRequest { sleep_ms: 2000, ..Default::default() };
        let request = Request::new(request).with_timeout(Duration::from_millis(200));
        refused(self.echo(request), Code::DeadlineExceeded)?;
        same("it took at most 1.5 s", begin.elapsed() <= Duration::from_millis(1500), true)
    }

    fn unknown_method(&self) -> Outcome {
        refused(self.client.missing(EchoRequest::default()), Code::Unimplemented)?;
        let request = Request::new(EchoRequest::default());
        refused(self.channel.unary::<EchoRequest, EchoReply>(&NO_SUCH_METHOD, request), Code::Unimplemented)?;
        Ok(())
    }

    fn unknown_service(&self) -> Outcome {
        let absent = AbsentClient::new(self.channel.clone());
        refused(absent.call(EchoRequest::default()), Code::Unimplemented)?;
        Ok(())
    }

    fn large_message(&self) -> Outcome {
        let sent = EchoRequest { payload: cases::large(), ..Default::default() };
        let reply = self.echo(sent.clone())?.into_message();
        same("length", reply.payload.len(), sent.payload.len())?;
        same("the payload is as it was", reply.payload == sent.payload, true)
    }

    fn gzip_and_deflate(&self) -> Outcome {
        for encoding in [Encoding::Gzip, Encoding::Deflate] {
            let sent = EchoRequest { payload: cases::large(), ..Default::default() };
            let mut request = Request::new(sent.clone()).with_encoding(encoding);
            request.metadata_mut().append("x-compress-reply", encoding.name())?;
            let response = self.echo(request)?;
            same("the reply came compressed", response.was_compressed(), self.compressed)?;
            same("the payload is as it was", response.message().payload == sent.payload, true)?;
            // Empty messages, and those that get no shorter.
            let request = Request::new(EchoRequest::default()).with_encoding(encoding);
            same("empty reply", self.echo(request)?.message(), &EchoReply::default())?;
        }
        Ok(())
    }

    fn request_over_the_limit(&self) -> Outcome {
        let request = EchoRequest { payload: vec![0; TOO_LARGE], ..Default::default() };
        refused(self.echo(request), Code::ResourceExhausted)?;
        Ok(())
    }

    fn reply_over_the_limit(&self) -> Outcome {
        let reply_bytes = u32::try_from(TOO_LARGE)?;
        refused(self.echo(EchoRequest { reply_bytes, ..Default::default() }), Code::ResourceExhausted)?;
        Ok(())
    }

    fn many_calls(&self) -> Outcome {
        cases::on_threads(10, |thread| {
            (0..100).try_for_each(|number| {
                let text = format!("thread {thread} call {number}");
                let reply = self.echo(EchoRequest { text: text.clone(), ..Default::default() })?;
                same("text", &reply.message().text, &text)
            })
        })
    }
}

fn with_metadata(message: EchoRequest) -> Result<Request<EchoRequest>, Failure> {
    let mut request = Request::new(message);
    let metadata = request.metadata_mut();
    TEXT_VALUES.iter().try_for_each(|value| metadata.append("x-echo-text", value))?;
    BINARY_VALUES.iter().try_for_each(|value| metadata.append_bin("x-echo-data-bin", *value))?;
    Ok(request)
}

/// The status of a call that must end with `code`.
fn refused<T>(outcome: Result<Response<T>, Status>, code: Code) -> Result<Status, Failure> {
    match outcome {
        Ok(_) => Err(format!("expected {code}, came a reply").into()),
        Err(status) if status.code() == code => Ok(status),
        Err(status) => Err(format!("expected {code}, came {status}").into()),
    }
}
