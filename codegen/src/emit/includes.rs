//! One file that includes all others, in modules that nest as the packages do: then the paths between them are right.

use proc_macro2::TokenStream;
use quote::quote;

use super::{allow, source};
use crate::builder::Generated;
use crate::error::Error;
use crate::model::Schema;
use crate::names::ident;

/// One of the files to include, and the modules of its package.
type File = (String, Vec<String>);

pub(super) fn file(schema: &Schema, name: &str) -> Result<Generated, Error> {
    if !is_file_name(name) {
        let why = "write a file name without a directory: letters, digits, '_', '-' and dots, then '.rs'";
        return Err(Error::Setting(format!("the include file {name:?}: {why}")));
    }
    if schema.files.iter().any(|(other, _)| other == name) {
        return Err(Error::Setting(format!("the include file {name}: a package has this output file")));
    }
    let files = schema.files.iter().collect::<Vec<_>>();
    Ok(Generated { name: name.to_owned(), source: source(name, modules(&files, 0))? })
}

/// Whether `include_proto!` finds the file by what stands before `.rs`.
fn is_file_name(name: &str) -> bool {
    let is_plain = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | '.');
    name.strip_suffix(".rs")
        .is_some_and(|stem| !stem.is_empty() && !stem.starts_with('.') && stem.chars().all(is_plain))
}

/// The files of one module, `depth` below the root, and the modules in it.
fn modules(files: &[&File], depth: usize) -> TokenStream {
    let here = files.iter().filter(|(_, modules)| modules.len() == depth).map(|(name, _)| name);
    let mut nested = Vec::<(&String, Vec<&File>)>::new();
    for file in files {
        let Some(module) = file.1.get(depth) else { continue };
        match nested.iter_mut().find(|(other, _)| *other == module) {
            Some((_, within)) => within.push(file),
            None => nested.push((module, vec![file])),
        }
    }
    let nested = nested.iter().map(|(module, within)| {
        let around = within.first().and_then(|(_, modules)| modules.get(..=depth)).unwrap_or_default();
        let docs = format!(" The package `{}`.", around.join("."));
        let (module, within, allow) = (ident(module), modules(within, depth + 1), allow());
        quote!(#[doc = #docs] #allow pub mod #module { #within })
    });
    // Beside this file, wherever that lies.
    quote!(#(include!(#here);)* #(#nested)*)
}
