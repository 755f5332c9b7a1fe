//! quick-xml as a contender, through serde: the values are its messages.

use codec::{Codec, Library, Task, values};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::error::Error;
use std::process::ExitCode;

pub(crate) fn run(task: &impl Task) -> ExitCode {
    codec::run(|_, payload, time| task.measure::<Xml>(payload, time))
}

struct Xml;

impl Library for Xml {
    type Person = values::Person;
    type Directory = values::Directory;
    type Forest = values::Forest;
}

impl<M: Serialize + DeserializeOwned> Codec<M> for Xml {
    type Input = Vec<u8>;

    fn encode(message: &M) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        Ok(quick_xml::se::to_string(message)?.into_bytes())
    }

    fn decode(input: &Vec<u8>) -> Result<M, Box<dyn Error + Send + Sync>> {
        // Its way from text is faster than that from bytes.
        Ok(quick_xml::de::from_str(std::str::from_utf8(input)?)?)
    }
}
