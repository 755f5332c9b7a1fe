//! Reads the paths out of Rust source text: `crate::net::Address`, `use crate::{a, b::c}` expanded.
//!
//! A reader for this test only: it knows comments, literals, paths, use trees and `mod name { … }`, and nothing else of
//! the language. A path made by a macro from pieces is not seen.

/// A path as written; `super`s are resolved, so that it begins with `crate`, `self` or a name.
pub(crate) struct NamedPath {
    /// The line it begins on, from 1.
    pub(crate) line: usize,
    /// Its segments; the last may be `*`.
    pub(crate) segments: Vec<String>,
}

/// All paths in `source`, whose own module lies `depth` modules below the crate's root.
pub(crate) fn paths(source: &str, depth: usize) -> Vec<NamedPath> {
    let tokens = tokens(source);
    let mut reader = Reader { tokens: &tokens, at: 0, found: Vec::new() };
    let mut braces = Vec::new();
    let mut in_use = false;
    let mut inline = 0;
    while let Some(token) = tokens.get(reader.at) {
        match token.text.as_str() {
            "{" => {
                let is_module = reader.at >= 2 && tokens[reader.at - 2].text == "mod";
                inline += usize::from(is_module);
                braces.push(is_module);
            }
            "}" => inline -= usize::from(braces.pop() == Some(true)),
            "use" | "extern" => in_use = true,
            ";" => in_use = false,
            _ if token.is_word => {
                // Behind `.` stands a method or a field; a single word is a path only in a `use`.
                let is_member = reader.at > 0 && tokens[reader.at - 1].text == ".";
                let first = reader.found.len();
                reader.path(Vec::new());
                if is_member || (!in_use && reader.found[first..].iter().all(|path| path.segments.len() == 1)) {
                    reader.found.truncate(first);
                }
                for path in &mut reader.found[first..] {
                    resolve_super(&mut path.segments, depth + inline);
                }
                continue;
            }
            _ => {}
        }
        reader.at += 1;
    }
    reader.found
}

/// Replaces as many `super`s as lead to the crate's root by `crate`, fewer by `self`.
fn resolve_super(segments: &mut Vec<String>, depth: usize) {
    let supers = segments.iter().skip_while(|segment| *segment == "self").take_while(|s| *s == "super").count();
    if supers > 0 {
        segments.retain(|segment| segment != "super" && segment != "self");
        segments.insert(0, String::from(if supers >= depth { "crate" } else { "self" }));
    }
}

struct Token {
    text: String,
    line: usize,
    is_word: bool,
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    found: Vec<NamedPath>,
}

impl Reader<'_> {
    fn text(&self) -> &str {
        self.tokens.get(self.at).map_or("", |token| &token.text)
    }

    /// Reads one path that begins here, behind `prefix`; a use tree gives several.
    fn path(&mut self, mut segments: Vec<String>) {
        let line = self.tokens[self.at].line;
        loop {
            let segment = self.text().to_owned();
            self.at += 1;
            segments.push(segment);
            if self.text() != "::" {
                break;
            }
            self.at += 1;
            match self.tokens.get(self.at) {
                Some(next) if next.text == "{" => return self.group(&segments),
                Some(next) if next.is_word || next.text == "*" => {}
                _ => break,
            }
        }
        self.found.push(NamedPath { line, segments });
    }

    /// Reads `{a, b::c as d}` of a use tree.
    fn group(&mut self, prefix: &[String]) {
        self.at += 1;
        while self.at < self.tokens.len() && self.text() != "}" {
            if self.text() == "as" {
                self.at += 2;
            } else if self.text() == "*" || self.tokens[self.at].is_word {
                self.path(prefix.to_vec());
            } else {
                self.at += 1;
            }
        }
        self.at += 1;
    }
}

/// The words and marks of the source, without comments and literals; `::` is one mark.
fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = source;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let skipped = literal_or_comment(rest);
        let length = match skipped {
            Some(length) => length,
            None if word > 0 => word,
            None if rest.starts_with("::") => 2,
            None => first.len_utf8(),
        };
        if skipped.is_none() && !first.is_whitespace() {
            tokens.push(Token { text: rest[..length].to_owned(), line, is_word: word > 0 });
        }
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// The length of the comment, string, character or lifetime that `rest` begins with, if it does.
fn literal_or_comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    if rest.starts_with('\'') {
        return Some(character_or_lifetime(rest));
    }
    let start = rest.trim_start_matches(['b', 'c']);
    let prefix = rest.len() - start.len();
    if prefix <= 1 && start.starts_with('"') {
        return Some(prefix + 1 + quoted(&start[1..]));
    }
    let hashes = start.strip_prefix('r')?.chars().take_while(|c| *c == '#').count();
    let body = start[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    (prefix <= 1).then_some(prefix + 1 + hashes + 1 + length)
}

fn block_comment(rest: &str) -> usize {
    let mut open = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            open += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            open -= 1;
            at += 2;
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
        if open == 0 {
            break;
        }
    }
    at.min(rest.len())
}

/// The length up to and with the closing quote.
fn quoted(body: &str) -> usize {
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    body.len()
}

fn character_or_lifetime(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), _) => rest[3.min(rest.len())..].find('\'').map_or(rest.len(), |at| at + 4),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}
