//! The rooms' import rules (the table of floors in ARCHITECTURE.md), kept true on the source text.
//!
//! A room imports only rooms of lower floors; a third-party crate that does a room's job is named only there; every
//! file says at its head what it is. What cargo compiles for an embedder is checked on `cargo tree`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

#[path = "architecture/paths.rs"]
mod paths;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each room of `src/` with its floor. The files of floor 0 stand at the root and may name one another.
const ROOMS: &[(&str, u8)] = &[
    ("error", 0),
    ("limits", 0),
    ("threads", 0),
    ("protobuf", 1),
    ("net", 1),
    // Above `net`: its `Trace` is one of net's observers.
    ("inspect", 2),
    ("link", 2),
    ("http2", 3),
    ("grpc", 4),
    ("websocket", 4),
    ("bin", 5),
];

/// Names that `lib.rs` gives out itself; they belong to files of floor 0.
const ROOT_NAMES: &[&str] = &["Error", "Limits", "Threads"];

/// Crates that do one room's job, and that room.
const CRATES: &[(&str, &str)] = &[
    ("h2", "http2"),
    ("tokio", "http2"),
    ("flate2", "grpc"),
    ("ruzstd", "grpc"),
    ("tungstenite", "websocket"),
    ("quick_protobuf", "protobuf"),
];

/// The room that a file belongs to; `src/lib.rs` belongs to none.
fn room_of(file: &str) -> Option<&str> {
    let first = file.strip_prefix("src/")?.split('/').next()?;
    let room = first.strip_suffix(".rs").unwrap_or(first);
    (room != "lib").then_some(room)
}

/// How deep the file's own module lies: 0 for the crate's root, 1 for `src/net/mod.rs`.
fn module_depth(file: &str) -> usize {
    let inside = file.strip_prefix("src/").unwrap_or(file);
    let is_head = inside.ends_with("/mod.rs") || inside == "lib.rs";
    inside.split('/').count() - usize::from(is_head)
}

fn floor(room: &str) -> Option<u8> {
    ROOMS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

/// What a file does against the rules, one line each.
fn violations(file: &str, source: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !source.starts_with("//!") {
        found.push(format!("{file}:1: a file opens with `//!`: what it owns"));
    }
    for path in paths::paths(source, module_depth(file)) {
        let complaint = match path.segments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [root @ ("crate" | "threadwire"), name, ..] => forbidden_room(file, root, name),
            [name, ..] => forbidden_crate(file, name),
            [] => None,
        };
        if let Some(complaint) = complaint {
            found.push(format!("{file}:{}: {complaint}", path.line));
        }
    }
    found
}

/// Whether `root::name` may be named in this file.
fn forbidden_room(file: &str, root: &str, name: &str) -> Option<String> {
    let here = room_of(file)?;
    // The program is a crate of its own: `crate` is the program there, and `threadwire` has only its public face.
    if here == "bin" || here == name || ROOT_NAMES.contains(&name) {
        return None;
    }
    let Some(there) = floor(name) else {
        return Some(format!("`{root}::{name}` is in no room; name what is meant by its room"));
    };
    let allowed = floor(here).is_some_and(|here| there < here || (here == 0 && there == 0));
    (!allowed).then(|| format!("`{here}` must not know `{name}`: a room imports only lower floors"))
}

/// Whether a path that begins with `name` may stand in this file.
fn forbidden_crate(file: &str, name: &str) -> Option<String> {
    let (_, owner) = CRATES.iter().find(|(krate, _)| *krate == name)?;
    (room_of(file) != Some(owner)).then(|| format!("the crate `{name}` is named only in `{owner}`"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a folder, as paths from the root with `/`.
fn rust_files(folder: &str) -> Vec<String> {
    let mut pending = vec![PathBuf::from(folder)];
    let mut files = Vec::new();
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            if root().join(&path).is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path.to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    files
}

/// The names of the packages in `cargo tree` for an embedder with these features.
fn compiled_with(features: &str, edges: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--no-default-features", "--prefix", "none", "--package", "threadwire"])
        .args(["--features", features, "--edges", edges])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let names: BTreeSet<_> = tree.lines().filter_map(|line| line.split(' ').next()).map(String::from).collect();
    assert!(names.contains("threadwire"), "not a tree of this package:\n{tree}");
    names
}

#[test]
fn every_source_file_keeps_the_rules() {
    let found: Vec<_> = rust_files("src")
        .iter()
        .flat_map(|file| violations(file, &fs::read_to_string(root().join(file)).unwrap()))
        .collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn every_generator_file_says_what_it_is() {
    let folders = ["codegen/src", "interop/peer/src"];
    for file in folders.iter().filter(|folder| root().join(folder).exists()).flat_map(|folder| rust_files(folder)) {
        let source = fs::read_to_string(root().join(&file)).unwrap();
        assert!(source.starts_with("//!"), "{file}: a file opens with `//!`: what it owns");
    }
}

#[test]
fn the_table_lists_the_rooms_that_there_are() {
    let there: BTreeSet<_> = rust_files("src").iter().filter_map(|file| room_of(file).map(String::from)).collect();
    let listed: BTreeSet<_> = ROOMS.iter().map(|(room, _)| String::from(*room)).collect();
    assert_eq!(there, listed);
}

#[test]
fn websocket_alone_compiles_nothing_of_http2() {
    let names = compiled_with("websocket", "normal");
    assert!(names.contains("tungstenite"));
    for absent in ["h2", "tokio", "quick-protobuf"] {
        assert!(!names.contains(absent), "{absent} in {names:?}");
    }
}

#[test]
fn grpc_alone_compiles_neither_websocket_nor_generator() {
    let names = compiled_with("grpc", "normal,build");
    assert!(names.contains("h2") && names.contains("quick-protobuf"));
    for absent in
        ["flate2", "ruzstd", "tungstenite", "httparse", "threadwire-build", "pb-rs", "protox", "lexopt", "signal-hook"]
    {
        assert!(!names.contains(absent), "{absent} in {names:?}");
    }
}

/// The checker itself, on made-up sources: each rule refuses what it is there to refuse.
mod the_checker {
    use super::violations;

    /// The complaints about a body in a file that has its head.
    fn complaints(file: &str, body: &str) -> Vec<String> {
        violations(file, &format!("//! A head.\n{body}"))
    }

    #[test]
    fn wants_a_head() {
        assert_eq!(violations("src/net/mod.rs", "fn f() {}").len(), 1);
        assert_eq!(violations("src/net/mod.rs", "//! Owns.\nfn f() {}"), [""; 0]);
    }

    #[test]
    fn refuses_a_higher_floor_and_says_where() {
        let found = complaints("src/link/drive.rs", "\nuse crate::grpc::Status;");
        assert_eq!(found, ["src/link/drive.rs:3: `link` must not know `grpc`: a room imports only lower floors"]);
        assert_eq!(complaints("src/grpc/status.rs", "use crate::{Error, http2::Body, net::Address};"), [""; 0]);
    }

    #[test]
    fn refuses_the_neighbour_on_the_same_floor() {
        assert_eq!(complaints("src/grpc/mod.rs", "fn f(_: crate::websocket::Error) {}").len(), 1);
        assert_eq!(complaints("src/websocket/mod.rs", "use threadwire::grpc;").len(), 1);
        assert_eq!(complaints("src/net/mod.rs", "use crate::inspect;").len(), 1);
        assert_eq!(complaints("src/threads.rs", "use crate::error::Error;"), [""; 0]);
    }

    #[test]
    fn follows_groups_globs_and_super() {
        assert_eq!(complaints("src/net/wait.rs", "use crate::{error::{Error}, link::{io, bell}};").len(), 2);
        assert_eq!(complaints("src/net/wait.rs", "use crate::*;").len(), 1);
        assert_eq!(complaints("src/net/wait.rs", "use super::super::link::io;").len(), 1);
        assert_eq!(complaints("src/net/wait.rs", "use super::link;"), [""; 0]);
        assert_eq!(complaints("src/net/mod.rs", "mod tests { use super::super::link; use super::wait; }").len(), 1);
    }

    #[test]
    fn keeps_a_crate_in_its_room() {
        assert_eq!(complaints("src/grpc/mod.rs", "fn f(_: ::h2::Error) {}").len(), 1);
        assert_eq!(complaints("src/bin/threadwire/main.rs", "use tungstenite;").len(), 1);
        assert_eq!(complaints("src/lib.rs", "pub use quick_protobuf::Writer;").len(), 1);
        assert_eq!(complaints("src/http2/io.rs", "use tokio::io::AsyncRead; use h2::server;"), [""; 0]);
        assert_eq!(complaints("src/grpc/mod.rs", "let h2 = 1; x.h2::<u8>(); self::h2::f();"), [""; 0]);
    }

    #[test]
    fn reads_code_only() {
        let body = r##"
            // crate::grpc /* h2::x */
            /* crate::grpc /* nested */ h2::x */
            const TEXT: &str = "crate::grpc \" h2::x";
            const RAW: &str = r#"crate::grpc " h2::x"#;
            fn f<'a>(c: char) -> &'a str { if c == '"' { "h2::x" } else { "'" } }
        "##;
        assert_eq!(complaints("src/link/mod.rs", body), [""; 0]);
        assert_eq!(complaints("src/link/mod.rs", &format!("{body} use h2::x;")).len(), 1);
    }
}
