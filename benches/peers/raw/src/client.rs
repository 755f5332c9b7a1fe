//! The floor of a call: 64 bytes there and back over TCP, one after the other.

use harness::{Arguments, Calls, Outcome, Window};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::ExitCode;

fn main() -> ExitCode {
    harness::fail(run())
}

fn run() -> Outcome {
    let Arguments { address, time, .. } = Arguments::read()?;
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut calls = Calls::new(Window::new(time));
    let mut buffer = [7; 64];
    loop {
        stream.write_all(&buffer)?;
        stream.read_exact(&mut buffer)?;
        if !calls.ended() {
            return Ok(harness::report(vec![calls])?);
        }
    }
}
