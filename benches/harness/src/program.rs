//! A program of the bench as the runner sees it: its arguments, its address on stdout, its end with stdin.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, process, thread};

/// What `main` does its work in.
pub type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Turns the outcome into an exit code, with the error on stderr.
pub fn fail(outcome: Outcome) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    eprintln!("{}: {error}", env::args().next().unwrap_or_default());
    ExitCode::FAILURE
}

/// Says where the server listens, and has the process end when stdin does: with the runner, however that ends.
///
/// # Errors
/// stdout is closed.
pub fn announce(address: SocketAddr) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "listening {address}")?;
    stdout.flush()?;
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        process::exit(0);
    });
    Ok(())
}

/// A client's arguments: `MODE ADDRESS SECONDS`.
#[derive(Debug)]
pub struct Arguments {
    pub mode: String,
    /// `host:port`.
    pub address: String,
    /// How long to measure.
    pub time: Duration,
}

impl Arguments {
    /// Reads them.
    ///
    /// # Errors
    /// There are not three of them, or the last is no number of seconds.
    pub fn read() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let mut words = env::args().skip(1);
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some(mode), Some(address), Some(seconds), None) => {
                Ok(Self { mode, address, time: Duration::try_from_secs_f64(seconds.parse()?)? })
            }
            _ => Err("expected three arguments: MODE ADDRESS SECONDS".into()),
        }
    }
}
