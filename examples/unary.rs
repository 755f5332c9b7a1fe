//! The simplest call: one request, one response.
//!
//! ```sh
//! cargo run --example unary
//! ```

#![allow(clippy::indexing_slicing, reason = "a server has an address")]

mod proto {
    // What `build.rs` has made of proto/helloworld.proto.
    threadwire::include_proto!("helloworld");
}

use proto::{Greeter, GreeterClient, GreeterServer, HelloReply, HelloRequest};
use std::time::Duration;
use threadwire::grpc::{Channel, Request, Response, Server, Status};

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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Port 0 is any that is free. A server on its own says `.bind("[::]:50051")?.serve()`, which does not return.
    let server = Server::builder().add_service(GreeterServer::new(MyGreeter)).bind("127.0.0.1:0")?;
    let target = server.local_addresses()[0].to_string();
    let server = server.spawn()?;

    // A channel is cheap to clone, and may be used from any thread.
    let client = GreeterClient::new(Channel::connect(&target)?);
    let reply = client.say_hello(HelloRequest { name: "World".into(), ..Default::default() })?;
    println!("{}", reply.message().message);

    // A call that fails is an error: its status.
    match client.say_hello(HelloRequest::default()) {
        Ok(reply) => println!("{}", reply.message().message),
        Err(status) => println!("{:?} because {}", status.code(), status.message()),
    }

    // Lets the calls that run end, for so long at most.
    println!("{}", server.shutdown(Duration::from_secs(5)));
    Ok(())
}
