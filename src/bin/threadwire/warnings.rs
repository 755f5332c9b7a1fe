//! What the library warns of (a lack of descriptors, a host without IPv6), on stderr, a line each.

use crate::output;
use log::{LevelFilter, Log, Metadata, Record};

struct Warnings;

impl Log for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("threadwire")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            output::error_line(format_args!("threadwire: {}", record.args()));
        }
    }

    fn flush(&self) {}
}

/// From now on, warnings and errors are shown.
pub(crate) fn show() {
    // Fails only if there is a logger already, and this is the program's beginning.
    if log::set_logger(&Warnings).is_ok() {
        log::set_max_level(LevelFilter::Warn);
    }
}
