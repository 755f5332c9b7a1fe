//! quick-xml as a contender, through serde: the values are its messages.

use codec::{Codec, Error, Library, Task, values};
use quick_xml::DeError;
use serde::Serialize;
use serde::de::{DeserializeOwned, Error as _};
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

    fn encode(message: &M) -> Result<Vec<u8>, impl Into<Error>> {
        quick_xml::se::to_string(message).map(String::into_bytes)
    }

    fn decode(input: &Vec<u8>) -> Result<M, impl Into<Error>> {
        // Its way from text is faster than that from bytes.
        let text = std::str::from_utf8(input).map_err(DeError::custom)?;
        quick_xml::de::from_str(text)
    }
}
