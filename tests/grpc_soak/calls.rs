//! The calls of one client: what each is, how it is to end, and which ends are allowed.

use super::dice::Dice;
use super::service::ENOUGH;
use super::support::proto::{Answer, Ask, ProbeClient};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;
use threadwire::grpc::{Canceller, Code, Request, RequestSink, ResponseStream, Status};

/// The deadline of a call that is to end otherwise.
pub const WITHIN: Duration = Duration::from_secs(30);
/// What a handler fails with that is told to.
const FAILURE: Code = Code::FailedPrecondition;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Unary,
    Download,
    Upload,
    Chat,
}

/// How a call is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Well,
    /// The handler fails, panics, or ends well before it has all requests.
    Fails,
    Panics,
    Early,
    Deadline,
    /// From another thread.
    Cancelled,
    /// The client drops its halves.
    Dropped,
}

/// A call, as the dice have it.
#[derive(Debug)]
pub struct Plan {
    kind: Kind,
    ending: Ending,
    /// Messages of a stream, and their size in bytes.
    count: usize,
    size: usize,
    /// At which message the ending falls.
    at: usize,
    /// Until the deadline, or the cancellation.
    delay: Duration,
    /// Of a slow reader, after each message.
    pause: Duration,
    /// The handler waits for the deadline, or the cancellation.
    waits: bool,
    /// The connection may be cut.
    cut: bool,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Ended(Code),
    Dropped,
}

impl Plan {
    pub fn draw(dice: &mut Dice, cut: bool) -> Self {
        let kind = [Kind::Unary, Kind::Download, Kind::Upload, Kind::Chat][dice.below(4)];
        let ending = match dice.below(20) {
            0..8 => Ending::Well,
            8..10 => Ending::Fails,
            10 => Ending::Panics,
            11 => Ending::Early,
            12..15 => Ending::Deadline,
            15..18 => Ending::Cancelled,
            _ => Ending::Dropped,
        };
        // Many short messages, which gather, or a few long ones.
        let (count, size) = match dice.below(8) {
            0 => (1 + dice.below(3), 20_000 + dice.below(60_000)),
            _ => (1 + dice.below(40), dice.below(120)),
        };
        let delay = Duration::from_micros([30, 300, 3_000][dice.below(3)] * (1 + dice.below(3) as u64));
        let pause = Duration::from_micros(if dice.below(16) == 0 { 200 } else { 0 });
        let ends_from_outside = matches!(ending, Ending::Deadline | Ending::Cancelled);
        let waits = ends_from_outside && dice.below(2) == 0;
        Self { kind, ending, count, size, at: dice.below(count), delay, pause, waits, cut }
    }

    /// How long it may take at most.
    pub fn timeout(&self) -> Duration {
        if self.ending == Ending::Deadline { self.delay } else { WITHIN }
    }

    /// Makes the call. `cancelling` cancels after a while.
    ///
    /// # Panics
    /// It has ended in a way that is not allowed, or its messages are not those that were sent.
    pub fn make(&self, client: &ProbeClient, cancelling: &Sender<(Duration, Canceller)>) -> Outcome {
        let made = match self.kind {
            Kind::Unary => self.unary(client, cancelling),
            Kind::Download => self.download(client, cancelling),
            Kind::Upload => self.upload(client, cancelling),
            Kind::Chat => self.chat(client, cancelling),
        };
        let outcome = match &made {
            Ok(outcome) => *outcome,
            Err(status) => Outcome::Ended(status.code()),
        };
        assert!(self.allows(outcome), "{self:?} came to {made:?}");
        outcome
    }

    fn allows(&self, outcome: Outcome) -> bool {
        let Outcome::Ended(code) = outcome else { return self.ending == Ending::Dropped };
        let expected = match self.ending {
            // A whole call leaves nothing to be dropped.
            Ending::Well | Ending::Early | Ending::Dropped => Code::Ok,
            Ending::Fails => FAILURE,
            Ending::Panics => Code::Internal,
            Ending::Deadline => Code::DeadlineExceeded,
            Ending::Cancelled => Code::Cancelled,
        };
        let was_first = code == Code::Ok && matches!(self.ending, Ending::Deadline | Ending::Cancelled) && !self.waits;
        code == expected || was_first || self.cut && code == Code::Unavailable
    }

    fn request<T>(&self, message: T, cancelling: &Sender<(Duration, Canceller)>) -> Request<T> {
        let mut request = Request::new(message).with_timeout(self.timeout());
        if self.ending == Ending::Cancelled {
            cancelling.send((self.delay, request.canceller())).unwrap();
        }
        request
    }

    /// The message that has the handler do what the ending asks for.
    fn ask(&self, at: usize) -> Ask {
        let here = at == self.at;
        let code = match self.ending {
            Ending::Fails => FAILURE as i32,
            Ending::Early => ENOUGH,
            _ => 0,
        };
        Ask {
            text: at.to_string(),
            size: u32::try_from(self.size).unwrap(),
            count: u32::try_from(self.count).unwrap(),
            code: if here { code } else { 0 },
            wait: here && self.waits,
            panic: here && self.ending == Ending::Panics,
            ..Default::default()
        }
    }

    fn is_answer(&self, answer: &Answer, at: usize) {
        assert_eq!((&*answer.text, answer.payload.len()), (&*at.to_string(), self.size), "{self:?}");
    }

    fn unary(&self, client: &ProbeClient, cancelling: &Sender<(Duration, Canceller)>) -> Result<Outcome, Status> {
        let ask = Ask { payload: vec![1; self.size], ..self.ask(self.at) };
        let answer = client.unary(self.request(ask, cancelling))?;
        self.is_answer(answer.message(), self.at);
        Ok(Outcome::Ended(Code::Ok))
    }

    fn download(&self, client: &ProbeClient, cancelling: &Sender<(Duration, Canceller)>) -> Result<Outcome, Status> {
        let mut answers = client.download(self.request(self.ask(self.at), cancelling))?;
        let mut received = 0;
        while let Some(answer) = answers.receive()? {
            self.is_answer(&answer, self.at);
            received += 1;
            if self.ending == Ending::Dropped && received > self.at {
                return Ok(Outcome::Dropped);
            }
            thread::sleep(self.pause);
        }
        assert_eq!(received, self.count, "{self:?}");
        Ok(Outcome::Ended(Code::Ok))
    }

    /// Of a chat it is one half that is dropped first.
    fn drops_answers(&self) -> bool {
        self.kind == Kind::Chat && self.count.is_multiple_of(2)
    }

    /// Sends all messages. False: the sink is to be dropped. A failure to send says less than what comes back.
    fn send(&self, sink: &mut RequestSink<Ask>, payload: bool) -> bool {
        for at in 0..self.count {
            let size = if payload { self.size } else { 0 };
            if sink.send(Ask { payload: vec![1; size], ..self.ask(at) }).is_err() {
                return false;
            }
            if self.ending == Ending::Dropped && at == self.at && !self.drops_answers() {
                return false;
            }
        }
        true
    }

    fn upload(&self, client: &ProbeClient, cancelling: &Sender<(Duration, Canceller)>) -> Result<Outcome, Status> {
        let (mut sink, answer) = client.upload(self.request((), cancelling))?;
        if self.send(&mut sink, true) {
            // If it fails, the answer says why.
            let _ = sink.finish();
        } else {
            drop(sink);
            if self.ending == Ending::Dropped {
                return Ok(Outcome::Dropped);
            }
        }
        let answer = answer.receive()?;
        let taken = if self.ending == Ending::Early { self.at + 1 } else { self.count };
        assert_eq!(answer.message().text, (taken * self.size).to_string(), "{self:?}");
        Ok(Outcome::Ended(Code::Ok))
    }

    /// Sends on a thread of its own, so that neither waits for the other.
    fn chat(&self, client: &ProbeClient, cancelling: &Sender<(Duration, Canceller)>) -> Result<Outcome, Status> {
        let (mut sink, answers) = client.chat(self.request((), cancelling))?;
        thread::scope(|scope| {
            scope.spawn(move || {
                if self.send(&mut sink, false) {
                    let _ = sink.finish();
                }
            });
            self.hear(answers)
        })
    }

    fn hear(&self, mut answers: ResponseStream<Answer>) -> Result<Outcome, Status> {
        let mut received = 0;
        loop {
            match answers.receive() {
                // This side's other half was dropped.
                Err(status) if self.ending == Ending::Dropped && status.code() == Code::Cancelled => {
                    return Ok(Outcome::Dropped);
                }
                Err(status) => return Err(status),
                Ok(None) => break,
                Ok(Some(answer)) => self.is_answer(&answer, received),
            }
            received += 1;
            if self.ending == Ending::Dropped && self.drops_answers() && received > self.at {
                return Ok(Outcome::Dropped);
            }
            thread::sleep(self.pause);
        }
        let sent = if self.ending == Ending::Early { self.at } else { self.count };
        assert_eq!(received, sent, "{self:?}");
        Ok(Outcome::Ended(Code::Ok))
    }
}
