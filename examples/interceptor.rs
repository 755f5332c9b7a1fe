//! Interceptors: what stands around every call of a server or a channel. Here a token is sent and checked, and both
//! ends say how each call ended.
//!
//! ```sh
//! cargo run --example interceptor
//! ```

#![allow(clippy::indexing_slicing, reason = "a server has an address")]

mod proto {
    // What `build.rs` has made of examples/proto/notes.proto.
    threadwire::include_proto!("example.notes");
}

use proto::{Note, Notes, NotesClient, NotesServer, Query};
use std::time::{Duration, Instant};
use threadwire::grpc::{
    Channel, Code, Completed, IncomingCall, Invoked, Invoker, Next, OutgoingCall, Request, Response, ResponseSink,
    Server, Status,
};

/// Who calls, as the interceptor found out.
#[derive(Debug, Clone)]
struct User(&'static str);

/// On the server: a call without the token does not reach its handler.
fn authenticate(call: &mut IncomingCall, next: Next<'_>) -> Result<Completed, Status> {
    match call.metadata().get("authorization") {
        Some("Bearer of-ada") => call.extensions_mut().insert(User("Ada")),
        _ => return Err(Status::unauthenticated("a token is needed")),
    };
    next.run(call)
}

/// On the server: `next.run` returns when the call has ended, whatever its kind and however it ended.
fn time(call: &mut IncomingCall, next: Next<'_>) -> Result<Completed, Status> {
    let begin = Instant::now();
    let outcome = next.run(call);
    println!("server: {} {}", call.path(), ended(&outcome, begin));
    outcome
}

/// On the client: a stream's end comes later than `invoke` returns, so it is asked for.
fn time_here(call: &mut OutgoingCall, invoker: Invoker<'_>) -> Result<Invoked, Status> {
    let (begin, path) = (Instant::now(), call.path().to_owned());
    call.on_end(move |outcome| println!("client: {path} {}", ended(outcome, begin)));
    // Messages pass by as bytes; they could be changed, or refused.
    call.on_response(|message| {
        println!("client: a response of {} bytes", message.len());
        Ok(())
    });
    invoker.invoke(call)
}

fn ended(outcome: &Result<Completed, Status>, begin: Instant) -> String {
    let code = outcome.as_ref().map_or_else(Status::code, |_| Code::Ok);
    let quick = if begin.elapsed() < Duration::from_secs(10) { "in time" } else { "slowly" };
    format!("ended with {code}, {quick}")
}

struct Library;

impl Notes for Library {
    fn get(&self, request: Request<Query>) -> Result<Response<Note>, Status> {
        let Some(User(name)) = request.extensions().get() else { return Err(Status::internal("no user")) };
        Ok(Note { text: format!("for {name}"), ..Default::default() }.into())
    }

    fn list(&self, _: Request<Query>, notes: &mut ResponseSink<Note>) -> Result<(), Status> {
        notes.send(Note { text: "one".into(), ..Default::default() })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The first is the outermost: calls that `authenticate` refuses are timed, too.
    let builder = Server::builder().intercept(time).intercept(authenticate);
    let server = builder.add_service(NotesServer::new(Library)).bind("127.0.0.1:0")?;
    let target = server.local_addresses()[0].to_string();
    let server = server.spawn()?;

    let without = NotesClient::new(Channel::connect(&target)?);
    println!("{:?}", without.get(Query::default()).map_err(|status| status.to_string()).map(drop));

    // A closure will do, too. Its types must be written.
    let token = |call: &mut OutgoingCall, invoker: Invoker<'_>| {
        call.metadata_mut().insert("authorization", "Bearer of-ada")?;
        invoker.invoke(call)
    };
    let client = NotesClient::new(Channel::builder(&target).intercept(time_here).intercept(token).connect()?);
    println!("{}", client.get(Query::default())?.message().text);
    for note in client.list(Query::default())? {
        println!("{}", note?.text);
    }
    server.shutdown(Duration::from_secs(5));
    Ok(())
}
