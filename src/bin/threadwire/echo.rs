//! `threadwire echo`: one text to a WebSocket server, and its answer.

use crate::args;
use crate::failure::{Failure, Peer};
use crate::output;
use crate::trace::Trace;
use std::sync::Arc;
use std::time::{Duration, Instant};
use threadwire::Limits;
use threadwire::websocket::{Client, Connection, Error};

/// How long the server has to answer our Close; what was asked for has been done by then.
const CLOSE: Duration = Duration::from_secs(1);

pub(crate) fn run(echo: &args::Echo) -> Result<(), Failure> {
    let trace = echo.trace.then(|| Trace::on_stderr(""));
    exchange(echo, trace.as_ref())
}

/// Connects, sends the text, prints the answer and closes.
pub(crate) fn exchange(echo: &args::Echo, trace: Option<&Arc<Trace>>) -> Result<(), Failure> {
    let peer = Peer { kind: "a WebSocket server", address: &echo.url, option: "--url", timeout: echo.timeout };
    let begin = Instant::now();
    let left = || echo.timeout.saturating_sub(begin.elapsed());
    let failed = |error: Error| peer.websocket_failed(&error);
    let mut socket = connect(echo, trace).map_err(failed)?;
    match socket.send_timeout(echo.text.as_str(), left()) {
        // Receiving knows how it was closed.
        Ok(()) | Err(Error::Closed) => {}
        Err(error) => return Err(failed(error)),
    }
    let Some(answer) = socket.receive_timeout(left()).map_err(failed)? else {
        return Err(peer.wrong(&"the server closed the connection without an answer"));
    };
    let answer = answer.into_text().map_err(failed)?;
    output::line(format_args!("Ответ от сервера: {answer}"))?;
    // The answer is here, however the connection ends.
    let _ = socket.close_timeout(1000, "", CLOSE);
    Ok(())
}

fn connect(echo: &args::Echo, trace: Option<&Arc<Trace>>) -> Result<Connection, Error> {
    let mut limits = Limits::default();
    // The one bound is that of connecting; this comes later.
    limits.handshake_timeout = echo.timeout * 2;
    let mut client = Client::new().limits(limits).timeout(echo.timeout);
    if let Some(trace) = trace {
        client = client.observer(Arc::<Trace>::clone(trace));
    }
    client.connect(&echo.url)
}
