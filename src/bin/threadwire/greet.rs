//! `threadwire greet`: one call of a Greeter.

use crate::args;
use crate::failure::{Failure, Peer};
use crate::output;
use crate::proto::{GreeterClient, HelloRequest};
use crate::trace::Trace;
use std::sync::Arc;
use threadwire::grpc::{Channel, Request, Status};
use threadwire::{Error, Limits};

pub(crate) fn run(greet: &args::Greet) -> Result<(), Failure> {
    let trace = greet.trace.then(|| Trace::on_stderr(""));
    let called = call(greet, trace.as_ref());
    if let Some(trace) = trace {
        trace.wait_for_end();
    }
    called
}

/// Calls SayHello and prints the answer.
pub(crate) fn call(greet: &args::Greet, trace: Option<&Arc<Trace>>) -> Result<(), Failure> {
    let peer = Peer { kind: "a gRPC server", address: &greet.target, option: "--target", timeout: greet.timeout };
    let failed = |status: &Status| peer.call_failed(status);
    let channel = channel(greet, trace).map_err(|error| failed(&Status::unavailable("").with_source(error)))?;
    let request = HelloRequest { name: greet.name.clone(), ..Default::default() };
    let request = Request::new(request).with_timeout(greet.timeout);
    let reply = GreeterClient::new(channel).say_hello(request).map_err(|status| failed(&status))?;
    output::line(format_args!("Greeter client received: {}", reply.message().message))
}

/// The channel connects with the call, so that the call's timeout covers both.
fn channel(greet: &args::Greet, trace: Option<&Arc<Trace>>) -> Result<Channel, Error> {
    let mut limits = Limits::default();
    // The one bound is the call's; these come later.
    limits.connect_timeout = greet.timeout * 2;
    limits.handshake_timeout = greet.timeout * 2;
    let mut builder = Channel::builder(&greet.target).limits(limits);
    if let Some(trace) = trace {
        builder = builder.observer(Arc::<Trace>::clone(trace));
    }
    builder.connect_lazy()
}
