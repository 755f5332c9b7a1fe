//! Deadlines, and calls that are given up: the client stops waiting, and the handler learns of it and why.
//!
//! ```sh
//! cargo run --example deadlines
//! ```

#![allow(clippy::indexing_slicing, reason = "a server has an address")]

mod proto {
    // What `build.rs` has made of examples/proto/notes.proto.
    threadwire::include_proto!("example.notes");
}

use proto::{Note, Notes, NotesClient, NotesServer, Query};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;
use threadwire::grpc::{CancelCause, Channel, Request, Response, ResponseSink, Server, Status};

/// A handler that works for ever, but looks whether anybody still waits.
struct Slow {
    began: Sender<()>,
    ended: Sender<String>,
}

impl Notes for Slow {
    fn get(&self, request: Request<Query>) -> Result<Response<Note>, Status> {
        // A handler that makes calls itself makes them `within` its own: they end with it.
        println!("the handler has a deadline: {}", request.deadline().is_some());
        let _ = self.began.send(());
        loop {
            // A piece of work; this one is a sleep that ends with the call.
            if let Some(cause) = request.cancellation().wait_timeout(Duration::from_millis(10)) {
                // Both ends have the deadline; the client's word may be the first to come.
                let expected = matches!(cause, CancelCause::Deadline | CancelCause::Peer);
                let _ = self.ended.send(format!("stops, as expected: {expected}"));
                return Err(Status::cancelled("nobody waits for it"));
            }
        }
    }

    fn list(&self, _: Request<Query>, notes: &mut ResponseSink<Note>) -> Result<(), Status> {
        // A send to a client that has gone fails: no need to ask.
        loop {
            if let Err(status) = notes.send(Note { text: "more".into(), ..Default::default() }) {
                let _ = self.ended.send(status.code().to_string());
                return Err(status);
            }
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ((began, begun), (ended, why)) = (channel(), channel());
    let server = Server::builder().add_service(NotesServer::new(Slow { began, ended })).bind("127.0.0.1:0")?;
    let target = server.local_addresses()[0].to_string();
    let _server = server.spawn()?;

    // For all calls that say nothing of their own. It covers the whole call, with its stream.
    let channel = Channel::builder(&target).timeout(Duration::from_secs(20)).connect()?;
    let client = NotesClient::new(channel);

    // This call's own.
    let request = Request::new(Query::default()).with_timeout(Duration::from_secs(1));
    if let Err(status) = client.get(request) {
        println!("the client: {}", status.code());
    }
    begun.recv()?;
    println!("the handler: {}", why.recv()?);

    // A stream that is dropped before its end is cancelled.
    let mut notes = client.list(Query::default())?;
    println!("one note: {:?}", notes.receive()?.map(|note| note.text));
    drop(notes);
    println!("the handler: {}", why.recv()?);

    // A call can be ended from another thread, too.
    let mut request = Request::new(Query::default());
    let canceller = request.canceller();
    let waiting = thread::spawn({
        let client = client.clone();
        move || client.get(request).map(drop)
    });
    begun.recv()?;
    canceller.cancel();
    if let Err(status) = waiting.join().map_err(|_| "the caller panicked")? {
        println!("the client: {}", status.code());
    }
    println!("the handler: {}", why.recv()?);
    Ok(())
}
