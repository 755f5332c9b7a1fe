//! Many requests, one response: the client sends them one after the other, the handler iterates over them.
//!
//! ```sh
//! cargo run --example client_streaming
//! ```

#![allow(clippy::indexing_slicing, reason = "a server has an address")]

mod proto {
    // What `build.rs` has made of examples/proto/notes.proto.
    threadwire::include_proto!("example.notes");
}

use proto::{Note, Notes, NotesClient, NotesServer, Summary};
use threadwire::grpc::{Channel, Request, RequestStream, Response, Server, Status};

struct Library;

impl Notes for Library {
    fn record(&self, notes: Request<RequestStream<Note>>) -> Result<Response<Summary>, Status> {
        let mut summary = Summary::default();
        for note in notes.into_message() {
            // An error here means that the client has given up, or is gone.
            let note = note?;
            summary.notes += 1;
            summary.letters += u32::try_from(note.text.len()).unwrap_or(u32::MAX);
        }
        Ok(summary.into())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::builder().add_service(NotesServer::new(Library)).bind("127.0.0.1:0")?;
    let target = server.local_addresses()[0].to_string();
    let _server = server.spawn()?;
    let client = NotesClient::new(Channel::connect(&target)?);

    let (mut notes, response) = client.record(())?;
    for text in ["one", "two", "three"] {
        notes.send(Note { text: text.into(), ..Default::default() })?;
    }
    // Says that there are no more. A sink that is dropped instead cancels the call.
    notes.finish()?;
    let summary = response.receive()?.into_message();
    println!("{} notes with {} letters", summary.notes, summary.letters);
    Ok(())
}
