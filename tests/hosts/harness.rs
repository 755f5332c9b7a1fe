//! The harness of these tests: which there are, and that they run one after the other.

mod child;
mod crowd;
mod fork;
mod host;
mod shortage;
mod signals;
#[path = "../support/grpc.rs"]
mod support;
#[path = "../support/websocket.rs"]
mod websocket_support;

use std::env;
use std::panic::catch_unwind;
use std::process::ExitCode;
use std::time::Duration;

/// No test waits longer than this for anything.
const LONG: Duration = Duration::from_secs(60);

type Test = (&'static str, fn());

const TESTS: &[Test] = &[
    ("descriptors_run_out_and_come_back", shortage::of_descriptors),
    ("threads_run_out_and_come_back", shortage::of_threads),
    ("connections_that_are_gone_before_they_are_accepted", shortage::gone_before),
    ("thousands_at_once_over_websocket", crowd::over_websocket),
    ("thousands_at_once_over_grpc", crowd::over_grpc),
    ("a_forked_child_harms_nothing", fork::harms_nothing),
    ("interrupted_every_millisecond", signals::interrupted),
    ("sigpipe_ends_no_host", signals::sigpipe),
];

/// Plays a role, or runs the tests that the arguments name.
pub fn run() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [role, rest @ ..] = &arguments[..]
        && let Some(role) = role.strip_prefix(child::ROLE)
    {
        child::play(role, rest);
        return ExitCode::SUCCESS;
    }
    if arguments.iter().any(|argument| argument == "--list") {
        TESTS.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()));
    let (mut passed, mut failed) = (0, 0);
    for (name, test) in TESTS.iter().filter(|(name, _)| is_wanted(name)) {
        let outcome = catch_unwind(test);
        println!("test {name} ... {}", if outcome.is_ok() { "ok" } else { "FAILED" });
        *(if outcome.is_ok() { &mut passed } else { &mut failed }) += 1;
    }
    let result = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {result}. {passed} passed; {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
