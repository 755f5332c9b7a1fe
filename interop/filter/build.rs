//! Compiles the .proto files that the harness names, and makes a table of their messages.
//!
//! `THREADWIRE_FILTER` is the path of a text file of lines `include DIRECTORY`, `file NAME` and `package NAME` (of all
//! files, imported ones too). The table is read off the emitted Rust, so that nothing here repeats how threadwire-build
//! names a type; only the modules of packages are made here, as every user makes them.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Expr, ImplItem, Item, ItemImpl, Lit, Type};
use threadwire_build::{Builder, Generated};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-env-changed=THREADWIRE_FILTER");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // Without a list there are no messages.
    let list = env::var("THREADWIRE_FILTER").ok();
    let (mut tree, mut table) = (Tree::default(), BTreeMap::new());
    if let Some(list) = list {
        println!("cargo:rerun-if-changed={list}");
        let (builder, files, packages) = read(&list)?;
        for Generated { name, source, .. } in builder.generate(&files)? {
            let package = name.strip_suffix(".rs").unwrap_or(&name);
            let modules = if packages.contains(package) { package.split('.').map(module).collect() } else { vec![] };
            messages(&syn::parse_file(&source)?.items, &modules, &mut table);
            tree.add(&modules, &out.join(&name));
            fs::write(out.join(&name), source)?;
        }
    }
    let (tree, names, types) = (tree.tokens(), table.keys(), table.values());
    let source = quote! {
        mod protos { #tree }

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

fn read(list: &str) -> Result<(Builder, Vec<String>, BTreeSet<String>), Box<dyn Error>> {
    let (mut builder, mut files, mut packages) = (Builder::new(), Vec::new(), BTreeSet::new());
    for line in fs::read_to_string(list)?.lines() {
        match line.split_once(' ') {
            Some(("include", directory)) => builder = builder.include(directory),
            Some(("file", name)) => files.push(name.to_owned()),
            Some(("package", name)) => drop(packages.insert(name.to_owned())),
            _ => return Err(format!("{list}: {line:?}").into()),
        }
    }
    Ok((builder, files, packages))
}

/// The module of one part of a package's name, which may be a keyword. (No package here has capitals.)
fn module(part: &str) -> Ident {
    match part {
        "self" | "super" | "crate" => Ident::new(&format!("{part}_"), Span::call_site()),
        _ => syn::parse_str(part).unwrap_or_else(|_| Ident::new_raw(part, Span::call_site())),
    }
}

/// Collects the types that implement `Message`, by their full names.
fn messages(items: &[Item], modules: &[Ident], table: &mut BTreeMap<String, TokenStream>) {
    for item in items {
        match item {
            Item::Mod(item) => {
                let modules = [modules, &[item.ident.clone()]].concat();
                messages(item.content.as_ref().map_or(&[], |(_, items)| items), &modules, table);
            }
            Item::Impl(block) => {
                if let (Some(name), Type::Path(path)) = (full_name(block), &*block.self_ty) {
                    table.insert(name, quote!(#(#modules::)* #path));
                }
            }
            _ => {}
        }
    }
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

/// The modules of the packages, and the files that each includes.
#[derive(Default)]
struct Tree {
    files: Vec<String>,
    modules: BTreeMap<Ident, Tree>,
}

impl Tree {
    fn add(&mut self, modules: &[Ident], file: &Path) {
        match modules {
            [] => self.files.push(file.display().to_string()),
            [first, rest @ ..] => self.modules.entry(first.clone()).or_default().add(rest, file),
        }
    }

    fn tokens(&self) -> TokenStream {
        let (files, names) = (&self.files, self.modules.keys());
        let trees = self.modules.values().map(Self::tokens);
        quote!(#(include!(#files);)* #(pub mod #names { #trees })*)
    }
}
