//! The handles of one connection: [`Connection`], and its halves [`Receiver`] and [`Sender`].

use super::inner::{Inner, Within};
use super::shared::normal;
use super::{CloseCode, CloseFrame, Error, Message};
use crate::net::PeerAddress;
use http::{Request, Response};
use std::sync::Arc;
use std::time::Duration;

/// One WebSocket, on either side.
///
/// All calls block the calling thread alone; while it waits, it reads and writes for the connection. While no thread
/// waits, the server's or client's attendant thread answers Pings and delivers what other threads send.
///
/// Messages leave at once, with one exception: while received messages wait to be handed out, what is sent here
/// gathers, and leaves when the last of them has been handed out, at 64 KiB, with the first one sent after 200 µs, else
/// a few milliseconds later, or on [`Connection::flush`].
///
/// A client's connection that is dropped is closed with 1000, without blocking. A server's lasts until its handler
/// returns.
///
/// In a process that was forked from the one that made it, operations fail with [`crate::Error::OtherProcess`] inside
/// [`Error::Local`] (what had been received before can still be taken), and nothing that is done there, its drop
/// included, touches the connection, which is the parent's.
///
/// ```no_run
/// let mut socket = threadwire::websocket::connect("ws://localhost:8765/")?;
/// socket.send("Hello")?;
/// if let Some(message) = socket.receive()? {
///     println!("{}", message.to_text()?);
/// }
/// socket.close(1000, "")?;
/// # Ok::<(), threadwire::websocket::Error>(())
/// ```
#[derive(Debug)]
pub struct Connection {
    receiver: Receiver,
}

impl Connection {
    pub(super) fn new(inner: Arc<Inner>, closes: bool) -> Self {
        Self { receiver: Receiver { inner, closes } }
    }

    fn inner(&self) -> &Inner {
        &self.receiver.inner
    }

    /// The next message; nothing after a clean close (1000, 1001 or no code by the peer, or our own close, answered).
    ///
    /// # Errors
    /// [`Error::ClosedByPeer`] with another code, [`Error::Aborted`], [`Error::Protocol`], [`Error::TooBig`], or a
    /// failure of the network; each after all messages that came before.
    pub fn receive(&mut self) -> Result<Option<Message>, Error> {
        self.receiver.receive()
    }

    /// [`Connection::receive`] for at most `timeout`.
    ///
    /// # Errors
    /// Those of `receive`; [`crate::Error::TimedOut`] inside [`Error::Local`].
    pub fn receive_timeout(&mut self, timeout: Duration) -> Result<Option<Message>, Error> {
        self.receiver.receive_timeout(timeout)
    }

    /// What [`Connection::receive`] would answer now, or nothing if it would wait.
    ///
    /// # Errors
    /// Those of `receive`.
    pub fn try_receive(&mut self) -> Result<Option<Option<Message>>, Error> {
        self.receiver.try_receive()
    }

    /// Sends a message. It waits while the outbox is full.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn send(&self, message: impl Into<Message>) -> Result<(), Error> {
        self.inner().send(message.into(), true, Within::FOREVER)
    }

    /// [`Connection::send`] that waits for at most `timeout`. After an error the message has not been sent.
    ///
    /// # Errors
    /// [`Error::Closed`]; [`crate::Error::TimedOut`] inside [`Error::Local`].
    pub fn send_timeout(&self, message: impl Into<Message>, timeout: Duration) -> Result<(), Error> {
        self.inner().send(message.into(), true, Within::timeout(timeout))
    }

    /// Sends a message if the outbox has room; else it comes back.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn try_send(&self, message: impl Into<Message>) -> Result<Option<Message>, Error> {
        self.inner().try_send(message.into(), true)
    }

    /// Lets gathered messages leave now. It does not wait.
    pub fn flush(&self) {
        self.inner().flush();
    }

    /// Sends a Ping and waits for its Pong; answers how long that took. (The Pong stands behind the peer's messages: if
    /// they fill the inbox, it cannot be seen.)
    ///
    /// # Errors
    /// [`crate::Error::TimedOut`] inside [`Error::Local`]; how the connection ended, if it did.
    pub fn ping(&self, timeout: Duration) -> Result<Duration, Error> {
        self.inner().ping(timeout)
    }

    /// Closes the connection, after all that was sent, and waits for the peer's answer, at most for
    /// [`crate::Limits::close_timeout`]. What the peer sent before can still be received as far as the inbox held it.
    ///
    /// # Errors
    /// [`Error::CloseCode`] if the code may not be sent; [`Error::Aborted`], or how else the connection ended, if there
    /// was no answer.
    pub fn close(&mut self, code: impl Into<CloseCode>, reason: &str) -> Result<(), Error> {
        // The engine ends it when its time is over, and everyone who waits learns the same of it.
        self.inner().close(CloseFrame::new(code, reason), Within::FOREVER)
    }

    /// [`Connection::close`] that waits for at most `timeout`.
    ///
    /// # Errors
    /// Those of `close`; [`crate::Error::TimedOut`] inside [`Error::Local`].
    pub fn close_timeout(&mut self, code: impl Into<CloseCode>, reason: &str, timeout: Duration) -> Result<(), Error> {
        self.inner().close(CloseFrame::new(code, reason), Within::timeout(timeout))
    }

    /// A sender for other threads. It does not keep the connection open.
    pub fn sender(&self) -> Sender {
        Sender { inner: Arc::clone(&self.receiver.inner) }
    }

    /// The two halves, for two threads.
    pub fn split(self) -> (Receiver, Sender) {
        let sender = self.sender();
        (self.receiver, sender)
    }

    /// The Close frame that the peer sent, if it did.
    pub fn close_frame(&self) -> Option<CloseFrame> {
        self.inner().peer_close()
    }

    /// The request of the handshake: path, query and headers; on a client, as it was sent.
    pub fn request(&self) -> &Request<()> {
        &self.inner().settled.request
    }

    /// The server's answer to the handshake; only on a client.
    pub fn response(&self) -> Option<&Response<()>> {
        self.inner().settled.response.as_ref()
    }

    /// The subprotocol that both sides agreed on.
    pub fn subprotocol(&self) -> Option<&str> {
        self.inner().settled.subprotocol.as_deref()
    }

    /// Whom this connection leads to.
    pub fn peer(&self) -> &PeerAddress {
        &self.inner().settled.peer
    }
}

/// The half that receives. The connection lasts as long as it (on a server: until the handler returns).
#[derive(Debug)]
pub struct Receiver {
    inner: Arc<Inner>,
    /// Dropping this ends the connection.
    closes: bool,
}

impl Receiver {
    /// See [`Connection::receive`].
    ///
    /// # Errors
    /// Those.
    pub fn receive(&mut self) -> Result<Option<Message>, Error> {
        self.inner.receive(Within::FOREVER)
    }

    /// See [`Connection::receive_timeout`].
    ///
    /// # Errors
    /// Those.
    pub fn receive_timeout(&mut self, timeout: Duration) -> Result<Option<Message>, Error> {
        self.inner.receive(Within::timeout(timeout))
    }

    /// See [`Connection::try_receive`].
    ///
    /// # Errors
    /// Those.
    pub fn try_receive(&mut self) -> Result<Option<Option<Message>>, Error> {
        self.inner.try_receive().transpose()
    }

    /// The Close frame that the peer sent, if it did.
    pub fn close_frame(&self) -> Option<CloseFrame> {
        self.inner.peer_close()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if self.closes {
            self.inner.abandon(normal());
        }
    }
}

/// Sends on one connection, from any thread. Each message leaves at once, by the thread that sends it or the one that
/// is just writing; the messages of one sender stay in order.
#[derive(Debug, Clone)]
pub struct Sender {
    inner: Arc<Inner>,
}

impl Sender {
    /// See [`Connection::send`].
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn send(&self, message: impl Into<Message>) -> Result<(), Error> {
        self.inner.send(message.into(), false, Within::FOREVER)
    }

    /// See [`Connection::send_timeout`].
    ///
    /// # Errors
    /// Those.
    pub fn send_timeout(&self, message: impl Into<Message>, timeout: Duration) -> Result<(), Error> {
        self.inner.send(message.into(), false, Within::timeout(timeout))
    }

    /// See [`Connection::try_send`].
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn try_send(&self, message: impl Into<Message>) -> Result<Option<Message>, Error> {
        self.inner.try_send(message.into(), false)
    }

    /// See [`Connection::ping`].
    ///
    /// # Errors
    /// Those.
    pub fn ping(&self, timeout: Duration) -> Result<Duration, Error> {
        self.inner.ping(timeout)
    }

    /// Asks for the end of the connection, after all that was sent. It does not wait; a thread in `receive` learns of
    /// the end when the peer has answered.
    ///
    /// # Errors
    /// [`Error::CloseCode`] if the code may not be sent.
    pub fn start_close(&self, code: impl Into<CloseCode>, reason: &str) -> Result<(), Error> {
        self.inner.start_close(CloseFrame::new(code, reason))
    }
}
