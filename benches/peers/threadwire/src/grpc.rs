//! threadwire's gRPC server, with all settings as they are by default.

mod proto {
    threadwire::include_proto!("bench");
}

use harness::{Outcome, SLOW, SLOW_NAME};
use proto::{Chunk, Flow, FlowServer, Greeter, GreeterServer, HelloReply, HelloRequest, Order, Receipt};
use std::process::ExitCode;
use std::thread;
use threadwire::grpc::{Request, RequestStream, Response, ResponseSink, Server, Status};

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

struct Chunks;

impl Flow for Chunks {
    fn down(&self, request: Request<Order>, sink: &mut ResponseSink<Chunk>) -> Result<(), Status> {
        let body = vec![7; request.message().size as usize];
        loop {
            sink.send(Chunk { body: body.clone(), ..Default::default() })?;
        }
    }

    fn up(&self, request: Request<RequestStream<Chunk>>) -> Result<Response<Receipt>, Status> {
        let mut receipt = Receipt::default();
        for chunk in request.into_message() {
            receipt.chunks += 1;
            receipt.bytes += chunk?.body.len() as u64;
        }
        Ok(receipt.into())
    }
}

fn main() -> ExitCode {
    harness::fail(serve())
}

fn serve() -> Outcome {
    let builder = Server::builder().add_service(GreeterServer::new(Greetings)).add_service(FlowServer::new(Chunks));
    let server = builder.bind("127.0.0.1:0")?;
    let address = server.local_addresses().first().copied().ok_or("it listens nowhere")?;
    harness::announce(address)?;
    Ok(server.serve()?)
}
