//! What all handles of one connection share, and the operations that wait: each is one `Link::wait_until`, so the
//! thread that waits reads and writes for the connection meanwhile.
//!
//! Why no operation waits for ever: whatever it waits for (a message, room, a Pong, the end) is told through a waker
//! that was registered under the lock under which it was found missing; and the end of the connection, whoever causes
//! it, wakes all.

use super::engine::Engine;
use super::protocol::Protocol;
use super::shared::{Outgoing, Pushed, Shared};
use super::{CloseCode, CloseFrame, Error, Message};
use crate::link::{Attendant, Io, Link, Unready, lock};
use crate::net::PeerAddress;
use crate::{Limits, link};
use http::{Request, Response};
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::time::{Duration, Instant};

/// What the handshake settled.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) request: Request<()>,
    pub(super) response: Option<Response<()>>,
    pub(super) subprotocol: Option<String>,
    pub(super) peer: PeerAddress,
}

/// One connection after its handshake.
pub(super) struct Inner {
    link: Arc<Link<Engine>>,
    shared: Arc<Mutex<Shared>>,
    pub(super) settled: Settled,
}

/// A timeout that becomes a deadline when the operation begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Within {
    deadline: Option<Instant>,
    after: Duration,
}

impl Within {
    pub(super) const FOREVER: Self = Self { deadline: None, after: Duration::MAX };

    pub(super) fn timeout(after: Duration) -> Self {
        // A time that no clock can show is as good as none.
        Self { deadline: Instant::now().checked_add(after), after }
    }

    fn is_over(self, operation: &str) -> Error {
        crate::Error::TimedOut { operation: format!("{operation} on the WebSocket"), after: self.after }.into()
    }
}

impl Inner {
    /// Makes a connection of `io`. `rest`: what came behind the handshake.
    ///
    /// # Errors
    /// What the system says when it refuses a descriptor.
    pub(super) fn open(
        io: Io,
        attendant: &Arc<Attendant>,
        mut protocol: Protocol,
        rest: &[u8],
        limits: &Limits,
        settled: Settled,
    ) -> io::Result<Arc<Self>> {
        protocol.receive_data(rest);
        let shared = Arc::new(Mutex::new(Shared::new(limits.inbox_bytes, limits.outbox_bytes)));
        let queues = Arc::clone(&shared);
        let make = |parts: &link::Parts| Engine::new(parts, protocol, queues, limits);
        let link = Link::new(io, attendant, limits.close_timeout, make)?;
        Ok(Arc::new(Self { link, shared, settled }))
    }

    /// Sets the connection going.
    pub(super) fn begin(&self) {
        self.link.kick();
        self.link.entrust();
    }

    /// The next message or the end, if it has come.
    pub(super) fn try_receive(&self) -> Option<Result<Option<Message>, Error>> {
        let found = self.take(None);
        self.link.pump();
        found
    }

    pub(super) fn receive(&self, within: Within) -> Result<Option<Message>, Error> {
        if let Some(found) = self.try_receive() {
            return found;
        }
        let parker = self.link.parker();
        let waker = Waker::from(Arc::clone(&parker));
        match self.link.wait_until(&parker, within.deadline, || self.take(Some(&waker))) {
            Ok(found) => found,
            Err(Unready::TimedOut) => Err(within.is_over("receive")),
            Err(Unready::Closed) => Err(self.why_closed(Error::Aborted)),
        }
    }

    /// Registers `waker` if there is nothing.
    fn take(&self, waker: Option<&Waker>) -> Option<Result<Option<Message>, Error>> {
        let mut shared = lock(&self.shared);
        if let Some((message, run)) = shared.take() {
            if run {
                self.link.parts().wish.make();
            }
            return Some(Ok(Some(message)));
        }
        if let Some(ended) = shared.ended() {
            return Some(ended.outcome().map(|()| None));
        }
        if let Some(waker) = waker {
            shared.wake_receiver_with(waker);
        }
        None
    }

    /// Puts a message into the outbox, if there is room; else it comes back.
    pub(super) fn try_send(&self, message: Message, gathers: bool) -> Result<Option<Message>, Error> {
        let pushed = lock(&self.shared).push(Outgoing::Message(message), gathers);
        match pushed {
            Pushed::Now if self.link.kick() => {}
            Pushed::Now => return Err(other_process()),
            Pushed::Gathered { first: true } if self.link.is_ours() => self.link.remind(),
            Pushed::Gathered { first: true } => return Err(other_process()),
            Pushed::Gathered { first: false } => {}
            Pushed::Full(Outgoing::Message(message)) => return Ok(Some(message)),
            Pushed::Full(Outgoing::Ping(_)) | Pushed::Closed => return Err(Error::Closed),
        }
        Ok(None)
    }

    pub(super) fn send(&self, message: Message, gathers: bool, within: Within) -> Result<(), Error> {
        match self.try_send(message, gathers)? {
            None => Ok(()),
            Some(message) => self.push_within(Outgoing::Message(message), within, "send"),
        }
    }

    fn push_within(&self, outgoing: Outgoing, within: Within, operation: &str) -> Result<(), Error> {
        self.flush();
        let parker = self.link.parker();
        let waker = Waker::from(Arc::clone(&parker));
        let mut held = Some(outgoing);
        let pushed = self.link.wait_until(&parker, within.deadline, || {
            let mut shared = lock(&self.shared);
            match shared.push(held.take()?, false) {
                Pushed::Full(back) => {
                    held = Some(back);
                    shared.wake_also(&waker);
                    None
                }
                Pushed::Closed => Some(Err(Error::Closed)),
                Pushed::Now | Pushed::Gathered { .. } => {
                    self.link.parts().wish.make();
                    Some(Ok(()))
                }
            }
        });
        pushed.unwrap_or_else(|unready| Err(self.failure(unready, within, operation)))
    }

    /// Sends what was gathered.
    pub(super) fn flush(&self) {
        self.link.kick();
    }

    pub(super) fn ping(&self, timeout: Duration) -> Result<Duration, Error> {
        let within = Within::timeout(timeout);
        let begin = Instant::now();
        let number = lock(&self.shared).next_ping();
        self.push_within(Outgoing::Ping(number), within, "ping")?;
        self.wait("ping", within, |shared| {
            shared
                .has_pong(number)
                .then(|| Ok(begin.elapsed()))
                .or_else(|| shared.ended().map(|ended| Err(ended.outcome().err().unwrap_or(Error::Closed))))
        })
    }

    /// Asks for the end.
    ///
    /// # Errors
    /// [`Error::CloseCode`]; that it is another process's.
    pub(super) fn start_close(&self, frame: CloseFrame) -> Result<(), Error> {
        if !frame.code.may_be_sent() && frame.code != CloseCode::NO_CODE {
            return Err(Error::CloseCode(frame.code));
        }
        lock(&self.shared).close(frame);
        if !self.link.kick() {
            return Err(other_process());
        }
        self.link.entrust();
        Ok(())
    }

    pub(super) fn close(&self, frame: CloseFrame, within: Within) -> Result<(), Error> {
        self.start_close(frame)?;
        self.wait("close", within, |shared| match shared.ended()?.outcome() {
            Err(Error::ClosedByPeer(_)) => Some(Ok(())),
            outcome => Some(outcome),
        })
    }

    fn wait<T>(
        &self,
        operation: &str,
        within: Within,
        mut look: impl FnMut(&Shared) -> Option<Result<T, Error>>,
    ) -> Result<T, Error> {
        let parker = self.link.parker();
        let waker = Waker::from(Arc::clone(&parker));
        let found = self.link.wait_until(&parker, within.deadline, || {
            let mut shared = lock(&self.shared);
            let found = look(&shared);
            if found.is_none() {
                shared.wake_also(&waker);
            }
            found
        });
        found.unwrap_or_else(|unready| Err(self.failure(unready, within, operation)))
    }

    /// The Close frame of the peer, once it has come.
    pub(super) fn peer_close(&self) -> Option<CloseFrame> {
        lock(&self.shared).peer_close.clone()
    }

    /// Nobody receives any more: throws messages away from now on, and asks for the end. Never blocks.
    pub(super) fn abandon(&self, frame: CloseFrame) {
        {
            let mut shared = lock(&self.shared);
            shared.turn_deaf();
            shared.close(frame);
        }
        self.link.kick();
        self.link.entrust();
    }

    /// Drives the connection until its socket is closed. The engine and the Link bound that in time.
    pub(super) fn drive_to_close(&self) {
        self.link.drive_to_close(None);
    }

    fn failure(&self, unready: Unready, within: Within, operation: &str) -> Error {
        match unready {
            Unready::TimedOut => within.is_over(operation),
            Unready::Closed => self.why_closed(Error::Closed),
        }
    }

    fn why_closed(&self, otherwise: Error) -> Error {
        if self.link.is_ours() { otherwise } else { other_process() }
    }

    /// Cuts the connection off, without a word. Never blocks.
    pub(super) fn abort(&self) {
        let error = io::Error::new(io::ErrorKind::ConnectionAborted, "cut off by this side");
        lock(&self.link.parts().io).fail(&error);
        self.link.kick();
        self.link.entrust();
    }
}

fn other_process() -> Error {
    crate::Error::OtherProcess { what: "WebSocket" }.into()
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("link", &self.link).field("settled", &self.settled).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Inner, Settled, Within};
    use crate::link::{Attendant, Io};
    use crate::net::{PeerAddress, Socket, Transport};
    use crate::websocket::protocol::{Protocol, Role};
    use crate::websocket::{Error, Message};
    use crate::{Limits, Threads};
    use http::Request;
    use std::collections::VecDeque;
    use std::io::{self, ErrorKind};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;
    use std::time::Duration;

    /// A peer that takes nothing, and at the second attempt speaks and goes.
    #[derive(Debug)]
    struct Going {
        socket: Socket<UnixStream>,
        writes: usize,
        words: VecDeque<u8>,
    }

    impl Transport for Going {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.writes < 2 {
                return Err(ErrorKind::WouldBlock.into());
            }
            io::Read::read(&mut self.words, buffer)
        }

        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.writes += 1;
            Err(if self.writes < 2 { ErrorKind::WouldBlock } else { ErrorKind::BrokenPipe }.into())
        }

        fn shutdown_write(&mut self) -> io::Result<()> {
            Ok(())
        }

        fn descriptor(&self) -> Arc<dyn AsFd + Send + Sync> {
            self.socket.descriptor()
        }
    }

    #[test]
    fn the_last_words_of_a_peer_that_is_gone_are_received() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let words = b"\x81\x03why\x88\x02\x0f\xa0".iter().copied().collect();
        let going = Going { socket: Socket::new(ours), writes: 0, words };
        // Full after one message, so that the next is what finds the peer gone.
        let io = Io::new(Box::new(going), 1, Duration::from_secs(30));
        let attendant = Attendant::new(&Threads::new()).unwrap();
        let limits = Limits::default();
        let settled =
            Settled { request: Request::new(()), response: None, subprotocol: None, peer: PeerAddress::Unknown };
        let inner = Inner::open(io, &attendant, Protocol::new(Role::Client, &limits), b"", &limits, settled).unwrap();
        inner.try_send(Message::from("taken"), false).unwrap();
        inner.try_send(Message::from("too late"), false).unwrap();
        assert_eq!(inner.receive(Within::FOREVER).unwrap(), Some(Message::from("why")));
        let end = inner.receive(Within::FOREVER);
        assert!(matches!(&end, Err(Error::ClosedByPeer(frame)) if frame.code.0 == 4000), "{end:?}");
    }
}
