//! A gRPC server and its client in one program, on threads.
//!
//! ```sh
//! cargo run
//! ```
//!
//! - `proto/greeter.proto` says what there is; `build.rs` compiles it, without `protoc`.
//! - `proto` below brings in what was emitted: the messages `Name` and `Greeting`, the trait `Greeter` that the server
//!   implements, `GreeterServer` and `GreeterClient`.
//! - A well-known type of Google's, such as the `Timestamp` here, is threadwire's own: it converts from and to the
//!   types of std, and is the same type in every crate.

use std::error::Error;
use std::time::SystemTime;

use proto::{Greeter, GreeterClient, GreeterServer, Greeting, Name};
use threadwire::grpc::{Channel, Request, RequestStream, Response, ResponseSink, Server, Status};
use threadwire::protobuf::Message;
use threadwire::protobuf::well_known::Timestamp;

mod proto {
    threadwire::include_proto!("example.greeter");
}

struct MyGreeter;

impl Greeter for MyGreeter {
    fn greet(&self, request: Request<Name>) -> Result<Response<Greeting>, Status> {
        Ok(greeting(request.message())?.into())
    }

    // The call's own thread: waiting for the next name costs nobody else anything.
    fn greet_all(
        &self,
        names: Request<RequestStream<Name>>,
        greetings: &mut ResponseSink<Greeting>,
    ) -> Result<(), Status> {
        for name in names.into_message() {
            greetings.send(greeting(&name?)?)?;
        }
        Ok(())
    }
}

fn greeting(name: &Name) -> Result<Greeting, Status> {
    if name.name.is_empty() {
        return Err(Status::invalid_argument("a name is needed"));
    }
    // Every message also has the fields that its .proto file does not name, hence the last line.
    Ok(Greeting { text: format!("Hello, {}!", name.name), at: Some(Timestamp::now()), ..Default::default() })
}

fn name(name: &str) -> Name {
    Name { name: name.into(), ..Default::default() }
}

fn main() -> Result<(), Box<dyn Error>> {
    // Port 0 is any that is free; a server that shall be found says "[::]:50051", and `serve` instead of `spawn`.
    let server = Server::builder().add_service(GreeterServer::new(MyGreeter)).bind("127.0.0.1:0")?;
    let target = format!("http://{}", server.local_addresses()[0]);
    let server = server.spawn()?;

    let client = GreeterClient::new(Channel::connect(&target)?);
    let greeting = client.greet(name("World"))?.into_message();
    println!("{}", greeting.text);

    let at = SystemTime::try_from(greeting.at.clone().unwrap_or_default())?;
    println!("written in the last minute: {}", at.elapsed()?.as_secs() < 60);

    // The text form, a line a field, and back from bytes.
    let message = name("World");
    print!("as text: {}", message.to_text());
    println!("as bytes: {:x?}", message.encode_to_vec()?);
    assert_eq!(Name::decode(&message.encode_to_vec()?)?, message);

    let (mut names, greetings) = client.greet_all(())?;
    for person in ["Ada", "Grace"] {
        names.send(name(person))?;
    }
    names.finish()?;
    for greeting in greetings {
        println!("{}", greeting?.text);
    }

    // How a call fails, its status says.
    if let Err(status) = client.greet(name("")) {
        println!("{status}");
    }

    server.shutdown(std::time::Duration::from_secs(5));
    Ok(())
}
