//! Reads records on stdin and answers each on stdout: what threadwire makes of a message's bytes.
//!
//! A record is two parts, the message's full name and its bytes; an answer is one byte that says what came of it, and
//! two parts. A part is its length, as four bytes with the lowest first, and as many bytes.
//!
//! | byte | what came of it | parts |
//! | --- | --- | --- |
//! | 0 | it was decoded | encoded again; the text form |
//! | 1 | it was refused | the error; nothing |
//! | 2 | a bug: what was done with it does not agree, or a panic | what happened; nothing |
//! | 3 | there is no such message | nothing; nothing |
//!
//! Which messages there are is decided by build.rs.

use std::io::{self, BufWriter, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use threadwire::protobuf::Message;

mod protos {
    threadwire::include_proto!("all");
}
include!(concat!(env!("OUT_DIR"), "/filter.rs"));

enum Answer {
    Decoded { bytes: Vec<u8>, text: String },
    Refused(String),
    Bug(String),
}

fn main() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), BufWriter::new(io::stdout().lock()));
    while let Some(name) = part(&mut input)? {
        let bytes = part(&mut input)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let name = String::from_utf8_lossy(&name);
        let answer = catch_unwind(AssertUnwindSafe(|| answer_for(&name, &bytes)));
        let (kind, first, second) = match answer.unwrap_or_else(|_| Some(Answer::Bug("a panic".into()))) {
            Some(Answer::Decoded { bytes, text }) => (0, bytes, text),
            Some(Answer::Refused(error)) => (1, error.into_bytes(), String::new()),
            Some(Answer::Bug(what)) => (2, what.into_bytes(), String::new()),
            None => (3, Vec::new(), String::new()),
        };
        output.write_all(&[kind])?;
        for part in [first.as_slice(), second.as_bytes()] {
            let len = u32::try_from(part.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
            output.write_all(&len.to_le_bytes())?;
            output.write_all(part)?;
        }
        output.flush()?;
    }
    Ok(())
}

/// None at the end of the input.
fn part(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut len = [0; 4];
    if input.read(&mut len[..1])? == 0 {
        return Ok(None);
    }
    input.read_exact(&mut len[1..])?;
    let mut part = Vec::new();
    let len = u64::from(u32::from_le_bytes(len));
    if input.take(len).read_to_end(&mut part)? as u64 != len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(part))
}

fn answer<M: Message>(bytes: &[u8]) -> Answer {
    let message = match M::decode(bytes) {
        Ok(message) => message,
        Err(error) => return Answer::Refused(error.to_string()),
    };
    let encoded = match message.encode_to_vec() {
        Ok(encoded) => encoded,
        Err(error) => return Answer::Bug(format!("decoded, but not encoded: {error}")),
    };
    let text = message.to_text();
    match M::decode(&encoded) {
        _ if message.encoded_len() != encoded.len() => {
            Answer::Bug(format!("encoded_len is {}, encoded were {} bytes", message.encoded_len(), encoded.len()))
        }
        Err(error) => Answer::Bug(format!("encoded, but not decoded again: {error}")),
        Ok(again) if again.to_text() != text => Answer::Bug(format!("decoded again as {}", again.to_text())),
        Ok(again) if again.encode_to_vec().as_ref() != Ok(&encoded) => Answer::Bug("encoded again as others".into()),
        Ok(_) => Answer::Decoded { bytes: encoded, text },
    }
}
