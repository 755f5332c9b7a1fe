//! fastwebsockets' echo, behind hyper as in its example: `fastwebsockets-websocket RUNTIME`.

#[path = "../../../runtime.rs"]
mod runtime;

use fastwebsockets::upgrade::{UpgradeFut, upgrade};
use fastwebsockets::{FragmentCollector, OpCode, WebSocketError};
use harness::Outcome;
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::process::ExitCode;
use tokio::net::TcpListener;

fn main() -> ExitCode {
    harness::fail(serve())
}

fn serve() -> Outcome {
    let name = std::env::args().nth(1).unwrap_or_default();
    runtime::build(&name)?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        harness::announce(listener.local_addr()?)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(shake_hands));
            tokio::spawn(connection.with_upgrades());
        }
    })
}

async fn shake_hands(mut request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, WebSocketError> {
    let (response, socket) = upgrade(&mut request)?;
    tokio::spawn(echo(socket));
    Ok(response)
}

async fn echo(socket: UpgradeFut) -> Result<(), WebSocketError> {
    let mut socket = FragmentCollector::new(socket.await?);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => socket.write_frame(frame).await?,
            _ => {}
        }
    }
}
