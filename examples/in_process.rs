//! How to test a service: a server without a port, for this process alone. What is called is the real thing, with
//! its bytes, bounds and deadlines, and any number of tests can run at once.
//!
//! ```sh
//! cargo run --example in_process
//! ```

mod proto {
    // What `build.rs` has made of proto/helloworld.proto.
    threadwire::include_proto!("helloworld");
}

use proto::{Greeter, GreeterClient, GreeterServer, HelloReply, HelloRequest};
use std::error::Error;
use std::time::Duration;
use threadwire::grpc::{Code, Request, Response, Server, Status};

/// What is to be tested.
struct MyGreeter;

impl Greeter for MyGreeter {
    fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let name = &request.message().name;
        if name.is_empty() {
            return Err(Status::invalid_argument("a name is needed"));
        }
        Ok(HelloReply { message: format!("Hello, {name}!"), ..Default::default() }.into())
    }
}

/// In a test, this would stand under `#[test]`. For a client that is to be tested it is the same, with a service made
/// for the test: of a generated trait, only the methods that matter need be written.
fn greets_by_name() -> Result<(), Box<dyn Error>> {
    let server = Server::builder().add_service(GreeterServer::new(MyGreeter)).in_process()?;
    let client = GreeterClient::new(server.channel()?);

    let reply = client.say_hello(HelloRequest { name: "World".into(), ..Default::default() })?;
    assert_eq!(reply.message().message, "Hello, World!");

    let status = client.say_hello(HelloRequest::default()).map(drop);
    assert_eq!(status.map_err(|status| status.code()), Err(Code::InvalidArgument));

    // All calls have ended, and no handler is left behind.
    assert!(server.shutdown(Duration::from_secs(5)).is_clean());
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    greets_by_name()?;
    println!("greets_by_name ... ok");
    Ok(())
}
