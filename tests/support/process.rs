//! What a test's process has: threads by their names, processor time, descriptors, memory. (On Linux; elsewhere nothing
//! is seen, and nothing is asserted of it.)

#![allow(dead_code, reason = "each test uses a part of it")]

use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Held by a test that counts what belongs to the whole process.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until `condition` is true, looking again and again; false if it never is.
pub fn comes_true(mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(30);
    while !condition() {
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(Duration::from_millis(2));
    }
    true
}

/// Of each thread whose name begins so what `/proc/self/task/<id>/stat` says behind the name.
fn stats(begin: &str) -> Vec<String> {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return Vec::new() };
    let stat = |task: std::io::Result<fs::DirEntry>| fs::read_to_string(task.ok()?.path().join("stat")).ok();
    let named = |stat: String| {
        let (_, rest) = stat.split_once('(')?;
        let (name, rest) = rest.rsplit_once(')')?;
        name.starts_with(begin).then(|| rest.to_owned())
    };
    // One that ends meanwhile is not there.
    tasks.filter_map(stat).filter_map(named).collect()
}

/// How many threads have a name that begins so.
pub fn threads(begin: &str) -> usize {
    stats(begin).len()
}

/// The processor time of those threads, in steps of 10 ms.
pub fn processor_time(begin: &str) -> Duration {
    let ticks = |stat: String| -> u64 {
        // utime and stime: fields 14 and 15, of which the first two are gone.
        stat.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
    };
    Duration::from_millis(stats(begin).into_iter().map(ticks).sum::<u64>() * 10)
}

/// Open descriptors.
pub fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Resident memory, in bytes.
pub fn memory() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split_whitespace().nth(1).map_or(0, |pages| pages.parse::<usize>().unwrap() * 4096)
}
