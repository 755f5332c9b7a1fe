//! Comments of .proto files as documentation.

use proc_macro2::TokenStream;
use quote::quote;

/// The comment, or else the line that takes its place.
pub(super) fn docs(comment: Option<&str>, otherwise: &str) -> TokenStream {
    let lines = comment.map(lines).filter(|lines| !lines.is_empty()).unwrap_or_else(|| vec![format!(" {otherwise}")]);
    quote!(#(#[doc = #lines])*)
}

/// A comment is not written for rustdoc: nothing in it may begin an example that is compiled, brackets are no links and
/// angle brackets no HTML. What stands between fences of their own lines is shown as it is.
fn lines(comment: &str) -> Vec<String> {
    let mut fence = None;
    let mut lines = Vec::new();
    for line in comment.lines() {
        let text = line.trim().chars().filter_map(printable).collect::<String>();
        fence = match (fence, fence_of(&text)) {
            (None, Some((character, length, _))) => {
                lines.push(format!(" {}text", text.get(..length).unwrap_or_default()));
                Some((character, length))
            }
            (Some((character, length)), Some((other, longer, ""))) if character == other && longer >= length => {
                lines.push(format!(" {text}"));
                None
            }
            (None, None) => {
                lines.push(plain(&text));
                None
            }
            (Some(open), _) => {
                lines.push(format!(" {text}").trim_end().to_owned());
                Some(open)
            }
        };
    }
    if let Some((character, length)) = fence {
        lines.push(format!(" {}", character.to_string().repeat(length)));
    }
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    let last = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    lines.get(first..last).unwrap_or_default().to_vec()
}

/// The fence that the line begins with, its length, and what stands behind it.
fn fence_of(line: &str) -> Option<(char, usize, &str)> {
    let character = line.chars().next().filter(|first| matches!(first, '`' | '~'))?;
    let rest = line.trim_start_matches(character);
    let length = line.len() - rest.len();
    let is_fence = length >= 3 && !(character == '`' && rest.contains('`'));
    is_fence.then_some((character, length, rest))
}

/// A line outside fences. A fence or an indentation behind the mark of a list would begin an example too.
fn plain(line: &str) -> String {
    let mut escaped = String::new();
    for word in line.split_whitespace() {
        escaped.push(' ');
        let is_fence = word.contains("```") || word.contains("~~~");
        for character in word.chars() {
            if matches!(character, '[' | ']' | '<' | '>') || is_fence && matches!(character, '`' | '~') {
                escaped.push('\\');
            }
            escaped.push(character);
        }
    }
    escaped
}

/// What may stand in a comment of Rust: no carriage return, and nothing that changes the direction of the text.
fn printable(character: char) -> Option<char> {
    match character {
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
        _ if character.is_control() => Some(' '),
        _ => Some(character),
    }
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn comments_become_plain_text() {
        assert_eq!(lines(" A list of [names].\n\n     vec<x>\n\n"), [r" A list of \[names\].", "", r" vec\<x\>"]);
        assert!(lines(" \n").is_empty());
    }

    #[test]
    fn nothing_in_a_comment_is_compiled_as_an_example() {
        for fence in ["```", "~~~", "````"] {
            let opened = format!(" {fence}text");
            let closed = format!(" {fence}");
            let comment = format!(" {fence}rust\n   let [a] = b; // ``\n {fence}\n After it: [a].");
            assert_eq!(
                lines(&comment),
                [opened.as_str(), " let [a] = b; // ``", closed.as_str(), r" After it: \[a\]."]
            );
            // One that is never closed would swallow what is emitted behind the comment.
            assert_eq!(lines(&format!("{fence}\n a")), [opened.as_str(), " a", closed.as_str()]);
        }
        assert_eq!(lines("````\n```\n````"), [" ````text", " ```", " ````"], "a fence in a fence");
        assert_eq!(lines("```a``` b"), [r" \`\`\`a\`\`\` b"], "no fence");
        assert_eq!(lines(" - ```\n   a"), [r" - \`\`\`", " a"]);
        assert_eq!(lines(" * ~~~ a"), [r" * \~\~\~ a"]);
        assert_eq!(lines(" -     a"), [" - a"]);
        assert_eq!(lines(" 1.\t\ta"), [" 1. a"]);
    }

    #[test]
    fn what_cannot_stand_in_rust_is_left_out() {
        assert_eq!(lines(" a\rb\u{1}c\r\n d\u{202e}e\u{2066}f"), [" a b c", " def"]);
    }
}
