//! What Cargo looks at to see whether the build script has to run again.
//!
//! Every file that was read, and the directories in which files were looked for: a file that is put there may take the
//! place of one that was read. A directory is watched whole, so one that holds more than .proto files, the package
//! itself or what is written, is not: it would change with every build. Nor is one outside the package, which may be
//! large.

use std::env;
use std::path::{Path, PathBuf};

/// Whether Cargo runs this as a build script and reads what it prints.
pub(crate) fn is_build_script() -> bool {
    env::var_os("OUT_DIR").is_some()
}

/// The directories of these that can be watched.
pub(crate) fn directories(includes: &[PathBuf], out_dir: &Path) -> Vec<PathBuf> {
    // A build script runs in the directory of its package.
    let Some(package) = env::current_dir().ok().and_then(|package| package.canonicalize().ok()) else {
        return Vec::new();
    };
    let is_watched = |include: &&PathBuf| include.canonicalize().is_ok_and(|path| can_be(&path, &package, out_dir));
    includes.iter().filter(is_watched).cloned().collect()
}

fn can_be(include: &Path, package: &Path, out_dir: &Path) -> bool {
    let written = out_dir.canonicalize().unwrap_or_else(|_| out_dir.to_owned());
    include.starts_with(package) && include != package && !written.starts_with(include) && include.is_dir()
}

#[cfg(test)]
mod tests {
    use super::can_be;
    use std::path::Path;

    #[test]
    fn only_directories_of_the_package_without_what_is_written() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let out = Path::new("/nowhere/out");
        assert!(can_be(&package.join("src"), package, out));
        assert!(!can_be(&package.join("src/lib.rs"), package, out), "a file");
        assert!(!can_be(package, package, out), "the package itself");
        assert!(!can_be(&package.join("src"), package, &package.join("src/emit")), "with what is written");
        assert!(!can_be(Path::new("/"), package, out), "outside");
    }
}
