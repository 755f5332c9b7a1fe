//! Unix sockets by path: `unix:path` as gRPC's naming document has it, connecting, and listening, which makes the path
//! and removes it.

use super::socket::open;
use crate::threads::Process;
use rustix::net::{AddressFamily, SocketAddrUnix};
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{self, PathBuf};

/// The path in `unix:path` or `unix:///absolute/path`. None: it is another kind of address.
pub(super) fn path(address: &str) -> Option<&str> {
    let path = address.strip_prefix("unix:")?;
    let path = path.strip_prefix("//").filter(|path| path.starts_with('/')).unwrap_or(path);
    (!path.is_empty()).then_some(path)
}

/// Connects. Never blocks, nor does the stream.
///
/// # Errors
/// `WouldBlock` if too many connections wait to be accepted there.
pub(super) fn connect(path: &path::Path) -> io::Result<UnixStream> {
    let socket = open(AddressFamily::UNIX)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(UnixStream::from(socket))
}

/// The path of a socket that listens. Dropped, it is removed, by the process that made it, unless another has taken it.
///
/// It must be dropped before the socket: as long as that listens nobody takes the path for left over, and its inode,
/// which the socket holds, is given to no other file.
#[derive(Debug)]
pub(super) struct Path {
    path: PathBuf,
    file: FileId,
    process: Process,
}

/// The device and the inode.
type FileId = (u64, u64);

impl Drop for Path {
    fn drop(&mut self) {
        if self.process.is_this() && file_id(&self.path).is_ok_and(|file| file == self.file) {
            // It may have been removed already.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Listens on `path`, which must not be there, but for a socket that nobody listens on any more.
pub(super) fn listen(path: &path::Path) -> io::Result<(UnixListener, Path)> {
    let socket = match UnixListener::bind(path) {
        Err(error) if error.kind() == ErrorKind::AddrInUse && is_left_over(path) => {
            fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        bound => bound?,
    };
    socket.set_nonblocking(true)?;
    Ok((socket, Path { path: path.to_owned(), file: file_id(path)?, process: Process::this() }))
}

fn file_id(path: &path::Path) -> io::Result<FileId> {
    fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
}

/// A socket, and nobody listens there.
fn is_left_over(path: &path::Path) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    is_socket && connect(path).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn addresses_are_told_apart() {
        assert_eq!(path("unix:/run/a"), Some("/run/a"));
        assert_eq!(path("unix:///run/a"), Some("/run/a"));
        assert_eq!(path("unix:a"), Some("a"));
        for other in ["unix:", "localhost:80", "http://unix:1", "[::]:1"] {
            assert_eq!(path(other), None, "{other}");
        }
    }
}
