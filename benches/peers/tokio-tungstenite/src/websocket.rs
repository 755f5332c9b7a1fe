//! tokio-tungstenite's echo: `tokio-tungstenite-websocket RUNTIME`, with all settings as they are by default.

#[path = "../../../runtime.rs"]
mod runtime;

use futures_util::{SinkExt as _, StreamExt as _};
use harness::Outcome;
use std::process::ExitCode;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite;

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
            tokio::spawn(echo(stream));
        }
    })
}

async fn echo(stream: TcpStream) -> tungstenite::Result<()> {
    let mut socket = tokio_tungstenite::accept_async(stream).await?;
    while let Some(message) = socket.next().await {
        match message? {
            message if message.is_text() || message.is_binary() => socket.send(message).await?,
            _ => {}
        }
    }
    Ok(())
}
