//! The methods that answer a field's default of proto2 while it has no value.

use proc_macro2::{Literal as Token, TokenStream};
use quote::quote;

use super::allow;
use super::message::Writer;
use crate::error::Error;
use crate::model::{Field, Kind, Label, Literal};
use crate::names::{Scope, ident, snake};

/// The methods of all fields that have a default; nothing if none has.
pub(super) fn emit(writer: &Writer<'_>) -> Result<TokenStream, Error> {
    let fields = writer.message.fields.iter();
    let mut scope = Scope::default();
    let methods = fields.filter_map(|field| {
        let default = field.default.as_ref()?;
        let name = scope.take(format!("{}_or_default", snake(&field.proto_name)));
        Some(method(writer, field, default, &name))
    });
    let methods = methods.collect::<Result<Vec<_>, _>>()?;
    if methods.is_empty() {
        return Ok(quote!());
    }
    let (name, allow) = (ident(&writer.message.name), allow());
    Ok(quote!(#allow impl #name { #(#methods)* }))
}

fn method(writer: &Writer<'_>, field: &Field, default: &Literal, name: &str) -> Result<TokenStream, Error> {
    let method = ident(name);
    let docs = format!(" The field `{}`, or its default while it has no value.", field.proto_name);
    let (ty, default) = value(writer, field, default)?;
    let is_reference = matches!(field.default, Some(Literal::Text(_) | Literal::Bytes(_)));
    let member = ident(&field.name);
    let body = if let Label::Member(oneof) = field.label {
        let oneof = writer.oneof_of(oneof)?;
        let (slot, oneof) = (ident(&oneof.name), writer.oneof_path(oneof, &writer.message.home.modules));
        let dereference = if is_reference { quote!() } else { quote!(*) };
        quote! {
            match &self.#slot {
                ::core::option::Option::Some(#oneof::#member(value)) => #dereference value,
                _ => #default,
            }
        }
    } else if is_reference {
        quote!(self.#member.as_deref().unwrap_or(#default))
    } else {
        quote!(self.#member.unwrap_or(#default))
    };
    Ok(quote!(#[doc = #docs] pub fn #method(&self) -> #ty { #body }))
}

/// What the method answers, as a type and as a value.
fn value(writer: &Writer<'_>, field: &Field, default: &Literal) -> Result<(TokenStream, TokenStream), Error> {
    Ok(match default {
        Literal::Text(text) => (quote!(&str), quote!(#text)),
        Literal::Bytes(bytes) => {
            let bytes = Token::byte_string(bytes);
            (quote!(&[u8]), quote!(#bytes))
        }
        Literal::Bool(value) => (quote!(bool), quote!(#value)),
        Literal::Integer(digits) => {
            let number = digits.parse::<TokenStream>();
            let number = number.map_err(|_| Error::Types(format!("the default `{digits}` is no number")))?;
            (whole_type(field), number)
        }
        Literal::Float(value) => (quote!(f32), float(quote!(f32), f64::from(*value), &Token::f32_unsuffixed, *value)),
        Literal::Double(value) => (quote!(f64), float(quote!(f64), *value, &Token::f64_unsuffixed, *value)),
        Literal::Enum(number) => {
            let Kind::Enum(index) = field.kind else {
                return Err(Error::Types(format!("`{}` is no enum", field.proto_name)));
            };
            let ty = writer.context.declared_enum(index, &writer.message.home.modules)?;
            (ty.clone(), quote!(<#ty as ::core::convert::From<i32>>::from(#number)))
        }
    })
}

/// A number that may be none: `wide` says what it is, `token` writes `value`.
fn float<T>(ty: TokenStream, wide: f64, token: &dyn Fn(T) -> Token, value: T) -> TokenStream {
    if wide.is_nan() {
        quote!(#ty::NAN)
    } else if wide.is_infinite() {
        if wide > 0.0 { quote!(#ty::INFINITY) } else { quote!(#ty::NEG_INFINITY) }
    } else {
        let token = token(value);
        quote!(#token)
    }
}

/// The type of a whole number.
fn whole_type(field: &Field) -> TokenStream {
    let Kind::Scalar(scalar) = field.kind else { return quote!(i32) };
    match scalar.proto {
        "int64" | "sint64" | "sfixed64" => quote!(i64),
        "uint32" | "fixed32" => quote!(u32),
        "uint64" | "fixed64" => quote!(u64),
        _ => quote!(i32),
    }
}
