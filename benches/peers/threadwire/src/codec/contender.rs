//! threadwire as a contender; each kind of message that its generator can emit is a variant, chosen in `run`.

mod proto {
    threadwire::include_proto!("codec");
}

use codec::{Codec, Error, Library, Task, values};
use std::process::ExitCode;
use threadwire::protobuf::Message;

pub(crate) fn run(task: &impl Task) -> ExitCode {
    codec::run(|variant, payload, time| match variant {
        "" => task.measure::<Owned>(payload, time),
        variant => Err(format!("there is no variant {variant}").into()),
    })
}

/// Messages that own what they hold, as they are by default.
struct Owned;

impl Library for Owned {
    type Person = proto::Person;
    type Directory = proto::Directory;
    type Forest = proto::Forest;
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

impl From<values::Person> for proto::Person {
    fn from(values::Person { name, id, email }: values::Person) -> Self {
        Self { name, id, email, ..Self::default() }
    }
}

impl From<values::Directory> for proto::Directory {
    fn from(values::Directory { employees }: values::Directory) -> Self {
        Self { employees: employees.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

impl From<values::Employee> for proto::Employee {
    fn from(value: values::Employee) -> Self {
        Self {
            name: value.name,
            id: value.id,
            email: value.email,
            active: value.active,
            phones: value.phones.into_iter().map(Into::into).collect(),
            address: Some(value.address.into()),
            skills: value.skills,
            attributes: value.attributes,
            ratings: value.ratings,
            logins: value.logins,
            badge: value.badge,
            ..Self::default()
        }
    }
}

impl From<values::Phone> for proto::Phone {
    fn from(values::Phone { number, kind }: values::Phone) -> Self {
        let kind = match kind {
            values::PhoneKind::Mobile => proto::PhoneKind::Mobile,
            values::PhoneKind::Home => proto::PhoneKind::Home,
            values::PhoneKind::Work => proto::PhoneKind::Work,
        };
        Self { number, kind, ..Self::default() }
    }
}

impl From<values::Address> for proto::Address {
    fn from(value: values::Address) -> Self {
        let values::Location { latitude, longitude } = value.location;
        Self {
            street: value.street,
            city: value.city,
            postal_code: value.postal_code,
            country: value.country,
            location: Some(proto::Location { latitude, longitude, ..Default::default() }),
            ..Self::default()
        }
    }
}

impl From<values::Forest> for proto::Forest {
    fn from(values::Forest { trees }: values::Forest) -> Self {
        Self { trees: trees.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

impl From<values::Tree> for proto::Tree {
    fn from(values::Tree { name, child }: values::Tree) -> Self {
        Self { name, child: child.map(|child| Box::new((*child).into())), ..Self::default() }
    }
}
