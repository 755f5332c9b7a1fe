//! Calls without generated code: methods named at run time, encoded messages as bytes. A proxy passes on services that
//! it knows nothing of.
//!
//! ```sh
//! cargo run --example generic
//! ```

#![allow(clippy::indexing_slicing, reason = "a server has an address")]

use bytes::Bytes;
use std::thread;
use threadwire::grpc::{
    CallKind, Channel, MethodDescriptor, Request, RequestStream, Response, ResponseSink, Server, ServerHandle,
    ServiceDefinition, Status,
};

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
    let (mut sink, mut answers) = channel.bidirectional::<Bytes, Bytes>(&method, onward)?;
    thread::scope(|scope| {
        // A failure here ends the call; `answers` says how. A sink that is not finished cancels it.
        scope.spawn(move || {
            requests.into_message().try_for_each(|message| sink.send(message?))?;
            sink.finish()
        });
        responses.metadata_mut().clone_from(answers.metadata()?);
        for answer in &mut answers {
            responses.send(answer?)?;
        }
        *responses.trailers_mut() = answers.trailers().cloned().unwrap_or_default();
        Ok(())
    })
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
