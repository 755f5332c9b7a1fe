//! tonic's gRPC server: `tonic-grpc RUNTIME`, on a runtime by `runtime::build`.

mod proto {
    tonic::include_proto!("bench");
}
#[path = "../../../runtime.rs"]
mod runtime;

use harness::{Outcome, SLOW, SLOW_NAME};
use proto::greeter_server::{Greeter, GreeterServer};
use proto::{HelloReply, HelloRequest};
use std::process::ExitCode;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

struct Greetings;

#[tonic::async_trait]
impl Greeter for Greetings {
    async fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let name = &request.get_ref().name;
        if name == SLOW_NAME {
            tokio::time::sleep(SLOW).await;
        }
        Ok(Response::new(HelloReply { message: format!("Hello, {name}!") }))
    }

    async fn say_hello_slowly(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        tokio::time::sleep(SLOW).await;
        Ok(Response::new(HelloReply { message: format!("Hello, {}!", request.get_ref().name) }))
    }
}

fn main() -> ExitCode {
    harness::fail(serve())
}

fn serve() -> Outcome {
    let name = std::env::args().nth(1).unwrap_or_default();
    runtime::build(&name)?.block_on(async {
        let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into())?.with_nodelay(Some(true));
        harness::announce(incoming.local_addr()?)?;
        Ok(Server::builder().add_service(GreeterServer::new(Greetings)).serve_with_incoming(incoming).await?)
    })
}
