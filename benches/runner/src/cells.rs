//! What is measured: each cell with its contenders, the first of which is threadwire as it is to be compared.

use serde::Serialize;

/// Contenders under the same load, measured interleaved.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) measures: &'static [Measure],
    pub(crate) contenders: Vec<Contender>,
}

/// A server and what is done to it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// The program that serves, with its arguments.
    pub(crate) server: &'static str,
    pub(crate) load: Load,
}

/// Who makes the load.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) enum Load {
    /// h2load with so many connections, and so many streams on each.
    H2load { connections: u32, streams: u32 },
    /// A client of ours: the program with its mode.
    Client(&'static str),
    /// The first client, and then the second, for what changes.
    Beside { alone: &'static str, beside: &'static str },
    /// Connections of this kind that do nothing.
    Idle(&'static str),
}

/// One figure of a measurement.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Measure {
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
}

const RATE: Measure = Measure { key: "rate", title: "calls/s" };
const P50: Measure = Measure { key: "p50", title: "p50 µs" };
const P99: Measure = Measure { key: "p99", title: "p99 µs" };
const SERVER: Measure = Measure { key: "server_cpu", title: "server CPU µs a call" };
const CLIENT: Measure = Measure { key: "client_cpu", title: "client CPU µs a call" };

const MESSAGES: Measure = Measure { key: "rate", title: "messages/s" };
const SERVER_MESSAGE: Measure = Measure { key: "server_cpu", title: "server CPU µs a message" };
const IDLE: Measure = Measure { key: "idle", title: "RSS KiB a connection" };

const ALONE_P50: Measure = Measure { key: "alone_p50", title: "alone p50 µs" };
const ALONE_P99: Measure = Measure { key: "alone_moment99", title: "alone p99 µs" };
const BESIDE_P50: Measure = Measure { key: "p50", title: "beside p50 µs" };
const BESIDE_P99: Measure = Measure { key: "moment99", title: "beside p99 µs" };
const BESIDE_RATIO: Measure = Measure { key: "moment99_ratio", title: "p99 beside ÷ alone" };

const THREADWIRE: &str = "threadwire-grpc";
const TONIC_ONE: &str = "tonic-grpc current_thread";
const TONIC_MANY: &str = "tonic-grpc multi_thread";
const LIMIT: &str = "h2-grpc";

const THREADWIRE_WEBSOCKET: &str = "threadwire-websocket";
const FAST_ONE: &str = "fastwebsockets-websocket current_thread";
const FAST_MANY: &str = "fastwebsockets-websocket multi_thread";
const TUNGSTENITE_ONE: &str = "tokio-tungstenite-websocket current_thread";
const TUNGSTENITE_MANY: &str = "tokio-tungstenite-websocket multi_thread";
const RAW: &str = "raw-echo";

/// All cells, in the order of the report.
pub(crate) fn all() -> Vec<Cell> {
    let mut cells: Vec<Cell> = [(1, 1), (1, 100), (10, 10), (100, 10)].map(|(c, m)| unary(c, m)).into();
    cells.extend([sequential(), sequential_same(), sequential_one_cpu(), threads(), threads_same()]);
    cells.extend([slow_method(), slow_content()]);
    cells.extend([echo(50, 1), echo(1, 64)]);
    cells.extend([idle_websocket("websocket"), idle_websocket("websocket-used"), idle_grpc()]);
    cells
}

fn unary(connections: u32, streams: u32) -> Cell {
    let load = Load::H2load { connections, streams };
    let contender = |name, server| Contender { name, server, load };
    Cell {
        name: format!("grpc-c{connections}m{streams}"),
        title: format!("gRPC unary servers, h2load with {connections} connections × {streams} streams"),
        measures: &[RATE, SERVER],
        contenders: vec![
            contender("threadwire", THREADWIRE),
            contender("tonic, current_thread", TONIC_ONE),
            contender("tonic, multi_thread", TONIC_MANY),
            contender("the limit: bare h2, canned answer", LIMIT),
        ],
    }
}

fn client(name: &'static str, server: &'static str, client: &'static str) -> Contender {
    Contender { name, server, load: Load::Client(client) }
}

fn sequential() -> Cell {
    Cell {
        name: "client-sequential".into(),
        title: "gRPC clients, one call after the other, each with its own library's server".into(),
        measures: &[P50, P99, CLIENT, SERVER],
        contenders: vec![
            client("threadwire", THREADWIRE, "threadwire-grpc-client sequential"),
            client("tonic, current_thread", TONIC_ONE, "tonic-grpc-client sequential@current_thread"),
            client("tonic, multi_thread both", TONIC_MANY, "tonic-grpc-client sequential@multi_thread"),
            client("raw TCP, 64 bytes", RAW, "raw-client sequential"),
        ],
    }
}

fn sequential_same() -> Cell {
    Cell {
        name: "client-sequential-same".into(),
        title: "gRPC clients, one call after the other, all with tonic's server (current_thread)".into(),
        measures: &[P50, P99, CLIENT],
        contenders: vec![
            client("threadwire", TONIC_ONE, "threadwire-grpc-client sequential"),
            client("tonic, current_thread", TONIC_ONE, "tonic-grpc-client sequential@current_thread"),
            client("tonic, multi_thread", TONIC_ONE, "tonic-grpc-client sequential@multi_thread"),
        ],
    }
}

/// Waking a thread of another CPU takes long on a virtual machine, and hides what the programs do.
fn sequential_one_cpu() -> Cell {
    Cell {
        name: "client-sequential-one-cpu".into(),
        title: "gRPC clients, one call after the other, each with its own library's server, both on the same CPU"
            .into(),
        measures: &[P50, P99],
        contenders: vec![
            client("threadwire", "one-cpu threadwire-grpc", "one-cpu threadwire-grpc-client sequential"),
            client(
                "tonic, current_thread",
                "one-cpu tonic-grpc current_thread",
                "one-cpu tonic-grpc-client sequential@current_thread",
            ),
            client("raw TCP, 64 bytes", "one-cpu raw-echo", "one-cpu raw-client sequential"),
        ],
    }
}

fn threads() -> Cell {
    Cell {
        name: "client-8-threads".into(),
        title: "gRPC clients, 8 threads on one channel, each with its own library's server (tonic's: current_thread)"
            .into(),
        measures: &[RATE, P50, P99, CLIENT],
        contenders: eight_callers(THREADWIRE),
    }
}

fn threads_same() -> Cell {
    Cell {
        name: "client-8-threads-same".into(),
        title: "gRPC clients, 8 threads on one channel, all with tonic's server (current_thread)".into(),
        measures: &[RATE, P50, P99, CLIENT],
        contenders: eight_callers(TONIC_ONE),
    }
}

fn eight_callers(server: &'static str) -> Vec<Contender> {
    vec![
        client("threadwire", server, "threadwire-grpc-client 8-threads"),
        client("tonic, multi_thread", TONIC_ONE, "tonic-grpc-client 8-threads@multi_thread"),
        client("tonic, current_thread", TONIC_ONE, "tonic-grpc-client 8-threads@current_thread"),
        client("for reference: tonic, 8 tasks, multi_thread", TONIC_ONE, "tonic-grpc-client 8-tasks@multi_thread"),
        client("for reference: tonic, 8 tasks, current_thread", TONIC_ONE, "tonic-grpc-client 8-tasks@current_thread"),
    ]
}

fn slow_method() -> Cell {
    beside(
        "slow-method",
        "fast calls, one after the other, beside two calls of another method that takes 20 ms, on one connection",
        "threadwire-grpc-client beside-slow-method",
        "tonic-grpc-client beside-slow-method@current_thread",
    )
}

fn slow_content() -> Cell {
    beside(
        "slow-content",
        "fast calls, one after the other, beside two calls of the same method that take 20 ms by their content, on one connection",
        "threadwire-grpc-client beside-slow-content",
        "tonic-grpc-client beside-slow-content@current_thread",
    )
}

fn beside(name: &str, title: &str, by_threadwire: &'static str, by_tonic: &'static str) -> Cell {
    let ours = Load::Beside { alone: "threadwire-grpc-client sequential", beside: by_threadwire };
    let tonic = Load::Beside { alone: "tonic-grpc-client sequential@current_thread", beside: by_tonic };
    let contender = |name, server, load| Contender { name, server, load };
    Cell {
        name: name.into(),
        title: title.into(),
        measures: &[ALONE_P50, ALONE_P99, BESIDE_P50, BESIDE_P99, BESIDE_RATIO],
        contenders: vec![
            contender("threadwire", THREADWIRE, ours),
            contender("threadwire's server, tonic's client", THREADWIRE, tonic),
            contender("tonic, current_thread", TONIC_ONE, tonic),
            contender("tonic, multi_thread", TONIC_MANY, tonic),
        ],
    }
}

/// WebSocket echo servers, `window` messages of 64 bytes under way on each connection.
fn echo(connections: u32, window: u32) -> Cell {
    let (load, raw) = match window {
        1 => ("websocket-load 50x1", "websocket-load raw-50x1"),
        _ => ("websocket-load 1x64", "websocket-load raw-1x64"),
    };
    Cell {
        name: format!("websocket-{connections}x{window}"),
        title: format!(
            "WebSocket echo of 64 bytes, {connections} connections with {window} messages under way on each"
        ),
        measures: &[MESSAGES, SERVER_MESSAGE],
        contenders: vec![
            client("threadwire", THREADWIRE_WEBSOCKET, load),
            client("fastwebsockets, current_thread", FAST_ONE, load),
            client("fastwebsockets, multi_thread", FAST_MANY, load),
            client("tokio-tungstenite, current_thread", TUNGSTENITE_ONE, load),
            client("tokio-tungstenite, multi_thread", TUNGSTENITE_MANY, load),
            client("raw TCP, a thread a connection", RAW, raw),
        ],
    }
}

fn idle(kind: &'static str, what: &str, servers: &[(&'static str, &'static str)]) -> Cell {
    let contender = |&(name, server)| Contender { name, server, load: Load::Idle(kind) };
    Cell {
        name: format!("idle-{kind}"),
        title: format!("memory of a server for each of 1,000 idle connections, {what}"),
        measures: &[IDLE],
        contenders: servers.iter().map(contender).collect(),
    }
}

fn idle_websocket(kind: &'static str) -> Cell {
    let what = if kind == "websocket" { "after the handshake" } else { "after the handshake and one message" };
    let servers = [
        ("threadwire", THREADWIRE_WEBSOCKET),
        ("fastwebsockets, current_thread", FAST_ONE),
        ("fastwebsockets, multi_thread", FAST_MANY),
        ("tokio-tungstenite, current_thread", TUNGSTENITE_ONE),
        ("tokio-tungstenite, multi_thread", TUNGSTENITE_MANY),
    ];
    idle(kind, what, &servers)
}

fn idle_grpc() -> Cell {
    let servers = [
        ("threadwire", THREADWIRE),
        ("tonic, current_thread", TONIC_ONE),
        ("tonic, multi_thread", TONIC_MANY),
        ("the limit: bare h2", LIMIT),
    ];
    idle("grpc", "after HTTP/2's preface and one call", &servers)
}
