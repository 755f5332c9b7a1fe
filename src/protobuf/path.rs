//! The way from a message to a value in it, for the errors of JSON and text: `people[3].counts["a"]`.

use std::fmt;

/// Innermost first: each level adds itself while an error travels out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Path(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    Field(&'static str),
    /// An extension by its full name.
    Extension(&'static str),
    Index(usize),
    /// The key of a map's entry, as it was written.
    Key(String),
}

impl Path {
    pub(super) fn push(&mut self, segment: Segment) {
        self.0.push(segment);
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, segment) in self.0.iter().rev().enumerate() {
            match segment {
                Segment::Field(name) if place == 0 => f.write_str(name)?,
                Segment::Field(name) => write!(f, ".{name}")?,
                Segment::Extension(name) => write!(f, "[{name}]")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) => write!(f, "[{key:?}]")?,
            }
        }
        Ok(())
    }
}
