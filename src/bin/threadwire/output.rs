//! Standard output: whole lines, from any thread. When its reader has gone, the program ends quietly.

use crate::failure::Failure;
use std::fmt;
use std::io::{self, ErrorKind, Write};

/// Prints a line.
pub(crate) fn line(line: fmt::Arguments<'_>) -> Result<(), Failure> {
    checked(writeln!(io::stdout().lock(), "{line}"))
}

/// Prints a text that has its line ends.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    checked(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

fn checked(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        // As with `threadwire … | head`: who read has what they wanted. Servers are left as they are; the
        // system closes their sockets.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Failure::refused(format!("cannot write to standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}
