//! threadwire's gRPC client: `threadwire-grpc-client MODE ADDRESS SECONDS`, by the modes in `run`.

mod proto {
    threadwire::include_proto!("bench");
}

use harness::{Arguments, Calls, Flow, NAME, Outcome, SLOW_NAME, Window};
use proto::{Chunk, FlowClient, GreeterClient, HelloRequest, Order};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use threadwire::grpc::Channel;

type Error = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    harness::fail(run())
}

fn run() -> Outcome {
    let Arguments { mode, address, time } = Arguments::read()?;
    let channel = Channel::connect(&address)?;
    let client = GreeterClient::new(channel.clone());
    let window = Window::new(time);
    let callers = match mode.as_str() {
        "sequential" => vec![call(&client, window)?],
        "down-100" => return down(&FlowClient::new(channel), Flow::new(window, 100), 100),
        "down-64k" => return down(&FlowClient::new(channel), Flow::new(window, 65_536), 65_536),
        "up-100" => return up(&FlowClient::new(channel), Flow::new(window, 100), 100),
        "up-64k" => return up(&FlowClient::new(channel), Flow::new(window, 65_536), 65_536),
        "8-threads" => threads(8, &client, window)?,
        "beside-slow-method" => beside(&client, window, |client| client.say_hello_slowly(request(NAME)).is_ok())?,
        "beside-slow-content" => beside(&client, window, |client| client.say_hello(request(SLOW_NAME)).is_ok())?,
        mode => return Err(format!("there is no mode {mode}").into()),
    };
    Ok(harness::report(callers)?)
}

fn down(client: &FlowClient, mut flow: Flow, size: usize) -> Outcome {
    for chunk in client.down(Order { size: size as u32, ..Default::default() })? {
        if chunk?.body.len() != size {
            return Err("a chunk has another size".into());
        }
        if !flow.passed() {
            break;
        }
    }
    Ok(flow.report()?)
}

fn up(client: &FlowClient, mut flow: Flow, size: usize) -> Outcome {
    let (mut sink, reply) = client.up(())?;
    let body = vec![7; size];
    loop {
        sink.send(Chunk { body: body.clone(), ..Default::default() })?;
        if !flow.passed() {
            break;
        }
    }
    flow.report()?;
    sink.finish()?;
    let receipt = reply.receive()?.into_message();
    if (receipt.chunks, receipt.bytes) == (flow.all(), flow.all() * size as u64) {
        return Ok(());
    }
    Err(format!("{} chunks were sent, {} came", flow.all(), receipt.chunks).into())
}

fn request(name: &str) -> HelloRequest {
    HelloRequest { name: name.to_owned(), ..Default::default() }
}

fn call(client: &GreeterClient, window: Window) -> Result<Calls, Error> {
    let mut calls = Calls::new(window);
    loop {
        let reply = client.say_hello(request(NAME))?;
        harness::check(&reply.message().message)?;
        if !calls.ended() {
            return Ok(calls);
        }
    }
}

fn threads(count: usize, client: &GreeterClient, window: Window) -> Result<Vec<Calls>, Error> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(|| call(client, window))).collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| "a caller panicked")?).collect()
    })
}

/// Fast calls of one thread, while two others always have a slow call each on the same connection.
fn beside(client: &GreeterClient, window: Window, slow: fn(&GreeterClient) -> bool) -> Result<Vec<Calls>, Error> {
    let over = AtomicBool::new(false);
    let caller = || {
        while !over.load(Ordering::Relaxed) {
            if !slow(client) {
                return false;
            }
        }
        true
    };
    thread::scope(|scope| {
        let slow: Vec<_> = (0..2).map(|_| scope.spawn(caller)).collect();
        let calls = call(client, window);
        over.store(true, Ordering::Relaxed);
        if !slow.into_iter().all(|thread| thread.join().unwrap_or(false)) {
            return Err("a slow call failed".into());
        }
        Ok(vec![calls?])
    })
}
