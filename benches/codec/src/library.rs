//! A contender: its messages, and what it does to them; and the command line `PAYLOAD[@VARIANT] SECONDS`.

use crate::values;
use harness::{Outcome, fail};
use std::env;
use std::process::ExitCode;
use std::time::Duration;

/// What a program ends with.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// A library's way from a message to bytes and back.
pub trait Codec<M> {
    /// What has been received: a `Vec<u8>`, or what messages can share.
    type Input: From<Vec<u8>>;

    /// Encodes into memory of its own.
    ///
    /// # Errors
    /// The library's own.
    fn encode(message: &M) -> Result<Vec<u8>, impl Into<Error>>;

    /// # Errors
    /// The library's own: turning it into another here would count in the times.
    fn decode(input: &Self::Input) -> Result<M, impl Into<Error>>;
}

/// All messages of a library, each made from the values.
pub trait Library: Codec<Self::Person> + Codec<Self::Directory> + Codec<Self::Forest> {
    type Person: From<values::Person> + PartialEq;
    type Directory: From<values::Directory> + PartialEq;
    type Forest: From<values::Forest> + PartialEq;
}

/// What one of the two programs does.
pub trait Task {
    /// Measures with the library what `payload` names, for `time`, and prints it.
    ///
    /// # Errors
    /// There is no such payload, or the library does not give back what it was given.
    fn measure<L: Library>(&self, payload: &str, time: Duration) -> Outcome;
}

/// A program's `main`: reads the command line, and has `choose` measure with the library of that variant, which is
/// empty if none is named.
pub fn run(choose: impl FnOnce(&str, &str, Duration) -> Outcome) -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let [payload, seconds] = words.as_slice() else {
        return fail(Err("expected two arguments: PAYLOAD[@VARIANT] SECONDS".into()));
    };
    let (payload, variant) = payload.split_once('@').unwrap_or((payload, ""));
    let time = seconds.parse().map_err(Error::from).and_then(|seconds| Ok(Duration::try_from_secs_f64(seconds)?));
    fail(time.and_then(|time| choose(variant, payload, time)))
}

/// Encodes and decodes once, and sees that the same comes back. Gives the bytes.
pub(crate) fn checked<L: Codec<M>, M: PartialEq>(message: &M) -> Result<Vec<u8>, Error> {
    let bytes = L::encode(message).map_err(Into::into)?;
    let back = L::decode(&L::Input::from(bytes.clone())).map_err(Into::into)?;
    if back == *message { Ok(bytes) } else { Err("another message came back".into()) }
}
