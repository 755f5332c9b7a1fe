//! `threadwire serve`: both servers until a signal.

use crate::args;
use crate::descriptors;
use crate::failure::Failure;
use crate::output;
use crate::servers::{Servers, Settings};
use crate::signals::End;
use std::net::SocketAddr;
use std::time::Duration;

/// What is open when the first signal comes has this long for its end.
const GRACE: Duration = Duration::from_secs(10);

pub(crate) fn run(serve: &args::Serve) -> Result<(), Failure> {
    descriptors::raise_limit();
    // Before anyone can learn that the program runs.
    let end = End::hold()?;
    let args::Serve { websocket, grpc, workers, quiet, trace } = serve;
    let settings = Settings { websocket, grpc, workers: *workers, quiet: *quiet, trace: *trace };
    let servers = Servers::start(&settings)?;
    output::line(format_args!("WebSocket on {}", list(&servers.websocket_addresses(), websocket)))?;
    output::line(format_args!("gRPC on {}", list(&servers.grpc_addresses(), grpc)))?;
    output::line(format_args!("Server running. Press Ctrl+C to stop."))?;
    end.wait();
    let grace = GRACE.as_secs();
    output::line(format_args!("Stopping: what is open has {grace} s to end. Press Ctrl+C again to stop at once."))?;
    let (websocket, grpc) = servers.shutdown(GRACE);
    output::line(format_args!("Stopped: {websocket}; {grpc}."))
}

/// The addresses; what was `asked` for if they are none of TCP.
fn list(addresses: &[SocketAddr], asked: &str) -> String {
    if addresses.is_empty() {
        return asked.to_owned();
    }
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    addresses.join(", ")
}
