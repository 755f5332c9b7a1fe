//! The WebSocket server of the commands that interop/python/websocket_side.py describes.
//!
//! Our server sends every message in one frame, so `/fragments` does, too.

use crate::cases::{Failure, PATIENCE};
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use threadwire::websocket::{Connection, Error, HandlerResult, Message, Sender, Server, ServerHandle};

/// How the peers of named connections closed; one lock, held for a look or a store.
#[derive(Default)]
struct Closed {
    by_name: Mutex<HashMap<String, String>>,
    changed: Condvar,
}

impl Closed {
    fn put(&self, name: String, how: String) {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner).insert(name, how);
        self.changed.notify_all();
    }

    /// Waits until that connection has been closed.
    fn wait(&self, name: &str) -> String {
        let by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(by_name, PATIENCE, |by_name| !by_name.contains_key(name));
        let (by_name, _) = waited.unwrap_or_else(PoisonError::into_inner);
        by_name.get(name).cloned().unwrap_or_else(|| "not closed".to_owned())
    }
}

/// Serves on `address`; answers the port.
pub(crate) fn serve(address: &str) -> Result<(ServerHandle, u16), Failure> {
    let server = Server::bind(address)?;
    let port = server.local_addresses().first().ok_or("it listens nowhere")?.port();
    let closed = Arc::new(Closed::default());
    Ok((server.spawn(move |socket| handle(socket, &closed))?, port))
}

fn handle(mut socket: Connection, closed: &Closed) -> HandlerResult {
    let mut name = None;
    let outcome = converse(&mut socket, closed, &mut name);
    if let Some(name) = name {
        let frame = socket.close_frame();
        closed.put(name, frame.map_or("no close".to_owned(), |frame| format!("{} {}", frame.code.0, frame.reason)));
    }
    match outcome {
        // Closing with any code is what the cases do.
        Err(failure) if matches!(failure.downcast_ref(), Some(Error::ClosedByPeer(_))) => Ok(()),
        outcome => outcome,
    }
}

fn converse(socket: &mut Connection, closed: &Closed, name: &mut Option<String>) -> HandlerResult {
    while let Some(message) = socket.receive()? {
        let command = message.to_text().ok().filter(|text| text.starts_with('/'));
        let Some((word, rest)) = command.map(|text| text.split_once(' ').unwrap_or((text, ""))) else {
            socket.send(message)?;
            continue;
        };
        match word {
            "/name" => {
                *name = Some(rest.to_owned());
                socket.send("named")?;
            }
            "/closed" => socket.send(closed.wait(rest))?,
            "/close" => {
                let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
                socket.close(code.parse::<u16>()?, reason)?;
            }
            "/push" => {
                let (sender, count) = (socket.sender(), rest.parse()?);
                thread::spawn(move || push(&sender, count));
            }
            "/ping" => {
                let pong = socket.ping(PATIENCE);
                socket.send(pong.map_or_else(|error| format!("no pong: {error}"), |_| "pong".to_owned()))?;
            }
            "/fragments" => socket.send("раз два три")?,
            _ => socket.send(Message::from(format!("no command {word}")))?,
        }
    }
    Ok(())
}

fn push(sender: &Sender, count: usize) {
    for number in 0..count {
        if let Err(error) = sender.send(format!("push {number}")) {
            eprintln!("push {number}: {error}");
            return;
        }
    }
}
