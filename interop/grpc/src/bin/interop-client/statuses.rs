//! Calls that the server ends with a status, or does not know.

use crate::cases::{Case, Outcome, Peer, nothing, refused, same};
use threadwire::grpc::Code;
use threadwire_interop_grpc::proto::{
    EchoStatus, Empty, SimpleRequest, StreamingOutputCallRequest, UnimplementedServiceClient,
};

pub(crate) const CASES: &[Case] = &[
    ("status_code_and_message", status_code_and_message),
    ("special_status_message", special_status_message),
    ("unimplemented_method", unimplemented_method),
    ("unimplemented_service", unimplemented_service),
];

const MESSAGE: &str = "test status message";
const SPECIAL_MESSAGE: &str = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

fn status_code_and_message(peer: &Peer) -> Outcome {
    ends_with(peer, MESSAGE)?;
    let (mut requests, mut responses) = peer.client.full_duplex_call(nothing())?;
    requests.send(StreamingOutputCallRequest { response_status: Some(unknown(MESSAGE)), ..Default::default() })?;
    // The server may have ended the call already, and all of it.
    drop(requests.finish());
    let status = refused(responses.receive(), Code::Unknown)?;
    same("the stream's message", status.message(), MESSAGE)
}

fn special_status_message(peer: &Peer) -> Outcome {
    ends_with(peer, SPECIAL_MESSAGE)
}

fn unimplemented_method(peer: &Peer) -> Outcome {
    refused(peer.client.unimplemented_call(Empty::default()), Code::Unimplemented).map(drop)
}

fn unimplemented_service(peer: &Peer) -> Outcome {
    let client = UnimplementedServiceClient::new(peer.channel.clone());
    refused(client.unimplemented_call(Empty::default()), Code::Unimplemented).map(drop)
}

/// A unary call that the server ends with UNKNOWN and this message.
fn ends_with(peer: &Peer, message: &str) -> Outcome {
    let request = SimpleRequest { response_status: Some(unknown(message)), ..Default::default() };
    let status = refused(peer.client.unary_call(request), Code::Unknown)?;
    same("the message", status.message(), message)
}

fn unknown(message: &str) -> EchoStatus {
    EchoStatus { code: Code::Unknown.into(), message: message.to_owned(), ..Default::default() }
}
