//! The floor: echoes bytes over TCP, a thread a connection, and knows no protocol.

use harness::Outcome;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::thread;

fn main() -> ExitCode {
    harness::fail(serve())
}

fn serve() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    harness::announce(listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept()?;
        thread::spawn(|| echo(stream));
    }
}

fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; 16 * 1024];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            length => stream.write_all(buffer.get(..length).unwrap_or_default())?,
        }
    }
}
