//! A server that is not there yet, or not any more: calls that fail at once, calls that wait for it, a channel that
//! connects again by itself. Here over a Unix socket, whose path both know.
//!
//! ```sh
//! cargo run --example wait_for_ready
//! ```

mod proto {
    // What `build.rs` has made of proto/helloworld.proto.
    threadwire::include_proto!("helloworld");
}

use proto::{Greeter, GreeterClient, GreeterServer, HelloReply, HelloRequest};
use std::error::Error;
use std::thread;
use std::time::Duration;
use threadwire::grpc::{Channel, Request, Response, Server, ServerHandle, Status};

struct MyGreeter;

impl Greeter for MyGreeter {
    fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let message = format!("Hello, {}!", request.message().name);
        Ok(HelloReply { message, ..Default::default() }.into())
    }
}

fn start(target: &str) -> Result<ServerHandle, threadwire::Error> {
    Server::builder().add_service(GreeterServer::new(MyGreeter)).bind(target)?.spawn()
}

/// A call that waits for its server, for as long as its deadline allows. (`ChannelBuilder::wait_for_ready` makes that
/// the rule for all calls of a channel.)
fn patient(client: &GreeterClient, name: &str) -> Result<String, Status> {
    let request = Request::new(HelloRequest { name: name.into(), ..Default::default() });
    let request = request.with_wait_for_ready(true).with_timeout(Duration::from_secs(20));
    Ok(client.say_hello(request)?.into_message().message)
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::temp_dir().join(format!("threadwire-example-{}", std::process::id()));
    let target = format!("unix:{}", path.display());
    // `connect` would fail: nobody listens there.
    let client = GreeterClient::new(Channel::builder(&target).connect_lazy()?);

    if let Err(status) = client.say_hello(HelloRequest::default()) {
        println!("a call that does not wait: {:?}", status.code());
    }

    let waiting = thread::spawn({
        let client = client.clone();
        move || patient(&client, "early bird")
    });
    let server = start(&target)?;
    println!("{}", waiting.join().map_err(|_| "the caller panicked")??);

    // The connection ends with the server; with the next call the channel makes another.
    server.shutdown(Duration::from_secs(5));
    let server = start(&target)?;
    println!("{}", patient(&client, "again")?);
    server.shutdown(Duration::from_secs(5));
    Ok(())
}
