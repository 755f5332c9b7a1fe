//! Strings and bytes, of the message's own or in a buffer that it shares.

use super::{Element, Scalar, WireType};
use crate::protobuf::decode::Decoder;
use crate::protobuf::encode::{Encoder, Sizes};
use crate::protobuf::text::Text;
use crate::protobuf::{DecodeError, SharedString};

/// Bytes behind a length prefix: `$read` makes the value from the decoder, over what is there.
macro_rules! delimited {
    ($($(#[$doc:meta])* $name:ident: $value:ty, $is_text:literal, $write:ident, $read:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Element for $name {
            type Value = $value;
            const WIRE_TYPE: WireType = WireType::Len;

            #[inline]
            fn merge(value: &mut $value, decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
                $read(value, decoder)
            }

            #[inline]
            fn measure(value: &$value, sizes: &mut Sizes) {
                sizes.add_prefixed(value.len());
            }

            #[inline]
            fn write(value: &$value, encoder: &mut Encoder) {
                encoder.put(|writer| writer.$write(value));
            }

            fn print(value: &$value, name: &'static str, text: &mut Text) {
                text.quoted(name, value.as_ref(), $is_text);
            }
        }

        impl Scalar for $name {
            #[inline]
            fn is_default(value: &$value) -> bool {
                value.is_empty()
            }
        }
    )*};
}

delimited! {
    /// `string`
    Str: String, true, write_string, |value: &mut String, decoder: &mut Decoder<'_>| {
        let string = decoder.string()?;
        if value.capacity() == 0 {
            // Cheaper than to let it grow.
            *value = string.to_owned();
        } else {
            string.clone_into(value);
        }
        Ok(())
    };
    /// `bytes`
    Bytes: Vec<u8>, false, write_bytes, |value: &mut Vec<u8>, decoder: &mut Decoder<'_>| {
        let payload = decoder.payload()?;
        if value.capacity() == 0 {
            *value = payload.to_owned();
        } else {
            payload.clone_into(value);
        }
        Ok(())
    };
    /// `string` in a buffer that is shared.
    SharedStr: SharedString, true, write_string, |value: &mut SharedString, decoder: &mut Decoder<'_>| {
        *value = decoder.shared_string()?;
        Ok(())
    };
    /// `bytes` in a buffer that is shared.
    SharedBytes: bytes::Bytes, false, write_bytes, |value: &mut bytes::Bytes, decoder: &mut Decoder<'_>| {
        *value = decoder.shared_payload()?;
        Ok(())
    };
}
