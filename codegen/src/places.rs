//! Where in a .proto file a thing stands: lines and columns that count from 1, as compilers show them.

use protox::prost_reflect::prost_types::FileDescriptorProto;
use protox::prost_reflect::prost_types::source_code_info::Location;

/// A line and a column.
pub(crate) type Place = (usize, usize);

/// The begin of a file, where nothing better is known.
pub(crate) const BEGIN: Place = (1, 1);

/// The place of what this path in the descriptor names (`SourceCodeInfo.Location.path`), or of the first that lies
/// within it (an option `a.b = 1` has a place, `a` has none), or of what lies around it.
pub(crate) fn of_path(file: &FileDescriptorProto, path: &[i32]) -> Place {
    let within = || locations(file).find(|location| location.path.starts_with(path)).map(|location| &*location.span);
    let around = || (0..path.len()).rev().find_map(|length| span(file, path.get(..length)?));
    let span = span(file, path).or_else(within).or_else(around);
    let from_zero = |number: &i32| usize::try_from(*number).unwrap_or_default() + 1;
    match span {
        Some([line, column, ..]) => (from_zero(line), from_zero(column)),
        _ => BEGIN,
    }
}

/// Whether the file has a place for just this.
pub(crate) fn is_written(file: &FileDescriptorProto, path: &[i32]) -> bool {
    span(file, path).is_some()
}

fn span<'f>(file: &'f FileDescriptorProto, path: &[i32]) -> Option<&'f [i32]> {
    locations(file).find(|location| location.path == path).map(|location| location.span.as_slice())
}

fn locations(file: &FileDescriptorProto) -> impl Iterator<Item = &Location> {
    file.source_code_info.iter().flat_map(|info| &info.location)
}

/// The place of what this text stands before.
pub(crate) fn after(text: &str) -> Place {
    let line = text.rsplit('\n').next().unwrap_or_default();
    (text.matches('\n').count() + 1, line.chars().count() + 1)
}
