//! The servers and loads, as processes beside this one's executable, which end with it.

use crate::Error;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

/// A server, or what holds connections to one: it runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// `host:port`.
    pub(crate) address: String,
}

impl Server {
    /// Starts `program argument…` and waits until it says that it listens.
    pub(crate) fn start(line: &str) -> Result<Self, Error> {
        let mut child = command(line)?.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut first = String::new();
        if let Some(stdout) = &mut child.stdout {
            BufReader::new(stdout).read_line(&mut first)?;
        }
        let mut server = Self { child, address: String::new() };
        server.address = first.trim().strip_prefix("listening ").ok_or(format!("{line} does not listen"))?.to_owned();
        Ok(server)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `program argument…`, a program of this workspace; after the word `one-cpu` it gets the first CPU alone.
pub(crate) fn command(line: &str) -> Result<Command, Error> {
    let (pinned, line) = line.strip_prefix("one-cpu ").map_or((false, line), |line| (true, line));
    let mut words = line.split_whitespace();
    let path = env::current_exe()?.with_file_name(words.next().ok_or("no program is named")?);
    let mut command = Command::new(if pinned { OsStr::new("taskset") } else { path.as_os_str() });
    if pinned {
        command.args(["-c", "0"]).arg(path);
    }
    command.args(words);
    Ok(command)
}

/// Runs a load to its end, at most for `time`, and gives what it printed.
pub(crate) fn output(command: &mut Command, time: Duration) -> Result<String, Error> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let deadline = Instant::now() + time;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            return Err(format!("{command:?} did not end in {time:?}").into());
        }
        thread::sleep(Duration::from_millis(5));
    };
    let mut text = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut text)?;
    }
    if status.success() { Ok(text) } else { Err(format!("{command:?}: {status}\n{text}").into()) }
}
