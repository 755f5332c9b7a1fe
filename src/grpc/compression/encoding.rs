//! The encodings there are, and the header fields that name them.

use http::header::{HeaderMap, HeaderName, HeaderValue};

pub(in crate::grpc) const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
pub(in crate::grpc) const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// The encodings that this side reads, as `grpc-accept-encoding` lists them.
pub(in crate::grpc) const ACCEPTED: &str = match (cfg!(feature = "gzip"), cfg!(feature = "zstd")) {
    (false, false) => "identity",
    (true, false) => "identity,deflate,gzip",
    (false, true) => "identity,zstd",
    (true, true) => "identity,deflate,gzip,zstd",
};

/// How messages are compressed (gRPC's compression.md). All that are compiled in are also read.
///
/// A side never uses an encoding that its peer does not list: a server sends its messages as they are then. A client
/// does not know beforehand what its server lists; one that does not know the encoding answers UNIMPLEMENTED.
///
/// Compressing secrets together with what an attacker can choose may give them away by the length (CRIME, BREACH): such
/// messages are sent as they are, see [`Request::uncompressed`](super::super::Request::uncompressed) and the sinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Encoding {
    /// As they are.
    #[default]
    Identity,
    /// `gzip` (RFC 1952), at the level that is fastest; with the feature `gzip`.
    #[cfg(feature = "gzip")]
    Gzip,
    /// `deflate`, by which HTTP means the format zlib (RFC 1950), at the level that is fastest; with the feature
    /// `gzip`.
    #[cfg(feature = "gzip")]
    Deflate,
    /// `zstd` (RFC 8878), at the level that is fastest; with the feature `zstd`. Few other implementations of gRPC know
    /// it.
    #[cfg(feature = "zstd")]
    Zstd,
}

impl Encoding {
    /// All that are compiled in.
    pub const ALL: &'static [Self] = &[
        Self::Identity,
        #[cfg(feature = "gzip")]
        Self::Deflate,
        #[cfg(feature = "gzip")]
        Self::Gzip,
        #[cfg(feature = "zstd")]
        Self::Zstd,
    ];

    /// The name on the wire, such as `gzip`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            #[cfg(feature = "gzip")]
            Self::Gzip => "gzip",
            #[cfg(feature = "gzip")]
            Self::Deflate => "deflate",
            #[cfg(feature = "zstd")]
            Self::Zstd => "zstd",
        }
    }

    fn of_name(name: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|encoding| encoding.name().as_bytes() == name)
    }

    /// How many fields [`Encoding::put_into`] adds.
    pub(in crate::grpc) fn fields(self) -> usize {
        usize::from(self != Self::Identity)
    }

    /// Puts its name into the head of a half whose messages it compresses.
    pub(in crate::grpc) fn put_into(self, headers: &mut HeaderMap) {
        if self != Self::Identity {
            headers.insert(GRPC_ENCODING, HeaderValue::from_static(self.name()));
        }
    }
}

/// What the head of the peer's half says that its messages are compressed with.
///
/// # Errors
/// Its name, if it is none that is compiled in.
pub(in crate::grpc) fn of_peer(headers: &HeaderMap) -> Result<Encoding, &HeaderValue> {
    let Some(name) = headers.get(GRPC_ENCODING) else { return Ok(Encoding::Identity) };
    Encoding::of_name(name.as_bytes()).ok_or(name)
}

/// A set of encodings; `identity` is always in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::grpc) struct Encodings(u8);

impl Encodings {
    /// Those that the head of a request says its client reads. Names that are none of ours are passed over.
    pub(in crate::grpc) fn accepted(headers: &HeaderMap) -> Self {
        let fields = headers.get_all(GRPC_ACCEPT_ENCODING);
        // Of our own clients.
        if fields.iter().next().is_some_and(|field| field == ACCEPTED) {
            return Self::all();
        }
        let names = fields.iter().flat_map(|field| field.as_bytes().split(|byte| *byte == b','));
        Self(names.filter_map(|name| Encoding::of_name(name.trim_ascii())).fold(0, |set, one| set | bit(one)))
    }

    /// All that are compiled in.
    pub(in crate::grpc) fn all() -> Self {
        Self(Encoding::ALL.iter().fold(0, |set, one| set | bit(*one)))
    }

    pub(in crate::grpc) fn contains(self, encoding: Encoding) -> bool {
        encoding == Encoding::Identity || self.0 & bit(encoding) != 0
    }
}

const fn bit(encoding: Encoding) -> u8 {
    1 << encoding as u8
}
