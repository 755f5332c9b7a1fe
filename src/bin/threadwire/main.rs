//! The program `threadwire`: servers, clients and a demonstration of the three protocols, on the library's public face.
//!
//! `args` turns arguments into plain data; one file a command does the work; `failure` says in one line why it was not
//! done.

mod args;
mod cost;
mod demo;
mod descriptors;
mod echo;
mod failure;
mod greet;
mod help;
mod output;
mod person;
mod proto;
mod serve;
mod servers;
mod signals;
mod trace;
mod warnings;

use args::Command;
use failure::Failure;
use std::process::ExitCode;

fn main() -> ExitCode {
    warnings::show();
    match args::parse(std::env::args_os()).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.show();
            failure.exit_code()
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Help(text) => output::text(text),
        Command::Version => output::line(format_args!("threadwire {}", env!("CARGO_PKG_VERSION"))),
        Command::Demo(demo) => demo::run(&demo),
        Command::Serve(serve) => serve::run(&serve),
        Command::Echo(echo) => echo::run(&echo),
        Command::Greet(greet) => greet::run(&greet),
        Command::Person(person) => person::run(&person),
    }
}
