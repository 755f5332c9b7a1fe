//! What an encoding does: a pair of functions, from bytes to bytes.

use super::encoding::Encoding;

/// The two directions of an encoding.
pub(super) struct Codec {
    /// Appends the message, compressed, within the capacity that there is. False: it does not fit.
    pub(super) compress: fn(&[u8], &mut Vec<u8>) -> bool,
    /// What the bytes are, if that is no more than the limit.
    pub(super) decompress: fn(&[u8], usize) -> Result<Vec<u8>, Wrong>,
}

impl Codec {
    /// None for `identity`.
    pub(super) const fn of(encoding: Encoding) -> Option<&'static Self> {
        match encoding {
            Encoding::Identity => None,
            #[cfg(feature = "gzip")]
            Encoding::Gzip => Some(&super::deflate::GZIP),
            #[cfg(feature = "gzip")]
            Encoding::Deflate => Some(&super::deflate::ZLIB),
            #[cfg(feature = "zstd")]
            Encoding::Zstd => Some(&super::zstd::ZSTD),
        }
    }
}

/// Why compressed bytes cannot be unpacked.
#[derive(Debug)]
#[cfg_attr(not(any(feature = "gzip", feature = "zstd")), expect(dead_code, reason = "there is no encoding"))]
pub(super) enum Wrong {
    /// There is more in them than is allowed.
    TooLarge,
    /// What is wrong with them.
    Broken(String),
}

impl From<&str> for Wrong {
    fn from(what: &str) -> Self {
        Self::Broken(what.to_owned())
    }
}
