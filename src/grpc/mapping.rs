//! What an HTTP/2 reset or an HTTP status means when there is no `grpc-status` (PROTOCOL-HTTP2.md,
//! `http-grpc-status-mapping.md`), and what becomes of the failures of a stream.

use super::{Code, Status};
use crate::http2::Failure;
use http::StatusCode;
use std::time::Instant;

/// The code of a stream that was reset (RFC 9113 §7).
pub(super) fn code_of_reset(error_code: u32) -> Code {
    match error_code {
        // REFUSED_STREAM: nothing of the call was looked at.
        7 => Code::Unavailable,
        // CANCEL
        8 => Code::Cancelled,
        // ENHANCE_YOUR_CALM
        11 => Code::ResourceExhausted,
        // INADEQUATE_SECURITY
        12 => Code::PermissionDenied,
        _ => Code::Internal,
    }
}

/// The code of an answer that is not gRPC's.
pub(super) fn code_of_http(status: StatusCode) -> Code {
    match status.as_u16() {
        400 | 431 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

/// The status of a call whose stream failed. A CANCEL after its deadline is the deadline's doing; so is NO_ERROR, which
/// a server sends behind its own DEADLINE_EXCEEDED: a reset may overtake that, and throw it away.
pub(super) fn status_of(failure: &Failure, deadline: Option<Instant>) -> Status {
    let code = match failure {
        Failure::TimedOut => return deadline_exceeded(),
        Failure::Reset { code: 0, by_peer: true } if has_passed(deadline) => return deadline_exceeded(),
        Failure::Reset { code, .. } => code_of_reset(*code),
        Failure::GoAway { .. } | Failure::Lost(_) | Failure::NeverLeft(_) => Code::Unavailable,
        Failure::Ended | Failure::Cancelled => Code::Cancelled,
        Failure::Unsendable(_) => Code::Internal,
    };
    if code == Code::Cancelled && has_passed(deadline) {
        return deadline_exceeded();
    }
    Status::new(code, failure.to_string())
}

/// Whether `deadline` is there and has passed.
pub(super) fn has_passed(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| deadline <= Instant::now())
}

/// A wait ended at its own time, before the deadline of the call.
pub(super) fn nothing_came() -> Status {
    Status::deadline_exceeded("nothing came within the time given")
}

pub(super) fn deadline_exceeded() -> Status {
    Status::deadline_exceeded("the deadline of the call has passed")
}

#[cfg(test)]
mod tests {
    use super::{code_of_http, code_of_reset, status_of};
    use crate::grpc::Code;
    use crate::http2::Failure;
    use http::StatusCode;
    use std::time::Instant;

    #[test]
    fn resets() {
        let codes: Vec<Code> = (0..14).map(code_of_reset).collect();
        let mut expected = [Code::Internal; 14];
        expected[7] = Code::Unavailable;
        expected[8] = Code::Cancelled;
        expected[11] = Code::ResourceExhausted;
        expected[12] = Code::PermissionDenied;
        assert_eq!(codes, expected);
    }

    #[test]
    fn http_statuses() {
        for (status, code) in [
            (200, Code::Unknown),
            (400, Code::Internal),
            (401, Code::Unauthenticated),
            (403, Code::PermissionDenied),
            (404, Code::Unimplemented),
            (415, Code::Unknown),
            (429, Code::Unavailable),
            (431, Code::Internal),
            (500, Code::Unknown),
            (502, Code::Unavailable),
            (503, Code::Unavailable),
            (504, Code::Unavailable),
        ] {
            assert_eq!(code_of_http(StatusCode::from_u16(status).unwrap()), code, "{status}");
        }
    }

    #[test]
    fn a_cancel_after_the_deadline_is_the_deadline_and_so_is_no_error() {
        let cancel = Failure::Reset { code: 8, by_peer: true };
        assert_eq!(status_of(&cancel, None).code(), Code::Cancelled);
        assert_eq!(status_of(&cancel, Some(Instant::now())).code(), Code::DeadlineExceeded);
        let no_error = Failure::Reset { code: 0, by_peer: true };
        assert_eq!(status_of(&no_error, None).code(), Code::Internal);
        assert_eq!(status_of(&no_error, Some(Instant::now())).code(), Code::DeadlineExceeded);
        assert_eq!(status_of(&Failure::Lost("x".into()), Some(Instant::now())).code(), Code::Unavailable);
    }
}
