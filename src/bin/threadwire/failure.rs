//! How a command fails: one line on stderr that says what to do, and the exit code.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

/// The peer or the system said no.
const REFUSED: u8 = 1;
/// The arguments cannot be followed.
const USAGE: u8 = 2;

/// Why a command ends without having done its work.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// The arguments cannot be followed; `message` says which and what is expected.
    pub(crate) fn usage(message: String) -> Self {
        Self { message, code: USAGE }
    }

    /// The peer or the system said no.
    pub(crate) fn refused(message: String) -> Self {
        Self { message, code: REFUSED }
    }

    /// An error of the library, with `advice` for what the user can do about an address that does not work.
    pub(crate) fn of(error: &(dyn Error + 'static), advice: &Advice) -> Self {
        let local = chain(error).find_map(|error| error.downcast_ref::<threadwire::Error>());
        let what = whole_text(error);
        match local {
            Some(threadwire::Error::Address { .. }) => Self::usage(what),
            Some(threadwire::Error::Bind { source, .. }) => Self::refused(format!("{what}; {}", advice.bind(source))),
            Some(threadwire::Error::Resolve { .. } | threadwire::Error::Connect { .. }) => {
                Self::refused(format!("{what}; {}", advice.connect))
            }
            _ => Self::refused(what),
        }
    }

    /// Writes the line and gives the exit code. That stderr may be closed too is nobody's concern any more.
    pub(crate) fn report(self) -> ExitCode {
        let one_line = self.message.replace(['\n', '\r'], " ");
        let _ = writeln!(io::stderr(), "threadwire: {one_line}");
        ExitCode::from(self.code)
    }
}

/// What a user can do about an address that does not work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Advice {
    /// How to choose another address to listen on.
    pub(crate) listen: &'static str,
    /// What to do when nothing answers.
    pub(crate) connect: &'static str,
}

impl Advice {
    fn bind(&self, source: &io::Error) -> String {
        let why = match source.kind() {
            ErrorKind::AddrInUse => "another program has this port: stop it, or ",
            ErrorKind::PermissionDenied => "ports below 1024 need special rights: ",
            ErrorKind::AddrNotAvailable => "this machine has no such address: ",
            _ => "",
        };
        format!("{why}{}", self.listen)
    }
}

/// The error and its sources.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

/// The error's text, and those of its sources that it does not already say.
fn whole_text(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    for source in chain(error).skip(1).map(ToString::to_string) {
        if !text.contains(&source) {
            let _ = write!(text, ": {source}");
        }
    }
    text
}
