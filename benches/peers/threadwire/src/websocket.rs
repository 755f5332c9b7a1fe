//! threadwire's WebSocket echo, with all settings as they are by default.

use harness::Outcome;
use std::process::ExitCode;
use threadwire::websocket::{Connection, Server};

fn main() -> ExitCode {
    harness::fail(serve())
}

fn serve() -> Outcome {
    let server = Server::bind("127.0.0.1:0")?;
    let address = server.local_addresses().first().copied().ok_or("it listens nowhere")?;
    harness::announce(address)?;
    Ok(server.serve(|mut socket: Connection| {
        while let Some(message) = socket.receive()? {
            socket.send(message)?;
        }
        Ok(())
    })?)
}
