//! Sockets and waiting, with no protocol in them: addresses, listening, connecting, one socket's bytes, waiting for
//! several descriptors at once, and being woken out of that.

pub(crate) mod observer;
pub(crate) mod socket;
pub(crate) mod wait;
pub(crate) mod waker;

pub use observer::{Direction, Observer};
pub use socket::{AnyStream, Socket, Transport};
pub use wait::Interest;
