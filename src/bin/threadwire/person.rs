//! `threadwire person`: one Person as text, as bytes, and its size beside the same as JSON and as XML.

use crate::args;
use crate::failure::Failure;
use crate::output;
use crate::proto::Person;
use std::fmt::Write as _;
use threadwire::protobuf::Message as _;

pub(crate) fn run(person: &args::Person) -> Result<(), Failure> {
    let person = Person {
        name: person.name.as_str().into(),
        id: person.id,
        email: person.email.as_str().into(),
        ..Default::default()
    };
    let bytes = person.encode_to_vec().map_err(|error| Failure::refused(error.to_string()))?;
    let (json, xml) = (json(&person), xml(&person));
    output::text(&person.to_text())?;
    output::line(format_args!("\n{}\n", hex(&bytes)))?;
    output::line(format_args!("Protocol Buffers {:>4} bytes", bytes.len()))?;
    output::line(format_args!("JSON             {:>4} bytes  {json}", json.len()))?;
    output::line(format_args!("XML              {:>4} bytes  {xml}", xml.len()))
}

fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}

/// As Python's `json.dumps` writes it, with a space after `:` and `,`.
fn json(person: &Person) -> String {
    format!(
        "{{\"name\": {}, \"id\": {}, \"email\": {}}}",
        json_string(&person.name),
        person.id,
        json_string(&person.email)
    )
}

/// A JSON string (RFC 8259 §7).
fn json_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\0'..='\x1f' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(character));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

fn xml(person: &Person) -> String {
    format!(
        "<person><name>{}</name><id>{}</id><email>{}</email></person>",
        xml_text(&person.name),
        person.id,
        xml_text(&person.email)
    )
}

/// Character data of XML (XML 1.0 §2.4).
fn xml_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
