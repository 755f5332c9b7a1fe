//! The types that pb-rs emits, cut out of the code it emits around them.
//!
//! pb-rs's own decode (`MessageRead`) must not meet bytes from a peer, so none of it is kept. `cut` is the one place
//! that knows the shape of pb-rs 0.10.0's output; whatever else it meets there fails the build.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process;

use pb_rs::ConfigBuilder;
use pb_rs::types::FileDescriptor;
use syn::{Fields, Item, ItemEnum, ItemImpl, ItemMod, ItemStruct, Type};

use crate::model::Schema;
use crate::{Error, normal};

/// What was kept, by pb-rs's names: those of `normal`.
#[derive(Default)]
pub(crate) struct Types {
    structs: BTreeMap<String, ItemStruct>,
    enums: BTreeMap<String, ItemEnum>,
    /// By the message's name and their own.
    oneofs: BTreeMap<(String, String), ItemEnum>,
}

/// Runs pb-rs on the schema. The files that it reads and writes lie in a directory of their own in `out_dir`, which is
/// removed afterwards.
pub(crate) fn emit(schema: &Schema, out_dir: &Path) -> Result<Types, Error> {
    if schema.messages.is_empty() && schema.enums.is_empty() {
        return Ok(Types::default());
    }
    let scratch = scratch(out_dir)?;
    let result = run(&normal::proto(schema), &scratch);
    let removed = fs::remove_dir_all(&scratch);
    let source = result?;
    removed.map_err(|source| Error::Io { path: scratch, source })?;
    let file =
        syn::parse_file(&source).map_err(|error| Error::Types(format!("pb-rs's output is not Rust: {error}")))?;
    let mut types = Types::default();
    for item in file.items {
        cut(item, None, &mut types)?;
    }
    Ok(types)
}

/// A new directory, so that what is removed afterwards is nobody else's.
fn scratch(out_dir: &Path) -> Result<PathBuf, Error> {
    let io = |path: &Path, source| Error::Io { path: path.to_owned(), source };
    fs::create_dir_all(out_dir).map_err(|source| io(out_dir, source))?;
    let mut number = 0;
    loop {
        let path = out_dir.join(format!("threadwire-build-{}-{number}", process::id()));
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(io(&path, error)),
        }
    }
}

fn run(proto: &str, scratch: &Path) -> Result<String, Error> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Io { path, source }
    };
    let (input, output) = (scratch.join("types.proto"), scratch.join("types.rs"));
    fs::write(&input, proto).map_err(io(&input))?;
    let includes: [PathBuf; 0] = [];
    let configs = ConfigBuilder::new(&[input], None, Some(&scratch.to_owned()), &includes)
        .map_err(|error| Error::Types(error.to_string()))?
        .dont_use_cow(true) // emits String and Vec<u8>, though its documentation says the opposite
        .build();
    FileDescriptor::run(&configs).map_err(|error| Error::Types(error.to_string()))?;
    fs::read_to_string(&output).map_err(io(&output))
}

/// Keeps structs and enums, drops what is known and not wanted, refuses the rest. `message` is the one whose module
/// the item is in.
fn cut(item: Item, message: Option<&str>, types: &mut Types) -> Result<(), Error> {
    match (item, message) {
        (Item::Use(_), _) => {}
        (Item::Type(alias), _) if alias.ident == "KVMap" => {}
        (Item::Impl(block), _) if is_dropped(&block) => {}
        (Item::Struct(item), None) => {
            types.structs.insert(item.ident.to_string(), item);
        }
        (Item::Enum(item), None) => {
            types.enums.insert(item.ident.to_string(), item);
        }
        (Item::Enum(item), Some(message)) if item.ident.to_string().starts_with("OneOf") => {
            types.oneofs.insert((message.to_owned(), item.ident.to_string()), item);
        }
        (Item::Mod(ItemMod { ident, content: Some((_, items)), .. }), None) => {
            let name = ident.to_string();
            let message = name.strip_prefix("mod_").ok_or_else(|| unknown(&name))?;
            for item in items {
                cut(item, Some(message), types)?;
            }
        }
        (other, _) => return Err(unknown(&quote::quote!(#other).to_string())),
    }
    Ok(())
}

/// The codec of messages, and the conversions of enums, which know no unknown values.
fn is_dropped(block: &ItemImpl) -> bool {
    let name =
        block.trait_.as_ref().and_then(|(path, _)| path.segments.last()).map(|segment| segment.ident.to_string());
    matches!(name.as_deref(), Some("MessageRead" | "MessageWrite" | "Default" | "From"))
}

fn unknown(what: &str) -> Error {
    Error::Types(format!("pb-rs emitted something unexpected: {}", what.chars().take(200).collect::<String>()))
}

impl Types {
    /// The type of a message's member.
    pub(crate) fn member(&self, message: &str, member: &str) -> Result<&Type, Error> {
        let fields = self.structs.get(message).map(|item| &item.fields);
        let field =
            fields.and_then(|fields| fields.iter().find(|field| field.ident.as_ref().is_some_and(|i| i == member)));
        field.map(|field| &field.ty).ok_or_else(|| missing(message, member))
    }

    /// The type within a variant of a oneof.
    pub(crate) fn variant(&self, message: &str, oneof: &str, variant: &str) -> Result<&Type, Error> {
        let item = self.oneofs.get(&(message.to_owned(), format!("OneOf{oneof}")));
        let variant_item = item.and_then(|item| item.variants.iter().find(|other| other.ident == variant));
        match variant_item.map(|variant| &variant.fields) {
            Some(Fields::Unnamed(fields)) => fields.unnamed.first().map(|field| &field.ty),
            _ => None,
        }
        .ok_or_else(|| missing(message, variant))
    }

    /// What pb-rs wants derived for a message.
    pub(crate) fn attributes(&self, message: &str) -> Result<&[syn::Attribute], Error> {
        self.structs.get(message).map(|item| item.attrs.as_slice()).ok_or_else(|| missing(message, "struct"))
    }

    /// How many values an enum has.
    pub(crate) fn values(&self, name: &str) -> Result<usize, Error> {
        self.enums.get(name).map(|item| item.variants.len()).ok_or_else(|| missing(name, "enum"))
    }
}

fn missing(of: &str, what: &str) -> Error {
    Error::Types(format!("pb-rs emitted no {what} for {of}"))
}

#[cfg(test)]
mod tests {
    use super::{Types, cut};

    fn cut_all(source: &str) -> Result<Types, crate::Error> {
        let mut types = Types::default();
        for item in syn::parse_file(source).unwrap().items {
            cut(item, None, &mut types)?;
        }
        Ok(types)
    }

    #[test]
    fn the_types_are_kept_and_the_codec_is_not() {
        let source = "
            use quick_protobuf::BytesReader;
            type KVMap<K, V> = HashMap<K, V>;
            pub struct M0_A { pub f1_a: Option<i32>, pub o0_oneof: mod_M0_A::OneOfo0_oneof }
            impl<'a> MessageRead<'a> for M0_A { }
            impl MessageWrite for M0_A { }
            pub mod mod_M0_A {
                use super::*;
                pub enum OneOfo0_oneof { f2_b(Box<M0_A>), None }
                impl Default for OneOfo0_oneof { }
            }
            pub enum E0_B { V0 = 0, V1 = 1 }
            impl From<i32> for E0_B { }";
        let types = cut_all(source).unwrap();
        assert!(types.member("M0_A", "f1_a").is_ok());
        assert!(types.variant("M0_A", "o0_oneof", "f2_b").is_ok());
        assert!(types.variant("M0_A", "o0_oneof", "None").is_err());
        assert_eq!(types.values("E0_B").unwrap(), 2);
    }

    #[test]
    fn anything_else_fails() {
        for source in ["fn decode() {}", "impl M0_A { }", "impl Read for M0_A { }", "pub mod other {}", "mod mod_A;"] {
            assert!(cut_all(source).is_err(), "{source}");
        }
        for within in ["struct A;", "enum B { }", "mod mod_B { }"] {
            assert!(cut_all(&format!("mod mod_A {{ {within} }}")).is_err(), "{within}");
        }
    }
}
