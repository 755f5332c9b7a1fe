//! tonic's gRPC server: `tonic-grpc RUNTIME`, on a runtime by `runtime::build`.

mod proto {
    tonic::include_proto!("bench");
}
#[path = "../../../runtime.rs"]
mod runtime;

use harness::{Outcome, SLOW, SLOW_NAME};
use proto::flow_server::{Flow, FlowServer};
use proto::greeter_server::{Greeter, GreeterServer};
use proto::{Chunk, HelloReply, HelloRequest, Order, Receipt};
use std::pin::Pin;
use std::process::ExitCode;
use std::task::{Context, Poll};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

/// As in the examples of its documentation.
const CHANNEL: usize = 128;

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

/// The same chunk for ever: no channel between the handler and tonic is faster.
struct Endless(Vec<u8>);

impl Stream for Endless {
    type Item = Result<Chunk, Status>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(Some(Ok(Chunk { body: self.0.clone() })))
    }
}

struct Chunks;

#[tonic::async_trait]
impl Flow for Chunks {
    type DownStream = Pin<Box<dyn Stream<Item = Result<Chunk, Status>> + Send>>;

    async fn down(&self, request: Request<Order>) -> Result<Response<Self::DownStream>, Status> {
        let order = request.get_ref();
        let body = vec![7; order.size as usize];
        if !order.by_channel {
            return Ok(Response::new(Box::pin(Endless(body))));
        }
        let (sender, receiver) = tokio::sync::mpsc::channel(CHANNEL);
        tokio::spawn(async move { while sender.send(Ok(Chunk { body: body.clone() })).await.is_ok() {} });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn up(&self, request: Request<Streaming<Chunk>>) -> Result<Response<Receipt>, Status> {
        let (mut chunks, mut receipt) = (request.into_inner(), Receipt::default());
        while let Some(chunk) = chunks.message().await? {
            receipt.chunks += 1;
            receipt.bytes += chunk.body.len() as u64;
        }
        Ok(Response::new(receipt))
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
        let server = Server::builder().add_service(GreeterServer::new(Greetings)).add_service(FlowServer::new(Chunks));
        Ok(server.serve_with_incoming(incoming).await?)
    })
}
