//! One connection on its thread, from its first byte to its last: handshake, handler, orderly end.

use super::super::exchange::{Cut, exchange};
use super::super::handshake::Refusal;
use super::super::handshake::server::ServerHandshake;
use super::super::inner::{Inner, Settled};
use super::super::protocol::{Protocol, Role};
use super::super::{CloseCode, CloseFrame, Connection};
use super::stage::Stage;
use super::{Core, HandlerResult};
use crate::link::{Io, farewell};
use crate::net::{PeerAddress, wait};
use crate::threads::{Place, discard};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

impl Core {
    pub(super) fn converse(
        &self,
        io: Io,
        peer: SocketAddr,
        place: &Place<Stage>,
        handler: &impl Fn(Connection) -> HandlerResult,
    ) {
        let Some(inner) = self.shake_hands(io, peer) else { return };
        // Before the peer is told, so that none that knows itself connected is cut off without a word.
        let stage = Stage::handler(peer, &inner);
        if place.change(stage.clone()) {
            stage.stop();
        }
        inner.begin();
        let connection = Connection::new(Arc::clone(&inner), false);
        let code = match catch_unwind(AssertUnwindSafe(|| handler(connection))) {
            Ok(Ok(())) => CloseCode::NORMAL,
            Ok(Err(error)) => {
                log::debug!(target: "threadwire::websocket", "the handler of {peer} failed: {error}");
                CloseCode::INTERNAL_ERROR
            }
            Err(payload) => {
                discard(payload);
                log::error!(target: "threadwire::websocket", "the handler of {peer} panicked");
                CloseCode::INTERNAL_ERROR
            }
        };
        place.change(Stage::closing(peer, &inner));
        inner.abandon(CloseFrame::new(code, ""));
        inner.drive_to_close();
    }

    fn shake_hands(&self, mut io: Io, peer: SocketAddr) -> Option<Arc<Inner>> {
        let deadline = wait::deadline(Instant::now(), self.limits.handshake_timeout);
        let mut handshake = ServerHandshake::new(self.rules.clone(), self.limits.request_head_bytes);
        let outcome = exchange(&mut io, deadline, |bytes, _ended| match handshake.receive(bytes) {
            Ok(None) => None,
            Ok(Some(accepted)) => {
                let used = accepted.head_bytes;
                Some((Ok(accepted), used))
            }
            Err(refusal) => Some((Err(refusal), 0)),
        });
        let (accepted, rest) = match outcome {
            Ok((Ok(accepted), rest)) => (accepted, rest),
            Ok((Err(refusal), _)) => return self.turn_away(io, &refusal),
            Err(Cut::TimedOut) => return self.turn_away(io, &Refusal::TimedOut),
            Err(Cut::Io(error)) => {
                log::debug!(target: "threadwire::websocket", "{peer} left during the handshake: {error}");
                return None;
            }
        };
        io.gather(&accepted.answer, Instant::now).ok()?;
        let settled = Settled {
            request: accepted.request,
            response: None,
            subprotocol: accepted.subprotocol,
            peer: PeerAddress::Tcp(peer),
        };
        let protocol = Protocol::new(Role::Server, &self.limits);
        Inner::open(io, &self.attendant, protocol, &rest, &self.limits, settled)
            .inspect_err(|error| log::debug!(target: "threadwire::websocket", "a connection is cut off: {error}"))
            .ok()
    }

    fn turn_away(&self, io: Io, refusal: &Refusal) -> Option<Arc<Inner>> {
        log::debug!(target: "threadwire::websocket", "a request is refused: {}", refusal.status());
        farewell(io, &self.attendant, self.limits.close_timeout, &refusal.answer());
        None
    }
}
