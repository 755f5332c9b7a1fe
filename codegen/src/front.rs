//! Has protox read the .proto files as protoc would, and knows where in the files a thing was declared.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use protox::Compiler;
use protox::prost_reflect::{DescriptorPool, FileDescriptor, Kind, MessageDescriptor};

use crate::externs::{Externs, Used};
use crate::{Error, complaint};

/// The descriptors of all files, and which of them are to be emitted.
pub(crate) struct Front {
    pub(crate) pool: DescriptorPool,
    /// By the name that imports use; only files that were read from disk have a path.
    paths: BTreeMap<String, PathBuf>,
    /// The requested files and those whose types they use.
    emitted: BTreeSet<String>,
    /// Where the latter are used first.
    uses: BTreeMap<String, String>,
    externs: Externs,
    used: Used,
    comments: bool,
}

/// What the .proto file says of one thing besides its descriptor.
pub(crate) struct Source {
    /// `file:line:column`, or the file alone.
    pub(crate) place: String,
    /// The comment before it, or else behind it.
    pub(crate) comment: Option<String>,
}

impl Front {
    pub(crate) fn read(includes: &[PathBuf], files: &[impl AsRef<Path>], externs: Externs) -> Result<Self, Error> {
        let compiler = compiler(includes, files, true)?;
        let pool = compiler.descriptor_pool();
        let paths = compiler
            .files()
            .filter_map(|file| Some((file.name().to_owned(), file.path()?.to_owned())))
            .collect::<BTreeMap<_, _>>();
        let requested =
            compiler.files().filter(|file| !file.is_import()).map(|file| file.name().to_owned()).collect::<Vec<_>>();
        let mut front = Self {
            pool,
            paths,
            emitted: BTreeSet::new(),
            uses: BTreeMap::new(),
            externs,
            used: Used::default(),
            comments: true,
        };
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
        Ok(compiler(includes, files, false)?.encode_file_descriptor_set())
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

    /// Looks a thing up by its path in the descriptor of its file (`SourceCodeInfo.Location.path`).
    pub(crate) fn source(&self, file: &FileDescriptor, path: &[i32]) -> Source {
        let name = self.paths.get(file.name()).map_or_else(|| file.name().into(), |path| path.display().to_string());
        let locations = file.file_descriptor_proto().source_code_info.as_ref().map_or(&[][..], |info| &info.location);
        let Some(location) = locations.iter().find(|location| location.path == path) else {
            return Source { place: self.with_use(file, name), comment: None };
        };
        let place = match location.span.as_slice() {
            [line, column, ..] => format!("{name}:{}:{}", line + 1, column + 1),
            _ => name,
        };
        let comment = location.leading_comments.clone().or_else(|| location.trailing_comments.clone());
        Source { place, comment: comment.filter(|_| self.comments) }
    }

    /// The files that protox brings along have no lines: then it is said where one of them is used.
    fn with_use(&self, file: &FileDescriptor, name: String) -> String {
        let place = self.uses.get(file.name()).filter(|_| !self.paths.contains_key(file.name()));
        place.map_or_else(|| name.clone(), |place| format!("{place}: in {name}"))
    }

    /// Marks a file and those whose types it uses.
    fn emit(&mut self, name: &str) {
        let Some(file) = self.pool.get_file_by_name(name) else { return };
        if !self.emitted.insert(name.to_owned()) {
            return;
        }
        // The files of other types that are to be emitted, each with the path of the first use.
        let mut files = BTreeMap::new();
        for (kind, path) in uses(&file, &self.externs) {
            if !self.used.note(&kind, &self.externs) {
                files.entry(file_of(&kind)).or_insert(path);
            }
        }
        for (name, path) in files {
            let place = self.source(&file, &path).place;
            self.uses.entry(name.clone()).or_insert(place);
            self.emit(&name);
        }
    }
}

/// The messages and enums that a file's messages and services use, each with the path of the field or method.
fn uses(file: &FileDescriptor, externs: &Externs) -> Vec<(Kind, Vec<i32>)> {
    let mut found = Vec::new();
    file.messages().for_each(|message| uses_of_message(&message, externs, &mut found));
    for method in file.services().flat_map(|service| service.methods().collect::<Vec<_>>()) {
        found.extend([method.input(), method.output()].map(|message| (Kind::Message(message), method.path().to_vec())));
    }
    found
}

fn uses_of_message(message: &MessageDescriptor, externs: &Externs, found: &mut Vec<(Kind, Vec<i32>)>) {
    if !externs.has(message.full_name()) {
        let fields = message.fields().map(|field| (field.kind(), field.path().to_vec()));
        found.extend(fields.filter(|(kind, _)| matches!(kind, Kind::Message(_) | Kind::Enum(_))));
    }
    message.child_messages().for_each(|child| uses_of_message(&child, externs, found));
}

fn file_of(kind: &Kind) -> String {
    let file = match kind {
        Kind::Message(message) => message.parent_file(),
        Kind::Enum(declared) => declared.parent_file(),
        _ => return String::new(),
    };
    file.name().to_owned()
}

fn compiler(includes: &[PathBuf], files: &[impl AsRef<Path>], source_info: bool) -> Result<Compiler, Error> {
    let proto = |error: protox::Error| Error::Proto(complaint::lines(&error, includes));
    let mut compiler = Compiler::new(includes).map_err(proto)?;
    compiler.include_source_info(source_info).include_imports(true).open_files(files).map_err(proto)?;
    Ok(compiler)
}
