//! The client of the gRPC project's interoperability tests: one case a run. Its exit code says whether the case passed:
//! 0, or 1; 2 for flags that mean nothing.

mod cases;
mod compressed;
mod endings;
mod many;
mod metadata;
mod negative;
mod options;
mod soak;
mod statuses;
mod streams;
mod unary;

use cases::{Case, Peer};
use options::Options;
use std::process::ExitCode;

/// All cases, by groups; a file a group.
const GROUPS: &[&[Case]] = &[
    unary::CASES,
    streams::CASES,
    compressed::CASES,
    metadata::CASES,
    statuses::CASES,
    endings::CASES,
    many::CASES,
    soak::CASES,
    negative::CASES,
];

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            let names: Vec<&str> = GROUPS.iter().copied().flatten().map(|(name, _)| *name).collect();
            println!("{}cases: {}", Options::usage(), names.join(" "));
            return ExitCode::SUCCESS;
        }
        Err(error) => return usage_error(&error.to_string()),
    };
    let case = GROUPS.iter().copied().flatten().find(|(name, _)| *name == options.test_case);
    let Some((name, case)) = case else {
        return usage_error(&format!("there is no case '{}'; --help names them", options.test_case));
    };
    match Peer::new(options).and_then(|peer| case(&peer)) {
        Ok(()) => {
            println!("ok {name}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("FAILED {name}: {}", failure.to_string().replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

fn usage_error(line: &str) -> ExitCode {
    eprintln!("interop-client: {line}");
    ExitCode::from(2)
}
