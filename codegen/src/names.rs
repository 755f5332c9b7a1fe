//! Rust names for names of a .proto file.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span};

const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// These cannot be written as `r#…`.
const NEVER_RAW: &[&str] = &["_", "Self", "crate", "self", "super"];

/// The identifier of a name: `type` becomes `r#type`, `self` becomes `self_`.
pub(crate) fn ident(name: &str) -> Ident {
    if KEYWORDS.contains(&name) {
        Ident::new_raw(name, Span::call_site())
    } else if NEVER_RAW.contains(&name) {
        Ident::new(&format!("{name}_"), Span::call_site())
    } else {
        Ident::new(name, Span::call_site())
    }
}

/// The names of one scope. What protoc tells apart by capitals and underscores may be one name in Rust: the later ones
/// get an underscore.
#[derive(Default)]
pub(crate) struct Scope(BTreeSet<String>);

impl Scope {
    /// The name, or one like it that nobody has.
    pub(crate) fn take(&mut self, mut name: String) -> String {
        while !self.0.insert(ident(&name).to_string()) {
            name.push('_');
        }
        name
    }
}

/// `snake_case`, for fields, methods and modules: `HTTPRequest` becomes `http_request`.
pub(crate) fn snake(name: &str) -> String {
    let mut snake = String::new();
    let characters = name.chars().collect::<Vec<_>>();
    for (index, character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| characters.get(index));
        let after = characters.get(index + 1);
        let word_begins = before.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            || before.is_some_and(char::is_ascii_uppercase) && after.is_some_and(char::is_ascii_lowercase);
        if character.is_ascii_uppercase() && word_begins {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

/// `SCREAMING_SNAKE_CASE`, for statics.
pub(crate) fn capitals(name: &str) -> String {
    snake(name).to_ascii_uppercase()
}

/// `UpperCamelCase`, for types: what has no underscore keeps its capitals, so that `HTTPRequest` stays.
pub(crate) fn camel(name: &str) -> String {
    beginning_with_letter(name.split('_').map(|word| capitalized(word, false)).collect())
}

/// `UpperCamelCase` for what is written in capitals: `PHONE_TYPE` becomes `PhoneType`.
pub(crate) fn camel_from_capitals(name: &str) -> String {
    let lower = !name.contains(|c: char| c.is_ascii_lowercase());
    beginning_with_letter(name.split('_').map(|word| capitalized(word, lower)).collect())
}

/// `_1` and `_` are names in .proto files, and without the underscore they would be none.
fn beginning_with_letter(camel: String) -> String {
    if camel.starts_with(|first: char| first.is_ascii_alphabetic()) { camel } else { format!("X{camel}") }
}

/// The values of an enum without the enum's name, which they repeat by custom: `KIND_HOME` of `Kind` becomes `Home`.
pub(crate) fn variants(enum_name: &str, values: &[String]) -> Vec<String> {
    let prefix = format!("{}_", snake(enum_name).to_ascii_uppercase());
    let short = values.iter().map(|value| value.strip_prefix(&prefix)).collect::<Option<Vec<_>>>();
    let begins_well = |value: &&str| value.starts_with(|first: char| first.is_ascii_alphabetic());
    match short {
        Some(short) if short.iter().all(begins_well) => short.into_iter().map(camel_from_capitals).collect(),
        _ => values.iter().map(|value| camel_from_capitals(value)).collect(),
    }
}

fn capitalized(word: &str, lower: bool) -> String {
    let mut characters = word.chars();
    let Some(first) = characters.next() else { return String::new() };
    let rest = characters.as_str();
    let rest = if lower { rest.to_ascii_lowercase() } else { rest.to_owned() };
    format!("{}{rest}", first.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::{camel, ident, snake, variants};

    #[test]
    fn names_become_rust_names() {
        for (name, expected) in
            [("SayHello", "say_hello"), ("HTTPRequest", "http_request"), ("fooBar2Baz", "foo_bar2_baz")]
        {
            assert_eq!(snake(name), expected);
        }
        for (name, expected) in [
            ("HTTPRequest", "HTTPRequest"),
            ("foo_bar", "FooBar"),
            ("Foo", "Foo"),
            ("stringy", "Stringy"),
            ("_1", "X1"),
            ("__", "X"),
        ] {
            assert_eq!(camel(name), expected);
        }
        for (name, expected) in
            [("type", "r#type"), ("gen", "r#gen"), ("self", "self_"), ("Self", "Self_"), ("id", "id")]
        {
            assert_eq!(ident(name).to_string(), expected);
        }
    }

    #[test]
    fn values_lose_the_name_of_their_enum() {
        let values = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(variants("PhoneType", &values(&["PHONE_TYPE_HOME", "PHONE_TYPE_AT_WORK"])), ["Home", "AtWork"]);
        assert_eq!(variants("Kind", &values(&["KIND_A", "OTHER"])), ["KindA", "Other"]);
        assert_eq!(variants("V", &values(&["V_1", "V_2"])), ["V1", "V2"]);
        assert_eq!(variants("W", &values(&["_1", "_2"])), ["X1", "X2"]);
    }
}
