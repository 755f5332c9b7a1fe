//! tonic's gRPC client: `tonic-grpc-client MODE ADDRESS SECONDS`, by the modes in `run`.

mod proto {
    tonic::include_proto!("bench");
}
#[path = "../../../runtime.rs"]
mod runtime;

use harness::{Arguments, Calls, Flow, NAME, Outcome, SLOW_NAME, Window};
use proto::flow_client::FlowClient;
use proto::greeter_client::GreeterClient;
use proto::{Chunk, HelloRequest, Order};
use std::future::pending;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread;
use tokio::runtime::{Handle, Runtime};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::transport::{Channel, Endpoint};

type Error = Box<dyn std::error::Error + Send + Sync>;
/// As in the examples of its documentation.
const CHANNEL: usize = 128;

type Client = GreeterClient<Channel>;

fn main() -> ExitCode {
    harness::fail(run())
}

fn run() -> Outcome {
    let Arguments { mode, address, time } = Arguments::read()?;
    let (work, name) = mode.split_once('@').ok_or("expected a mode WORK@RUNTIME")?;
    let runtime = runtime::build(name)?;
    let channel = runtime.block_on(connect(&address))?;
    let client = GreeterClient::new(channel.clone());
    let window = Window::new(time);
    let callers = match work {
        "check" => return runtime.block_on(check(client)),
        "sequential" => vec![runtime.block_on(call(client, window))?],
        "down-100" => return runtime.block_on(down(FlowClient::new(channel), Flow::new(window, 100), 100, false)),
        "down-100-channel" => {
            return runtime.block_on(down(FlowClient::new(channel), Flow::new(window, 100), 100, true));
        }
        "down-64k" => {
            return runtime.block_on(down(FlowClient::new(channel), Flow::new(window, 65_536), 65_536, false));
        }
        "up-100" => return runtime.block_on(up(FlowClient::new(channel), Flow::new(window, 100), 100)),
        "up-100-channel" => {
            return runtime.block_on(up_by_channel(FlowClient::new(channel), Flow::new(window, 100), 100));
        }
        "up-64k" => return runtime.block_on(up(FlowClient::new(channel), Flow::new(window, 65_536), 65_536)),
        "8-tasks" => runtime.block_on(tasks(8, &client, window))?,
        "8-threads" => threads(8, &client, window, drive(runtime, name))?,
        "beside-slow-method" => runtime.block_on(beside(client, window, true))?,
        "beside-slow-content" => runtime.block_on(beside(client, window, false))?,
        work => return Err(format!("there is no work {work}").into()),
    };
    Ok(harness::report(callers)?)
}

async fn connect(address: &str) -> Result<Channel, Error> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
    Ok(endpoint.connect().await?)
}

async fn down(mut client: FlowClient<Channel>, mut flow: Flow, size: usize, by_channel: bool) -> Outcome {
    let mut chunks = client.down(Order { size: size as u32, by_channel }).await?.into_inner();
    while let Some(chunk) = chunks.message().await? {
        if chunk.body.len() != size {
            return Err("a chunk has another size".into());
        }
        if !flow.passed() {
            break;
        }
    }
    Ok(flow.report()?)
}

/// Chunks until the flow says that it was the last: no channel between the caller and tonic is faster.
struct Measured {
    body: Vec<u8>,
    flow: Arc<Mutex<Flow>>,
    over: bool,
}

impl Stream for Measured {
    type Item = Chunk;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Chunk>> {
        if self.over {
            return Poll::Ready(None);
        }
        let goes_on = self.flow.lock().unwrap_or_else(PoisonError::into_inner).passed();
        self.over = !goes_on;
        Poll::Ready(Some(Chunk { body: self.body.clone() }))
    }
}

async fn up(mut client: FlowClient<Channel>, flow: Flow, size: usize) -> Outcome {
    let flow = Arc::new(Mutex::new(flow));
    let chunks = Measured { body: vec![7; size], flow: Arc::clone(&flow), over: false };
    let receipt = client.up(chunks).await?.into_inner();
    let flow = flow.lock().unwrap_or_else(PoisonError::into_inner);
    flow.report()?;
    if (receipt.chunks, receipt.bytes) == (flow.all(), flow.all() * size as u64) {
        return Ok(());
    }
    Err(format!("{} chunks were sent, {} came", flow.all(), receipt.chunks).into())
}

/// As a caller has it that is a loop.
async fn up_by_channel(mut client: FlowClient<Channel>, mut flow: Flow, size: usize) -> Outcome {
    let (sender, receiver) = tokio::sync::mpsc::channel(CHANNEL);
    let sending = tokio::spawn(async move {
        let body = vec![7; size];
        while sender.send(Chunk { body: body.clone() }).await.is_ok() && flow.passed() {}
        flow
    });
    let receipt = client.up(ReceiverStream::new(receiver)).await?.into_inner();
    let flow = sending.await?;
    flow.report()?;
    if receipt.chunks == flow.all() {
        return Ok(());
    }
    Err(format!("{} chunks were sent, {} came", flow.all(), receipt.chunks).into())
}

fn request(name: &str) -> HelloRequest {
    HelloRequest { name: name.to_owned() }
}

/// Whether a server answers as it should: the greeting, and status OK (or there is no reply).
async fn check(mut client: Client) -> Outcome {
    for _ in 0..100 {
        harness::check(&client.say_hello(request(NAME)).await?.get_ref().message)?;
    }
    Ok(())
}

async fn call(mut client: Client, window: Window) -> Result<Calls, Error> {
    let mut calls = Calls::new(window);
    loop {
        let reply = client.say_hello(request(NAME)).await?;
        harness::check(&reply.get_ref().message)?;
        if !calls.ended() {
            return Ok(calls);
        }
    }
}

async fn tasks(count: usize, client: &Client, window: Window) -> Result<Vec<Calls>, Error> {
    let tasks: Vec<_> = (0..count).map(|_| tokio::spawn(call(client.clone(), window))).collect();
    let mut callers = Vec::new();
    for task in tasks {
        callers.push(task.await??);
    }
    Ok(callers)
}

/// Has a runtime run by itself, so that other threads can wait for it: that of one thread gets a thread.
fn drive(runtime: Runtime, name: &str) -> Handle {
    let handle = runtime.handle().clone();
    if name == "current_thread" {
        thread::spawn(move || runtime.block_on(pending::<()>()));
    } else {
        // It runs until the process ends.
        std::mem::forget(runtime);
    }
    handle
}

/// Threads that share the channel, each blocking on one call after the other, as a program without async would.
fn threads(count: usize, client: &Client, window: Window, handle: Handle) -> Result<Vec<Calls>, Error> {
    let caller = || {
        let (mut client, mut calls) = (client.clone(), Calls::new(window));
        loop {
            let reply = handle.block_on(client.say_hello(request(NAME)))?;
            harness::check(&reply.get_ref().message)?;
            if !calls.ended() {
                return Ok(calls);
            }
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(caller)).collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| "a caller panicked")?).collect()
    })
}

/// Fast calls of one task, while two others always have a slow call each on the same connection.
async fn beside(client: Client, window: Window, by_method: bool) -> Result<Vec<Calls>, Error> {
    let caller = |mut client: Client| async move {
        loop {
            let called = match by_method {
                true => client.say_hello_slowly(request(NAME)).await,
                false => client.say_hello(request(SLOW_NAME)).await,
            };
            if called.is_err() {
                return;
            }
        }
    };
    let slow = [(); 2].map(|()| tokio::spawn(caller(client.clone())));
    let calls = call(client, window).await?;
    if slow.iter().any(|task| task.is_finished()) {
        return Err("a slow call failed".into());
    }
    Ok(vec![calls])
}
