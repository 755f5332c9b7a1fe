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

const THREADWIRE: &str = "threadwire-grpc";
const TONIC_ONE: &str = "tonic-grpc current_thread";
const TONIC_MANY: &str = "tonic-grpc multi_thread";
const LIMIT: &str = "h2-grpc";

/// All cells, in the order of the report.
pub(crate) fn all() -> Vec<Cell> {
    let mut cells: Vec<Cell> = [(1, 1), (1, 100), (10, 10), (100, 10)].map(|(c, m)| unary(c, m)).into();
    cells.extend([sequential(), sequential_same(), threads(), threads_same()]);
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
            client("raw TCP, 64 bytes", "raw-echo", "raw-client sequential"),
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
