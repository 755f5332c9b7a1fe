//! Where imported files come from: the include directories, and then protox, which brings Google's own along.
//!
//! Those are often found in an include directory as well, beside the files that import them, in a version that protox
//! does not read: `descriptor.proto` has had the options of an `extensions` range since version 22. What protox brings
//! along takes the place of such a file.
//!
//! protox does not read the byte order mark with which some editors begin a file: it is cut off here.

use std::fs;
use std::path::{Path, PathBuf};

use protox::Error;
use protox::file::{ChainFileResolver, File, FileMetadata, FileResolver, GoogleFileResolver, IncludeFileResolver};

pub(crate) struct Resolver {
    includes: ChainFileResolver,
    directories: Vec<PathBuf>,
    google: GoogleFileResolver,
}

impl Resolver {
    pub(crate) fn new(includes: &[PathBuf]) -> Self {
        let mut chain = ChainFileResolver::new();
        for include in includes {
            chain.add(IncludeFileResolver::new(include.clone()));
        }
        Self { includes: chain, directories: includes.to_vec(), google: GoogleFileResolver::new() }
    }
}

impl FileResolver for Resolver {
    fn resolve_path(&self, path: &Path) -> Option<String> {
        self.includes.resolve_path(path)
    }

    fn open_file(&self, name: &str) -> Result<File, Error> {
        let opened = match marked(name, &self.directories) {
            Some((_, text)) => File::from_source(name, without_mark(&text)),
            None => self.includes.open_file(name),
        };
        opened.or_else(|error| self.google.open_file(name).map_err(|_| error))
    }
}

/// Where a file was read from; what protox brings along was not.
pub(crate) fn path(file: &FileMetadata, includes: &[PathBuf]) -> Option<PathBuf> {
    file.path().map(Path::to_owned).or_else(|| Some(marked(file.name(), includes)?.0))
}

/// The text without its byte order mark.
pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// The file of this name, if it begins with a byte order mark, and its text.
fn marked(name: &str, includes: &[PathBuf]) -> Option<(PathBuf, String)> {
    let path = includes.iter().map(|include| include.join(name)).find(|path| path.exists())?;
    let text = fs::read_to_string(&path).ok()?;
    text.starts_with('\u{feff}').then_some((path, text))
}
