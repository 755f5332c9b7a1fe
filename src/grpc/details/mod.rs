//! The messages by which services say more about an error than a code and a text: [`Status`] and the standard details
//! (google/rpc/status.proto, error_details.proto).
//!
//! An encoded [`Status`] is what [`grpc::Status::details`](super::Status::details) holds; each of its own details is
//! one of the other messages in an [`Any`](crate::protobuf::well_known::Any):
//!
//! | message | says |
//! | --- | --- |
//! | [`ErrorInfo`] | the reason as a constant, the domain it belongs to, values |
//! | [`BadRequest`] | which fields are wrong, and how |
//! | [`PreconditionFailure`] | which conditions do not hold |
//! | [`QuotaFailure`] | which quotas are used up |
//! | [`RetryInfo`] | how long to wait before the next attempt |
//! | [`ResourceInfo`] | which resource it is about |
//! | [`RequestInfo`] | by which names the request is found in logs |
//! | [`Help`] | links to read on |
//! | [`LocalizedMessage`] | a text for the user, and its language |
//! | [`DebugInfo`] | a stack trace, for who runs the service |
//!
//! What each field means is in the comments of
//! [error_details.proto](https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto).
//! Generated code that is checked in, as that of [`well_known`](crate::protobuf::well_known) is.
//!
//! ```
//! use threadwire::grpc::details::{self, BadRequest, bad_request::FieldViolation};
//! use threadwire::grpc::{Code, Status};
//! use threadwire::protobuf::Message;
//! use threadwire::protobuf::well_known::Any;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let wrong = FieldViolation { field: "name".into(), description: "is empty".into(), ..Default::default() };
//! let details = details::Status {
//!     code: i32::from(Code::InvalidArgument as u8),
//!     message: "no name".into(),
//!     details: vec![Any::pack(&BadRequest { field_violations: vec![wrong], ..Default::default() })?],
//!     ..Default::default()
//! };
//! let sent = Status::invalid_argument("no name").with_details(details.encode_to_vec()?);
//!
//! let received = details::Status::decode(sent.details())?;
//! let bad_request = received.details[0].unpack::<BadRequest>()?;
//! assert_eq!(bad_request.field_violations[0].field, "name");
//! # Ok(())
//! # }
//! ```

#[rustfmt::skip]
mod generated;

pub use generated::*;
