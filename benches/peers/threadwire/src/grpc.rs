//! threadwire's gRPC server, with all settings as they are by default.

mod proto {
    threadwire::include_proto!("bench");
}

use harness::{Outcome, SLOW, SLOW_NAME};
use proto::{Greeter, GreeterServer, HelloReply, HelloRequest};
use std::process::ExitCode;
use std::thread;
use threadwire::grpc::{Request, Response, Server, Status};

struct Greetings;

impl Greeter for Greetings {
    fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let name = &request.message().name;
        if name == SLOW_NAME {
            thread::sleep(SLOW);
        }
        Ok(HelloReply { message: format!("Hello, {name}!"), ..Default::default() }.into())
    }

    fn say_hello_slowly(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        thread::sleep(SLOW);
        let message = format!("Hello, {}!", request.message().name);
        Ok(HelloReply { message, ..Default::default() }.into())
    }
}

fn main() -> ExitCode {
    harness::fail(serve())
}

fn serve() -> Outcome {
    let server = Server::builder().add_service(GreeterServer::new(Greetings)).bind("127.0.0.1:0")?;
    let address = server.local_addresses().first().copied().ok_or("it listens nowhere")?;
    harness::announce(address)?;
    Ok(server.serve()?)
}
