//! What protox says is wrong, as a compiler says it: a line for each thing, `file:line:column` first.

use std::path::PathBuf;

use miette::{Diagnostic, SourceCode};

/// All that is wrong with a file, with the file's path for the name by which it is imported.
pub(crate) fn lines(error: &protox::Error, includes: &[PathBuf]) -> String {
    // The Debug form of the first is the one with file:line:column; the others have to be looked up.
    let mut lines = vec![format!("{error:?}")];
    for other in error.related().into_iter().flatten() {
        lines.push(line(other, error.source_code()));
    }
    let path = error.file().and_then(|name| Some((name, path(name, includes)?)));
    let lines =
        lines.iter().map(|line| match path.as_ref().and_then(|(name, path)| Some((line.strip_prefix(name)?, path))) {
            Some((rest, path)) if rest.starts_with(':') => format!("{}{rest}", path.display()),
            _ => line.clone(),
        });
    lines.collect::<Vec<_>>().join("\n")
}

fn path(name: &str, includes: &[PathBuf]) -> Option<PathBuf> {
    includes.iter().map(|include| include.join(name)).find(|path| path.exists())
}

/// One thing. The last of its labels is where it was found, one before it where what it clashes with is.
fn line(complaint: &dyn Diagnostic, source: Option<&dyn SourceCode>) -> String {
    let label = complaint.labels().and_then(Iterator::last);
    let found = label.and_then(|label| complaint.source_code().or(source)?.read_span(label.inner(), 0, 0).ok());
    match found {
        Some(found) => {
            let name = found.name().unwrap_or_default();
            format!("{name}:{}:{}: {complaint}", found.line() + 1, found.column() + 1)
        }
        None => complaint.to_string(),
    }
}
