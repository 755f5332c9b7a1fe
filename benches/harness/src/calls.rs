//! Counting calls and the time of each, and the line in which a client reports them.

use std::time::{Duration, Instant};
use std::{fs, io};

/// The time in which calls are measured, after a warm-up.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    begin: Instant,
    end: Instant,
    time: Duration,
}

impl Window {
    /// One that begins after a tenth of `time`.
    pub fn new(time: Duration) -> Self {
        let begin = Instant::now() + time / 10;
        Self { begin, end: begin + time, time }
    }

    /// Whether what ends now counts.
    pub fn is_open(&self) -> bool {
        (self.begin..self.end).contains(&Instant::now())
    }

    /// Whether there is nothing more to do.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }
}

/// The calls of one caller, made one after the other.
#[derive(Debug)]
pub struct Calls {
    window: Window,
    last: Instant,
    all: u64,
    /// Of the calls inside the window, in ns.
    latencies: Vec<u32>,
}

impl Calls {
    pub fn new(window: Window) -> Self {
        Self { window, last: Instant::now(), all: 0, latencies: Vec::with_capacity(1 << 17) }
    }

    /// A call has ended, and the next begins, if the answer is that there is to be one.
    pub fn ended(&mut self) -> bool {
        let now = Instant::now();
        if (self.window.begin..self.window.end).contains(&now) {
            self.latencies.push(u32::try_from((now - self.last).as_nanos()).unwrap_or(u32::MAX));
        }
        self.last = now;
        self.all += 1;
        now < self.window.end
    }
}

/// Prints what the runner reads: the calls of the window and its seconds, all calls with those of the warm-up, the CPU
/// time of this process in seconds, the percentiles of a call in µs.
///
/// # Errors
/// There were no calls, or the system does not tell the CPU time.
pub fn report(callers: Vec<Calls>) -> io::Result<()> {
    let nothing = || io::Error::other("no call was measured");
    let time = callers.first().ok_or_else(nothing)?.window.time;
    let all: u64 = callers.iter().map(|calls| calls.all).sum();
    let mut latencies: Vec<u32> = callers.into_iter().flat_map(|calls| calls.latencies).collect();
    latencies.sort_unstable();
    let percentile = |percent: usize| latencies.get(latencies.len() * percent / 100).ok_or_else(nothing);
    let (p50, p99) = (f64::from(*percentile(50)?) / 1e3, f64::from(*percentile(99)?) / 1e3);
    let (calls, seconds, cpu) = (latencies.len(), time.as_secs_f64(), cpu_seconds()?);
    println!("calls={calls} seconds={seconds} all={all} cpu={cpu} p50={p50} p99={p99}");
    Ok(())
}

/// User and system time of this process (proc(5): `stat`, fields 14 and 15, in hundredths).
///
/// # Errors
/// There is no `/proc`.
pub fn cpu_seconds() -> io::Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks: Vec<f64> = after_name.split(' ').skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    Ok(ticks.iter().sum::<f64>() / 100.0)
}
