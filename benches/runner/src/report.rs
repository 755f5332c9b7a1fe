//! The figures of a run, as Markdown for people and as JSON for programs.

use crate::arguments::Plan;
use crate::cells::{Cell, Contender, Measure, OURS};
use crate::machine::About;
use crate::measure::Sample;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) about: About,
    pub(crate) plan: Plan,
    pub(crate) cells: Vec<CellResult>,
}

#[derive(Debug, Serialize)]
pub(crate) struct CellResult {
    name: String,
    title: String,
    measures: &'static [Measure],
    contenders: Vec<ContenderResult>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ContenderResult {
    #[serde(flatten)]
    pub(crate) contender: Contender,
    /// Why it could not be measured.
    pub(crate) failure: Option<String>,
    /// Whether others used much of the machine in one of its measurements, in spite of the repeats.
    disturbed: bool,
    /// Of each measure, a value a round.
    samples: BTreeMap<String, Vec<f64>>,
    /// Of each measure; those of the cell alone.
    figures: BTreeMap<&'static str, Figure>,
}

/// What the rounds gave of one measure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Figure {
    median: f64,
    min: f64,
    max: f64,
    /// threadwire's median ÷ this one's.
    threadwire_ratio: Option<f64>,
}

impl ContenderResult {
    pub(crate) fn new(contender: Contender) -> Self {
        Self { contender, failure: None, disturbed: false, samples: BTreeMap::new(), figures: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, sample: Sample) {
        self.disturbed |= sample.is_disturbed();
        self.samples.entry("foreign".to_owned()).or_default().push(sample.foreign);
        for (key, value) in sample.values {
            self.samples.entry(key).or_default().push(value);
        }
    }
}

impl CellResult {
    pub(crate) fn new(cell: &Cell, mut contenders: Vec<ContenderResult>) -> Self {
        for measure in cell.measures {
            let mut ours = None;
            for contender in &mut contenders {
                let Some(mut figure) = contender.samples.get(measure.key).and_then(|samples| Figure::of(samples))
                else {
                    continue;
                };
                figure.threadwire_ratio = ours.map(|ours: f64| ours / figure.median);
                if contender.contender.name == OURS {
                    ours = Some(figure.median);
                }
                contender.figures.insert(measure.key, figure);
            }
        }
        Self { name: cell.name.clone(), title: cell.title.clone(), measures: cell.measures, contenders }
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.contenders.iter().all(|contender| contender.failure.is_none())
    }
}

impl Figure {
    fn of(samples: &[f64]) -> Option<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let median = (sorted.get((sorted.len() - 1) / 2)? + sorted.get(sorted.len() / 2)?) / 2.0;
        Some(Self { median, min, max, threadwire_ratio: None })
    }

    /// `20.1k ±3 % (1.52×)`
    fn text(&self) -> String {
        let mut text = short(self.median);
        if self.max > self.min {
            let _ = write!(text, " ±{:.0} %", (self.max - self.min) / 2.0 / self.median * 100.0);
        }
        if let Some(ratio) = self.threadwire_ratio {
            let _ = write!(text, " ({ratio:.2}×)");
        }
        text
    }
}

/// Three digits that count.
fn short(value: f64) -> String {
    let (value, unit) = match value {
        value if value >= 999_500.0 => (value / 1e6, "M"),
        value if value >= 9_995.0 => (value / 1e3, "k"),
        value => (value, ""),
    };
    let digits = if value >= 99.95 {
        0
    } else if value >= 9.995 {
        1
    } else {
        2
    };
    format!("{value:.digits$}{unit}")
}

/// One cell, with its table.
pub(crate) fn section(cell: &CellResult) -> String {
    let mut rows = vec![head(cell)];
    rows.extend(cell.contenders.iter().map(|contender| row(cell, contender)));
    let mut text = format!("### {}\n{}\n\n{}", cell.name, cell.title, table(&rows));
    for contender in &cell.contenders {
        if let Some(failure) = &contender.failure {
            let _ = write!(text, "\nNot measured: {}: {failure}\n", contender.contender.name);
        }
    }
    text
}

fn head(cell: &CellResult) -> Vec<String> {
    let titles = cell.measures.iter().map(|measure| measure.title.to_owned());
    [String::new()].into_iter().chain(titles).collect()
}

fn row(cell: &CellResult, contender: &ContenderResult) -> Vec<String> {
    let mark = if contender.disturbed { " *disturbed*" } else { "" };
    let figure = |measure: &Measure| contender.figures.get(measure.key).map_or_else(|| "–".into(), Figure::text);
    let name = format!("{}{mark}", contender.contender.name);
    [name].into_iter().chain(cell.measures.iter().map(figure)).collect()
}

/// A Markdown table that can be read as it is, too.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width =
        |column: usize| rows.iter().filter_map(|row: &Vec<String>| Some(row.get(column)?.chars().count())).max();
    let widths: Vec<usize> = (0..columns).filter_map(width).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
        if index == 0 {
            let dashes: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            let _ = writeln!(text, "| {} |", dashes.join(" | "));
        }
    }
    text
}

/// The whole report.
pub(crate) fn markdown(report: &Report) -> String {
    let Report { about, plan, cells } = report;
    let versions: Vec<String> = about.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let mut text = format!(
        "# Results\n\nMade by `benches/run` on {} from {}. {}. {}.\n\nMedians of {} rounds of {} s each, interleaved; \
         ± is half of what lies between the lowest and the highest round. In brackets: threadwire ÷ this one. Differences \
         under 20 % are noise, and absolute figures do not travel to other machines. README.md says what each cell is.\n",
        about.date,
        about.commit,
        about.machine,
        versions.join(", "),
        plan.rounds,
        plan.seconds,
    );
    for cell in cells {
        let _ = write!(text, "\n{}", section(cell));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cells, machine};

    #[test]
    fn a_figure_is_the_median_and_the_range() {
        let figure = |samples: &[f64]| Figure::of(samples).map(|figure| (figure.median, figure.min, figure.max));
        assert_eq!(figure(&[3.0, 1.0, 2.0]), Some((2.0, 1.0, 3.0)));
        assert_eq!(figure(&[4.0, 1.0, 2.0, 3.0]), Some((2.5, 1.0, 4.0)));
        assert_eq!(figure(&[]), None);
    }

    #[test]
    fn numbers_have_three_digits() {
        for (value, text) in [
            (0.456, "0.46"),
            (5.0, "5.00"),
            (12.34, "12.3"),
            (9_000.4, "9000"),
            (20_149.0, "20.1k"),
            (2.484e6, "2.48M"),
        ] {
            assert_eq!(short(value), text);
        }
    }

    #[test]
    fn a_figure_s_text_has_spread_and_ratio() {
        let figure = Figure { median: 20_000.0, min: 19_000.0, max: 21_000.0, threadwire_ratio: Some(1.5) };
        assert_eq!(figure.text(), "20.0k ±5 % (1.50×)");
    }

    #[test]
    fn a_table_is_aligned() {
        let rows = [["", "µs"], ["one", "1"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "|     | µs |\n| --- | -- |\n| one | 1  |\n");
    }

    #[test]
    fn a_report_has_ratios_marks_and_reasons() -> Result<(), Box<dyn std::error::Error>> {
        let cell = cells::all().into_iter().next().ok_or("there is no cell")?;
        let sample = |rate, foreign| Sample { values: [("rate".to_owned(), rate)].into(), foreign };
        let mut results: Vec<_> = cell.contenders.iter().map(|contender| ContenderResult::new(*contender)).collect();
        let [ours, peer, broken, ..] = results.as_mut_slice() else { return Err("too few contenders".into()) };
        ours.add(sample(3_000.0, 0.0));
        peer.add(sample(1_500.0, 0.5));
        broken.failure = Some("it is broken".into());
        let cell = CellResult::new(&cell, results);
        assert!(!cell.is_complete());
        let plan = Plan { rounds: 1, seconds: 1.0, repeats: 0 };
        let report = Report { about: machine::about(), plan, cells: vec![cell] };

        let text = markdown(&report);
        for part in ["| threadwire ", "| 3000 ", " *disturbed* ", "| 1500 (2.00×) ", "Not measured: ", "it is broken"]
        {
            assert!(text.contains(part), "no {part:?} in\n{text}");
        }
        let json = serde_json::to_value(&report)?;
        assert_eq!(json.pointer("/cells/0/contenders/1/figures/rate/threadwire_ratio"), Some(&2.0.into()));
        Ok(())
    }
}
