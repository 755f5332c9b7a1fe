//! Answers the official conformance runner on stdin and stdout with threadwire's message layer.
//!
//! The runner sends a length of four bytes, little endian, and a `ConformanceRequest`, and waits for a
//! `ConformanceResponse` in the same form; it says what is to be done in
//! <https://github.com/protocolbuffers/protobuf/blob/main/conformance/conformance.proto>.

mod proto;
mod transcode;

use std::io::{ErrorKind, Read, Write};
use std::process::ExitCode;

use threadwire::protobuf::Message;

use proto::conformance::{ConformanceRequest, ConformanceResponse};

const USAGE: &str = "\
usage: threadwire-interop-conformance [--shared]
                          answers the runner; with `--shared` the messages share the buffer that they are read from";

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let is_shared = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [flag] if flag == "--shared" => true,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match serve(std::io::stdin().lock(), std::io::stdout().lock(), is_shared) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("threadwire-interop-conformance: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Answers until the runner closes its end.
fn serve(mut input: impl Read, mut output: impl Write, is_shared: bool) -> Result<(), Failure> {
    while let Some(request) = frame(&mut input)? {
        let result = transcode::answer(&ConformanceRequest::decode(&request)?, is_shared);
        let response = ConformanceResponse { result: Some(result), ..Default::default() }.encode_to_vec()?;
        output.write_all(&u32::try_from(response.len())?.to_le_bytes())?;
        output.write_all(&response)?;
        output.flush()?;
    }
    Ok(())
}

/// The bytes of the next message; none if the input ends before it.
fn frame(input: &mut impl Read) -> Result<Option<Vec<u8>>, Failure> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let mut bytes = vec![0; usize::try_from(u32::from_le_bytes(length))?];
    input.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}
