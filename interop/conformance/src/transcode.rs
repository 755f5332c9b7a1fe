//! One request of the runner: reads the payload as the message it names, writes it in the form it asks for.

use threadwire::protobuf::{Bytes, Message};

use crate::proto::conformance::conformance_request::Payload;
use crate::proto::conformance::conformance_response::Result as Outcome;
use crate::proto::conformance::{ConformanceRequest, FailureSet, WireFormat};
use crate::proto::protobuf_test_messages::proto2::TestAllTypesProto2;
use crate::proto::protobuf_test_messages::proto3::TestAllTypesProto3;
use crate::proto::shared::protobuf_test_messages as shared;

pub(crate) fn answer(request: &ConformanceRequest, is_shared: bool) -> Outcome {
    match request.message_type.as_str() {
        // The first request: which tests are known to fail is in files that the runner is given.
        FailureSet::FULL_NAME => Outcome::ProtobufPayload(Vec::new()),
        TestAllTypesProto2::FULL_NAME if is_shared => transcode::<shared::proto2::TestAllTypesProto2>(request),
        TestAllTypesProto3::FULL_NAME if is_shared => transcode::<shared::proto3::TestAllTypesProto3>(request),
        TestAllTypesProto2::FULL_NAME => transcode::<TestAllTypesProto2>(request),
        TestAllTypesProto3::FULL_NAME => transcode::<TestAllTypesProto3>(request),
        other => Outcome::Skipped(format!("{other} is not compiled")),
    }
}

fn transcode<M: Message>(request: &ConformanceRequest) -> Outcome {
    match read::<M>(request) {
        Ok(message) => write(&message, request.requested_output_format),
        Err(outcome) => outcome,
    }
}

fn read<M: Message>(request: &ConformanceRequest) -> Result<M, Outcome> {
    match &request.payload {
        Some(Payload::ProtobufPayload(bytes)) => {
            // Messages that do not share are decoded as with `decode`.
            M::decode_shared(&Bytes::copy_from_slice(bytes)).map_err(|error| Outcome::ParseError(error.to_string()))
        }
        Some(Payload::JsonPayload(_)) => Err(Outcome::Skipped("JSON is not read".into())),
        Some(Payload::TextPayload(_)) => Err(Outcome::Skipped("the text form is not read".into())),
        Some(Payload::JspbPayload(_)) => Err(Outcome::Skipped("JSPB is used inside Google only".into())),
        None => Err(Outcome::RuntimeError("a request without a payload".into())),
    }
}

fn write<M: Message>(message: &M, format: WireFormat) -> Outcome {
    match format {
        WireFormat::Protobuf => message
            .encode_to_vec()
            .map_or_else(|error| Outcome::SerializeError(error.to_string()), Outcome::ProtobufPayload),
        WireFormat::Json => Outcome::Skipped("JSON is not written".into()),
        WireFormat::TextFormat => Outcome::Skipped("the text form with unknown fields is not written".into()),
        WireFormat::Jspb => Outcome::Skipped("JSPB is used inside Google only".into()),
        WireFormat::Unspecified | WireFormat::Unrecognized(_) => {
            Outcome::RuntimeError(format!("the output format {format:?}"))
        }
    }
}
