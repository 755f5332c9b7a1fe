//! The messages from the values, for both kinds of messages: their texts are of different types.

use super::{owned, shared};
use codec::values;

macro_rules! conversions {
    ($($proto:ident),*) => {$(
        impl From<values::Person> for $proto::Person {
            fn from(values::Person { name, id, email }: values::Person) -> Self {
                Self { name: name.into(), id, email: email.into(), ..Self::default() }
            }
        }

        impl From<values::Directory> for $proto::Directory {
            fn from(values::Directory { employees }: values::Directory) -> Self {
                Self { employees: employees.into_iter().map(Into::into).collect(), ..Self::default() }
            }
        }

        impl From<values::Employee> for $proto::Employee {
            fn from(value: values::Employee) -> Self {
                Self {
                    name: value.name.into(),
                    id: value.id,
                    email: value.email.into(),
                    active: value.active,
                    phones: value.phones.into_iter().map(Into::into).collect(),
                    address: Some(value.address.into()),
                    skills: value.skills.into_iter().map(Into::into).collect(),
                    attributes: value.attributes.into_iter().map(|(key, value)| (key.into(), value.into())).collect(),
                    ratings: value.ratings,
                    logins: value.logins,
                    badge: value.badge.into(),
                    ..Self::default()
                }
            }
        }

        impl From<values::Phone> for $proto::Phone {
            fn from(values::Phone { number, kind }: values::Phone) -> Self {
                let kind = match kind {
                    values::PhoneKind::Mobile => $proto::PhoneKind::Mobile,
                    values::PhoneKind::Home => $proto::PhoneKind::Home,
                    values::PhoneKind::Work => $proto::PhoneKind::Work,
                };
                Self { number: number.into(), kind, ..Self::default() }
            }
        }

        impl From<values::Address> for $proto::Address {
            fn from(value: values::Address) -> Self {
                let values::Location { latitude, longitude } = value.location;
                Self {
                    street: value.street.into(),
                    city: value.city.into(),
                    postal_code: value.postal_code.into(),
                    country: value.country.into(),
                    location: Some($proto::Location { latitude, longitude, ..Default::default() }),
                    ..Self::default()
                }
            }
        }

        impl From<values::Forest> for $proto::Forest {
            fn from(values::Forest { trees }: values::Forest) -> Self {
                Self { trees: trees.into_iter().map(Into::into).collect(), ..Self::default() }
            }
        }

        impl From<values::Tree> for $proto::Tree {
            fn from(values::Tree { name, child }: values::Tree) -> Self {
                Self { name: name.into(), child: child.map(|child| Box::new((*child).into())), ..Self::default() }
            }
        }
    )*};
}

conversions!(owned, shared);
