//! The machine: who used its CPU (proc(5)), and the versions of what runs on it.

use crate::Error;
use serde::Serialize;
use std::collections::BTreeMap;
use std::process::Command;
use std::time::Instant;
use std::{fs, thread};

/// Ticks a second in /proc, on every Linux.
const TICKS: f64 = 100.0;

/// The CPU time that was used until a moment, in seconds.
#[derive(Debug)]
pub(crate) struct Snapshot {
    at: Instant,
    server: f64,
    /// By this process and its children that have ended: the load.
    own: f64,
    /// By everybody; with what the host took away.
    all: f64,
}

/// The CPU time that was used between two moments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// By the server, in seconds.
    pub(crate) server: f64,
    /// By processes that are not ours, or stolen by the host: the share of all the machine could have given.
    pub(crate) foreign: f64,
}

impl Snapshot {
    /// Now, with the server's if there is one.
    pub(crate) fn take(server: Option<u32>) -> Result<Self, Error> {
        let server = server
            .map_or(Ok(0.0), |id| process(&fs::read_to_string(format!("/proc/{id}/stat"))?).map(|time| time.itself))?;
        let own = process(&fs::read_to_string("/proc/self/stat")?)?;
        Ok(Self {
            at: Instant::now(),
            server,
            own: own.itself + own.children,
            all: machine(&fs::read_to_string("/proc/stat")?)?,
        })
    }

    pub(crate) fn until(&self, later: &Self) -> Usage {
        let server = later.server - self.server;
        let foreign = later.all - self.all - server - (later.own - self.own);
        let capacity = (later.at - self.at).as_secs_f64() * cores() as f64;
        Usage { server, foreign: (foreign / capacity).max(0.0) }
    }
}

/// The resident memory of a process (`VmRSS`).
pub(crate) fn resident_kib(process: u32) -> Result<f64, Error> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("/proc/PID/status has no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// How many CPUs there are.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

struct ProcessTime {
    itself: f64,
    children: f64,
}

/// Fields 14 to 17 of `/proc/PID/stat`; the name before them may hold anything.
fn process(stat: &str) -> Result<ProcessTime, Error> {
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(4);
    let ticks = fields.map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    match ticks.as_slice() {
        [user, system, child_user, child_system] => {
            Ok(ProcessTime { itself: (user + system) / TICKS, children: (child_user + child_system) / TICKS })
        }
        _ => Err("/proc/PID/stat has too few fields".into()),
    }
}

/// The first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal. All of it but the idle ones.
fn machine(stat: &str) -> Result<f64, Error> {
    let line = stat.lines().next().unwrap_or_default();
    let ticks = line.split_whitespace().skip(1).take(8).map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    match ticks.as_slice() {
        [user, nice, system, _, _, irq, softirq, steal] => Ok((user + nice + system + irq + softirq + steal) / TICKS),
        _ => Err("/proc/stat has too few fields".into()),
    }
}

/// What the figures were made on and of.
#[derive(Debug, Serialize)]
pub(crate) struct About {
    pub(crate) date: String,
    pub(crate) commit: String,
    pub(crate) machine: String,
    pub(crate) versions: BTreeMap<String, String>,
}

/// The crates whose version matters.
const CRATES: &[&str] = &[
    "fastwebsockets",
    "h2",
    "hyper",
    "prost",
    "quick-xml",
    "serde_json",
    "threadwire",
    "tokio",
    "tokio-tungstenite",
    "tonic",
    "tungstenite",
];

/// Asks the machine, and the lock file of the bench.
pub(crate) fn about() -> About {
    let lock = fs::read_to_string("Cargo.lock").unwrap_or_default();
    let mut versions: BTreeMap<String, String> =
        CRATES.iter().filter_map(|name| Some(((*name).to_owned(), locked(&lock, name)?))).collect();
    versions.insert("rustc".into(), first_line("rustc", &["--version"]).replace("rustc ", ""));
    versions.insert("h2load".into(), first_line("h2load", &["--version"]).replace("h2load ", ""));
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown CPU");
    let system = first_line("uname", &["-srm"]);
    About {
        date: first_line("date", &["-u", "+%F"]),
        commit: first_line("git", &["describe", "--always", "--dirty"]),
        machine: format!("{} × {}, {system}", cores(), model.trim_start_matches(['\t', ' ', ':'])),
        versions,
    }
}

/// What h2load says of itself, unless there is none.
pub(crate) fn has_h2load() -> bool {
    Command::new("h2load").arg("--version").output().is_ok()
}

fn locked(lock: &str, name: &str) -> Option<String> {
    let (_, after) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    after.split('"').next().map(str::to_owned)
}

fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().map(|output| output.stdout).unwrap_or_default();
    let text = String::from_utf8_lossy(&output);
    text.lines().next().map_or_else(|| "missing".into(), |line| line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name() -> Result<(), Error> {
        let time = process("7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 30 20 20 0 5 0")?;
        assert_eq!((time.itself, time.children), (3.0, 0.5));
        assert!(process("7 (a) S 1").is_err());
        Ok(())
    }

    #[test]
    fn idle_time_is_nobody_s() -> Result<(), Error> {
        assert_eq!(machine("cpu  100 10 20 5000 600 1 2 67 0 0\ncpu0 …")?, 2.0);
        Ok(())
    }

    #[test]
    fn a_version_is_that_of_the_whole_name() {
        let lock = "name = \"tonic-prost\"\nversion = \"1.0.0\"\n\nname = \"tonic\"\nversion = \"0.14.9\"\n";
        assert_eq!(locked(lock, "tonic").as_deref(), Some("0.14.9"));
        assert_eq!(locked(lock, "h2"), None);
    }
}
