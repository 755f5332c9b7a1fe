//! threadwire's gRPC client: `threadwire-grpc-client MODE ADDRESS SECONDS`, by the modes in `run`.

mod proto {
    threadwire::include_proto!("bench");
}

use harness::{Arguments, Calls, NAME, Outcome, SLOW_NAME, Window};
use proto::{GreeterClient, HelloRequest};
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
    let client = GreeterClient::new(Channel::connect(&address)?);
    let window = Window::new(time);
    let callers = match mode.as_str() {
        "sequential" => vec![call(&client, window)?],
        "8-threads" => threads(8, &client, window)?,
        "beside-slow-method" => beside(&client, window, |client| client.say_hello_slowly(request(NAME)).is_ok())?,
        "beside-slow-content" => beside(&client, window, |client| client.say_hello(request(SLOW_NAME)).is_ok())?,
        mode => return Err(format!("there is no mode {mode}").into()),
    };
    Ok(harness::report(callers)?)
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
