//! Ctrl+C and SIGTERM: the first is waited for, a second ends the program at once.

use crate::failure::Failure;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What shells report of a program that Ctrl+C ended.
const INTERRUPTED: i32 = 130;

/// The signals that end `serve`, held from now on.
#[derive(Debug)]
pub(crate) struct End(Signals);

impl End {
    pub(crate) fn hold() -> Result<Self, Failure> {
        Self::register().map(Self).map_err(|error| Failure::refused(format!("cannot hold Ctrl+C and SIGTERM: {error}")))
    }

    fn register() -> std::io::Result<Signals> {
        let one_came = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: a signal that finds the flag set by an earlier one ends the program there and then, on
            // whatever thread it arrives; otherwise it sets the flag.
            flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&one_came))?;
            flag::register(signal, Arc::clone(&one_came))?;
        }
        Signals::new([SIGINT, SIGTERM])
    }

    /// Blocks until the first signal.
    pub(crate) fn wait(mut self) {
        self.0.forever().next();
    }
}
