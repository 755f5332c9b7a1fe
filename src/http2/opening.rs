//! What a connection begins with (RFC 9113 §3.4): the client's preface, and from both sides a SETTINGS frame first.
//!
//! h2 itself takes any frame first, and says nothing of SETTINGS; so the bytes are looked at as they pass.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The client's preface.
pub(super) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEAD_LENGTH: usize = 9;
const SETTINGS: u8 = 4;

/// What a server's first bytes from a peer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The preface, or the beginning of it.
    Http2 { whole: bool },
    /// A request of HTTP/1.x.
    Http1,
    /// A TLS handshake.
    Tls,
    /// Letters only, so far: a method, or not.
    Undecided,
    /// Anything else.
    Unknown,
}

/// Tells what `bytes`, the first of a connection, are.
pub(super) fn kind(bytes: &[u8]) -> Kind {
    let compared = bytes.len().min(PREFACE.len());
    if bytes.get(..compared) == PREFACE.get(..compared) {
        return Kind::Http2 { whole: bytes.len() >= PREFACE.len() };
    }
    match bytes {
        // A record of type handshake, version 3.x (RFC 8446 §5.1).
        [0x16, 0x03, ..] | [0x16] => Kind::Tls,
        // A method is letters, then a space (RFC 9112 §3); the methods in use have at most 9 letters.
        _ => {
            let letters = bytes.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
            match bytes.get(letters) {
                None if letters < 10 => Kind::Undecided,
                Some(b' ') if (1..10).contains(&letters) => Kind::Http1,
                _ => Kind::Unknown,
            }
        }
    }
}

/// Whether the peer's first SETTINGS has come.
#[derive(Debug, Default)]
pub(crate) struct Progress(AtomicBool);

impl Progress {
    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Watches the first bytes of the peer until its first frame's head is whole.
#[derive(Debug)]
pub(super) struct Opening {
    skip: usize,
    head: Vec<u8>,
    progress: Arc<Progress>,
}

impl Opening {
    /// Of a client: its preface comes first.
    pub(super) fn of_client() -> Self {
        Self { skip: PREFACE.len(), head: Vec::new(), progress: Arc::default() }
    }

    /// Of a server: its first frame comes first.
    pub(super) fn of_server() -> Self {
        Self { skip: 0, head: Vec::new(), progress: Arc::default() }
    }

    pub(super) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Looks at bytes as they pass.
    ///
    /// # Errors
    /// The first frame is not SETTINGS.
    pub(super) fn see(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.progress.has_begun() {
            return Ok(());
        }
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        let wanted = HEAD_LENGTH - self.head.len();
        self.head.extend(bytes.iter().skip(skipped).take(wanted));
        let [_, _, _, kind, ..] = *self.head else { return Ok(()) };
        if kind != SETTINGS {
            return Err(io::Error::new(ErrorKind::InvalidData, self.complaint(kind)));
        }
        if self.head.len() == HEAD_LENGTH {
            self.progress.0.store(true, Ordering::Release);
            self.head = Vec::new();
        }
        Ok(())
    }

    fn complaint(&self, kind: u8) -> String {
        if self.head.starts_with(b"HTTP") {
            "the peer speaks HTTP/1.x, not HTTP/2".to_owned()
        } else if self.head.starts_with(&[0x15, 3]) || self.head.starts_with(&[0x16, 3]) {
            "the peer speaks TLS on this port".to_owned()
        } else {
            format!("the first frame is of type {kind}, expected SETTINGS (type 4)")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Opening, PREFACE, kind};

    #[test]
    fn peers_are_told_apart() {
        for length in 0..PREFACE.len() {
            assert_eq!(kind(&PREFACE[..length]), Kind::Http2 { whole: false }, "{length}");
        }
        assert_eq!(kind(PREFACE), Kind::Http2 { whole: true });
        assert_eq!(kind(b"GET / HTTP/1.1"), Kind::Http1);
        assert_eq!(kind(b"PRO"), Kind::Undecided);
        assert_eq!(kind(b"ABCDEFGHIJ"), Kind::Unknown);
        assert_eq!(kind(b" GET /"), Kind::Unknown);
        assert_eq!(kind(b"PRI * HTTP/1"), Kind::Http1);
        assert_eq!(kind(&[0x16, 3, 1, 0, 200]), Kind::Tls);
        assert_eq!(kind(b"SSH-2.0-x"), Kind::Unknown);
        assert_eq!(kind(b"\0\0\0\x04"), Kind::Unknown);
    }

    #[test]
    fn the_first_frame_is_found_at_every_split() {
        let mut bytes = PREFACE.to_vec();
        bytes.extend([0, 0, 0, 4, 0, 0, 0, 0, 0]);
        for split in 0..bytes.len() {
            let mut opening = Opening::of_client();
            opening.see(&bytes[..split]).unwrap();
            assert!(!opening.progress().has_begun(), "{split}");
            opening.see(&bytes[split..]).unwrap();
            assert!(opening.progress().has_begun(), "{split}");
        }
    }

    #[test]
    fn another_first_frame_is_refused() {
        let text = |bytes: &[u8]| Opening::of_server().see(bytes).unwrap_err().to_string();
        assert!(text(b"\0\0\0\x01\0\0\0\0\x01").contains("type 1"));
        assert!(text(b"HTTP/1.1 400 Bad Request\r\n").contains("HTTP/1.x"));
        assert!(text(&[0x15, 3, 3, 0, 2]).contains("TLS"));
    }
}
