//! Child processes: this program in a role. They speak in lines: what a child prints, its test reads; what the test
//! says, the child reads on its stdin, whose end is its end.

use super::{LONG, crowd, fork, shortage, signals};
use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child as Process, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

/// What a role's name comes behind.
pub const ROLE: &str = "role:";

/// What a child does.
pub fn play(role: &str, arguments: &[String]) {
    match role {
        "shortage" => shortage::host(),
        "websocket-server" => crowd::websocket_server(),
        "grpc-server" => crowd::grpc_server(),
        "websocket-clients" => crowd::websocket_clients(arguments),
        "grpc-clients" => crowd::grpc_clients(arguments),
        "fork" => fork::host(),
        "interrupted" => signals::interrupted_host(),
        "sigpipe" => signals::sigpipe_host(),
        other => panic!("there is no role {other}"),
    }
}

/// Says something to the test.
pub fn say(line: &str) {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// What the test says next; none at its end.
pub fn hear() -> Option<String> {
    let mut line = String::new();
    match io::stdin().read_line(&mut line) {
        Ok(1..) => Some(line.trim_end().to_owned()),
        _ => None,
    }
}

/// A child that runs; killed when it is dropped.
pub struct Child {
    process: Process,
    lines: Receiver<String>,
    input: Option<ChildStdin>,
}

impl Child {
    pub fn start(role: &str, arguments: &[&str]) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .arg(format!("{ROLE}{role}"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = channel();
        let output = process.stdout.take().unwrap();
        thread::spawn(move || {
            BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| send.send(line))
        });
        let input = process.stdin.take();
        Self { process, lines, input }
    }

    /// Its next line.
    pub fn next(&self) -> String {
        match self.lines.recv_timeout(LONG) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!("the child says nothing"),
            Err(RecvTimeoutError::Disconnected) => panic!("the child has ended"),
        }
    }

    /// Says something, and answers what it says to that.
    pub fn ask(&mut self, line: &str) -> String {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
        input.flush().unwrap();
        self.next()
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Has it end, and sees that it does so in order.
    pub fn end(mut self) {
        self.input = None;
        // Its output ends with it.
        while let Ok(line) = self.lines.recv_timeout(LONG) {
            println!("  {line}");
        }
        let status = self.process.wait().unwrap();
        assert!(status.success(), "the child ended with {status}");
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
