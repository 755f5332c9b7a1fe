//! One request, many responses: the handler sends them one after the other, the client iterates over them.
//!
//! ```sh
//! cargo run --example server_streaming
//! ```

#![allow(clippy::indexing_slicing, reason = "a server has an address")]

mod proto {
    // What `build.rs` has made of examples/proto/notes.proto.
    threadwire::include_proto!("example.notes");
}

use proto::{Note, Notes, NotesClient, NotesServer, Query};
use threadwire::grpc::{Channel, Request, ResponseSink, Server, Status};

struct Library;

impl Notes for Library {
    // It has a thread of its own, and may take its time. `send` waits while the client's window is full; the call ends
    // when this returns.
    fn list(&self, request: Request<Query>, notes: &mut ResponseSink<Note>) -> Result<(), Status> {
        let author = &request.message().author;
        for number in 1..=3 {
            let text = format!("note {number}");
            notes.send(Note { author: author.clone(), text, ..Default::default() })?;
        }
        if author == "Fermat" { Err(Status::resource_exhausted("the margin is too narrow")) } else { Ok(()) }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::builder().add_service(NotesServer::new(Library)).bind("127.0.0.1:0")?;
    let target = server.local_addresses()[0].to_string();
    let _server = server.spawn()?;
    let client = NotesClient::new(Channel::connect(&target)?);

    for note in client.list(Query { author: "Ada".into(), ..Default::default() })? {
        let note = note?;
        println!("{}: {}", note.author, note.text);
    }

    // The same by hand: `None` is the end of a call that has succeeded, an error the status of one that has not.
    let mut notes = client.list(Query { author: "Fermat".into(), ..Default::default() })?;
    loop {
        match notes.receive() {
            Ok(Some(note)) => println!("{}: {}", note.author, note.text),
            Ok(None) => break println!("no more notes"),
            Err(status) => break println!("{status}"),
        }
    }
    Ok(())
}
