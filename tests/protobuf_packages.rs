//! Several packages that name each other, brought in by one include file; types from outside.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a test may fail")]

mod proto {
    threadwire::include_proto!("packages");
}

/// The same files, compiled with the package `a.b.c` from outside.
mod outside {
    threadwire::include_proto!("outside/all");
}

use proto::Plain;
use proto::a::b::c::{Inner, inner};
use proto::a::b::{Middle, middle};
use std::time::SystemTime;
use threadwire::protobuf::well_known::{Timestamp, Value};
use threadwire::protobuf::{ExtensionDescriptor, Message, TypeRegistry, text};

fn inner() -> Inner {
    Inner { text: "x".into(), kind: inner::Kind::Some, ..Default::default() }
}

#[test]
fn packages_name_each_other() {
    let at = Timestamp::try_from(SystemTime::now()).unwrap();
    let middle = Middle {
        inner: Some(inner()),
        choice: Some(middle::Choice::At(at.clone())),
        data: [("a".into(), Value::from("b"))].into(),
        ..Default::default()
    };
    let plain = Plain {
        middle: Some(middle),
        inner: Some(inner()),
        kinds: vec![inner::Kind::Some],
        at: Some(at),
        ..Default::default()
    };
    let bytes = plain.encode_to_vec().unwrap();
    assert_eq!(Plain::decode(&bytes).unwrap(), plain);
    let text = plain.to_text();
    assert!(text.starts_with("middle {\n  inner {\n    text: \"x\"\n    kind: KIND_SOME\n  }\n  at {\n"), "{text}");
}

#[test]
fn types_from_outside_are_those_types() {
    let mut middle = outside::a::b::Middle { inner: Some(inner()), ..Default::default() };
    middle.choice = Some(outside::a::b::middle::Choice::Kind(inner::Kind::Some));
    let same =
        Middle { inner: Some(inner()), choice: Some(middle::Choice::Kind(inner::Kind::Some)), ..Default::default() };
    assert_eq!(middle.encode_to_vec().unwrap(), same.encode_to_vec().unwrap());
    let plain = outside::Plain { inner: Some(inner()), ..Default::default() };
    assert_eq!(plain.inner.unwrap().kind, inner::Kind::Some);
}

#[test]
fn extensions_name_messages_of_other_packages() {
    let source = "[a.more.inner] {\n  text: \"x\"\n  kind: KIND_SOME\n}\n[a.more.kinds]: KIND_SOME\n[a.more.at] {\n}\n";
    let print = |extensions: [&'static ExtensionDescriptor; 3]| {
        let mut types = TypeRegistry::new();
        for extension in extensions {
            types.add_extension(extension);
        }
        let base = text::Parser::new().types(&types).parse::<proto::a::old::Base>(source).unwrap();
        text::Printer::new().types(&types).print(&base)
    };
    assert_eq!(print([&proto::a::more::INNER, &proto::a::more::KINDS, &proto::a::more::AT]), source);
    // With the message, and one of the types, from outside.
    assert_eq!(print([&outside::a::more::INNER, &outside::a::more::KINDS, &outside::a::more::AT]), source);
}
