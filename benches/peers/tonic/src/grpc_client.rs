//! tonic's gRPC client: `tonic-grpc-client MODE ADDRESS SECONDS`, by the modes in `run`.

mod proto {
    tonic::include_proto!("bench");
}
#[path = "../../../runtime.rs"]
mod runtime;

use harness::{Arguments, Calls, NAME, Outcome, SLOW_NAME, Window};
use proto::HelloRequest;
use proto::greeter_client::GreeterClient;
use std::future::pending;
use std::process::ExitCode;
use std::thread;
use tokio::runtime::{Handle, Runtime};
use tonic::transport::{Channel, Endpoint};

type Error = Box<dyn std::error::Error + Send + Sync>;
type Client = GreeterClient<Channel>;

fn main() -> ExitCode {
    harness::fail(run())
}

fn run() -> Outcome {
    let Arguments { mode, address, time } = Arguments::read()?;
    let (work, name) = mode.split_once('@').ok_or("expected a mode WORK@RUNTIME")?;
    let runtime = runtime::build(name)?;
    let client = runtime.block_on(connect(&address))?;
    let window = Window::new(time);
    let callers = match work {
        "check" => return runtime.block_on(check(client)),
        "sequential" => vec![runtime.block_on(call(client, window))?],
        "8-tasks" => runtime.block_on(tasks(8, &client, window))?,
        "8-threads" => threads(8, &client, window, drive(runtime, name))?,
        "beside-slow-method" => runtime.block_on(beside(client, window, true))?,
        "beside-slow-content" => runtime.block_on(beside(client, window, false))?,
        work => return Err(format!("there is no work {work}").into()),
    };
    Ok(harness::report(callers)?)
}

async fn connect(address: &str) -> Result<Client, Error> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
    Ok(GreeterClient::new(endpoint.connect().await?))
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
