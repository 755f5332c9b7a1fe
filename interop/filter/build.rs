//! Compiles the .proto files that the harness names, and makes a table of their messages.
//!
//! `THREADWIRE_FILTER` is the path of a text file of lines `include DIRECTORY`, `file NAME`, `shared` (strings and
//! bytes lie in the buffer) and `well-known` (Google's types are emitted too). The table is read off the emitted Rust,
//! so that nothing here repeats how threadwire-build names a type or nests modules.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Expr, ImplItem, Item, ItemImpl, Lit, LitStr, Type};
use threadwire_build::Builder;

const ALL: &str = "all.rs";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-env-changed=THREADWIRE_FILTER");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut table = BTreeMap::new();
    // Without a list there are no messages.
    match env::var("THREADWIRE_FILTER") {
        Ok(list) => {
            println!("cargo:rerun-if-changed={list}");
            compile(&list)?;
            read(&out, ALL, &[], &mut table)?;
        }
        Err(_) => fs::write(out.join(ALL), "")?,
    }
    let (names, types) = (table.keys(), table.values());
    let source = quote! {
        fn answer_for(name: &str, bytes: &[u8]) -> Option<Answer> {
            match name {
                #(#names => Some(answer::<protos::#types>(bytes)),)*
                _ => None,
            }
        }
    };
    fs::write(out.join("filter.rs"), prettyplease::unparse(&syn::parse2(source)?))?;
    Ok(())
}

fn compile(list: &str) -> Result<(), Box<dyn Error>> {
    let (mut builder, mut files) = (Builder::new().include_file(ALL), Vec::new());
    for line in fs::read_to_string(list)?.lines() {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("include", directory) => builder = builder.include(directory),
            ("file", name) => files.push(name.to_owned()),
            ("shared", _) => builder = builder.shared(true),
            ("well-known", _) => builder = builder.well_known_types(true),
            _ => return Err(format!("{list}: {line:?}").into()),
        }
    }
    Ok(builder.compile(&files)?)
}

/// Reads an emitted file, and those that it includes.
fn read(
    out: &Path,
    file: &str,
    modules: &[Ident],
    table: &mut BTreeMap<String, TokenStream>,
) -> Result<(), Box<dyn Error>> {
    messages(&syn::parse_file(&fs::read_to_string(out.join(file))?)?.items, out, modules, table)
}

/// Collects the types that implement `Message`, by their full names.
fn messages(
    items: &[Item],
    out: &Path,
    modules: &[Ident],
    table: &mut BTreeMap<String, TokenStream>,
) -> Result<(), Box<dyn Error>> {
    for item in items {
        match item {
            Item::Mod(item) => {
                let modules = [modules, &[item.ident.clone()]].concat();
                messages(item.content.as_ref().map_or(&[], |(_, items)| items), out, &modules, table)?;
            }
            Item::Macro(item) => read(out, &item.mac.parse_body::<LitStr>()?.value(), modules, table)?,
            Item::Impl(block) => {
                if let (Some(name), Type::Path(path)) = (full_name(block), &*block.self_ty) {
                    table.insert(name, quote!(#(#modules::)* #path));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn full_name(block: &ItemImpl) -> Option<String> {
    let is_message = block.trait_.as_ref()?.0.segments.last()?.ident == "Message";
    is_message.then_some(())?;
    block.items.iter().find_map(|item| match item {
        ImplItem::Const(item) if item.ident == "FULL_NAME" => match &item.expr {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(name) => Some(name.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    })
}
