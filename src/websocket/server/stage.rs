//! What a connection's thread is at, and how another thread ends the connection then.

use super::super::inner::Inner;
use super::super::{CloseCode, CloseFrame};
use rustix::net::Shutdown;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::{Arc, Weak};

#[derive(Clone)]
pub(super) struct Stage {
    peer: SocketAddr,
    at: At,
}

#[derive(Clone)]
enum At {
    /// Its thread sleeps on the descriptor alone.
    Handshake(Weak<dyn AsFd + Send + Sync>),
    Handler(Weak<Inner>),
    /// The handler has returned; the close is on its way.
    Closing(Weak<Inner>),
}

impl Stage {
    pub(super) fn handshake(peer: SocketAddr, descriptor: &Arc<dyn AsFd + Send + Sync>) -> Self {
        Self { peer, at: At::Handshake(Arc::downgrade(descriptor)) }
    }

    pub(super) fn handler(peer: SocketAddr, inner: &Arc<Inner>) -> Self {
        Self { peer, at: At::Handler(Arc::downgrade(inner)) }
    }

    pub(super) fn closing(peer: SocketAddr, inner: &Arc<Inner>) -> Self {
        Self { peer, at: At::Closing(Arc::downgrade(inner)) }
    }

    /// The peer, if its handler has not returned.
    pub(super) fn in_handler(&self) -> Option<SocketAddr> {
        matches!(self.at, At::Handler(_)).then_some(self.peer)
    }

    /// Asks the connection to end: 1001, or cut off if it is no WebSocket yet.
    pub(super) fn stop(&self) {
        self.end(|inner| {
            // The code may be sent.
            let _ = inner.start_close(CloseFrame::new(CloseCode::GOING_AWAY, ""));
        });
    }

    /// Cuts the connection off.
    pub(super) fn abort(&self) {
        self.end(Inner::abort);
    }

    fn end(&self, open: impl FnOnce(&Inner)) {
        match &self.at {
            At::Handshake(descriptor) => {
                if let Some(descriptor) = descriptor.upgrade() {
                    // One that is gone already has nothing to be shut.
                    let _ = rustix::net::shutdown(&*descriptor, Shutdown::Both);
                }
            }
            At::Handler(inner) | At::Closing(inner) => {
                if let Some(inner) = inner.upgrade() {
                    open(&inner);
                }
            }
        }
    }
}
