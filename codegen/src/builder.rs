//! The settings, and the order in which the steps run.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::emit::{self, Context, Paths};
use crate::externs::Externs;
use crate::front::Front;
use crate::model::Schema;
use crate::{Error, types, watch};

/// What to compile and how.
///
/// ```no_run
/// # fn main() -> Result<(), threadwire_build::Error> {
/// threadwire_build::Builder::new().include("proto").compile(&["proto/helloworld.proto"])?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Builder {
    includes: Vec<PathBuf>,
    out_dir: Option<PathBuf>,
    runtime: String,
    services: bool,
    shared: bool,
    descriptor_set: Option<String>,
    extern_paths: Vec<(String, String)>,
    well_known_types: bool,
    comments: bool,
    include_file: Option<String>,
}

/// One emitted file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Generated {
    /// Its name, such as `helloworld.rs`.
    pub name: String,
    /// Its text.
    pub source: String,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// The defaults: no include directory, output into `OUT_DIR`, services too.
    #[must_use]
    pub fn new() -> Self {
        Self {
            includes: Vec::new(),
            out_dir: None,
            runtime: "::threadwire".into(),
            services: true,
            shared: false,
            descriptor_set: None,
            extern_paths: Vec::new(),
            well_known_types: false,
            comments: true,
            include_file: None,
        }
    }

    /// Adds a directory in which the files and what they import are looked for, like protoc's `-I`. Without any it is
    /// the current directory.
    #[must_use]
    pub fn include(mut self, directory: impl Into<PathBuf>) -> Self {
        self.includes.push(directory.into());
        self
    }

    /// Writes to this directory instead of `OUT_DIR`.
    #[must_use]
    pub fn out_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(directory.into());
        self
    }

    /// The path by which emitted code reaches threadwire; `::threadwire` by default.
    #[must_use]
    pub fn runtime(mut self, path: impl Into<String>) -> Self {
        self.runtime = path.into();
        self
    }

    /// Whether services are emitted; they are by default, and need threadwire's feature `grpc`.
    #[must_use]
    pub fn services(mut self, emit: bool) -> Self {
        self.services = emit;
        self
    }

    /// Whether strings and bytes share the buffer that a message is decoded from, instead of being copied out of it.
    /// They are `threadwire::protobuf::{SharedString, Bytes}` then, in place of `String` and `Vec<u8>`. A handler's
    /// requests are decoded so from what was received.
    ///
    /// That is faster, and a message keeps its whole buffer alive as long as one of its strings of more than 20 bytes or
    /// one of its bytes fields lives. Shorter strings lie in the message itself.
    #[must_use]
    pub fn shared(mut self, share: bool) -> Self {
        self.shared = share;
        self
    }

    /// Also writes the descriptors of all files, with their imports, as a serialized `FileDescriptorSet` to this file
    /// in the output directory.
    #[must_use]
    pub fn descriptor_set(mut self, file_name: impl Into<String>) -> Self {
        self.descriptor_set = Some(file_name.into());
        self
    }

    /// Types that are there already: nothing is emitted for them, and where they are used they are named by
    /// `rust_path`.
    ///
    /// `proto_path` is the full name of a message or enum, or a package with all that lies in it, behind a dot. Below a
    /// package's path modules and types have the names that they would have been given here, which they do if the
    /// other crate was compiled by this one. `rust_path` begins with `::` or `crate`. The longest path that fits holds;
    /// one of a package that the files know, and that fits nothing in it, is an error.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), threadwire_build::Error> {
    /// threadwire_build::Builder::new()
    ///     .include("proto")
    ///     .extern_path(".shop.common", "::shop_common::proto")
    ///     .extern_path(".shop.Money", "crate::money::Money")
    ///     .compile(&["proto/shop/orders.proto"])?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A type of your own must implement `threadwire::protobuf::Message`, or `Enumeration`. The well-known types of
    /// `google.protobuf` are threadwire's own (`threadwire::protobuf::well_known`) unless a path for them is set here;
    /// so messages of different crates share them.
    #[must_use]
    pub fn extern_path(mut self, proto_path: impl Into<String>, rust_path: impl Into<String>) -> Self {
        self.extern_paths.push((proto_path.into(), rust_path.into()));
        self
    }

    /// Whether the well-known types of `google.protobuf` are emitted like all others; by default they are not, and
    /// threadwire's own are named.
    #[must_use]
    pub fn well_known_types(mut self, emit: bool) -> Self {
        self.well_known_types = emit;
        self
    }

    /// Whether the comments of the .proto files become documentation; they do by default.
    #[must_use]
    pub fn comments(mut self, keep: bool) -> Self {
        self.comments = keep;
        self
    }

    /// Also writes this file, which includes all the others, each in the modules of its package: with `all.rs` one
    /// `threadwire::include_proto!("all")` brings in all packages, and the paths between them are right. It lies in the
    /// output directory: the name is letters, digits, `_`, `-` and dots, and ends in `.rs`.
    #[must_use]
    pub fn include_file(mut self, file_name: impl Into<String>) -> Self {
        self.include_file = Some(file_name.into());
        self
    }

    /// Compiles the files and writes one Rust file for each package into the output directory, the packages of
    /// imported types included. In a build script it tells Cargo which files it read, and which directories of the
    /// package it looked into.
    ///
    /// # Errors
    ///
    /// When a file is wrong, cannot be read, or uses what is not supported.
    pub fn compile(&self, files: &[impl AsRef<Path>]) -> Result<(), Error> {
        let out_dir = self.directory()?;
        let front = self.read(files)?;
        if watch::is_build_script() {
            for path in front.paths().map(Path::to_owned).chain(watch::directories(&self.includes(), &out_dir)) {
                println!("cargo:rerun-if-changed={}", path.display());
            }
        }
        for Generated { name, source } in self.emit(&front, &out_dir)? {
            write(&out_dir.join(name), source.as_bytes())?;
        }
        if let Some(name) = &self.descriptor_set {
            write(&out_dir.join(name), &Front::descriptor_set(&self.includes(), files)?)?;
        }
        Ok(())
    }

    /// Compiles the files and returns what would be written. The output directory is used for files in between.
    ///
    /// # Errors
    ///
    /// As [`compile`](Self::compile).
    pub fn generate(&self, files: &[impl AsRef<Path>]) -> Result<Vec<Generated>, Error> {
        self.emit(&self.read(files)?, &self.directory()?)
    }

    fn read(&self, files: &[impl AsRef<Path>]) -> Result<Front, Error> {
        let mut externs = Externs::new(&self.extern_paths)?;
        if !self.well_known_types {
            externs = externs.with_well_known(Paths::new(&self.runtime)?.root());
        }
        Ok(Front::read(&self.includes(), files, externs)?.with_comments(self.comments))
    }

    fn emit(&self, front: &Front, out_dir: &Path) -> Result<Vec<Generated>, Error> {
        let schema = Schema::new(front, self.services)?;
        let types = types::emit(&schema, out_dir)?;
        let paths = Paths::new(&self.runtime)?;
        let context = Context { schema: &schema, types: &types, paths: &paths, shared: self.shared };
        emit::files(&context, self.include_file.as_deref())
    }

    fn includes(&self) -> Vec<PathBuf> {
        if self.includes.is_empty() { vec![PathBuf::from(".")] } else { self.includes.clone() }
    }

    fn directory(&self) -> Result<PathBuf, Error> {
        self.out_dir.clone().or_else(|| env::var_os("OUT_DIR").map(PathBuf::from)).ok_or(Error::NoOutDir)
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    fs::write(path, bytes).map_err(|source| Error::Io { path: path.to_owned(), source })
}
