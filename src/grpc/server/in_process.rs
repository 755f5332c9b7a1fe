//! A server for this process alone. Whoever connects makes a pair of sockets and hands one end to the server, there and
//! then: nothing listens, and no thread accepts. From there on it is a connection as any other.

use super::super::client::{Channel, ChannelBuilder};
use super::{Core, ServerHandle, ShutdownReport};
use crate::Error;
use crate::net::{Local, PeerAddress};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// A server that runs, and that this process alone can reach: what tests of services and of their clients need.
/// Dropped, it ends as by a shutdown that nobody waits for.
///
/// ```
/// use bytes::Bytes;
/// use threadwire::grpc::{CallKind, MethodDescriptor, Request, Response, Server, ServiceDefinition};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let echo = |request: Request<Bytes>| Ok(Response::new(request.into_message()));
/// let server = Server::builder().add_service(ServiceDefinition::new("Echo").unary("Say", echo)).in_process()?;
/// let channel = server.channel()?; // for `GreeterClient::new(channel)`, say
/// let method = MethodDescriptor::new("/Echo/Say", CallKind::Unary);
/// let answer = channel.unary::<Bytes, Bytes>(&method, Bytes::from("hello").into())?;
/// assert_eq!(answer.message(), "hello");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a server that is dropped ends"]
pub struct InProcess {
    handle: ServerHandle,
    local: Local,
}

impl InProcess {
    pub(super) fn new(core: Arc<Core>) -> Self {
        let server = Arc::downgrade(&core);
        let local = Local::new(move |transport| {
            let running = server.upgrade().filter(|core| core.is_ours().is_ok() && !core.connections.is_stopping());
            let ended = || io::Error::new(io::ErrorKind::ConnectionRefused, "the server has been shut down");
            running.ok_or_else(ended)?.admit(transport, PeerAddress::InProcess);
            Ok(())
        });
        Self { handle: ServerHandle::new(core, None), local }
    }

    /// A channel to the server, on a connection of its own.
    ///
    /// # Errors
    /// [`Error::Connect`] if there are no more descriptors, threads or places.
    pub fn channel(&self) -> Result<Channel, Error> {
        self.channel_builder().connect()
    }

    /// The settings of a channel to the server.
    pub fn channel_builder(&self) -> ChannelBuilder {
        ChannelBuilder::local(self.local.clone())
    }

    /// How many connections there are now, those that begin or end included.
    pub fn connections(&self) -> usize {
        self.handle.connections()
    }

    /// Ends the server, as [`ServerHandle::shutdown`] does.
    pub fn shutdown(self, grace: Duration) -> ShutdownReport {
        self.handle.shutdown(grace)
    }
}
