//! Runs the bench: all cells, or those that are named, interleaved, and reports. README.md has what is measured.
//!
//! - `cells`: what is measured, as a table; `measure`: one measurement, and the rounds of a cell;
//! - `program`: servers and loads as processes; `machine`: who used the CPU, versions;
//! - `report`: the figures as Markdown and as JSON; `arguments`: what is to be run, and for how long.

mod arguments;
mod cells;
mod machine;
mod measure;
mod program;
mod report;

use arguments::Arguments;
use std::process::ExitCode;
use std::{env, fs};

/// What stops the runner.
type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("benches/run: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Says whether all that was to be measured was.
fn run() -> Result<bool, Error> {
    let arguments = Arguments::read(env::args().skip(1))?;
    let cells = arguments.cells()?;
    if arguments.list {
        cells.iter().for_each(|cell| println!("{:<24} {}", cell.name, cell.title));
        return Ok(true);
    }
    let mut results = Vec::new();
    for cell in &cells {
        let result = measure::cell(cell, &arguments.plan)?;
        println!("{}", report::section(&result));
        results.push(result);
    }
    let report = report::Report { about: machine::about(), plan: arguments.plan, cells: results };
    if arguments.is_whole() {
        fs::write("RESULTS.md", report::markdown(&report))?;
        fs::write("results.json", serde_json::to_string_pretty(&report)? + "\n")?;
        println!("written: benches/RESULTS.md, benches/results.json");
    }
    Ok(report.cells.iter().all(report::CellResult::is_complete))
}
