//! WebSocket (RFC 6455), server and client: one blocking thread a connection.

mod close;
mod error;
mod handshake;
mod message;
pub mod protocol;

pub use close::{CloseCode, CloseFrame};
pub use error::Error;
pub use handshake::Origins;
pub use message::Message;
