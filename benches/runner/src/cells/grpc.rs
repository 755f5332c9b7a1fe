//! gRPC: unary servers under h2load, clients, fast calls beside slow ones.

use super::{Cell, Contender, Load, Measure, OURS, client};

const RATE: Measure = Measure { key: "rate", title: "calls/s" };
const FLOW_SERVER: Measure = Measure { key: "server_cpu", title: "server CPU µs a message" };
const FLOW_CLIENT: Measure = Measure { key: "client_cpu", title: "client CPU µs a message" };
const MESSAGES: &[Measure] = &[Measure { key: "rate", title: "messages/s" }, FLOW_CLIENT, FLOW_SERVER];
const MEGABYTES: &[Measure] = &[Measure { key: "megabytes", title: "MB/s" }, FLOW_CLIENT, FLOW_SERVER];
const P50: Measure = Measure { key: "p50", title: "p50 µs" };
const P99: Measure = Measure { key: "p99", title: "p99 µs" };
const SERVER: Measure = Measure { key: "server_cpu", title: "server CPU µs a call" };
const CLIENT: Measure = Measure { key: "client_cpu", title: "client CPU µs a call" };
const ALONE_P50: Measure = Measure { key: "alone_p50", title: "alone p50 µs" };
const ALONE_P99: Measure = Measure { key: "alone_p99", title: "alone p99 µs" };
const BESIDE_P50: Measure = Measure { key: "p50", title: "beside p50 µs" };
const BESIDE_P99: Measure = Measure { key: "p99", title: "beside p99 µs" };
const P99_RATIO: Measure = Measure { key: "p99_ratio", title: "p99 beside ÷ alone" };
// Calls one after the other are fewest while they are held up, so that p99 hides it; their number does not.
const CALLS_RATIO: Measure = Measure { key: "calls_ratio", title: "calls/s beside ÷ alone" };

pub(super) const SERVER_OURS: &str = "threadwire-grpc";
pub(super) const SERVER_TONIC_ONE: &str = "tonic-grpc current_thread";
pub(super) const SERVER_TONIC_MANY: &str = "tonic-grpc multi_thread";
pub(super) const SERVER_LIMIT: &str = "h2-grpc";
const SERVER_PLAIN: &str = "h2-plain-grpc";

const TONIC_ONE: &str = "tonic, current_thread";
const TONIC_MANY: &str = "tonic, multi_thread";
/// tonic asks a stream for its messages. A loop that sends, as ours are, feeds it through a channel; a stream that always
/// has the next one is the best case.
const CHANNEL_ONE: &str = "tonic, a loop and a channel, current_thread";
const CHANNEL_MANY: &str = "tonic, a loop and a channel, multi_thread";
const READY_ONE: &str = "tonic, always ready, current_thread";
const READY_MANY: &str = "tonic, always ready, multi_thread";
const RAW: &str = "raw TCP, 64 bytes";

const SEQUENTIAL_OURS: &str = "threadwire-grpc-client sequential";
const SEQUENTIAL_ONE: &str = "tonic-grpc-client sequential@current_thread";
const SEQUENTIAL_MANY: &str = "tonic-grpc-client sequential@multi_thread";

pub(super) fn all() -> Vec<Cell> {
    vec![
        unary(1, 1),
        unary(1, 100),
        unary(10, 10),
        unary(100, 10),
        sequential(),
        sequential_same(),
        sequential_one_cpu(),
        eight("", "each with its own library's server (tonic's: current_thread)", SERVER_OURS),
        eight("-same", "all with tonic's server (current_thread)", SERVER_TONIC_ONE),
        beside(
            "method",
            "another method that takes 20 ms",
            "threadwire-grpc-client beside-slow-method",
            "tonic-grpc-client beside-slow-method@current_thread",
        ),
        beside(
            "content",
            "the same method that take 20 ms by their content",
            "threadwire-grpc-client beside-slow-content",
            "tonic-grpc-client beside-slow-content@current_thread",
        ),
        flow(
            "down-100",
            "server to client, messages of 100 bytes",
            MESSAGES,
            &[
                (OURS, SERVER_OURS, "threadwire-grpc-client down-100"),
                (CHANNEL_ONE, SERVER_TONIC_ONE, "tonic-grpc-client down-100-channel@current_thread"),
                (CHANNEL_MANY, SERVER_TONIC_MANY, "tonic-grpc-client down-100-channel@multi_thread"),
                (READY_ONE, SERVER_TONIC_ONE, "tonic-grpc-client down-100@current_thread"),
            ],
        ),
        flow(
            "up-100",
            "client to server, messages of 100 bytes",
            MESSAGES,
            &[
                (OURS, SERVER_OURS, "threadwire-grpc-client up-100"),
                (CHANNEL_ONE, SERVER_TONIC_ONE, "tonic-grpc-client up-100-channel@current_thread"),
                (CHANNEL_MANY, SERVER_TONIC_MANY, "tonic-grpc-client up-100-channel@multi_thread"),
                (READY_ONE, SERVER_TONIC_ONE, "tonic-grpc-client up-100@current_thread"),
            ],
        ),
        flow(
            "down-64k",
            "server to client, messages of 64 KiB",
            MEGABYTES,
            &[
                (OURS, SERVER_OURS, "threadwire-grpc-client down-64k"),
                (READY_ONE, SERVER_TONIC_ONE, "tonic-grpc-client down-64k@current_thread"),
                (READY_MANY, SERVER_TONIC_MANY, "tonic-grpc-client down-64k@multi_thread"),
            ],
        ),
        flow(
            "up-64k",
            "client to server, messages of 64 KiB",
            MEGABYTES,
            &[
                (OURS, SERVER_OURS, "threadwire-grpc-client up-64k"),
                (READY_ONE, SERVER_TONIC_ONE, "tonic-grpc-client up-64k@current_thread"),
                (READY_MANY, SERVER_TONIC_MANY, "tonic-grpc-client up-64k@multi_thread"),
            ],
        ),
    ]
}

fn unary(connections: u32, streams: u32) -> Cell {
    let contender =
        |name, server| Contender { name, server: Some(server), load: Load::H2load { connections, streams } };
    Cell {
        name: format!("grpc-c{connections}m{streams}"),
        title: format!("gRPC unary servers under h2load; connections × streams on each: {connections} × {streams}"),
        measures: &[RATE, SERVER],
        contenders: vec![
            contender(OURS, SERVER_OURS),
            contender(TONIC_ONE, SERVER_TONIC_ONE),
            contender(TONIC_MANY, SERVER_TONIC_MANY),
            contender("bare h2 as in its example, canned answer", SERVER_PLAIN),
            contender("the limit: bare h2 in batches, canned answer", SERVER_LIMIT),
        ],
    }
}

fn sequential() -> Cell {
    Cell {
        name: "client-sequential".into(),
        title: "gRPC clients, one call after the other, each with its own library's server".into(),
        measures: &[P50, P99, CLIENT, SERVER],
        contenders: vec![
            client(OURS, SERVER_OURS, SEQUENTIAL_OURS),
            client(TONIC_ONE, SERVER_TONIC_ONE, SEQUENTIAL_ONE),
            client(TONIC_MANY, SERVER_TONIC_MANY, SEQUENTIAL_MANY),
            client(RAW, "raw-echo", "raw-client sequential"),
        ],
    }
}

fn sequential_same() -> Cell {
    Cell {
        name: "client-sequential-same".into(),
        title: "gRPC clients, one call after the other, all with tonic's server (current_thread)".into(),
        measures: &[P50, P99, CLIENT],
        contenders: vec![
            client(OURS, SERVER_TONIC_ONE, SEQUENTIAL_OURS),
            client(TONIC_ONE, SERVER_TONIC_ONE, SEQUENTIAL_ONE),
            client(TONIC_MANY, SERVER_TONIC_ONE, SEQUENTIAL_MANY),
        ],
    }
}

/// Waking a thread of another CPU takes long on a virtual machine, and hides what the programs do.
fn sequential_one_cpu() -> Cell {
    let tonic = ("one-cpu tonic-grpc current_thread", "one-cpu tonic-grpc-client sequential@current_thread");
    Cell {
        name: "client-sequential-one-cpu".into(),
        title: "gRPC clients, one call after the other, each with its own library's server, on one CPU".into(),
        measures: &[P50, P99],
        contenders: vec![
            client(OURS, "one-cpu threadwire-grpc", "one-cpu threadwire-grpc-client sequential"),
            client(TONIC_ONE, tonic.0, tonic.1),
            client(RAW, "one-cpu raw-echo", "one-cpu raw-client sequential"),
        ],
    }
}

/// Eight callers; that of tasks is beside the point for a program without async, and shown for reference.
fn eight(suffix: &str, servers: &str, ours: &'static str) -> Cell {
    let tonic = |name, line| client(name, SERVER_TONIC_ONE, line);
    Cell {
        name: format!("client-8-threads{suffix}"),
        title: format!("gRPC clients, 8 threads on one channel, {servers}"),
        measures: &[RATE, P50, P99, CLIENT],
        contenders: vec![
            client(OURS, ours, "threadwire-grpc-client 8-threads"),
            tonic(TONIC_ONE, "tonic-grpc-client 8-threads@current_thread"),
            tonic(TONIC_MANY, "tonic-grpc-client 8-threads@multi_thread"),
            tonic("for reference: tonic, 8 tasks, current_thread", "tonic-grpc-client 8-tasks@current_thread"),
            tonic("for reference: tonic, 8 tasks, multi_thread", "tonic-grpc-client 8-tasks@multi_thread"),
        ],
    }
}

/// One stream on one connection; contenders by their name, server and client.
fn flow(
    what: &str,
    text: &str,
    rate: &'static [Measure],
    contenders: &[(&'static str, &'static str, &'static str)],
) -> Cell {
    Cell {
        name: format!("stream-{what}"),
        title: format!("one gRPC stream, {text}, each client with its own library's server"),
        measures: rate,
        contenders: contenders.iter().map(|(name, server, line)| client(name, server, line)).collect(),
    }
}

fn beside(what: &str, slow: &str, by_threadwire: &'static str, by_tonic: &'static str) -> Cell {
    let ours = Load::Beside { alone: SEQUENTIAL_OURS, beside: by_threadwire };
    let tonic = Load::Beside { alone: SEQUENTIAL_ONE, beside: by_tonic };
    let contender = |name, server, load| Contender { name, server: Some(server), load };
    Cell {
        name: format!("slow-{what}"),
        title: format!("fast calls, one after the other, beside two calls of {slow}, on the same connection"),
        measures: &[ALONE_P50, ALONE_P99, BESIDE_P50, BESIDE_P99, P99_RATIO, CALLS_RATIO],
        contenders: vec![
            contender(OURS, SERVER_OURS, ours),
            contender("threadwire's server, tonic's client", SERVER_OURS, tonic),
            contender(TONIC_ONE, SERVER_TONIC_ONE, tonic),
            contender("tonic, server multi_thread", SERVER_TONIC_MANY, tonic),
        ],
    }
}
