//! What whoever reads for a connection does besides, such as looking after a server's calls.

use std::time::Instant;

/// Work of a connection that must be done although no thread of its own is there to do it. It runs no user code, and
/// it never blocks: the attendant does it, too.
pub(crate) trait Duty: Send + Sync {
    /// Does what there is to do; answers when it wants to be called at the latest. It makes itself heard through
    /// wakers of a `Parker` that it got of `Link::reader_parker`.
    fn attend(&self) -> Option<Instant>;
}
