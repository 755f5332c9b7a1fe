//! An enum, open: it keeps numbers that the .proto file does not name.
//!
//! pb-rs's enum has no room for them, so that of its enum only the number of values is used, to see that they are all
//! there. Two values that stand for the same number are equal, however they were made.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::docs::docs;
use super::{Context, Emitted, allow, descriptor};
use crate::error::Error;
use crate::model::{Enum, Value};
use crate::names::ident;
use crate::normal;

pub(super) fn emit(context: &Context<'_>, index: usize) -> Result<Emitted, Error> {
    let declared = context.schema.enums.get(index).ok_or_else(|| Error::Types(format!("enum {index} is missing")))?;
    if context.types.values(&normal::enum_name(index, context.schema))? != declared.values.len() {
        return Err(Error::Types(format!("pb-rs left values out of {}", declared.full_name)));
    }
    let (item, conversions) = (item(declared), conversions(context, declared));
    Ok(Emitted { home: declared.home.clone(), tokens: quote!(#item #conversions) })
}

/// The values that are variants: the first by each number. The others are constants that name it again.
fn variants(declared: &Enum) -> Vec<&Value> {
    let mut variants = Vec::<&Value>::new();
    for value in &declared.values {
        if !variants.iter().any(|other| other.number == value.number) {
            variants.push(value);
        }
    }
    variants
}

fn item(declared: &Enum) -> TokenStream {
    let (name, allow) = (ident(&declared.name), allow());
    let enum_docs = docs(declared.docs.as_deref(), &format!("The enum `{}`.", declared.full_name));
    let values = variants(declared);
    let variants = values.iter().map(|value| {
        let (variant, docs) = (ident(&value.name), value_docs(value));
        quote!(#docs #variant)
    });
    let aliases = declared.values.iter().filter(|value| !values.iter().any(|other| std::ptr::eq(*other, *value)));
    let aliases = aliases.filter_map(|alias| {
        let original = values.iter().find(|value| value.number == alias.number)?;
        let (alias, original, docs) = (ident(&alias.name), ident(&original.name), value_docs(alias));
        Some(quote!(#docs pub const #alias: Self = Self::#original;))
    });
    let aliases = aliases.collect::<Vec<_>>();
    let aliases = if aliases.is_empty() { quote!() } else { quote!(#allow impl #name { #(#aliases)* }) };
    quote! {
        #enum_docs
        #allow
        #[derive(Debug, Clone, Copy)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants,)*
            /// A number that the .proto file does not name.
            Unrecognized(i32),
        }
        #aliases
    }
}

fn conversions(context: &Context<'_>, declared: &Enum) -> TokenStream {
    let (name, protobuf) = (ident(&declared.name), context.paths.protobuf());
    let values = variants(declared);
    let names = values.iter().map(|value| ident(&value.name)).collect::<Vec<_>>();
    let numbers = values.iter().map(|value| Literal::i32_unsuffixed(value.number)).collect::<Vec<_>>();
    let proto_names = values.iter().map(|value| value.proto_name.as_str());
    let descriptor = descriptor::declared_enum(context, declared);
    let default = declared.values.first().map_or(0, |value| value.number);
    quote! {
        impl ::core::convert::From<i32> for #name {
            fn from(number: i32) -> Self {
                match number {
                    #(#numbers => Self::#names,)*
                    _ => Self::Unrecognized(number),
                }
            }
        }

        impl ::core::convert::From<#name> for i32 {
            fn from(value: #name) -> Self {
                match value {
                    #(#name::#names => #numbers,)*
                    #name::Unrecognized(number) => number,
                }
            }
        }

        impl ::core::default::Default for #name {
            fn default() -> Self {
                <Self as ::core::convert::From<i32>>::from(#default)
            }
        }

        impl ::core::cmp::PartialEq for #name {
            fn eq(&self, other: &Self) -> bool {
                <i32 as ::core::convert::From<Self>>::from(*self) == <i32 as ::core::convert::From<Self>>::from(*other)
            }
        }

        impl ::core::cmp::Eq for #name {}

        impl ::core::hash::Hash for #name {
            fn hash<H: ::core::hash::Hasher>(&self, state: &mut H) {
                ::core::hash::Hash::hash(&<i32 as ::core::convert::From<Self>>::from(*self), state);
            }
        }

        impl #protobuf::Enumeration for #name {
            fn name(self) -> ::core::option::Option<&'static str> {
                // An `Unrecognized` made by hand may carry a number that has a name.
                match <i32 as ::core::convert::From<Self>>::from(self) {
                    #(#numbers => ::core::option::Option::Some(#proto_names),)*
                    _ => ::core::option::Option::None,
                }
            }

            #descriptor
        }
    }
}

fn value_docs(value: &Value) -> TokenStream {
    docs(value.docs.as_deref(), &format!("`{} = {}`", value.proto_name, value.number))
}
