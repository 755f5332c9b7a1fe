//! The command line: `benches/run [--quick] [--rounds N] [--seconds S] [--list] [CELL…]`.

use crate::Error;
use crate::cells::{self, Cell};
use serde::Serialize;

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(crate) struct Arguments {
    pub(crate) list: bool,
    pub(crate) plan: Plan,
    /// Cells whose names begin like one of these; all cells if there are none.
    names: Vec<String>,
}

/// How each cell is measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    /// Of one measurement.
    pub(crate) seconds: f64,
    /// How often a disturbed measurement is repeated.
    pub(crate) repeats: usize,
}

/// What a report is made with.
const WHOLE: Plan = Plan { rounds: 5, seconds: 2.0, repeats: 3 };
/// Enough to see that everything works.
const QUICK: Plan = Plan { rounds: 1, seconds: 0.5, repeats: 0 };

impl Arguments {
    /// Reads the words after the program's name.
    pub(crate) fn read(words: impl Iterator<Item = String>) -> Result<Self, Error> {
        let mut arguments = Self { list: false, plan: WHOLE, names: Vec::new() };
        let mut words = words.peekable();
        while let Some(word) = words.next() {
            let mut number =
                || words.next().ok_or(format!("{word} expects a number"))?.parse::<f64>().map_err(Error::from);
            match word.as_str() {
                "--list" => arguments.list = true,
                "--quick" => arguments.plan = QUICK,
                "--rounds" => arguments.plan.rounds = number()?.max(1.0) as usize,
                "--seconds" => arguments.plan.seconds = number()?,
                option if option.starts_with('-') => {
                    return Err(
                        format!("no option {option}; there are --quick, --rounds N, --seconds S, --list").into()
                    );
                }
                _ => arguments.names.push(word),
            }
        }
        Ok(arguments)
    }

    /// Whether the report is to be written: everything is measured, for as long as it takes.
    pub(crate) fn is_whole(&self) -> bool {
        self.names.is_empty() && self.plan == WHOLE
    }

    /// The cells that are to be run.
    pub(crate) fn cells(&self) -> Result<Vec<Cell>, Error> {
        let mut cells = cells::all();
        let is_meant = |cell: &Cell, name: &String| cell.name.starts_with(name.as_str());
        if let Some(name) = self.names.iter().find(|name| !cells.iter().any(|cell| is_meant(cell, name))) {
            return Err(format!("no cell begins with '{name}'; --list shows all").into());
        }
        cells.retain(|cell| self.names.is_empty() || self.names.iter().any(|name| is_meant(cell, name)));
        Ok(cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Arguments, Error> {
        Arguments::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn only_a_run_of_everything_is_written_down() -> Result<(), Error> {
        assert!(read("")?.is_whole());
        for line in ["--quick", "--seconds 1", "--rounds 1", "grpc-c1m1"] {
            assert!(!read(line)?.is_whole(), "{line}");
        }
        Ok(())
    }

    #[test]
    fn a_name_means_the_cells_that_begin_with_it() -> Result<(), Error> {
        let names =
            |line| Ok::<_, Error>(read(line)?.cells()?.iter().map(|cell| cell.name.clone()).collect::<Vec<_>>());
        assert_eq!(names("grpc-c1m1")?, ["grpc-c1m1", "grpc-c1m100"]);
        assert_eq!(names("--quick grpc-c10m")?, ["grpc-c10m10"]);
        assert!(names("nothing").is_err());
        assert!(read("--fast").is_err());
        assert!(read("--rounds").is_err());
        Ok(())
    }
}
