//! What a connection begins with (RFC 9113 §3.4): the client's preface, and from both sides a SETTINGS frame first.
//!
//! h2 itself takes any frame first, and says nothing of SETTINGS; so the bytes are looked at as they pass.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The client's preface.
pub(super) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEAD_LENGTH: usize = 9;
const SETTINGS: u8 = 4;
const ACK: u8 = 1;
const SETTING_LENGTH: usize = 6;
/// SETTINGS_MAX_HEADER_LIST_SIZE (RFC 9113 §6.5.2).
const MAX_HEADER_LIST_SIZE: [u8; 2] = [0, 6];

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

/// What the peer's first SETTINGS says, once it has come. (A later one may change it; peers do not.)
#[derive(Debug)]
pub(crate) struct Progress {
    begun: AtomicBool,
    header_list_bytes: AtomicU64,
}

impl Progress {
    pub(super) fn new() -> Arc<Self> {
        // RFC 9113 §6.5.2: without this setting there is no limit.
        Arc::new(Self { begun: AtomicBool::new(false), header_list_bytes: AtomicU64::new(u64::MAX) })
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Acquire)
    }

    /// The largest header list that the peer takes, in bytes as RFC 9113 §6.5.2 counts them.
    pub(crate) fn header_list_bytes(&self) -> u64 {
        self.header_list_bytes.load(Ordering::Acquire)
    }
}

/// Watches the first bytes of the peer until its first frame is whole.
#[derive(Debug)]
pub(super) struct Opening {
    skip: usize,
    head: Vec<u8>,
    /// Of the frame behind its head.
    left: usize,
    setting: Vec<u8>,
    progress: Arc<Progress>,
}

impl Opening {
    /// Of a client: its preface comes first.
    pub(super) fn of_client(progress: &Arc<Progress>) -> Self {
        Self::behind(PREFACE.len(), progress)
    }

    /// Of a server: its first frame comes first.
    pub(super) fn of_server(progress: &Arc<Progress>) -> Self {
        Self::behind(0, progress)
    }

    fn behind(skip: usize, progress: &Arc<Progress>) -> Self {
        Self { skip, head: Vec::new(), left: 0, setting: Vec::new(), progress: Arc::clone(progress) }
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
        for byte in bytes.iter().skip(skipped) {
            if self.head.len() < HEAD_LENGTH {
                self.see_head(*byte)?;
            } else {
                self.see_payload(*byte);
            }
            if self.head.len() == HEAD_LENGTH && self.left == 0 {
                self.progress.begun.store(true, Ordering::Release);
                self.head = Vec::new();
                self.setting = Vec::new();
                break;
            }
        }
        Ok(())
    }

    fn see_head(&mut self, byte: u8) -> io::Result<()> {
        self.head.push(byte);
        let [high, middle, low, kind, ref rest @ ..] = *self.head else { return Ok(()) };
        let acknowledges = rest.first().is_some_and(|flags| flags & ACK != 0);
        if kind != SETTINGS || acknowledges {
            return Err(io::Error::new(ErrorKind::InvalidData, self.complaint(kind)));
        }
        // One that is too long for h2 ends the connection there.
        self.left = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        Ok(())
    }

    fn see_payload(&mut self, byte: u8) {
        self.left -= 1;
        self.setting.push(byte);
        if let [high, low, value @ ..] = &*self.setting
            && self.setting.len() == SETTING_LENGTH
        {
            if [*high, *low] == MAX_HEADER_LIST_SIZE {
                let value = value.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
                self.progress.header_list_bytes.store(value, Ordering::Release);
            }
            self.setting.clear();
        }
    }

    fn complaint(&self, kind: u8) -> String {
        if self.head.starts_with(b"HTTP") {
            "the peer speaks HTTP/1.x, not HTTP/2".to_owned()
        } else if self.head.starts_with(&[0x15, 3]) || self.head.starts_with(&[0x16, 3]) {
            "the peer speaks TLS on this port".to_owned()
        } else {
            format!("the first frame is of type {kind}, expected SETTINGS (type 4) of the peer's own")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Opening, PREFACE, Progress, kind};

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
        bytes.extend([0, 0, 12, 4, 0, 0, 0, 0, 0]);
        bytes.extend([0, 3, 0, 0, 0, 100, 0, 6, 0, 0, 32, 1]);
        for split in 0..bytes.len() {
            let progress = Progress::new();
            let mut opening = Opening::of_client(&progress);
            opening.see(&bytes[..split]).unwrap();
            assert!(!progress.has_begun(), "{split}");
            opening.see(&bytes[split..]).unwrap();
            assert!(progress.has_begun(), "{split}");
            assert_eq!(progress.header_list_bytes(), 0x2001, "{split}");
        }
    }

    #[test]
    fn settings_may_be_empty() {
        let progress = Progress::new();
        Opening::of_server(&progress).see(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).unwrap();
        assert!(progress.has_begun());
        assert_eq!(progress.header_list_bytes(), u64::MAX);
    }

    #[test]
    fn another_first_frame_is_refused() {
        let text = |bytes: &[u8]| Opening::of_server(&Progress::new()).see(bytes).unwrap_err().to_string();
        assert!(text(b"\0\0\0\x01\0\0\0\0\x01").contains("type 1"));
        assert!(text(b"\0\0\0\x04\x01\0\0\0\0").contains("type 4"));
        assert!(text(b"HTTP/1.1 400 Bad Request\r\n").contains("HTTP/1.x"));
        assert!(text(&[0x15, 3, 3, 0, 2]).contains("TLS"));
    }
}
