//! The arguments, read into plain data. Nothing is resolved, opened or started here.

use crate::failure::Failure;
use crate::help;
use lexopt::{Arg, Parser, ValueExt};
use std::ffi::OsString;
use std::time::Duration;

/// What the program was asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// Print this text.
    Help(&'static str),
    /// Print the version.
    Version,
    /// Both servers and the three exchanges.
    Demo(Demo),
    /// Both servers until a signal.
    Serve(Serve),
    /// One message to a WebSocket server.
    Echo(Echo),
    /// One call of the Greeter.
    Greet(Greet),
    /// A Person in its forms.
    Person(Person),
}

#[derive(Debug)]
pub(crate) struct Demo {
    /// Whether every frame of the clients' connections is shown.
    pub(crate) bytes: bool,
}

#[derive(Debug)]
pub(crate) struct Serve {
    pub(crate) websocket: String,
    pub(crate) grpc: String,
    pub(crate) workers: usize,
    /// Whether the line for each message is left out.
    pub(crate) quiet: bool,
    pub(crate) trace: bool,
}

#[derive(Debug)]
pub(crate) struct Echo {
    pub(crate) text: String,
    pub(crate) url: String,
    pub(crate) timeout: Duration,
    pub(crate) trace: bool,
}

#[derive(Debug)]
pub(crate) struct Greet {
    pub(crate) name: String,
    pub(crate) target: String,
    pub(crate) timeout: Duration,
    pub(crate) trace: bool,
}

#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) id: i32,
    pub(crate) email: String,
}

/// The person of the classic example.
impl Default for Person {
    fn default() -> Self {
        Self { name: "John Doe".to_owned(), id: 123, email: "johndoe@example.com".to_owned() }
    }
}

/// Where `serve` listens and the clients go, unless told otherwise.
const WEBSOCKET_ADDRESS: &str = "localhost:8765";
const WEBSOCKET_URL: &str = "ws://localhost:8765";
const GRPC_ADDRESS: &str = "[::]:50051";
const GRPC_TARGET: &str = "http://localhost:50051";

/// What `echo` sends and whom `greet` greets, unless told otherwise.
pub(crate) const TEXT: &str = "Привет сервер";
pub(crate) const NAME: &str = "World";

/// How long `echo` and `greet` wait in all, unless told otherwise.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// A moment that lies further off than this may be none that a clock can show.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// The threads that run handlers of calls, as in the classic example.
pub(crate) const WORKERS: usize = 10;

/// Reads the arguments; the first is the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Failure> {
    let mut options = Options { parser: Parser::from_iter(arguments), help: help::PROGRAM, topic: "threadwire" };
    let Some(first) = options.next()? else { return Ok(Command::Demo(Demo { bytes: false })) };
    match first {
        Arg::Long("help") | Arg::Short('h') => Ok(Command::Help(help::PROGRAM)),
        Arg::Long("version") | Arg::Short('V') => Ok(Command::Version),
        Arg::Value(word) => match word.to_str() {
            Some("demo") => options.of("threadwire demo", help::DEMO).demo(),
            Some("serve") => options.of("threadwire serve", help::SERVE).serve(),
            Some("echo") => options.of("threadwire echo", help::ECHO).echo(),
            Some("greet") => options.of("threadwire greet", help::GREET).greet(),
            Some("person") => options.of("threadwire person", help::PERSON).person(),
            Some("help") => Ok(Command::Help(help::PROGRAM)),
            _ => Err(options.usage(&format!("there is no command '{}'", word.display()))),
        },
        other => Err(usage("threadwire", &other.unexpected())),
    }
}

/// The arguments of one command.
struct Options {
    parser: Parser,
    help: &'static str,
    /// What `--help` is asked of.
    topic: &'static str,
}

impl Options {
    fn of(self, topic: &'static str, help: &'static str) -> Self {
        Self { topic, help, ..self }
    }

    fn demo(mut self) -> Result<Command, Failure> {
        let topic = self.topic;
        let mut demo = Demo { bytes: false };
        while let Some(argument) = self.next()? {
            match argument {
                Arg::Long("bytes") => demo.bytes = true,
                Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help(self.help)),
                other => return Err(usage(topic, &other.unexpected())),
            }
        }
        Ok(Command::Demo(demo))
    }

    fn serve(mut self) -> Result<Command, Failure> {
        let topic = self.topic;
        let mut serve = Serve {
            websocket: WEBSOCKET_ADDRESS.to_owned(),
            grpc: GRPC_ADDRESS.to_owned(),
            workers: WORKERS,
            quiet: false,
            trace: false,
        };
        while let Some(argument) = self.next()? {
            match argument {
                Arg::Long("ws") => serve.websocket = self.text()?,
                Arg::Long("grpc") => serve.grpc = self.text()?,
                Arg::Long("workers") => serve.workers = self.count("--workers")?,
                Arg::Long("quiet") | Arg::Short('q') => serve.quiet = true,
                Arg::Long("trace") => serve.trace = true,
                Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help(self.help)),
                other => return Err(usage(topic, &other.unexpected())),
            }
        }
        Ok(Command::Serve(serve))
    }

    fn echo(mut self) -> Result<Command, Failure> {
        let topic = self.topic;
        let (mut text, mut url, mut timeout, mut trace) = (None, WEBSOCKET_URL.to_owned(), TIMEOUT, false);
        while let Some(argument) = self.next()? {
            match argument {
                Arg::Value(value) if text.is_none() => text = Some(self.string(value)?),
                Arg::Long("url") => url = self.text()?,
                Arg::Long("timeout") => timeout = self.seconds("--timeout")?,
                Arg::Long("trace") => trace = true,
                Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help(self.help)),
                other => return Err(usage(topic, &other.unexpected())),
            }
        }
        let text = text.unwrap_or_else(|| TEXT.to_owned());
        Ok(Command::Echo(Echo { text, url, timeout, trace }))
    }

    fn greet(mut self) -> Result<Command, Failure> {
        let topic = self.topic;
        let (mut name, mut target, mut timeout, mut trace) = (None, GRPC_TARGET.to_owned(), TIMEOUT, false);
        while let Some(argument) = self.next()? {
            match argument {
                Arg::Value(value) if name.is_none() => name = Some(self.string(value)?),
                Arg::Long("target") => target = self.text()?,
                Arg::Long("timeout") => timeout = self.seconds("--timeout")?,
                Arg::Long("trace") => trace = true,
                Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help(self.help)),
                other => return Err(usage(topic, &other.unexpected())),
            }
        }
        let name = name.unwrap_or_else(|| NAME.to_owned());
        Ok(Command::Greet(Greet { name, target, timeout, trace }))
    }

    fn person(mut self) -> Result<Command, Failure> {
        let topic = self.topic;
        let mut person = Person::default();
        while let Some(argument) = self.next()? {
            match argument {
                Arg::Long("name") => person.name = self.text()?,
                Arg::Long("id") => {
                    let value = self.text()?;
                    person.id =
                        value.parse().map_err(|_| self.bad_value("--id", &value, "a whole number of 32 bits"))?;
                }
                Arg::Long("email") => person.email = self.text()?,
                Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help(self.help)),
                other => return Err(usage(topic, &other.unexpected())),
            }
        }
        Ok(Command::Person(person))
    }

    fn next(&mut self) -> Result<Option<Arg<'_>>, Failure> {
        let topic = self.topic;
        self.parser.next().map_err(|error| usage(topic, &error))
    }

    fn text(&mut self) -> Result<String, Failure> {
        let value = self.parser.value().map_err(|error| self.usage(&error))?;
        self.string(value)
    }

    fn string(&self, value: OsString) -> Result<String, Failure> {
        value.string().map_err(|error| self.usage(&error))
    }

    fn count(&mut self, option: &str) -> Result<usize, Failure> {
        let value = self.text()?;
        match value.parse() {
            Ok(count) if (1..=1024).contains(&count) => Ok(count),
            _ => Err(self.bad_value(option, &value, "a number from 1 to 1024")),
        }
    }

    fn seconds(&mut self, option: &str) -> Result<Duration, Failure> {
        let value = self.text()?;
        let seconds = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        match seconds {
            Some(seconds) if !seconds.is_zero() && seconds <= LONGEST_TIMEOUT => Ok(seconds),
            _ => Err(self.bad_value(option, &value, "seconds above 0, at most 86400, such as 2.5")),
        }
    }

    fn bad_value(&self, option: &str, value: &str, expected: &str) -> Failure {
        self.usage(&format_args!("{option}: cannot read '{value}': expected {expected}"))
    }

    fn usage(&self, what: &dyn std::fmt::Display) -> Failure {
        usage(self.topic, what)
    }
}

fn usage(topic: &str, what: &dyn std::fmt::Display) -> Failure {
    Failure::usage(format!("{what}; see '{topic} --help'"))
}
