//! serde_json as a contender: the values are its messages.

use codec::{Codec, Error, Library, Task, values};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::process::ExitCode;

pub(crate) fn run(task: &impl Task) -> ExitCode {
    codec::run(|_, payload, time| task.measure::<Json>(payload, time))
}

struct Json;

impl Library for Json {
    type Person = values::Person;
    type Directory = values::Directory;
    type Forest = values::Forest;
}

impl<M: Serialize + DeserializeOwned> Codec<M> for Json {
    type Input = Vec<u8>;

    fn encode(message: &M) -> Result<Vec<u8>, impl Into<Error>> {
        serde_json::to_vec(message)
    }

    fn decode(input: &Vec<u8>) -> Result<M, impl Into<Error>> {
        serde_json::from_slice(input)
    }
}
