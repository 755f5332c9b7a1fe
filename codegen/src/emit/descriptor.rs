//! What a .proto file declares of messages and enums, as static data for JSON and text.
//!
//! It stands within the functions that give it out: a program that calls none of them has none of it.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::docs::docs;
use super::{Context, allow};
use crate::error::Error;
use crate::model::{Enum, Extension, Field, Kind, Label, Message};
use crate::names::{camel, ident};

/// `Message::descriptor` of a message.
pub(super) fn message(context: &Context<'_>, message: &Message) -> Result<TokenStream, Error> {
    let runtime = context.paths.runtime();
    let from = &message.home.modules;
    let fields = message.fields.iter().map(|declared| field(context, declared, from));
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    let oneofs = message.oneofs.iter().map(|oneof| &oneof.proto_name);
    let (full_name, reserved_names) = (&message.full_name, &message.reserved_names);
    Ok(quote! {
        fn descriptor() -> &'static #runtime::MessageDescriptor {
            static DESCRIPTOR: #runtime::MessageDescriptor = #runtime::MessageDescriptor::new(
                #full_name,
                &[#(#fields),*],
                &[#(#oneofs),*],
                &[#(#reserved_names),*],
            );
            &DESCRIPTOR
        }
    })
}

/// `Enumeration::descriptor` of an enum.
pub(super) fn declared_enum(context: &Context<'_>, declared: &Enum) -> TokenStream {
    let runtime = context.paths.runtime();
    let values = declared.values.iter().map(|value| {
        let (name, number) = (&value.proto_name, Literal::i32_unsuffixed(value.number));
        quote!((#name, #number))
    });
    let (full_name, is_closed) = (&declared.full_name, declared.is_closed);
    quote! {
        fn descriptor() -> &'static #runtime::EnumDescriptor {
            static DESCRIPTOR: #runtime::EnumDescriptor =
                #runtime::EnumDescriptor::new(#full_name, &[#(#values),*], #is_closed);
            &DESCRIPTOR
        }
    }
}

/// The static of an extension; a program that does not name it has none of it.
pub(super) fn extension(context: &Context<'_>, extension: &Extension) -> Result<TokenStream, Error> {
    let runtime = context.paths.runtime();
    let from = &extension.home.modules;
    let Extension { full_name, extendee, .. } = extension;
    let name = ident(&extension.name);
    let docs = docs(extension.field.docs.as_deref(), &format!("The extension `{full_name}` of `{extendee}`."));
    let field = field(context, &extension.field, from)?;
    let holding = match extension.field.kind.message() {
        Some(index) => {
            let ty = context.message(index, from)?;
            quote!(.of::<#ty>())
        }
        None => quote!(),
    };
    let allow = allow();
    Ok(quote! {
        #docs
        #allow
        pub static #name: #runtime::ExtensionDescriptor =
            #runtime::ExtensionDescriptor::new(#extendee, #full_name, #field)#holding;
    })
}

fn field(context: &Context<'_>, field: &Field, from: &[String]) -> Result<TokenStream, Error> {
    let runtime = context.paths.runtime();
    let (name, json_name, number) = (&field.proto_name, &field.json_name, Literal::u32_unsuffixed(field.number));
    let kind_path = kind(context, field.kind, from)?;
    let label = match field.label {
        Label::Singular => quote!(Singular),
        Label::Optional => quote!(Optional),
        Label::Required => quote!(Required),
        Label::Repeated => quote!(Repeated),
        Label::Packed => quote!(Packed),
        Label::Map(key) => {
            let key = kind(context, key, from)?;
            quote!(Map(#key))
        }
        Label::Member(index) => {
            let index = Literal::usize_unsuffixed(index);
            quote!(Member(#index))
        }
    };
    Ok(quote!(#runtime::FieldDescriptor::new(#name, #json_name, #number, #kind_path, #runtime::Label::#label)))
}

fn kind(context: &Context<'_>, kind: Kind, from: &[String]) -> Result<TokenStream, Error> {
    let (runtime, protobuf) = (context.paths.runtime(), context.paths.protobuf());
    Ok(match kind {
        Kind::Scalar(scalar) => {
            let scalar = ident(&camel(scalar.proto));
            quote!(#runtime::Kind::#scalar)
        }
        Kind::Enum(index) => {
            let ty = context.declared_enum(index, from)?;
            quote!(#runtime::Kind::Enum(<#ty as #protobuf::Enumeration>::descriptor))
        }
        Kind::Message(index) => {
            let ty = context.message(index, from)?;
            quote!(#runtime::Kind::Message(<#ty as #protobuf::Message>::descriptor))
        }
        Kind::Group(index) => {
            let ty = context.message(index, from)?;
            quote!(#runtime::Kind::Group(<#ty as #protobuf::Message>::descriptor))
        }
    })
}
