//! `threadwire demo`: both servers on free ports of this machine, and the three exchanges over real sockets.

use crate::args::{self, TIMEOUT, WORKERS};
use crate::echo;
use crate::failure::Failure;
use crate::greet;
use crate::output;
use crate::person;
use crate::servers::{Servers, Settings};
use crate::trace::Trace;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A free port of this machine, on an address that every machine has.
const FREE: &str = "127.0.0.1:0";
/// The clients have gone by then, so that nothing is left to wait for.
const GRACE: Duration = Duration::from_secs(1);

pub(crate) fn run(demo: &args::Demo) -> Result<(), Failure> {
    let settings = Settings { websocket: FREE, grpc: FREE, workers: WORKERS, quiet: false, trace: false };
    let servers = Servers::start(&settings)?;
    let websocket = first(&servers.websocket_addresses())?;
    let grpc = first(&servers.grpc_addresses())?;

    output::line(format_args!("WebSocket: a text to ws://{websocket}, printed by the server, and its answer"))?;
    let (url, text) = (format!("ws://{websocket}"), args::TEXT.to_owned());
    let echo = args::Echo { text, url, timeout: TIMEOUT, trace: demo.bytes };
    watched(demo, |trace| echo::exchange(&echo, trace))?;

    output::line(format_args!("\ngRPC: SayHello of the Greeter at http://{grpc}"))?;
    let (target, name) = (format!("http://{grpc}"), args::NAME.to_owned());
    let greet = args::Greet { name, target, timeout: TIMEOUT, trace: demo.bytes };
    watched(demo, |trace| greet::call(&greet, trace))?;

    output::line(format_args!("\nProtocol Buffers: a Person as text, as bytes, and its size beside JSON and XML"))?;
    person::forms(&args::Person::default())?;

    servers.shutdown(GRACE);
    Ok(())
}

/// Runs a client; then shows the frames of its connection if that was asked for.
fn watched(demo: &args::Demo, client: impl FnOnce(Option<&Arc<Trace>>) -> Result<(), Failure>) -> Result<(), Failure> {
    if !demo.bytes {
        return client(None);
    }
    let trace = Trace::keep();
    let outcome = client(Some(&trace));
    output::line(format_args!("Its frames, sent (→) and received (←) by the client:"))?;
    for line in trace.take() {
        output::line(format_args!("  {line}"))?;
    }
    outcome
}

fn first(addresses: &[SocketAddr]) -> Result<SocketAddr, Failure> {
    addresses.first().copied().ok_or_else(|| Failure::refused("the system has no address to listen on".to_owned()))
}
