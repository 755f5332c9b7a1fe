//! A stream each way: the client sends on one thread and receives on another, the handler answers as it likes.
//!
//! ```sh
//! cargo run --example chat
//! ```

#![allow(clippy::indexing_slicing, reason = "a server has an address")]

mod proto {
    // What `build.rs` has made of examples/proto/notes.proto.
    threadwire::include_proto!("example.notes");
}

use proto::{Note, Notes, NotesClient, NotesServer};
use std::thread;
use threadwire::grpc::{Channel, Request, RequestStream, ResponseSink, Server, Status};

struct Room;

impl Notes for Room {
    // One thread a call, so reading and writing may block. A handler that must do both at once moves `notes` to a
    // second thread, as the client does below. It must not wait for that thread (nor use `thread::scope`) if it may
    // end before the client has finished; see `pump` in generic.rs.
    fn chat(&self, notes: Request<RequestStream<Note>>, answers: &mut ResponseSink<Note>) -> Result<(), Status> {
        answers.send(note("Room", "welcome"))?;
        for said in notes.into_message() {
            let said = said?;
            answers.send(note("Room", &format!("{} said '{}'", said.author, said.text)))?;
        }
        // The client has finished its half; ours ends with this.
        answers.send(note("Room", "good bye"))
    }
}

fn note(author: &str, text: &str) -> Note {
    Note { author: author.into(), text: text.into(), ..Default::default() }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::builder().add_service(NotesServer::new(Room)).bind("127.0.0.1:0")?;
    let target = server.local_addresses()[0].to_string();
    let _server = server.spawn()?;
    let client = NotesClient::new(Channel::connect(&target)?);

    // The two halves of the call know nothing of each other.
    let (mut notes, answers) = client.chat(())?;
    let sender = thread::spawn(move || {
        for text in ["hello", "is anybody there?"] {
            notes.send(note("Ada", text))?;
        }
        notes.finish()
    });
    for answer in answers {
        println!("{}", answer?.text);
    }
    sender.join().map_err(|_| "the sender panicked")??;
    Ok(())
}
