//! The two servers of `serve` and `demo`: the WebSocket echo and the Greeter.

use crate::failure::Failure;
use crate::output;
use crate::proto::{Greeter, GreeterServer, HelloReply, HelloRequest};
use crate::trace::Trace;
use std::net::SocketAddr;
use std::time::Duration;
use threadwire::Threads;
use threadwire::grpc::{self, Request, Response, Status};
use threadwire::websocket::{self, Connection, HandlerResult, Message, Origins};

/// Where the servers listen, and what they show.
#[derive(Debug)]
pub(crate) struct Settings<'a> {
    pub(crate) websocket: &'a str,
    pub(crate) grpc: &'a str,
    pub(crate) workers: usize,
    /// Whether the line for each message is left out.
    pub(crate) quiet: bool,
    pub(crate) trace: bool,
}

/// Both servers, while they run.
#[derive(Debug)]
pub(crate) struct Servers {
    websocket: websocket::ServerHandle,
    grpc: grpc::ServerHandle,
}

impl Servers {
    /// Listens for both and serves, or does neither.
    pub(crate) fn start(settings: &Settings<'_>) -> Result<Self, Failure> {
        let mut websocket = websocket::Server::builder().origins(Origins::Any);
        let mut grpc = grpc::Server::builder().workers(settings.workers).add_service(GreeterServer::new(Greetings));
        if settings.trace {
            websocket = websocket.observer(Trace::on_stderr("ws "));
            grpc = grpc.observer(Trace::on_stderr("grpc "));
        }
        let websocket = websocket.bind(settings.websocket).map_err(|error| websocket_failed(&error))?;
        let grpc = grpc.bind(settings.grpc).map_err(|error| Failure::listen(&error, "--grpc"))?;
        let quiet = settings.quiet;
        let websocket = websocket
            .spawn(move |socket| answer(socket, quiet))
            .map_err(|error| Failure::refused(error.to_string()))?;
        let grpc = grpc.spawn().map_err(|error| Failure::refused(error.to_string()))?;
        Ok(Self { websocket, grpc })
    }

    pub(crate) fn websocket_addresses(&self) -> Vec<SocketAddr> {
        self.websocket.local_addresses()
    }

    pub(crate) fn grpc_addresses(&self) -> Vec<SocketAddr> {
        self.grpc.local_addresses()
    }

    /// Ends both at the same time; what is open has `grace` for its end.
    pub(crate) fn shutdown(self, grace: Duration) -> (websocket::ShutdownReport, grpc::ShutdownReport) {
        let Self { websocket, grpc } = self;
        // Without a thread for it nobody waits for it, but dropping the handle has ended it.
        let websocket = Threads::new().spawn("shutdown", move || websocket.shutdown(grace));
        let grpc = grpc.shutdown(grace);
        (websocket.ok().and_then(|thread| thread.join().ok()).unwrap_or_default(), grpc)
    }
}

fn websocket_failed(error: &websocket::Error) -> Failure {
    match error {
        websocket::Error::Local(error) => Failure::listen(error, "--ws"),
        error => Failure::refused(error.to_string()),
    }
}

/// A text is printed and answered, bytes come back as they are.
fn answer(mut socket: Connection, quiet: bool) -> HandlerResult {
    while let Some(message) = socket.receive()? {
        match message {
            Message::Text(text) => {
                if !quiet {
                    output::line(format_args!("Получено сообщение: {text}")).inspect_err(Failure::show)?;
                }
                socket.send(format!("Ответ: {text}"))?;
            }
            binary => socket.send(binary)?,
        }
    }
    Ok(())
}

/// The Greeter of the classic example.
#[derive(Debug)]
struct Greetings;

impl Greeter for Greetings {
    fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let message = format!("Hello, {}!", request.message().name);
        Ok(HelloReply { message, ..Default::default() }.into())
    }
}
