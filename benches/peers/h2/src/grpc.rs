//! "The limit": bare h2 on one thread, which answers every call with the same bytes and decodes nothing.
//!
//! Each connection is one task that does all it can in one go: it takes every request that has come, answers those that
//! are whole, and only then lets h2 write. So many answers share one write.

use bytes::Bytes;
use h2::RecvStream;
use h2::server::{Builder, Connection, SendResponse};
use harness::Outcome;
use http::{HeaderMap, HeaderValue, Response};
use std::future::poll_fn;
use std::process::ExitCode;
use std::task::{Context, Poll};
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
    let mut open = Vec::new();
    poll_fn(|cx| poll_all(&mut connection, &mut open, cx)).await
}

/// A request whose end has not come yet.
struct Call {
    body: RecvStream,
    respond: SendResponse<Bytes>,
}

fn poll_all(
    connection: &mut Connection<TcpStream, Bytes>,
    open: &mut Vec<Call>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), h2::Error>> {
    loop {
        let taken = connection.poll_accept(cx)?;
        match taken {
            Poll::Ready(Some((request, respond))) => open.push(Call { body: request.into_body(), respond }),
            Poll::Ready(None) => return Poll::Ready(Ok(())),
            Poll::Pending if !answer_whole(open, cx)? => return Poll::Pending,
            Poll::Pending => {}
        }
    }
}

/// Answers the calls whose request has ended. Says whether there were any.
fn answer_whole(open: &mut Vec<Call>, cx: &mut Context<'_>) -> Result<bool, h2::Error> {
    let before = open.len();
    let mut failed = None;
    open.retain_mut(|call| match has_ended(&mut call.body, cx) {
        Ok(false) => true,
        Ok(true) => {
            failed = answer(&mut call.respond).err().or(failed.take());
            false
        }
        // The client has reset it.
        Err(_) => false,
    });
    failed.map_or(Ok(open.len() < before), Err)
}

fn has_ended(body: &mut RecvStream, cx: &mut Context<'_>) -> Result<bool, h2::Error> {
    loop {
        match body.poll_data(cx)? {
            Poll::Ready(Some(data)) => body.flow_control().release_capacity(data.len())?,
            Poll::Ready(None) => return Ok(true),
            Poll::Pending => return Ok(false),
        }
    }
}

fn answer(respond: &mut SendResponse<Bytes>) -> Result<(), h2::Error> {
    let mut head = Response::new(());
    head.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    let mut stream = respond.send_response(head, false)?;
    stream.send_data(Bytes::from_static(ANSWER), false)?;
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    stream.send_trailers(trailers)
}
