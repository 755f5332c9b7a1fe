//! Shared by the tests of the program: starts the built binary, reads its output line by line, and ends it whatever
//! happens. Every wait has an end.

#![allow(dead_code, reason = "each test uses a part of it")]

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// No test waits longer than this for anything.
pub const LONG: Duration = Duration::from_secs(30);

/// What a program that has ended left.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    pub out: String,
    pub err: String,
    /// None: a signal ended it.
    pub code: Option<i32>,
}

impl Ended {
    /// The one line on stderr of a program that failed with `code` and printed nothing else.
    pub fn failure(&self, code: i32) -> &str {
        assert_eq!((self.code, self.out.as_str()), (Some(code), ""), "{}", self.err);
        let line = self.err.strip_suffix('\n').expect("a whole line");
        assert!(line.starts_with("threadwire: ") && !line.contains('\n'), "{line}");
        line
    }

    /// What a program printed that did what it was asked.
    pub fn success(&self) -> &str {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
        &self.out
    }
}

/// The output of a program, line by line.
struct Lines {
    coming: Receiver<String>,
    came: String,
}

impl Lines {
    /// Reads to the end, or to a line that contains `last`; then the output is closed, and after that these lines end.
    fn of(output: impl Read + Send + 'static, last: Option<&'static str>) -> Self {
        let (send, coming) = channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            loop {
                let mut line = String::new();
                let is_line = matches!(output.read_line(&mut line), Ok(1..));
                let is_last = last.is_some_and(|last| line.contains(last));
                if !is_line || send.send(line).is_err() || is_last {
                    break;
                }
            }
        });
        Self { coming, came: String::new() }
    }

    /// The next line; none at the end.
    fn next(&mut self, until: Instant) -> Option<String> {
        match self.coming.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                self.came.push_str(&line);
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("nothing more came after: {}", self.came),
        }
    }

    fn until(&mut self, wanted: &str) -> String {
        let until = Instant::now() + LONG;
        while let Some(line) = self.next(until) {
            if line.contains(wanted) {
                return line;
            }
        }
        panic!("the output ended without '{wanted}': {}", self.came);
    }

    fn rest(&mut self) -> &str {
        let until = Instant::now() + LONG;
        while self.next(until).is_some() {}
        &self.came
    }
}

/// A program that runs; it is killed when this is dropped.
pub struct Running {
    child: Child,
    /// None if it never had a reader.
    out: Option<Lines>,
    err: Lines,
}

impl Running {
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_read_until(arguments, None)
    }

    /// One whose stdout is closed after a line that contains `last`.
    fn start_read_until(arguments: &[&str], last: Option<&'static str>) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_threadwire"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = Lines::of(child.stdout.take().unwrap(), last);
        let err = Lines::of(child.stderr.take().unwrap(), None);
        Self { child, out: Some(out), err }
    }

    /// Goes on until a line of stdout contains `wanted`.
    pub fn until(&mut self, wanted: &str) -> String {
        self.out.as_mut().unwrap().until(wanted)
    }

    /// Goes on until a line of stderr contains `wanted`.
    pub fn until_error(&mut self, wanted: &str) -> String {
        self.err.until(wanted)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end. Both outputs end with the process.
    pub fn end(mut self) -> Ended {
        let out = self.out.as_mut().map(|out| out.rest().to_owned()).unwrap_or_default();
        let err = self.err.rest().to_owned();
        Ended { out, err, code: self.child.wait().unwrap().code() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the program to its end.
pub fn run(arguments: &[&str]) -> Ended {
    Running::start(arguments).end()
}

/// Runs the program with a stdout that nobody reads.
pub fn run_unread(arguments: &[&str]) -> Ended {
    let (reader, mut writer) = std::io::pipe().unwrap();
    drop(reader);
    // A program that another test is just starting may hold the other end for a moment more.
    while writer.write(b"x").is_ok() {}
    let mut child = Command::new(env!("CARGO_BIN_EXE_threadwire"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let err = Lines::of(child.stderr.take().unwrap(), None);
    Running { child, out: None, err }.end()
}

/// `threadwire serve` on free ports.
pub struct Served {
    pub program: Running,
    pub url: String,
    pub target: String,
}

pub fn serve(options: &[&str]) -> Served {
    serve_read_until(options, None)
}

/// Nobody reads what it prints once it runs.
pub fn serve_unread() -> Served {
    let mut served = serve_read_until(&[], Some("running"));
    served.program.out.as_mut().unwrap().rest();
    served
}

fn serve_read_until(options: &[&str], last: Option<&'static str>) -> Served {
    let arguments = [&["serve", "--ws", "127.0.0.1:0", "--grpc", "127.0.0.1:0"], options].concat();
    let mut program = Running::start_read_until(&arguments, last);
    let address = |line: String| line.trim_end().rsplit(' ').next().unwrap().to_owned();
    let url = format!("ws://{}", address(program.until("WebSocket on ")));
    let target = format!("http://{}", address(program.until("gRPC on ")));
    assert_eq!(program.until("running"), "Server running. Press Ctrl+C to stop.\n");
    Served { program, url, target }
}

impl Served {
    /// Ends it as an administrator does.
    pub fn terminate(self) -> Ended {
        self.program.signal(Signal::TERM);
        self.program.end()
    }
}

/// The text with its port numbers as `PORT`, and the size of the gRPC request's head as `N`: it holds the port, whose
/// digits Huffman codes of different lengths.
pub fn normalised(text: &str) -> String {
    let mut lines = String::new();
    for line in text.lines() {
        let line = match line.split_once("127.0.0.1:") {
            Some((before, after)) => {
                format!("{before}127.0.0.1:PORT{}", after.trim_start_matches(|digit: char| digit.is_ascii_digit()))
            }
            None => line.to_owned(),
        };
        let line = match line.split_once("→ HEADERS stream=1 END_HEADERS ") {
            Some((before, _)) => format!("{before}→ HEADERS stream=1 END_HEADERS N bytes"),
            None => line,
        };
        lines += &line;
        lines.push('\n');
    }
    lines
}
