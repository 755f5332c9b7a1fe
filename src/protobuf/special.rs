//! Which types have forms of their own in JSON and text: <https://protobuf.dev/programming-guides/json/>.
//!
//! They are known by their full names, whatever Rust types were generated for them.

/// Holds a message of any type: its URL in field 1, its bytes in field 2.
pub(super) const ANY: &str = "google.protobuf.Any";

/// The enum whose one value is JSON's `null`.
#[cfg(feature = "json")]
pub(super) const NULL_VALUE: &str = "google.protobuf.NullValue";

/// The message that holds any JSON.
#[cfg(feature = "json")]
pub(super) const VALUE: &str = "google.protobuf.Value";

/// A message that is no ordinary object in JSON.
#[cfg(feature = "json")]
#[derive(Debug, Clone, Copy)]
pub(super) enum Special {
    Any,
    Timestamp,
    Duration,
    FieldMask,
    Struct,
    Value,
    ListValue,
    /// A message around one scalar, its field 1.
    Wrapper,
}

#[cfg(feature = "json")]
impl Special {
    pub(super) fn of(full_name: &str) -> Option<Self> {
        Some(match full_name.strip_prefix("google.protobuf.")? {
            "Any" => Self::Any,
            "Timestamp" => Self::Timestamp,
            "Duration" => Self::Duration,
            "FieldMask" => Self::FieldMask,
            "Struct" => Self::Struct,
            "Value" => Self::Value,
            "ListValue" => Self::ListValue,
            "DoubleValue" | "FloatValue" | "Int64Value" | "UInt64Value" | "Int32Value" | "UInt32Value" => Self::Wrapper,
            "BoolValue" | "StringValue" | "BytesValue" => Self::Wrapper,
            _ => return None,
        })
    }
}

/// Whether a field could be called that, as the paths of a `FieldMask` call them.
#[cfg(feature = "json")]
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
