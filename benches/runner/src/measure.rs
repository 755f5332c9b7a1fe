//! One measurement, and the rounds of a cell: A B C A B C …, so that what changes on the machine changes for all.

use crate::Error;
use crate::arguments::Plan;
use crate::cells::{Cell, Contender, Load};
use crate::machine::{self, Snapshot, Usage};
use crate::program::{self, Server};
use crate::report::{CellResult, ContenderResult};
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::IsTerminal as _;
use std::process::Command;
use std::thread;
use std::time::Duration;

/// The share of the machine that others may use before a measurement counts as disturbed.
const DISTURBED: f64 = 0.15;
/// No load takes longer than its time and this.
const PATIENCE: Duration = Duration::from_secs(30);
/// HelloRequest { name: "World" } behind its five-byte prefix: what h2load sends.
const REQUEST: &[u8] = b"\0\0\0\0\x07\x0a\x05World";
/// Calls before those that are measured.
const WARM_UP: u32 = 2_000;
/// Connections that do nothing, and the time after which the server has nothing more to do for them.
const IDLE: u32 = 1_000;
const SETTLE: Duration = Duration::from_millis(300);

/// Else glibc may give what a message took back to the system each time that it is dropped, and get it again a page
/// at a time: whether it does hangs on a few bytes of size, and costs a third of a decode.
const KEEP_MEMORY: [(&str, &str); 2] =
    [("MALLOC_TRIM_THRESHOLD_", "268435456"), ("MALLOC_MMAP_THRESHOLD_", "33554432")];

/// What a load counted, by the names it gives.
type Figures = BTreeMap<String, f64>;

/// What one measurement gave: figures by the keys of [`crate::cells::Measure`].
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) values: Figures,
    /// The share of the machine that others used.
    pub(crate) foreign: f64,
}

impl Sample {
    pub(crate) fn is_disturbed(&self) -> bool {
        self.foreign > DISTURBED
    }
}

/// Measures all contenders of a cell. One that fails is left out from then on, and says why.
pub(crate) fn cell(cell: &Cell, plan: &Plan) -> Result<CellResult, Error> {
    let mut results: Vec<_> = cell.contenders.iter().map(|contender| ContenderResult::new(*contender)).collect();
    for round in 1..=plan.rounds {
        for result in results.iter_mut().filter(|result| result.failure.is_none()) {
            progress(&format!("{} {round}/{}: {}", cell.name, plan.rounds, result.contender.name));
            match undisturbed(&result.contender, plan) {
                Ok(sample) => result.add(sample),
                Err(error) => result.failure = Some(error.to_string()),
            }
        }
    }
    progress("");
    Ok(CellResult::new(cell, results))
}

/// The line that shows where it is, on a terminal.
fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K{text}");
    }
}

/// Measures until nobody disturbs, or the repeats are used up; then it is the least disturbed one.
fn undisturbed(contender: &Contender, plan: &Plan) -> Result<Sample, Error> {
    let mut best = measure(contender, plan)?;
    for _ in 0..plan.repeats {
        if !best.is_disturbed() {
            break;
        }
        let again = measure(contender, plan)?;
        if again.foreign < best.foreign {
            best = again;
        }
    }
    Ok(best)
}

/// A server of its own, the load on it, and what both used.
fn measure(contender: &Contender, plan: &Plan) -> Result<Sample, Error> {
    let time = Duration::from_secs_f64(plan.seconds);
    let Some(server) = contender.server else { return alone(contender, time) };
    let server = Server::start(server)?;
    if matches!(contender.load, Load::H2load { .. }) {
        prepare(&server)?;
    }
    let before = Snapshot::take(Some(server.id()))?;
    let figures = match contender.load {
        Load::H2load { connections, streams } => h2load(&server, connections, streams, time)?,
        Load::Client(line) => client(&server, line, time)?,
        Load::Beside { alone, beside } => both(&client(&server, alone, time)?, client(&server, beside, time)?)?,
        // Memory is what it is, whoever else uses the machine.
        Load::Idle(kind) => return Ok(Sample { values: idle(&server, kind)?, foreign: 0.0 }),
        Load::Alone(_) => return Err("programs that need no server have one".into()),
    };
    let usage = before.until(&Snapshot::take(Some(server.id()))?);
    Ok(Sample { values: values(figures, usage)?, foreign: usage.foreign })
}

/// What the programs say that need no server.
fn alone(contender: &Contender, time: Duration) -> Result<Sample, Error> {
    let Load::Alone(lines) = contender.load else { return Err("this load needs a server".into()) };
    let before = Snapshot::take(None)?;
    let mut values = Figures::new();
    for line in lines {
        let mut command = program::command(line)?;
        command.envs(KEEP_MEMORY);
        values.extend(said(command, time)?);
    }
    let usage = before.until(&Snapshot::take(None)?);
    Ok(Sample { values, foreign: usage.foreign })
}

/// h2load does not look at what is answered: a real client does before it, and the server is warm then.
fn prepare(server: &Server) -> Result<(), Error> {
    let mut check = program::command("tonic-grpc-client check@current_thread")?;
    program::output(check.args([server.address.as_str(), "1"]), PATIENCE)?;
    let mut warm_up = h2load_command(server)?;
    program::output(warm_up.args(["-m10", "-n", &WARM_UP.to_string()]), PATIENCE)?;
    Ok(())
}

fn h2load_command(server: &Server) -> Result<Command, Error> {
    if !machine::has_h2load() {
        return Err("h2load is missing (Debian: nghttp2-client)".into());
    }
    let body = env::current_exe()?.with_file_name("request.bin");
    fs::write(&body, REQUEST)?;
    let mut command = Command::new("h2load");
    command.arg("-d").arg(body).args(["-H", "content-type: application/grpc", "-H", "te: trailers"]);
    command.arg(format!("http://{}/bench.Greeter/SayHello", server.address));
    Ok(command)
}

fn h2load(server: &Server, connections: u32, streams: u32, time: Duration) -> Result<Figures, Error> {
    let mut command = h2load_command(server)?;
    command.args([format!("-c{connections}"), format!("-m{streams}"), format!("-D{}ms", time.as_millis())]);
    let text = program::output(&mut command, time + PATIENCE)?;
    let calls = succeeded(&text).ok_or(format!("h2load does not say that all calls succeeded:\n{text}"))?;
    Ok([("calls", calls), ("all", calls), ("seconds", time.as_secs_f64())]
        .map(|(key, value)| (key.to_owned(), value))
        .into())
}

/// The number in `requests: … N succeeded, 0 failed, 0 errored, 0 timeout`.
fn succeeded(text: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("requests: "))?;
    let count = |what| line.split(", ").find_map(|part| part.strip_suffix(what))?.parse::<f64>().ok();
    let failed = count(" failed")? + count(" errored")? + count(" timeout")?;
    count(" succeeded").filter(|succeeded| failed == 0.0 && *succeeded > 0.0)
}

/// A client of ours looks at every answer itself.
fn client(server: &Server, line: &str, time: Duration) -> Result<Figures, Error> {
    let mut command = program::command(line)?;
    command.arg(&server.address);
    said(command, time)
}

/// Runs a program of ours, whose last argument is the time, and reads its figures.
fn said(mut command: Command, time: Duration) -> Result<Figures, Error> {
    command.arg(time.as_secs_f64().to_string());
    let text = program::output(&mut command, time + PATIENCE)?;
    let pairs = text.split_whitespace().filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| Ok((key.to_owned(), value.parse()?))).collect::<Result<_, Error>>()
}

/// The figures of the second client, beside those of the first.
fn both(alone: &Figures, mut beside: Figures) -> Result<Figures, Error> {
    let ratio = |key| Ok::<_, Error>(figure(&beside, key)? / figure(alone, key)?);
    let more = [
        ("alone_p50", figure(alone, "p50")?),
        ("alone_p99", figure(alone, "p99")?),
        ("p99_ratio", ratio("p99")?),
        ("calls_ratio", ratio("calls")?),
        ("all", figure(alone, "all")? + figure(&beside, "all")?),
    ];
    beside.extend(more.map(|(key, value)| (key.to_owned(), value)));
    Ok(beside)
}

/// What the server's memory grows by for each connection.
fn idle(server: &Server, kind: &str) -> Result<Figures, Error> {
    let before = machine::resident_kib(server.id())?;
    let _connections = Server::start(&format!("idle-load {kind} {} {IDLE}", server.address))?;
    thread::sleep(SETTLE);
    let grown = machine::resident_kib(server.id())? - before;
    Ok([("idle".to_owned(), grown / f64::from(IDLE))].into())
}

/// Adds to what the load counted what follows from it and from what the system did.
fn values(mut figures: Figures, usage: Usage) -> Result<Figures, Error> {
    let all = figure(&figures, "all")?;
    figures.insert("rate".to_owned(), figure(&figures, "calls")? / figure(&figures, "seconds")?);
    figures.insert("server_cpu".to_owned(), usage.server * 1e6 / all);
    if let Ok(cpu) = figure(&figures, "cpu") {
        figures.insert("client_cpu".to_owned(), cpu * 1e6 / all);
    }
    Ok(figures)
}

fn figure(figures: &Figures, key: &str) -> Result<f64, Error> {
    Ok(figures.get(key).copied().ok_or(format!("the load does not say '{key}'"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h2load_s_calls_count_when_all_succeeded() {
        let line = |failed| {
            format!(
                "finished\nrequests: 5 total, 6 started, 5 done, 5 succeeded, {failed} failed, 0 errored, 0 timeout\n"
            )
        };
        assert_eq!(succeeded(&line(0)), Some(5.0));
        assert_eq!(succeeded(&line(1)), None);
        assert_eq!(succeeded("no such line"), None);
    }
}
