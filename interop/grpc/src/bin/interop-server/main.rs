//! The server of the gRPC project's interoperability tests.

mod service;

use service::Testing;
use std::process::ExitCode;
use std::thread;
use threadwire::Limits;
use threadwire::grpc::Server;
use threadwire_interop_grpc::MESSAGE_BYTES;
use threadwire_interop_grpc::flags::{Flag, Flags, UsageError, switch, usage, value};
use threadwire_interop_grpc::proto::TestServiceServer;

const FLAGS: &[Flag] = &[
    value("port", "listens there, on all addresses; 0, the default, has the system choose one"),
    switch("use_tls", "must be false, the default, as long as threadwire has no TLS"),
    switch("help", "prints this"),
];
/// `concurrent_large_unary` has a thousand calls at once on one connection: their requests come, wait and are answered
/// all together.
const CONNECTION_BYTES: usize = 512 * 1024 * 1024;

fn main() -> ExitCode {
    match port() {
        Ok(Some(port)) => serve(port).map_or_else(
            |error| {
                eprintln!("interop-server: {error}");
                ExitCode::FAILURE
            },
            |()| ExitCode::SUCCESS,
        ),
        Ok(None) => {
            print!("{}", usage("interop-server", FLAGS));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("interop-server: {error}");
            ExitCode::from(2)
        }
    }
}

/// Where to listen; none if only help is wanted.
fn port() -> Result<Option<u16>, UsageError> {
    let flags = Flags::parse(std::env::args().skip(1), FLAGS)?;
    if flags.is_on("help")? {
        return Ok(None);
    }
    flags.without_tls()?;
    flags.number("port", 0).map(Some)
}

/// Serves until the process is ended.
fn serve(port: u16) -> Result<(), threadwire::Error> {
    let mut limits = Limits::default();
    limits.receive_message_bytes = MESSAGE_BYTES;
    limits.unfinished_message_bytes = CONNECTION_BYTES;
    limits.server_unfinished_message_bytes = CONNECTION_BYTES;
    limits.queued_call_bytes = CONNECTION_BYTES;
    limits.untaken_message_bytes = CONNECTION_BYTES;
    let service = TestServiceServer::new(Testing::default());
    let server = Server::builder().limits(limits).add_service(service).bind(&format!("[::]:{port}"))?;
    for address in server.local_addresses() {
        println!("interop-server: listens on {address}");
    }
    let _handle = server.spawn()?;
    loop {
        thread::park();
    }
}
