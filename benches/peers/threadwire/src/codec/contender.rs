//! threadwire as a contender; each kind of message that its generator can emit is a variant, chosen in `run`.

mod convert;

mod owned {
    threadwire::include_proto!("codec");
}
mod shared {
    include!(concat!(env!("OUT_DIR"), "/shared/codec.rs"));
}

use codec::{Codec, Error, Library, Task};
use std::process::ExitCode;
use threadwire::protobuf::{Bytes, Message};

pub(crate) fn run(task: &impl Task) -> ExitCode {
    codec::run(|variant, payload, time| match variant {
        "" => task.measure::<Owned>(payload, time),
        "shared" => task.measure::<Shared>(payload, time),
        variant => Err(format!("there is no variant {variant}").into()),
    })
}

/// Messages that own what they hold, as they are by default.
struct Owned;

impl Library for Owned {
    type Person = owned::Person;
    type Directory = owned::Directory;
    type Forest = owned::Forest;
}

impl<M: Message> Codec<M> for Owned {
    type Input = Vec<u8>;

    fn encode(message: &M) -> Result<Vec<u8>, impl Into<Error>> {
        message.encode_to_vec()
    }

    fn decode(input: &Vec<u8>) -> Result<M, impl Into<Error>> {
        M::decode(input)
    }
}

/// Messages whose strings and bytes lie in what was received.
struct Shared;

impl Library for Shared {
    type Person = shared::Person;
    type Directory = shared::Directory;
    type Forest = shared::Forest;
}

impl<M: Message> Codec<M> for Shared {
    type Input = Bytes;

    fn encode(message: &M) -> Result<Vec<u8>, impl Into<Error>> {
        message.encode_to_vec()
    }

    fn decode(input: &Bytes) -> Result<M, impl Into<Error>> {
        M::decode_shared(input)
    }
}
