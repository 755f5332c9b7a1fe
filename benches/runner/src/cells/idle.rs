//! What connections cost that do nothing.

use super::{Cell, Contender, Load, Measure, OURS, grpc, websocket};

const MEMORY: Measure = Measure { key: "idle", title: "RSS KiB a connection" };

pub(super) fn all() -> Vec<Cell> {
    let grpc = [
        (OURS, grpc::SERVER_OURS),
        ("tonic, current_thread", grpc::SERVER_TONIC_ONE),
        ("tonic, multi_thread", grpc::SERVER_TONIC_MANY),
        ("the limit: bare h2", grpc::SERVER_LIMIT),
    ];
    vec![
        idle("websocket", "WebSockets, after the handshake", &websocket::SERVERS),
        idle("websocket-used", "WebSockets, after the handshake and one message", &websocket::SERVERS),
        idle("grpc", "gRPC connections, after one call", &grpc),
    ]
}

fn idle(kind: &'static str, what: &str, servers: &[(&'static str, &'static str)]) -> Cell {
    let contender = |&(name, server)| Contender { name, server: Some(server), load: Load::Idle(kind) };
    Cell {
        name: format!("idle-{kind}"),
        title: format!("memory of a server for each of 1,000 idle {what}"),
        measures: &[MEMORY],
        contenders: servers.iter().map(contender).collect(),
    }
}
