//! pb-rs's types under our names.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{GenericArgument, PathArguments, Type};

use super::Context;
use crate::error::Error;

/// Writes a type of pb-rs with full paths, as seen from these modules; the message in it in a box, if wanted.
pub(super) fn rename(ty: &Type, context: &Context<'_>, from: &[String], boxed: bool) -> Result<TokenStream, Error> {
    let segment = match ty {
        Type::Path(path) if path.path.segments.len() == 1 => path.path.segments.last(),
        _ => None,
    };
    let segment = segment.ok_or_else(|| unexpected(ty))?;
    let name = segment.ident.to_string();
    let arguments = match &segment.arguments {
        PathArguments::None => Vec::new(),
        PathArguments::AngleBracketed(arguments) => arguments
            .args
            .iter()
            .map(|argument| match argument {
                GenericArgument::Type(ty) => rename(ty, context, from, boxed),
                _ => Err(unexpected(ty)),
            })
            .collect::<Result<Vec<_>, _>>()?,
        PathArguments::Parenthesized(_) => return Err(unexpected(ty)),
    };
    let protobuf = context.paths.protobuf();
    let path = match name.as_str() {
        "String" if context.shared => quote!(#protobuf::SharedString),
        "Vec" if context.shared && is_bytes(&segment.arguments) => return Ok(quote!(#protobuf::Bytes)),
        "Option" => quote!(::core::option::Option),
        "Vec" => quote!(::std::vec::Vec),
        "String" => quote!(::std::string::String),
        "KVMap" => quote!(::std::collections::BTreeMap), // pb-rs's own name for the map of its choice
        "i32" | "i64" | "u32" | "u64" | "f32" | "f64" | "bool" | "u8" => {
            let name = &segment.ident;
            quote!(#name)
        }
        _ => {
            let path = named(&name, context, from).ok_or_else(|| unexpected(ty))??;
            if boxed { quote!(::std::boxed::Box<#path>) } else { path }
        }
    };
    Ok(if arguments.is_empty() { path } else { quote!(#path<#(#arguments),*>) })
}

/// Whether these are the arguments of `Vec<u8>`, as which pb-rs emits `bytes`.
fn is_bytes(arguments: &PathArguments) -> bool {
    let PathArguments::AngleBracketed(arguments) = arguments else { return false };
    matches!(arguments.args.first(), Some(GenericArgument::Type(Type::Path(path))) if path.path.is_ident("u8"))
}

/// A message or enum by the name that `normal` gave it: `M3_Person`, `E0_Kind`.
fn named(name: &str, context: &Context<'_>, from: &[String]) -> Option<Result<TokenStream, Error>> {
    let (number, _) = name.split_once('_')?;
    if let Some(index) = number.strip_prefix('M') {
        return Some(context.message(index.parse().ok()?, from));
    }
    Some(context.declared_enum(number.strip_prefix('E')?.parse().ok()?, from))
}

fn unexpected(ty: &Type) -> Error {
    Error::Types(format!("pb-rs emitted the type `{}`, which is not known", quote!(#ty)))
}
