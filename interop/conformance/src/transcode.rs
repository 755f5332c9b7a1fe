//! One request of the runner: reads the payload as the message it names, writes it in the form it asks for.

use threadwire::protobuf::{Bytes, Message, TypeRegistry, json, text, well_known as google};

use crate::proto::conformance::conformance_request::Payload;
use crate::proto::conformance::conformance_response::Result as Outcome;
use crate::proto::conformance::{ConformanceRequest, FailureSet, TestCategory, WireFormat};
use crate::proto::protobuf_test_messages::proto2::{self, TestAllTypesProto2};
use crate::proto::protobuf_test_messages::proto3::TestAllTypesProto3;
use crate::proto::shared::protobuf_test_messages as shared;

/// What may lie in an `Any` of the tests, and the extensions of their messages.
pub(crate) fn types() -> TypeRegistry {
    let mut types = TypeRegistry::new();
    types.add::<TestAllTypesProto2>().add::<TestAllTypesProto3>();
    types.add_extension(&proto2::EXTENSION_INT32).add_extension(&proto2::GROUPFIELD);
    types.add::<google::Any>().add::<google::Duration>().add::<google::FieldMask>().add::<google::Timestamp>();
    types.add::<google::Struct>().add::<google::Value>().add::<google::ListValue>();
    types.add::<google::BoolValue>().add::<google::BytesValue>().add::<google::StringValue>();
    types.add::<google::DoubleValue>().add::<google::FloatValue>();
    types.add::<google::Int32Value>().add::<google::Int64Value>();
    types.add::<google::UInt32Value>().add::<google::UInt64Value>();
    types
}

pub(crate) fn answer(request: &ConformanceRequest, types: &TypeRegistry, is_shared: bool) -> Outcome {
    match request.message_type.as_str() {
        // The first request: which tests are known to fail is in files that the runner is given.
        FailureSet::FULL_NAME => Outcome::ProtobufPayload(Vec::new()),
        TestAllTypesProto2::FULL_NAME if is_shared => transcode::<shared::proto2::TestAllTypesProto2>(request, types),
        TestAllTypesProto3::FULL_NAME if is_shared => transcode::<shared::proto3::TestAllTypesProto3>(request, types),
        TestAllTypesProto2::FULL_NAME => transcode::<TestAllTypesProto2>(request, types),
        TestAllTypesProto3::FULL_NAME => transcode::<TestAllTypesProto3>(request, types),
        other => Outcome::Skipped(format!("{other} is not compiled")),
    }
}

fn transcode<M: Message>(request: &ConformanceRequest, types: &TypeRegistry) -> Outcome {
    match read::<M>(request, types) {
        Ok(message) => write(&message, request, types),
        Err(outcome) => outcome,
    }
}

fn read<M: Message>(request: &ConformanceRequest, types: &TypeRegistry) -> Result<M, Outcome> {
    let read = match &request.payload {
        Some(Payload::ProtobufPayload(bytes)) => {
            // Messages that do not share are decoded as with `decode`.
            M::decode_shared(&Bytes::copy_from_slice(bytes)).map_err(|error| error.to_string())
        }
        Some(Payload::JsonPayload(text)) => {
            let ignore = request.test_category == TestCategory::JsonIgnoreUnknownParsingTest;
            let parser = json::Parser::new().types(types).ignore_unknown_fields(ignore);
            parser.parse(text).map_err(|error| error.to_string())
        }
        Some(Payload::TextPayload(text)) => {
            text::Parser::new().types(types).parse(text).map_err(|error| error.to_string())
        }
        Some(Payload::JspbPayload(_)) => return Err(Outcome::Skipped("JSPB is used inside Google only".into())),
        None => return Err(Outcome::RuntimeError("a request without a payload".into())),
    };
    read.map_err(Outcome::ParseError)
}

fn write<M: Message>(message: &M, request: &ConformanceRequest, types: &TypeRegistry) -> Outcome {
    match request.requested_output_format {
        WireFormat::Protobuf => message
            .encode_to_vec()
            .map_or_else(|error| Outcome::SerializeError(error.to_string()), Outcome::ProtobufPayload),
        WireFormat::Json => json::Printer::new()
            .types(types)
            .print(message)
            .map_or_else(|error| Outcome::SerializeError(error.to_string()), Outcome::JsonPayload),
        WireFormat::TextFormat => {
            let printer = text::Printer::new().types(types).unknown_fields(request.print_unknown_fields);
            Outcome::TextPayload(printer.print(message))
        }
        WireFormat::Jspb => Outcome::Skipped("JSPB is used inside Google only".into()),
        format @ (WireFormat::Unspecified | WireFormat::Unrecognized(_)) => {
            Outcome::RuntimeError(format!("the output format {format:?}"))
        }
    }
}
