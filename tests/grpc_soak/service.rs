//! The service of the soak: what a call does, its messages say, and who runs is counted.

use super::support::LONG;
use super::support::proto::{Answer, Ask, Probe};
use std::sync::atomic::{AtomicUsize, Ordering};
use threadwire::grpc::{Cancellation, Code, Request, RequestStream, Response, ResponseSink, Status};

/// An ask with this code ends its call well, whatever follows it.
pub const ENOUGH: i32 = -1;
/// What a handler says when it panics because it is told to.
pub const WANTED: &str = "as the soak wants it";

/// The handlers, and what the test knows of them.
#[derive(Debug, Default)]
pub struct Soaked {
    begun: AtomicUsize,
    running: AtomicUsize,
    forgotten: AtomicUsize,
}

/// One handler, until it ends in whatever way.
struct Running<'s>(&'s AtomicUsize);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Soaked {
    /// Handlers that have begun and not ended.
    pub fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }

    /// Handlers that have begun.
    pub fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    /// Handlers that have waited in vain to hear that their call is over.
    pub fn forgotten(&self) -> usize {
        self.forgotten.load(Ordering::SeqCst)
    }

    fn begin(&self) -> Running<'_> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.running.fetch_add(1, Ordering::SeqCst);
        Running(&self.running)
    }

    /// Whether the call goes on.
    fn behave(&self, ask: &Ask, cancellation: &Cancellation) -> Result<bool, Status> {
        if ask.wait && cancellation.wait_timeout(LONG).is_none() {
            self.forgotten.fetch_add(1, Ordering::SeqCst);
        }
        if ask.panic {
            std::panic::panic_any(WANTED);
        }
        match ask.code {
            0 => Ok(true),
            ENOUGH => Ok(false),
            code => Err(Status::new(Code::from(code), ask.text.clone())),
        }
    }
}

fn answer(ask: &Ask) -> Answer {
    Answer { text: ask.text.clone(), payload: vec![7; ask.size as usize], ..Default::default() }
}

impl Probe for Soaked {
    fn unary(&self, request: Request<Ask>) -> Result<Response<Answer>, Status> {
        let _running = self.begin();
        self.behave(request.message(), request.cancellation())?;
        Ok(answer(request.message()).into())
    }

    /// The trouble comes behind the answers.
    fn download(&self, request: Request<Ask>, responses: &mut ResponseSink<Answer>) -> Result<(), Status> {
        let _running = self.begin();
        for _ in 0..request.message().count {
            responses.send(answer(request.message()))?;
        }
        self.behave(request.message(), request.cancellation()).map(drop)
    }

    /// Answers how many bytes have come.
    fn upload(&self, request: Request<RequestStream<Ask>>) -> Result<Response<Answer>, Status> {
        let _running = self.begin();
        let cancellation = request.cancellation().clone();
        let mut bytes = 0;
        for ask in request.into_message() {
            let ask = ask?;
            bytes += ask.payload.len();
            if !self.behave(&ask, &cancellation)? {
                break;
            }
        }
        Ok(Answer { text: bytes.to_string(), ..Default::default() }.into())
    }

    fn chat(&self, request: Request<RequestStream<Ask>>, responses: &mut ResponseSink<Answer>) -> Result<(), Status> {
        let _running = self.begin();
        let cancellation = request.cancellation().clone();
        for ask in request.into_message() {
            let ask = ask?;
            if !self.behave(&ask, &cancellation)? {
                break;
            }
            responses.send(answer(&ask))?;
        }
        Ok(())
    }
}
