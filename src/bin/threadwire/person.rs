//! `threadwire person`: one Person as text, as bytes, and its size beside the same as JSON and as XML; what encoding
//! and decoding it costs, and as many of them as make a megabyte.

use crate::args;
use crate::cost::{self, Row, grouped};
use crate::failure::Failure;
use crate::output;
use crate::proto::{People, Person, shared};
use std::fmt::Write as _;
use threadwire::protobuf::Message as _;

const MEGABYTE: usize = 1_000_000;

/// Its forms, and what they cost.
pub(crate) fn run(person: &args::Person) -> Result<(), Failure> {
    forms(person)?;
    let person = message(person);
    let one = Row::of::<_, shared::Person>("this Person".into(), &person, json(&person).len(), xml(&person).len())?;
    let people = as_many_as_make_a_megabyte(&person);
    let name = format!("{} of them", grouped(people.people.len()));
    let many = Row::of::<_, shared::People>(name, &people, json_of_all(&people), xml_of_all(&people))?;
    output::text(&format!("\n{}{one}{many}\n", cost::HEAD))?;
    output::line(format_args!(
        "Times are of this program just now{}; a shared decode leaves the texts in the buffer that they came in.\n\
         Beside prost, serde_json and quick-xml, and with a message of every kind of field: benches/RESULTS.md",
        if cfg!(debug_assertions) { ", which was built without optimisation" } else { "" }
    ))
}

/// As text, as bytes, and the size beside JSON and XML.
pub(crate) fn forms(person: &args::Person) -> Result<(), Failure> {
    let person = message(person);
    let bytes = person.encode_to_vec().map_err(|error| Failure::refused(error.to_string()))?;
    let (json, xml) = (json(&person), xml(&person));
    output::text(&person.to_text())?;
    output::line(format_args!("\n{}\n", hex(&bytes)))?;
    output::line(format_args!("Protocol Buffers {:>4} bytes", bytes.len()))?;
    output::line(format_args!("JSON             {:>4} bytes  {json}", json.len()))?;
    output::line(format_args!("XML              {:>4} bytes  {xml}", xml.len()))
}

fn message(person: &args::Person) -> Person {
    Person {
        name: person.name.as_str().into(),
        id: person.id,
        email: person.email.as_str().into(),
        ..Default::default()
    }
}

fn as_many_as_make_a_megabyte(person: &Person) -> People {
    // Each has a tag and a length before it.
    let count = MEGABYTE.div_ceil(person.encoded_len() + 2);
    People { people: vec![person.clone(); count], ..Default::default() }
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

/// The bytes of all of them as JSON: `{"people": [{…}, {…}]}`.
fn json_of_all(people: &People) -> usize {
    let separators = 2 * people.people.len().saturating_sub(1);
    "{\"people\": []}".len() + separators + people.people.iter().map(|person| json(person).len()).sum::<usize>()
}

/// The bytes of all of them as XML.
fn xml_of_all(people: &People) -> usize {
    "<people></people>".len() + people.people.iter().map(|person| xml(person).len()).sum::<usize>()
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
