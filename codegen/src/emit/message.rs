//! A message: its struct, the enums of its oneofs, and its codec.
//!
//! The codec is two functions of `threadwire::protobuf::Message`. `merge_field` gets a tag that has been read and calls
//! the decoder's method for the way in which that field is declared; a tag with another wire type than the field's is
//! an unknown field, as the rules ask. `visit` shows all fields in the order of their numbers.

use proc_macro2::TokenStream;
use quote::quote;

use super::defaults;
use super::docs::docs;
use super::{Context, Emitted, allow, descriptor, path, shape};
use crate::error::Error;
use crate::model::{Field, Home, Kind, Label, Message, Oneof};
use crate::names::ident;
use crate::normal;

/// A message with what is needed to write code in its module.
pub(super) struct Writer<'c> {
    pub(super) context: &'c Context<'c>,
    pub(super) message: &'c Message,
    /// The name by which pb-rs knows it.
    normal_name: String,
}

pub(super) fn emit(context: &Context<'_>, index: usize) -> Result<Vec<Emitted>, Error> {
    let Some(message) = context.schema.messages.get(index) else { return Ok(Vec::new()) };
    let writer = Writer { context, message, normal_name: normal::body_name(index, context.schema) };
    let (item, codec, defaults) = (writer.item()?, writer.codec()?, defaults::emit(&writer)?);
    let mut emitted = vec![Emitted { home: message.home.clone(), tokens: quote!(#item #codec #defaults) }];
    for (index, oneof) in message.oneofs.iter().enumerate() {
        emitted.push(writer.oneof(index, oneof)?);
    }
    Ok(emitted)
}

impl Writer<'_> {
    fn item(&self) -> Result<TokenStream, Error> {
        let Message { name, full_name, docs: comment, .. } = self.message;
        let (name, docs) = (ident(name), docs(comment.as_deref(), &format!("The message `{full_name}`.")));
        let (allow, protobuf) = (allow(), self.context.paths.protobuf());
        let attributes = self.context.types.attributes(&self.normal_name)?;
        let mut members = Vec::new();
        for field in self.message.fields.iter().filter(|field| !matches!(field.label, Label::Member(_))) {
            members.push(self.member(field)?);
        }
        for oneof in &self.message.oneofs {
            let (member, docs) = (ident(&oneof.name), oneof_docs(oneof));
            let ty = self.oneof_path(oneof, &self.message.home.modules);
            members.push(quote!(#docs pub #member: ::core::option::Option<#ty>));
        }
        Ok(quote! {
            #docs
            #allow
            #(#attributes)*
            pub struct #name {
                #(#members,)*
                /// Fields that the .proto file does not name.
                #[doc(hidden)]
                pub unknown_fields: #protobuf::UnknownFields,
            }
        })
    }

    fn member(&self, field: &Field) -> Result<TokenStream, Error> {
        let member = ident(&field.name);
        let docs = field_docs(field);
        let ty = self.context.types.member(&self.normal_name, &normal::field_name(field))?;
        let ty = shape::rename(ty, self.context, &self.message.home.modules, field.is_boxed)?;
        Ok(quote!(#docs pub #member: #ty))
    }

    /// The enum of a oneof, in the module that is named after the message.
    fn oneof(&self, index: usize, oneof: &Oneof) -> Result<Emitted, Error> {
        let home = self.oneof_home();
        let mut variants = Vec::new();
        for field in self.message.fields.iter().filter(|field| field.label == Label::Member(index)) {
            let (variant, docs) = (ident(&field.name), field_docs(field));
            let ty = shape::rename(self.variant_type(field, index)?, self.context, &home.modules, field.is_boxed)?;
            variants.push(quote!(#docs #variant(#ty)));
        }
        let (name, docs, allow) = (ident(&oneof.type_name), oneof_docs(oneof), allow());
        let tokens = quote! {
            #docs
            #allow
            #[derive(Debug, Clone, PartialEq)]
            pub enum #name {
                #(#variants,)*
            }
        };
        Ok(Emitted { home, tokens })
    }

    fn codec(&self) -> Result<TokenStream, Error> {
        let (name, full_name) = (ident(&self.message.name), &self.message.full_name);
        let (protobuf, runtime) = (self.context.paths.protobuf(), self.context.paths.runtime());
        let mut arms = Vec::new();
        let mut visits = Vec::new();
        for field in &self.message.fields {
            arms.push(self.arms(field)?);
            visits.push(self.visit(field)?);
        }
        let (allow, descriptor) = (allow(), descriptor::message(self.context, self.message)?);
        let has_required = self.message.has_required.then(|| {
            quote!(
                const HAS_REQUIRED: bool = true;
            )
        });
        Ok(quote! {
            #allow
            impl #protobuf::Message for #name {
                const FULL_NAME: &'static str = #full_name;
                #has_required

                #descriptor

                fn merge_field(
                    &mut self,
                    tag: u32,
                    decoder: &mut #runtime::Decoder<'_>,
                ) -> ::core::result::Result<(), #protobuf::DecodeError> {
                    match tag {
                        #(#arms)*
                        _ => decoder.unknown(tag, &mut self.unknown_fields),
                    }
                }

                #[inline]
                fn visit(&self, visitor: &mut impl #runtime::Visitor) {
                    #(#visits)*
                    visitor.unknown(&self.unknown_fields);
                }
            }
        })
    }

    /// The arms of `merge_field` for a field: lists of numbers come packed and not, however they are declared.
    fn arms(&self, field: &Field) -> Result<TokenStream, Error> {
        let (name, element) = (&field.proto_name, self.element(field.kind, field.is_boxed)?);
        let member = ident(&field.name);
        let (number, tag) = (field.number, field.number << 3 | wire_type(field));
        // What a closed enum does not name falls through to the unknown fields.
        let guard = if self.is_closed(field.kind) { quote!(if decoder.accepts::<#element>()) } else { quote!() };
        let packed_tag = field.number << 3 | 2;
        Ok(match field.label {
            Label::Singular => quote!(#tag #guard => decoder.singular::<#element>(#name, &mut self.#member),),
            Label::Optional | Label::Required => {
                quote!(#tag #guard => decoder.optional::<#element>(#name, &mut self.#member),)
            }
            Label::Repeated | Label::Packed if self.is_closed(field.kind) => quote! {
                #tag #guard => decoder.repeated::<#element>(#name, &mut self.#member),
                #packed_tag => {
                    decoder.packed_closed::<#element>(#number, #name, &mut self.#member, &mut self.unknown_fields)
                }
            },
            Label::Repeated | Label::Packed if is_packable(field.kind) => quote! {
                #tag => decoder.repeated::<#element>(#name, &mut self.#member),
                #packed_tag => decoder.packed::<#element>(#name, &mut self.#member),
            },
            Label::Repeated | Label::Packed => quote!(#tag => decoder.repeated::<#element>(#name, &mut self.#member),),
            Label::Map(key) => {
                let key = self.element(key, false)?;
                quote!(#tag => decoder.map::<#key, #element>(#name, &mut self.#member, &mut self.unknown_fields),)
            }
            Label::Member(oneof) => {
                let oneof = self.oneof_of(oneof)?;
                let (slot, ty) = (ident(&oneof.name), self.oneof_path(oneof, &self.message.home.modules));
                quote! {
                    #tag #guard => decoder.member::<#element, #ty>(
                        #name,
                        &mut self.#slot,
                        |member| match member {
                            #ty::#member(value) => ::core::option::Option::Some(value),
                            _ => ::core::option::Option::None,
                        },
                        #ty::#member,
                    ),
                }
            }
        })
    }

    fn visit(&self, field: &Field) -> Result<TokenStream, Error> {
        let (number, name) = (field.number, &field.proto_name);
        let element = self.element(field.kind, field.is_boxed)?;
        let member = ident(&field.name);
        Ok(match field.label {
            Label::Singular => quote!(visitor.singular::<#element>(#number, #name, &self.#member);),
            Label::Optional => quote!(visitor.optional::<#element>(#number, #name, &self.#member);),
            Label::Required => quote!(visitor.required::<#element>(#number, #name, &self.#member);),
            Label::Repeated => quote!(visitor.repeated::<#element>(#number, #name, &self.#member);),
            Label::Packed => quote!(visitor.packed::<#element>(#number, #name, &self.#member);),
            Label::Map(key) => {
                let key = self.element(key, false)?;
                quote!(visitor.map::<#key, #element>(#number, #name, &self.#member);)
            }
            Label::Member(oneof) => {
                let oneof = self.oneof_of(oneof)?;
                let (slot, ty) = (ident(&oneof.name), self.oneof_path(oneof, &self.message.home.modules));
                quote! {
                    visitor.member::<#element, #ty>(#number, #name, &self.#slot, |member| match member {
                        #ty::#member(value) => ::core::option::Option::Some(value),
                        _ => ::core::option::Option::None,
                    });
                }
            }
        })
    }

    /// The runtime's name for what a field holds.
    fn element(&self, kind: Kind, is_boxed: bool) -> Result<TokenStream, Error> {
        let runtime = self.context.paths.runtime();
        let from = &self.message.home.modules;
        Ok(match kind {
            Kind::Scalar(scalar) => {
                let element = ident(match scalar.element {
                    "Str" if self.context.shared => "SharedStr",
                    "Bytes" if self.context.shared => "SharedBytes",
                    element => element,
                });
                quote!(#runtime::#element)
            }
            Kind::Enum(index) => {
                let ty = self.context.declared_enum(index, from)?;
                if self.is_closed(kind) { quote!(#runtime::Closed<#ty>) } else { quote!(#runtime::Enum<#ty>) }
            }
            Kind::Message(index) | Kind::Group(index) => {
                let ty = self.context.message(index, from)?;
                let element = if matches!(kind, Kind::Group(_)) { quote!(Group) } else { quote!(Nested) };
                let element = quote!(#runtime::#element<#ty>);
                if is_boxed { quote!(#runtime::Boxed<#element>) } else { element }
            }
        })
    }

    /// Whether it is a closed enum.
    fn is_closed(&self, kind: Kind) -> bool {
        let Kind::Enum(index) = kind else { return false };
        self.context.schema.enums.get(index).is_some_and(|declared| declared.is_closed)
    }

    fn variant_type(&self, field: &Field, oneof: usize) -> Result<&syn::Type, Error> {
        self.context.types.variant(&self.normal_name, &normal::oneof_name(oneof), &normal::field_name(field))
    }

    pub(super) fn oneof_of(&self, index: usize) -> Result<&Oneof, Error> {
        let oneof = self.message.oneofs.get(index);
        oneof.ok_or_else(|| Error::Types(format!("oneof {index} of {} is missing", self.message.full_name)))
    }

    fn oneof_home(&self) -> Home {
        self.context.schema.packages.within(&self.message.home, &self.message.name)
    }

    pub(super) fn oneof_path(&self, oneof: &Oneof, from: &[String]) -> TokenStream {
        path(from, &self.oneof_home(), &oneof.type_name)
    }
}

/// The wire type outside a packed list.
fn wire_type(field: &Field) -> u32 {
    match (field.label, field.kind) {
        (Label::Map(_), _) | (_, Kind::Message(_)) => 2,
        (_, Kind::Group(_)) => 3,
        (_, Kind::Enum(_)) => 0,
        (_, Kind::Scalar(scalar)) => scalar.wire_type,
    }
}

fn is_packable(kind: Kind) -> bool {
    match kind {
        Kind::Scalar(scalar) => scalar.packable,
        Kind::Enum(_) => true,
        Kind::Message(_) | Kind::Group(_) => false,
    }
}

fn field_docs(field: &Field) -> TokenStream {
    docs(field.docs.as_deref(), &format!("Field {}, `{}`.", field.number, field.proto_name))
}

fn oneof_docs(oneof: &Oneof) -> TokenStream {
    docs(oneof.docs.as_deref(), &format!("One of the members of `{}`.", oneof.proto_name))
}
