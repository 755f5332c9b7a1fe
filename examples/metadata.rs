//! What a call carries beside its messages: metadata both ways, text and binary, and a status with details.
//!
//! ```sh
//! cargo run --example metadata
//! ```

#![allow(clippy::indexing_slicing, reason = "a server has an address")]

mod proto {
    // What `build.rs` has made of examples/proto/notes.proto.
    threadwire::include_proto!("example.notes");
}

use proto::{Note, Notes, NotesClient, NotesServer, Query};
use threadwire::grpc::details::{self, BadRequest, bad_request::FieldViolation};
use threadwire::grpc::{Channel, Request, Response, Server, Status};
use threadwire::protobuf::Message;
use threadwire::protobuf::well_known::Any;

struct Library;

impl Notes for Library {
    fn get(&self, request: Request<Query>) -> Result<Response<Note>, Status> {
        let language = request.metadata().get("accept-language").unwrap_or("en").to_owned();
        let trace = request.metadata().get_bin("trace-bin").cloned().unwrap_or_default();
        let author = request.into_message().author;
        if author.is_empty() {
            return Err(no_author()?);
        }
        let mut response = Response::new(Note { author, text: "a note".into(), ..Default::default() });
        // Initial metadata goes before the message, trailing metadata behind it.
        response.metadata_mut().insert("content-language", &language)?;
        response.trailers_mut().insert_bin("trace-bin", trace)?;
        Ok(response)
    }
}

/// A status that a program understands, too: google.rpc.Status with one of the standard details.
fn no_author() -> Result<Status, Status> {
    let encoding = |error| Status::internal("cannot encode the details").with_source(error);
    let field = FieldViolation { field: "author".into(), description: "is empty".into(), ..Default::default() };
    let detail = BadRequest { field_violations: vec![field], ..Default::default() };
    let status = Status::invalid_argument("an author is needed");
    let details = details::Status {
        code: status.code().into(),
        message: status.message().into(),
        details: vec![Any::pack(&detail).map_err(encoding)?],
        ..Default::default()
    };
    Ok(status.with_details(details.encode_to_vec().map_err(encoding)?))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::builder().add_service(NotesServer::new(Library)).bind("127.0.0.1:0")?;
    let target = server.local_addresses()[0].to_string();
    let _server = server.spawn()?;
    let client = NotesClient::new(Channel::connect(&target)?);

    let mut request = Request::new(Query { author: "Ada".into(), ..Default::default() });
    request.metadata_mut().append("accept-language", "fr")?;
    // Keys that end in -bin have bytes.
    request.metadata_mut().append_bin("trace-bin", vec![0, 1, 255])?;
    let response = client.get(request)?;
    println!("language: {:?}", response.metadata().get("content-language"));
    println!("trace: {:?}", response.trailers().get_bin("trace-bin").map(|bytes| &bytes[..]));

    // A generated method takes the message alone, too.
    let Err(status) = client.get(Query::default()) else { return Err("expected a refusal".into()) };
    println!("{status}");
    for detail in details::Status::decode(status.details())?.details {
        for wrong in detail.unpack::<BadRequest>()?.field_violations {
            println!("- {} {}", wrong.field, wrong.description);
        }
    }
    Ok(())
}
