//! The program that measures memory.

use crate::generate::{EMPLOYEES, directory, person};
use crate::library::{Codec, Error, Library, Task, checked};
use harness::Outcome;
use std::time::Duration;
use threadwire_test_host::Counting;

/// Prints `bytes`, and of one decode, in bytes: `peak`, the most that was allocated at once beyond what had been
/// received, and `held`, what the message takes, with its own size, and with what had been received if it keeps that.
#[derive(Debug)]
pub struct Memory(pub &'static Counting);

impl Task for Memory {
    fn measure<L: Library>(&self, payload: &str, _time: Duration) -> Outcome {
        match payload {
            "person" => self.of::<L, _>(&L::Person::from(person())),
            "1mb" => self.of::<L, _>(&L::Directory::from(directory(EMPLOYEES))),
            other => Err(format!("there is no payload {other}").into()),
        }
    }
}

impl Memory {
    fn of<L: Codec<M>, M: PartialEq>(&self, message: &M) -> Result<(), Error> {
        let bytes = checked::<L, M>(message)?;
        let before = self.0.now();
        let input = L::Input::from(bytes.clone());
        let received = self.0.now();
        self.0.forget();
        let message = L::decode(&input).map_err(Into::into)?;
        let peak = self.0.most() - received;
        drop(input);
        let held = self.0.now() - before + size_of::<M>();
        drop(message);
        println!("bytes={} peak={peak} held={held}", bytes.len());
        Ok(())
    }
}
