//! Values whose text serde does not settle alike for JSON and XML: enums by their names, bytes as base64.

use crate::values::PhoneKind;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;

const NAMES: [(PhoneKind, &str); 3] =
    [(PhoneKind::Mobile, "MOBILE"), (PhoneKind::Home, "HOME"), (PhoneKind::Work, "WORK")];

impl Serialize for PhoneKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = NAMES.iter().find(|(kind, _)| kind == self).map_or("", |(_, name)| name);
        serializer.serialize_str(name)
    }
}

impl<'de> Deserialize<'de> for PhoneKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl de::Visitor<'_> for Name {
            type Value = PhoneKind;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the name of a kind of phone")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<PhoneKind, E> {
                let kind = NAMES.iter().find(|(_, name)| *name == text).map(|(kind, _)| *kind);
                kind.ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Name)
    }
}

/// As the JSON mapping of Protocol Buffers has it.
pub(crate) mod base64 {
    use super::*;
    use data_encoding::BASE64;

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        BASE64.decode(text.as_bytes()).map_err(de::Error::custom)
    }
}
