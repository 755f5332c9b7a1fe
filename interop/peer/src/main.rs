//! Our peer: serves and checks both protocols with threadwire, as the peers of the other languages do with theirs.

mod calls;
mod cases;
mod grpc_client;
mod grpc_server;
mod proto;
mod websocket_client;
mod websocket_server;

use cases::Failure;
use std::process::ExitCode;
use std::thread;

const USAGE: &str = "\
usage: threadwire-interop-peer serve [--grpc ADDR] [--ws ADDR]
                                             prints `grpc PORT` and `ws PORT`, serves until it is killed
       threadwire-interop-peer check --grpc TARGET [--joined] [--compressed]
                                             one line a case: `ok CASE` or `FAILED CASE: why`; with `--joined` the
                                             server may join the values of a metadata key by `, `, with
                                             `--compressed` it must compress its replies when it is asked to
       threadwire-interop-peer check --ws URL           likewise
       threadwire-interop-peer check --greeter TARGET   the classic example, against `threadwire serve`
       threadwire-interop-peer check --echo URL         likewise
       threadwire-interop-peer calls TARGET             makes calls at the word of stdin (calls.rs)";

/// Where `serve` listens if it is not told.
const ANY_PORT: &str = "127.0.0.1:0";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(failure)) => {
            eprintln!("threadwire-interop-peer: {failure}");
            ExitCode::FAILURE
        }
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// None: these arguments mean nothing.
fn run(arguments: &[&str]) -> Option<Result<(), Failure>> {
    match arguments {
        ["serve", addresses @ ..] => {
            let (mut grpc, mut ws) = (ANY_PORT, ANY_PORT);
            for pair in addresses.chunks(2) {
                match pair {
                    ["--grpc", address] => grpc = address,
                    ["--ws", address] => ws = address,
                    _ => return None,
                }
            }
            Some(serve(grpc, ws))
        }
        ["check", "--grpc", target, flags @ ..]
            if flags.iter().all(|flag| ["--joined", "--compressed"].contains(flag)) =>
        {
            Some(grpc_client::check(target, flags.contains(&"--joined"), flags.contains(&"--compressed")))
        }
        ["check", "--greeter", target] => Some(grpc_client::check_greeter(target)),
        ["check", "--ws", url] => Some(websocket_client::check(url)),
        ["check", "--echo", url] => Some(websocket_client::check_echo(url)),
        ["calls", target] => Some(calls::obey(target)),
        _ => None,
    }
}

fn serve(grpc: &str, ws: &str) -> Result<(), Failure> {
    let (_grpc, port) = grpc_server::serve(grpc)?;
    println!("grpc {port}");
    let (_ws, port) = websocket_server::serve(ws)?;
    println!("ws {port}");
    loop {
        thread::park();
    }
}
