//! Where imported files come from: the include directories, and then protox, which brings Google's own along.
//!
//! Those are often found in an include directory as well, beside the files that import them, in a version that protox
//! does not read: `descriptor.proto` has had the options of an `extensions` range since version 22. What protox brings
//! along takes the place of such a file.

use std::path::{Path, PathBuf};

use protox::Error;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver};

pub(crate) struct Resolver {
    includes: ChainFileResolver,
    google: GoogleFileResolver,
}

impl Resolver {
    pub(crate) fn new(includes: &[PathBuf]) -> Self {
        let mut chain = ChainFileResolver::new();
        for include in includes {
            chain.add(IncludeFileResolver::new(include.clone()));
        }
        Self { includes: chain, google: GoogleFileResolver::new() }
    }
}

impl FileResolver for Resolver {
    fn resolve_path(&self, path: &Path) -> Option<String> {
        self.includes.resolve_path(path)
    }

    fn open_file(&self, name: &str) -> Result<File, Error> {
        self.includes.open_file(name).or_else(|error| self.google.open_file(name).map_err(|_| error))
    }
}
