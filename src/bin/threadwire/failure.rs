//! How a command fails: one line on stderr that says what to do, and the exit code.

use crate::output;
use std::error::Error;
use std::fmt;
use std::io::ErrorKind;
use std::process::ExitCode;
use std::time::Duration;
use threadwire::grpc::{Code, Origin, Status};
use threadwire::websocket;

/// The peer or the system said no.
const REFUSED: u8 = 1;
/// The arguments cannot be followed.
const USAGE: u8 = 2;

/// How much is shown of what a server said when it refused, in characters.
const REFUSAL_LENGTH: usize = 100;

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

    /// An address cannot be listened on; `option` chooses it.
    pub(crate) fn listen(error: &threadwire::Error, option: &str) -> Self {
        let why = match error {
            threadwire::Error::Address { .. } => return Self::usage(format!("{option}: {error}")),
            threadwire::Error::Bind { source, .. } => match source.kind() {
                ErrorKind::AddrInUse => "another program has this port: stop it, or ",
                ErrorKind::PermissionDenied => "ports below 1024 need special rights: ",
                ErrorKind::AddrNotAvailable => "this machine has no such address: ",
                _ => "",
            },
            _ => "",
        };
        Self::refused(format!("{error}; {why}choose another with {option} HOST:PORT"))
    }

    /// Shows the line on stderr.
    pub(crate) fn show(&self) {
        output::error_line(format_args!("threadwire: {self}"));
    }

    /// What the process ends with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {}

/// Whom a client speaks to, and how the user chose that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer<'a> {
    /// What is expected there, such as `a gRPC server`.
    pub(crate) kind: &'static str,
    pub(crate) address: &'a str,
    /// The option that names another.
    pub(crate) option: &'static str,
    /// How long it had for everything.
    pub(crate) timeout: Duration,
}

impl Peer<'_> {
    /// Why a call did not succeed.
    pub(crate) fn call_failed(&self, status: &Status) -> Failure {
        let local = chain(status).find_map(|error| error.downcast_ref::<threadwire::Error>());
        match (status.code(), local) {
            (Code::DeadlineExceeded, _) => self.late(),
            (_, Some(error)) => self.local(error),
            (Code::Unimplemented, _) if status.origin() == Origin::Peer => {
                Failure::refused(format!("{status}; this server has no Greeter: name another with {}", self.option))
            }
            _ => self.wrong(status),
        }
    }

    /// Why a WebSocket did not do what it should.
    pub(crate) fn websocket_failed(&self, error: &websocket::Error) -> Failure {
        match error {
            websocket::Error::Local(error) => self.local(error),
            websocket::Error::TlsMissing { .. } => Failure::usage(error.to_string()),
            // The body may be a whole page.
            websocket::Error::Refused { status, body } => {
                let body: String = body.lines().next().unwrap_or_default().chars().take(REFUSAL_LENGTH).collect();
                let colon = if body.is_empty() { "" } else { ": " };
                self.wrong(&format_args!("the server refused the WebSocket: {status}{colon}{body}"))
            }
            error => self.wrong(error),
        }
    }

    fn local(&self, error: &threadwire::Error) -> Failure {
        match error {
            threadwire::Error::Address { .. } => Failure::usage(format!("{}: {error}", self.option)),
            threadwire::Error::TimedOut { .. } => self.late(),
            threadwire::Error::Resolve { .. } => {
                Failure::refused(format!("{error}; check the host name in {}", self.option))
            }
            threadwire::Error::Connect { source, .. } if source.kind() == ErrorKind::ConnectionRefused => {
                let option = self.option;
                Failure::refused(format!("{error}; start 'threadwire serve', or name another server with {option}"))
            }
            error => self.wrong(error),
        }
    }

    fn late(&self) -> Failure {
        let Self { kind, address, option, timeout } = self;
        let check = format!("check that {option} names {kind}, or give it more time with --timeout SECONDS");
        Failure::refused(format!("no answer from {address} within {} s; {check}", timeout.as_secs_f64()))
    }

    /// The server is there, but does not do its part.
    pub(crate) fn wrong(&self, what: &dyn fmt::Display) -> Failure {
        Failure::refused(format!("{what}; check that {} names {}", self.option, self.kind))
    }
}

/// The error and its sources.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
