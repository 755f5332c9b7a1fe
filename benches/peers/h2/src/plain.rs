//! Bare h2 on one thread as h2's own example server has it: a task a call, which decodes nothing and answers with the
//! same bytes always.

use bytes::Bytes;
use h2::RecvStream;
use h2::server::{Builder, SendResponse};
use harness::Outcome;
use http::{HeaderMap, HeaderValue, Response};
use std::process::ExitCode;
use tokio::net::{TcpListener, TcpStream};

/// HelloReply { message: "Hello, World!" } behind its five-byte prefix.
const ANSWER: &[u8] = b"\0\0\0\0\x0f\x0a\x0dHello, World!";

fn main() -> ExitCode {
    harness::fail(serve())
}

fn serve() -> Outcome {
    tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        harness::announce(listener.local_addr()?)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(converse(stream));
        }
    })
}

async fn converse(stream: TcpStream) -> Result<(), h2::Error> {
    let mut connection = Builder::new().max_concurrent_streams(256).handshake(stream).await?;
    while let Some(taken) = connection.accept().await {
        let (request, respond) = taken?;
        tokio::spawn(answer(request.into_body(), respond));
    }
    Ok(())
}

async fn answer(mut body: RecvStream, mut respond: SendResponse<Bytes>) -> Result<(), h2::Error> {
    while let Some(data) = body.data().await {
        body.flow_control().release_capacity(data?.len())?;
    }
    let mut head = Response::new(());
    head.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    let mut stream = respond.send_response(head, false)?;
    stream.send_data(Bytes::from_static(ANSWER), false)?;
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    stream.send_trailers(trailers)
}
