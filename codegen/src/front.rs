//! Has protox read the .proto files as protoc would, and knows the comments in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use protox::Compiler;
use protox::prost_reflect::{DescriptorPool, ExtensionDescriptor, FileDescriptor, Kind, MessageDescriptor};

use crate::extensions::extensions;
use crate::externs::{Externs, Used};
use crate::resolver::{self, Resolver};
use crate::{Error, complaint, descriptors, rules};

/// The descriptors of all files, and which of them are to be emitted.
pub(crate) struct Front {
    pub(crate) pool: DescriptorPool,
    /// By the name that imports use; only files that were read from disk have a path.
    paths: BTreeMap<String, PathBuf>,
    /// The requested files and those whose types they use.
    emitted: BTreeSet<String>,
    externs: Externs,
    used: Used,
    comments: bool,
}

impl Front {
    pub(crate) fn read(includes: &[PathBuf], files: &[impl AsRef<Path>], externs: Externs) -> Result<Self, Error> {
        let compiler = compiler(includes, files)?;
        let pool = compiler.descriptor_pool();
        let paths = compiler
            .files()
            .filter_map(|file| Some((file.name().to_owned(), resolver::path(file, includes)?)))
            .collect::<BTreeMap<_, _>>();
        check(&compiler, &paths)?;
        externs.check(&pool)?;
        let requested =
            compiler.files().filter(|file| !file.is_import()).map(|file| file.name().to_owned()).collect::<Vec<_>>();
        let mut front = Self { pool, paths, emitted: BTreeSet::new(), externs, used: Used::default(), comments: true };
        for name in requested {
            front.emit(&name);
        }
        Ok(front)
    }

    /// Whether the comments of the files are of interest; they are, unless this says otherwise.
    pub(crate) fn with_comments(mut self, comments: bool) -> Self {
        self.comments = comments;
        self
    }

    /// The serialized descriptors of the files and what they import, without source info.
    pub(crate) fn descriptor_set(includes: &[PathBuf], files: &[impl AsRef<Path>]) -> Result<Vec<u8>, Error> {
        descriptors::encode(&compiler(includes, files)?, includes)
    }

    /// The files that were read from disk.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.paths.values().map(PathBuf::as_path)
    }

    /// Which types are not emitted.
    pub(crate) fn externs(&self) -> &Externs {
        &self.externs
    }

    /// Those of them that emitted types and services use.
    pub(crate) fn used(&self) -> &Used {
        &self.used
    }

    /// The files to emit, imports before what imports them.
    pub(crate) fn emitted(&self) -> impl Iterator<Item = FileDescriptor> {
        self.pool.files().filter(|file| self.emitted.contains(file.name()))
    }

    /// Where the file lies; the name by which it is imported, if it lies nowhere.
    pub(crate) fn path(&self, file: &FileDescriptor) -> String {
        self.paths.get(file.name()).map_or_else(|| file.name().into(), |path| path.display().to_string())
    }

    /// The comment before a thing, or else behind it. It is named by its path in the descriptor of its file
    /// (`SourceCodeInfo.Location.path`).
    pub(crate) fn comment(&self, file: &FileDescriptor, path: &[i32]) -> Option<String> {
        let locations = file.file_descriptor_proto().source_code_info.as_ref().map_or(&[][..], |info| &info.location);
        let location = locations.iter().find(|location| self.comments && location.path == path)?;
        location.leading_comments.clone().or_else(|| location.trailing_comments.clone())
    }

    /// Marks a file and those whose types it uses.
    fn emit(&mut self, name: &str) {
        let Some(file) = self.pool.get_file_by_name(name) else { return };
        if !self.emitted.insert(name.to_owned()) {
            return;
        }
        let mut files = BTreeSet::new();
        for kind in uses(&file, &self.externs) {
            if !self.used.note(&kind, &self.externs) {
                files.extend(file_of(&kind));
            }
        }
        files.iter().for_each(|name| self.emit(name));
    }
}

/// The types of the fields and methods of a file.
fn uses(file: &FileDescriptor, externs: &Externs) -> Vec<Kind> {
    let mut found = Vec::new();
    file.messages().for_each(|message| uses_of_message(&message, externs, &mut found));
    found.extend(extensions(file, externs).iter().map(ExtensionDescriptor::kind));
    for method in file.services().flat_map(|service| service.methods().collect::<Vec<_>>()) {
        found.extend([method.input(), method.output()].map(Kind::Message));
    }
    found
}

fn uses_of_message(message: &MessageDescriptor, externs: &Externs, found: &mut Vec<Kind>) {
    if !externs.has(message.full_name()) {
        found.extend(message.fields().map(|field| field.kind()));
    }
    message.child_messages().for_each(|child| uses_of_message(&child, externs, found));
}

/// The file that declares a type; none declares a scalar.
fn file_of(kind: &Kind) -> Option<String> {
    match kind {
        Kind::Message(message) => Some(message.parent_file().name().to_owned()),
        Kind::Enum(declared) => Some(declared.parent_file().name().to_owned()),
        _ => None,
    }
}

/// Refuses what protoc does and protox does not.
fn check(compiler: &Compiler, paths: &BTreeMap<String, PathBuf>) -> Result<(), Error> {
    let pool = compiler.descriptor_pool();
    let wrong = compiler.files().filter_map(|file| {
        let (descriptor, path) = (pool.get_file_by_name(file.name())?, paths.get(file.name())?);
        Some(rules::check(&descriptor, path, !file.is_import()))
    });
    let wrong = wrong.flatten().collect::<Vec<_>>();
    if wrong.is_empty() { Ok(()) } else { Err(Error::Proto(wrong.join("\n"))) }
}

fn compiler(includes: &[PathBuf], files: &[impl AsRef<Path>]) -> Result<Compiler, Error> {
    let proto = |error: protox::Error| Error::Proto(complaint::lines(&error, includes));
    let mut compiler = Compiler::with_file_resolver(Resolver::new(includes));
    compiler.include_source_info(true).include_imports(true).open_files(files).map_err(proto)?;
    Ok(compiler)
}
