//! The .proto files as plain data: what is emitted, under which Rust names. `read` makes it of descriptors.

use crate::names;

/// Everything to emit. Messages and enums are named by their index.
pub(crate) struct Schema {
    pub(crate) messages: Vec<Message>,
    pub(crate) enums: Vec<Enum>,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) services: Vec<Service>,
    /// The emitted files by name, in the order in which they first appear, with the modules of their package.
    pub(crate) files: Vec<(String, Vec<String>)>,
    pub(crate) packages: Packages,
}

/// The modules of the packages. A message `a.B` that has types within it would want the module of a package `a.b`: it
/// gets another.
#[derive(Default)]
pub(crate) struct Packages(pub(crate) Vec<Vec<String>>);

impl Packages {
    /// Where the types within a message of this Rust name lie.
    pub(crate) fn within(&self, home: &Home, message: &str) -> Home {
        let mut home = home.clone();
        home.modules.push(names::snake(message));
        self.keep_clear(&mut home);
        home
    }

    pub(crate) fn keep_clear(&self, home: &mut Home) {
        let is_taken = |modules: &[String]| self.0.iter().any(|package| package.starts_with(modules));
        while home.root.is_none() && home.modules.get(..=home.package_depth).is_some_and(is_taken) {
            if let Some(module) = home.modules.get_mut(home.package_depth) {
                module.push('_');
            }
        }
    }
}

/// Where a type lies.
#[derive(Clone)]
pub(crate) struct Home {
    /// The emitted file.
    pub(crate) file: String,
    /// The modules: those of the package, then those of the messages around.
    pub(crate) modules: Vec<String>,
    /// How many of the modules are the package's.
    pub(crate) package_depth: usize,
    /// Of a type that is not emitted: the path to which the modules belong.
    pub(crate) root: Option<proc_macro2::TokenStream>,
}

pub(crate) struct Message {
    pub(crate) home: Home,
    pub(crate) name: String,
    pub(crate) full_name: String,
    pub(crate) docs: Option<String>,
    /// In the order of their numbers.
    pub(crate) fields: Vec<Field>,
    /// Whether it, or a message within it, has required fields.
    pub(crate) has_required: bool,
    pub(crate) oneofs: Vec<Oneof>,
    pub(crate) reserved_names: Vec<String>,
}

pub(crate) struct Field {
    pub(crate) number: u32,
    pub(crate) proto_name: String,
    pub(crate) json_name: String,
    /// The struct's member, or the variant of a oneof.
    pub(crate) name: String,
    pub(crate) docs: Option<String>,
    pub(crate) label: Label,
    pub(crate) kind: Kind,
    /// What it counts as while it has no value, if the file says so.
    pub(crate) default: Option<Literal>,
    /// Whether the value lies on the heap, because its message contains itself there.
    pub(crate) is_boxed: bool,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Label {
    /// Without presence.
    Singular,
    /// With presence.
    Optional,
    /// With presence, and it must have a value.
    Required,
    Repeated,
    Packed,
    /// A map from this type.
    Map(Kind),
    /// A member of the oneof with this index.
    Member(usize),
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Scalar(&'static Scalar),
    Message(usize),
    /// A message between the tags of a group.
    Group(usize),
    Enum(usize),
}

impl Kind {
    /// The message that it is.
    pub(crate) fn message(self) -> Option<usize> {
        match self {
            Self::Message(index) | Self::Group(index) => Some(index),
            Self::Scalar(_) | Self::Enum(_) => None,
        }
    }
}

/// A default value of proto2.
pub(crate) enum Literal {
    Text(String),
    Bytes(Vec<u8>),
    Bool(bool),
    /// Any whole number, as it is written.
    Integer(String),
    Double(f64),
    Float(f32),
    /// The number of an enum's value.
    Enum(i32),
}

/// A type of a field that is no message and no enum.
#[derive(PartialEq)]
pub(crate) struct Scalar {
    /// As a .proto file writes it.
    pub(crate) proto: &'static str,
    /// The name of its element in the runtime.
    pub(crate) element: &'static str,
    pub(crate) wire_type: u32,
    pub(crate) packable: bool,
}

pub(crate) struct Oneof {
    /// The struct's member.
    pub(crate) name: String,
    /// The enum.
    pub(crate) type_name: String,
    pub(crate) proto_name: String,
    pub(crate) docs: Option<String>,
}

/// A field of a message that is declared elsewhere.
pub(crate) struct Extension {
    pub(crate) home: Home,
    /// The static of its descriptor.
    pub(crate) name: String,
    pub(crate) full_name: String,
    /// The full name of the message.
    pub(crate) extendee: String,
    pub(crate) field: Field,
}

pub(crate) struct Enum {
    pub(crate) home: Home,
    pub(crate) name: String,
    pub(crate) full_name: String,
    pub(crate) docs: Option<String>,
    pub(crate) values: Vec<Value>,
    /// Whether it has no other values than these (proto2).
    pub(crate) is_closed: bool,
}

pub(crate) struct Value {
    pub(crate) name: String,
    pub(crate) proto_name: String,
    pub(crate) number: i32,
    pub(crate) docs: Option<String>,
}

pub(crate) struct Service {
    pub(crate) home: Home,
    /// The trait; then what serves it, and what calls it.
    pub(crate) name: String,
    pub(crate) server: String,
    pub(crate) client: String,
    pub(crate) full_name: String,
    pub(crate) docs: Option<String>,
    pub(crate) methods: Vec<Method>,
}

pub(crate) struct Method {
    pub(crate) name: String,
    pub(crate) proto_name: String,
    pub(crate) docs: Option<String>,
    pub(crate) input: usize,
    pub(crate) output: usize,
    pub(crate) streams_requests: bool,
    pub(crate) streams_responses: bool,
}
