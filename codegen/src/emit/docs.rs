//! Comments of .proto files as documentation.

use proc_macro2::TokenStream;
use quote::quote;

/// The comment, or else the line that takes its place.
pub(super) fn docs(comment: Option<&str>, otherwise: &str) -> TokenStream {
    let lines = comment.map(lines).filter(|lines| !lines.is_empty()).unwrap_or_else(|| vec![format!(" {otherwise}")]);
    quote!(#(#[doc = #lines])*)
}

fn lines(comment: &str) -> Vec<String> {
    let lines = comment.lines().map(line).collect::<Vec<_>>();
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    let last = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    lines.get(first..last).unwrap_or_default().to_vec()
}

/// A comment is not written for rustdoc: brackets are no links, angle brackets no HTML, and neither indentation nor a
/// fence may begin an example that is compiled.
fn line(line: &str) -> String {
    let text = line.trim();
    if text.is_empty() {
        return String::new();
    }
    if text.starts_with("```") {
        return " ```text".chars().take(if text == "```" { 8 } else { 4 }).collect();
    }
    let mut escaped = String::from(" ");
    for character in text.chars() {
        if matches!(character, '[' | ']' | '<' | '>') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn comments_become_plain_text() {
        assert_eq!(lines(" A list of [names].\n\n     vec<x>\n\n"), [r" A list of \[names\].", "", r" vec\<x\>"]);
        assert!(lines(" \n").is_empty());
    }
}
