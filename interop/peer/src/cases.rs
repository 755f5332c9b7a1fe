//! What the cases have in common: the texts they send, comparing, and one line of outcome each.

use std::fmt::Debug;
use std::io::Write;
use std::time::Duration;

/// Why a case, or the peer itself, failed.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type Outcome = Result<(), Failure>;
/// A case: its name, and what it does.
pub(crate) type Case<'c> = (&'static str, Box<dyn Fn() -> Outcome + 'c>);

pub(crate) const TEXT: &str = "Привет, мир ☺ 😈";
pub(crate) const FAIL_CODE: i32 = 9;
pub(crate) const FAIL_MESSAGE: &str = "100 % сломано ☺\nвторая строка\tи 😈";
pub(crate) const TEXT_VALUES: [&str; 2] = ["first", "second value"];
pub(crate) const BINARY_VALUES: [&[u8]; 3] = [b"\x00\xff\xab", b"\xfe", b"ab"];
pub(crate) const TOO_LARGE: usize = 5 * 1024 * 1024;
/// Answers that do not come at all fail the case instead of holding the run.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// 3 MiB in which no two places near each other are alike.
pub(crate) fn large() -> Vec<u8> {
    (0..=250).cycle().take(3 * 1024 * 1024 / 251 * 251).collect()
}

pub(crate) fn mebibyte() -> Vec<u8> {
    (0..=255).cycle().take(1024 * 1024).collect()
}

/// Fails unless what came is what was expected.
pub(crate) fn same<A: PartialEq<B> + Debug, B: Debug>(what: &str, came: A, expected: B) -> Outcome {
    if came == expected {
        return Ok(());
    }
    Err(format!("{what}: expected {}, came {}", short(&expected), short(&came)).into())
}

fn short(value: &impl Debug) -> String {
    format!("{value:?}").chars().take(200).collect()
}

/// Runs one case after the other, and prints a line for each.
pub(crate) fn run(cases: Vec<Case<'_>>) -> Outcome {
    for (name, case) in cases {
        let line = match case() {
            Ok(()) => format!("ok {name}"),
            Err(failure) => format!("FAILED {name}: {failure}").replace('\n', " "),
        };
        let mut stdout = std::io::stdout();
        writeln!(stdout, "{line}")?;
        stdout.flush()?;
    }
    Ok(())
}

/// Runs `work` for each number below `count`, all at once on a thread each; the first failure is that of all.
pub(crate) fn on_threads(count: usize, work: impl Fn(usize) -> Outcome + Sync) -> Outcome {
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|thread| scope.spawn(move || work(thread))).collect();
        let outcomes: Vec<Outcome> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a thread panicked".into())))
            .collect();
        outcomes.into_iter().collect()
    })
}
