//! What is measured: each cell with its contenders, of which the first, named `threadwire`, is compared with the
//! others.

mod grpc;
mod idle;
mod protobuf;
mod websocket;

use serde::Serialize;

/// Contenders under the same load, measured interleaved.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) measures: &'static [Measure],
    pub(crate) contenders: Vec<Contender>,
}

/// A server and what is done to it, or programs that need none.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// The program that serves, with its arguments, if there is one.
    pub(crate) server: Option<&'static str>,
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
    /// Programs of ours that need no server, one after the other.
    Alone(&'static [&'static str]),
}

/// One figure of a measurement.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Measure {
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
}

/// The contender that the others are compared with.
pub(crate) const OURS: &str = "threadwire";

/// All cells, in the order of the report.
pub(crate) fn all() -> Vec<Cell> {
    [grpc::all(), websocket::all(), idle::all(), protobuf::all()].into_iter().flatten().collect()
}

/// With a client of ours as the load.
fn client(name: &'static str, server: &'static str, line: &'static str) -> Contender {
    Contender { name, server: Some(server), load: Load::Client(line) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_cell_has_a_name_of_its_own_and_begins_with_threadwire() {
        let cells = all();
        let names: BTreeSet<&String> = cells.iter().map(|cell| &cell.name).collect();
        assert_eq!(names.len(), cells.len());
        for cell in &cells {
            assert_eq!(cell.contenders.first().map(|contender| contender.name), Some(OURS), "{}", cell.name);
            assert!(cell.contenders.len() > 1, "{}", cell.name);
            let needs_no_server = |contender: &Contender| matches!(contender.load, Load::Alone(_));
            assert!(cell.contenders.iter().all(|one| one.server.is_none() == needs_no_server(one)), "{}", cell.name);
        }
    }
}
