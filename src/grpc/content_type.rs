//! The content-type of gRPC (PROTOCOL-HTTP2.md): `application/grpc`, then the end, `+proto`, or parameters.

use http::HeaderValue;

pub(super) const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");

/// Whether a content-type is gRPC's, with messages of Protocol Buffers. (RFC 9110 §8.3.1: the case of letters means
/// nothing.)
pub(super) fn is_grpc(value: &[u8]) -> bool {
    after(value, "application/grpc").is_some_and(|rest| ends(rest) || after(rest, "+proto").is_some_and(ends))
}

/// What follows `begin`, whatever the case of its letters.
fn after<'v>(value: &'v [u8], begin: &str) -> Option<&'v [u8]> {
    let (first, rest) = value.split_at_checked(begin.len())?;
    first.eq_ignore_ascii_case(begin.as_bytes()).then_some(rest)
}

fn ends(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    rest.is_empty() || rest.starts_with(b";")
}

#[cfg(test)]
mod tests {
    use super::is_grpc;

    #[test]
    fn what_is_grpc_and_what_is_not() {
        for value in [
            "application/grpc",
            "application/grpc+proto",
            "application/grpc;x=y",
            "application/grpc+proto; charset=utf-8",
            "application/grpc ;x",
            "Application/GRPC+Proto",
        ] {
            assert!(is_grpc(value.as_bytes()), "{value}");
        }
        for value in [
            "",
            "application/grp",
            "application/grpc-web",
            "application/grpc-web+proto",
            "application/grpc+json",
            "application/grpc+",
            "application/grpc+protobuf",
            "application/grpcx",
            "text/plain",
        ] {
            assert!(!is_grpc(value.as_bytes()), "{value}");
        }
    }
}
