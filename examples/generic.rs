//! Calls without generated code: methods named at run time, encoded messages as bytes. A proxy passes on services that
//! it knows nothing of.
//!
//! ```sh
//! cargo run --example generic
//! ```

#![allow(clippy::indexing_slicing, reason = "a server has an address")]

use bytes::Bytes;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;
use threadwire::grpc::{
    CallKind, Channel, Code, MethodDescriptor, Request, RequestSink, RequestStream, Response, ResponseSink, Server,
    ServerHandle, ServiceDefinition, Status,
};

/// How often a thread that waits for requests looks whether the answer has come.
const LOOK: Duration = Duration::from_secs(1);

/// A service made at run time. Its handlers may take and give bytes, or messages.
fn shouter(service: String, method: String) -> ServiceDefinition {
    ServiceDefinition::new(service).unary(method, |request: Request<Bytes>| match request.message() {
        text if text.is_empty() => Err(Status::invalid_argument("nothing to shout")),
        text => Ok(Response::new(Bytes::from(text.to_ascii_uppercase()))),
    })
}

/// The handler of all methods that no service has: passes each call on, of whatever kind it is.
fn pass_on(
    channel: &Channel,
    path: &str,
    requests: Request<RequestStream<Bytes>>,
    responses: &mut ResponseSink<Bytes>,
) -> Result<(), Status> {
    println!("proxy: {path}");
    let method = MethodDescriptor::from_path(path, CallKind::Bidirectional)?;
    // It ends with the call that it is made for: at its deadline, and when it is given up.
    let mut onward = Request::new(()).within(&requests);
    *onward.metadata_mut() = requests.metadata().clone();
    let (sink, mut answers) = channel.bidirectional::<Bytes, Bytes>(&method, onward)?;
    // A thread that the handler does not wait for: the client may leave its half open after the answer has come. A
    // failure there ends the call, since a sink that is not finished cancels it; `answers` says how.
    let answering = Arc::new(());
    let watched = Arc::downgrade(&answering);
    thread::spawn(move || pump(requests.into_message(), sink, &watched));
    responses.metadata_mut().clone_from(answers.metadata()?);
    for answer in &mut answers {
        responses.send(answer?)?;
    }
    *responses.trailers_mut() = answers.trailers().cloned().unwrap_or_default();
    Ok(())
}

/// Passes on the requests until they end, or until the other half, which holds `answering`, has ended: an answer may
/// come before the last request.
fn pump(mut requests: RequestStream<Bytes>, mut sink: RequestSink<Bytes>, answering: &Weak<()>) -> Result<(), Status> {
    while answering.strong_count() > 0 {
        match requests.receive_timeout(LOOK) {
            Ok(Some(message)) => sink.send(message)?,
            Ok(None) => return sink.finish(),
            // It waits on. (If the deadline of the call has passed, that of the call onward has as well.)
            Err(status) if status.code() == Code::DeadlineExceeded => {}
            Err(status) => return Err(status),
        }
    }
    Ok(())
}

fn start(builder: threadwire::grpc::ServerBuilder) -> Result<(ServerHandle, Channel), threadwire::Error> {
    let server = builder.bind("127.0.0.1:0")?;
    let target = server.local_addresses()[0].to_string();
    let server = server.spawn()?;
    Ok((server, Channel::connect(&target)?))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Names that come from a configuration, or from a descriptor set.
    let (service, method) = ("example.Shouter".to_owned(), "Shout".to_owned());
    let (_server, behind) = start(Server::builder().add_service(shouter(service.clone(), method.clone())))?;
    let pass_on = move |path: &str, requests: Request<RequestStream<Bytes>>, responses: &mut ResponseSink<Bytes>| {
        pass_on(&behind, path, requests, responses)
    };
    let (_proxy, channel) = start(Server::builder().fallback(pass_on))?;

    let method = MethodDescriptor::named(&service, &method, CallKind::Unary)?;
    let answer = channel.unary::<Bytes, Bytes>(&method, Request::new(Bytes::from("is anybody there?")))?;
    println!("{}", String::from_utf8_lossy(answer.message()));

    // A status goes through as well.
    if let Err(status) = channel.unary::<Bytes, Bytes>(&method, Request::new(Bytes::new())) {
        println!("{status}");
    }
    Ok(())
}
