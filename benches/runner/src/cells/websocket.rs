//! WebSocket echo servers.

use super::{Cell, Measure, OURS, client};

const RATE: Measure = Measure { key: "rate", title: "messages/s" };
const SERVER: Measure = Measure { key: "server_cpu", title: "server CPU µs a message" };

/// The servers, but for the raw one, which speaks no WebSocket.
pub(super) const SERVERS: [(&str, &str); 5] = [
    (OURS, "threadwire-websocket"),
    ("fastwebsockets, current_thread", "fastwebsockets-websocket current_thread"),
    ("fastwebsockets, multi_thread", "fastwebsockets-websocket multi_thread"),
    ("tokio-tungstenite, current_thread", "tokio-tungstenite-websocket current_thread"),
    ("tokio-tungstenite, multi_thread", "tokio-tungstenite-websocket multi_thread"),
];

pub(super) fn all() -> Vec<Cell> {
    let many = "50 connections, one message at a time on each";
    let threads = "50 clients, each with a thread of its own, one message at a time";
    let pipelined = "1 connection with 64 messages under way";
    vec![
        echo("50x1", many, "websocket-load 50x1", "websocket-load raw-50x1"),
        echo("50x1-threads", threads, "websocket-load threads-50x1", "websocket-load raw-threads-50x1"),
        echo("1x64", pipelined, "websocket-load 1x64", "websocket-load raw-1x64"),
    ]
}

fn echo(shape: &str, what: &str, load: &'static str, raw: &'static str) -> Cell {
    let mut contenders: Vec<_> = SERVERS.map(|(name, server)| client(name, server, load)).into();
    contenders.push(client("raw TCP, a thread a connection", "raw-echo", raw));
    Cell {
        name: format!("websocket-{shape}"),
        title: format!("WebSocket servers that echo 64 bytes; {what}"),
        measures: &[RATE, SERVER],
        contenders,
    }
}
