//! Why .proto files could not be compiled. A build script shows the error's `Debug` form, so that is the readable text.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why .proto files could not be compiled.
#[non_exhaustive]
pub enum Error {
    /// The .proto files are wrong, or use what is not supported; each line begins with `file:line:column` unless the
    /// file is not there.
    Proto(String),
    /// A file cannot be read or written.
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A setting of the builder makes no sense; says which and why.
    Setting(String),
    /// There is no directory to write to: `OUT_DIR` is not set, as it is in a build script.
    NoOutDir,
    /// pb-rs did not do what is expected of its version 0.10.0, or what was emitted is not Rust: a bug here.
    Types(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proto(message) | Self::Setting(message) => f.write_str(message),
            Self::Io { path, source } => write!(f, "{}: {source}", path.display()),
            Self::NoOutDir => f.write_str("OUT_DIR is not set: run in a build script, or set `out_dir`"),
            Self::Types(message) => write!(f, "cannot emit the types: {message}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Proto(_) | Self::Setting(_) | Self::NoOutDir | Self::Types(_) => None,
        }
    }
}
