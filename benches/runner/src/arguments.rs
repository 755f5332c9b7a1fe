//! The command line: `benches/run [--quick] [--rounds N] [--seconds S] [--list] [CELL…]`.

use crate::Error;
use crate::cells::{self, Cell};
use serde::Serialize;
use std::collections::BTreeSet;

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(crate) struct Arguments {
    pub(crate) list: bool,
    pub(crate) plan: Plan,
    /// Names of cells, or their beginnings; all cells if there are none.
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
        let mut meant = BTreeSet::new();
        for word in &self.names {
            let by = |is_meant: fn(&str, &str) -> bool| {
                cells.iter().map(|cell| cell.name.clone()).filter(|name| is_meant(name, word)).collect::<Vec<_>>()
            };
            let (exactly, beginning) = (by(|name, word| name == word), by(|name, word| name.starts_with(word)));
            if beginning.is_empty() {
                return Err(format!("no cell begins with '{word}'; --list shows all").into());
            }
            meant.extend(if exactly.is_empty() { beginning } else { exactly });
        }
        cells.retain(|cell| self.names.is_empty() || meant.contains(&cell.name));
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
    fn a_word_means_the_cell_of_that_name_or_those_that_begin_so() -> Result<(), Error> {
        let names = |line| Ok::<_, Error>(read(line)?.cells()?.into_iter().map(|cell| cell.name).collect::<Vec<_>>());
        assert_eq!(names("grpc-c1m1")?, ["grpc-c1m1"]);
        assert_eq!(names("grpc-c1m")?, ["grpc-c1m1", "grpc-c1m100"]);
        assert_eq!(names("--quick slow grpc-c10m10")?, ["grpc-c10m10", "slow-method", "slow-content"]);
        assert_eq!(names("")?.len(), cells::all().len());
        assert!(names("nothing").is_err());
        assert!(read("--fast").is_err());
        assert!(read("--rounds").is_err());
        Ok(())
    }
}
