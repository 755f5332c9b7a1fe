//! Types that are not emitted because they are there already, and the Rust paths by which they are named.
//!
//! A path stands for one type or for a package; below it the names are those that this crate would have given. Only
//! types of fields and methods are ever named from outside: the enum of a oneof is named by its own message alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::iter;

use proc_macro2::TokenStream;
use protox::prost_reflect::{DescriptorPool, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use quote::quote;

use crate::model::Home;
use crate::{Error, names};

/// The types of google/protobuf/*.proto that the runtime has in `protobuf::well_known`: all but the descriptors.
const WELL_KNOWN: &[&str] = &[
    "Any",
    "Api",
    "BoolValue",
    "BytesValue",
    "DoubleValue",
    "Duration",
    "Empty",
    "Enum",
    "EnumValue",
    "Field",
    "FieldMask",
    "FloatValue",
    "Int32Value",
    "Int64Value",
    "ListValue",
    "Method",
    "Mixin",
    "NullValue",
    "Option",
    "SourceContext",
    "StringValue",
    "Struct",
    "Syntax",
    "Timestamp",
    "Type",
    "UInt32Value",
    "UInt64Value",
    "Value",
];

/// A Rust path.
struct Target {
    whole: TokenStream,
    /// All but the last name, if there is more than one.
    around: Option<TokenStream>,
    last: String,
}

/// The paths, by the full name of a type or package.
#[derive(Default)]
pub(crate) struct Externs {
    /// What the user has set.
    set: BTreeMap<String, Target>,
    /// What holds where the user has set nothing.
    well_known: BTreeMap<String, Target>,
}

impl Externs {
    /// From pairs such as (`.google.protobuf`, `::threadwire::protobuf::well_known`).
    pub(crate) fn new(settings: &[(String, String)]) -> Result<Self, Error> {
        let mut externs = Self::default();
        for (proto, rust) in settings {
            let name = proto.strip_prefix('.').ok_or_else(|| {
                Error::Setting(format!("the extern path '{proto}': begin with a dot, as in '.package.Type'"))
            })?;
            externs.set.insert(name.to_owned(), target(rust)?);
        }
        Ok(externs)
    }

    /// The well-known types are those of this runtime.
    pub(crate) fn with_well_known(mut self, runtime: &syn::Path) -> Self {
        for name in WELL_KNOWN {
            let around = quote!(#runtime::protobuf::well_known);
            let ident = names::ident(name);
            let whole = quote!(#around::#ident);
            let target = Target { whole, around: Some(around), last: (*name).to_owned() };
            self.well_known.insert(format!("google.protobuf.{name}"), target);
        }
        self
    }

    /// What the user has set for a type of a package that the files declare or import must be a type of it: else it is
    /// a slip of the pen. (Of packages that they do not know it may say what it likes: others may know them.)
    pub(crate) fn check(&self, pool: &DescriptorPool) -> Result<(), Error> {
        let packages = pool.files().map(|file| file.package_name().to_owned());
        let messages = pool.all_messages().map(|message| message.full_name().to_owned());
        let enums = pool.all_enums().map(|declared| declared.full_name().to_owned());
        let declared = packages.chain(messages).chain(enums).collect::<BTreeSet<_>>();
        let fits = |name: &str| {
            let is_within = |other: &String| other.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
            name.is_empty() || declared.contains(name) || declared.iter().any(is_within)
        };
        let packages = pool.files().map(|file| file.package_name().to_owned()).filter(|package| !package.is_empty());
        let packages = packages.collect::<BTreeSet<_>>();
        let is_near = |name: &str| {
            packages.iter().any(|package| name.strip_prefix(package.as_str()).is_some_and(|rest| rest.starts_with('.')))
        };
        match self.set.keys().find(|name| !fits(name) && is_near(name)) {
            Some(name) => {
                let why = "its package has no message, enum or package of this name";
                Err(Error::Setting(format!("the extern path '.{name}': {why}")))
            }
            None => Ok(()),
        }
    }

    /// Whether the type of this name is not emitted.
    pub(crate) fn has(&self, full_name: &str) -> bool {
        self.find(full_name).is_some()
    }

    /// Where the type lies, and its name: as given if it is to be emitted, else by its path.
    pub(crate) fn place(&self, full_name: &str, home: Home, name: String) -> Result<(Home, String), Error> {
        let Some((length, target)) = self.find(full_name) else { return Ok((home, name)) };
        let covered = full_name.get(..length).unwrap_or_default().split('.').filter(|part| !part.is_empty()).count();
        let modules = home.modules.get(covered..).unwrap_or_default().to_vec();
        let outside = |root, modules| Home { file: String::new(), modules, package_depth: 0, root: Some(root) };
        if length == full_name.len() {
            let (root, name) = target.split(full_name)?;
            return Ok((outside(root, modules), name));
        }
        if covered <= home.package_depth {
            return Ok((outside(target.whole.clone(), modules), name));
        }
        // The path is that of a type; the module of what is declared within lies beside it.
        let (root, around) = target.split(full_name)?;
        Ok((outside(root, [vec![names::snake(&around)], modules].concat()), name))
    }

    /// The path of the longest name that is this one or lies around it, and that name's length. What the user has set
    /// goes before the well-known types.
    fn find(&self, full_name: &str) -> Option<(usize, &Target)> {
        longest(&self.set, full_name).or_else(|| longest(&self.well_known, full_name))
    }
}

fn longest<'m>(paths: &'m BTreeMap<String, Target>, full_name: &str) -> Option<(usize, &'m Target)> {
    let around = full_name.rmatch_indices('.').map(|(index, _)| index);
    let mut lengths = iter::once(full_name.len()).chain(around).chain([0]);
    lengths.find_map(|length| Some((length, paths.get(full_name.get(..length)?)?)))
}

impl Target {
    /// The path of a type as the module and the name.
    fn split(&self, full_name: &str) -> Result<(TokenStream, String), Error> {
        let whole = &self.whole;
        let around = self.around.clone().ok_or_else(|| {
            Error::Setting(format!("the extern path of '.{full_name}' names no type: '{}'", quote!(#whole)))
        })?;
        Ok((around, self.last.clone()))
    }
}

/// Reads a path that means the same everywhere: emitted code lies in modules that only its user knows.
fn target(rust: &str) -> Result<Target, Error> {
    let wrong = |why: &dyn Display| Error::Setting(format!("the extern path '{rust}': {why}"));
    let path = syn::parse_str::<syn::Path>(rust).map_err(|error| wrong(&error))?;
    let is_plain = path.segments.iter().all(|segment| segment.arguments.is_none());
    let is_absolute = path.leading_colon.is_some() || path.segments.first().is_some_and(|first| first.ident == "crate");
    if !is_plain || !is_absolute {
        return Err(wrong(&"write '::krate::module' or 'crate::module', without generics"));
    }
    let names = path.segments.iter().map(|segment| &segment.ident).collect::<Vec<_>>();
    let Some((last, around)) = names.split_last() else { return Err(wrong(&"it is empty")) };
    let colon = &path.leading_colon;
    let around = (!around.is_empty()).then(|| quote!(#colon #(#around)::*));
    Ok(Target { whole: quote!(#path), around, last: last.to_string().trim_start_matches("r#").to_owned() })
}

/// The types from outside that messages and methods use.
#[derive(Default)]
pub(crate) struct Used {
    pub(crate) messages: BTreeMap<String, MessageDescriptor>,
    pub(crate) enums: BTreeMap<String, EnumDescriptor>,
}

impl Used {
    /// Notes a type, if it is one from outside; says whether it is.
    pub(crate) fn note(&mut self, kind: &Kind, externs: &Externs) -> bool {
        match kind {
            Kind::Message(message) if externs.has(message.full_name()) => {
                self.messages.insert(message.full_name().to_owned(), message.clone());
            }
            Kind::Enum(declared) if externs.has(declared.full_name()) => {
                self.enums.insert(declared.full_name().to_owned(), declared.clone());
            }
            _ => return false,
        }
        true
    }
}

/// The message that a field of a message from outside holds, by which messages may contain themselves.
pub(crate) fn held(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    match field.kind() {
        Kind::Message(message) if !field.is_list() => Some(message),
        _ => None,
    }
}

/// Whether a message from outside, or one within it, has required fields.
pub(crate) fn has_required(message: &MessageDescriptor) -> bool {
    let mut seen = BTreeSet::from([message.full_name().to_owned()]);
    let mut pending = vec![message.clone()];
    while let Some(message) = pending.pop() {
        for field in message.fields() {
            if field.is_required() {
                return true;
            }
            if let Kind::Message(within) = field.kind()
                && seen.insert(within.full_name().to_owned())
            {
                pending.push(within);
            }
        }
    }
    false
}
