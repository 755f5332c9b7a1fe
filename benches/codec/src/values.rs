//! The payloads as plain structures: what every contender's messages are made from, and themselves the messages of
//! those that work by serde. The .proto file is `proto/codec.proto`.

#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The person of the classic example.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Person {
    pub name: String,
    pub id: i32,
    pub email: String,
}

/// A list with something of everything: numbers, texts, nested messages, lists, a map, bytes.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Directory {
    pub employees: Vec<Employee>,
}

#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Employee {
    pub name: String,
    pub id: i32,
    pub email: String,
    pub active: bool,
    pub phones: Vec<Phone>,
    pub address: Address,
    pub skills: Vec<String>,
    pub attributes: BTreeMap<String, String>,
    pub ratings: Vec<f64>,
    /// In ms since 1970.
    pub logins: Vec<i64>,
    #[cfg_attr(feature = "serde", serde(with = "crate::text::base64"))]
    pub badge: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Phone {
    pub number: String,
    pub kind: PhoneKind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PhoneKind {
    Mobile,
    Home,
    Work,
}

#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Address {
    pub street: String,
    pub city: String,
    pub postal_code: String,
    pub country: String,
    pub location: Location,
}

#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Location {
    pub latitude: f64,
    pub longitude: f64,
}

/// Trees of which each is a chain, to see what depth costs.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Forest {
    pub trees: Vec<Tree>,
}

#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Tree {
    pub name: String,
    pub child: Option<Box<Tree>>,
}
