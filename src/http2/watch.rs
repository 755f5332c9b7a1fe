//! Both directions of one connection, as they are counted, and the last words to a peer that has gone too far.

use super::departures::Departures;
use super::early::{Early, News};
use super::flood::{Allowance, Breach, Flood, Peer, PingRule};
use super::heads::{Heads, kind};
use super::open::Open;
use super::opening::PREFACE;
use crate::Limits;
use std::io;
use std::sync::Arc;
use std::time::Instant;

/// ENHANCE_YOUR_CALM (RFC 9113 §7).
const CALM: [u8; 4] = [0, 0, 0, 11];

/// Sees the bytes of one connection as they pass.
#[derive(Debug)]
pub(super) struct Watch {
    received: Heads,
    sent: Heads,
    flood: Flood,
    /// The streams of a served connection.
    open: Option<Arc<Open>>,
    /// Of a connection to a server.
    own: Option<Own>,
    /// Of a GOAWAY that is coming.
    last: Option<Last>,
}

/// The last stream that a GOAWAY names (RFC 9113 §6.8), whose four bytes may come in pieces.
#[derive(Debug, Default)]
struct Last {
    had: usize,
    stream: u32,
}

impl Last {
    /// Looks at the bytes behind those that it had. Some: all have come.
    fn see(&mut self, bytes: &[u8]) -> Option<u32> {
        for byte in bytes.iter().take(4 - self.had) {
            self.stream = self.stream << 8 | u32::from(*byte);
            self.had += 1;
        }
        // One bit is reserved.
        (self.had == 4).then_some(self.stream & 0x7fff_ffff)
    }
}

/// What a client notes of its streams.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) departures: Arc<Departures>,
    pub(super) early: Arc<Early>,
}

impl Watch {
    /// Over a client, whose preface comes first.
    pub(super) fn of_client(limits: &Limits, open: &Arc<Open>) -> Self {
        let pings =
            PingRule { least_interval: limits.least_ping_interval, without_streams: limits.keepalive_without_calls };
        let peer = Peer::Client {
            rapid_resets: limits.rapid_resets,
            pings: (!limits.least_ping_interval.is_zero()).then_some(pings),
        };
        let allowance = Allowance { control_frames: limits.control_frames, peer };
        let flood = Flood::new(allowance, Instant::now());
        let (received, sent) = (Heads::behind(PREFACE.len()), Heads::behind(0));
        Self { received, sent, flood, open: Some(Arc::clone(open)), own: None, last: None }
    }

    /// Over a server; to it the preface is sent.
    pub(super) fn of_server(limits: &Limits, own: Own) -> Self {
        let allowance = Allowance { control_frames: limits.control_frames, peer: Peer::Server };
        let flood = Flood::new(allowance, Instant::now());
        let (received, sent) = (Heads::behind(0), Heads::behind(PREFACE.len()));
        Self { received, sent, flood, open: None, own: Some(own), last: None }
    }

    /// Looks at bytes of the peer.
    ///
    /// # Errors
    /// It has gone too far.
    pub(super) fn received(&mut self, mut bytes: &[u8]) -> Result<(), Breach> {
        let now = Instant::now();
        self.see_last(bytes);
        while let Some(head) = self.received.next(&mut bytes) {
            let open = &self.open;
            self.flood.received(head, now, || open.as_ref().is_some_and(|open| open.has_streams()))?;
            let Some(own) = &self.own else { continue };
            if head.kind == kind::HEADERS {
                own.early.note(head.stream, News::Answered);
            }
            if matches!(head.kind, kind::DATA | kind::HEADERS) && head.ends_stream() {
                own.early.note(head.stream, News::Ended);
            }
            // A shorter one is an error, which h2 finds.
            if head.kind == kind::GOAWAY && head.length >= 8 {
                self.last = Some(Last::default());
                self.see_last(bytes);
            }
        }
        Ok(())
    }

    /// Looks at the payload of a GOAWAY that is coming, if one is.
    fn see_last(&mut self, bytes: &[u8]) {
        if let (Some(last), Some(own)) = (&mut self.last, &self.own)
            && let Some(stream) = last.see(bytes)
        {
            own.early.goes_away(stream);
            self.last = None;
        }
    }

    /// Looks at bytes that were gathered when `sent` bytes had left.
    ///
    /// # Errors
    /// The peer has gone too far.
    pub(super) fn gathered(&mut self, mut bytes: &[u8], sent: u64) -> Result<(), Breach> {
        let mut kept = Ok(());
        // To their end, so that it is known whether frames are whole.
        while let Some(head) = self.sent.next(&mut bytes) {
            kept = kept.and(self.flood.sent(head, Instant::now));
            if let (Some(own), kind::HEADERS) = (&self.own, head.kind) {
                own.departures.gathered(head.stream, sent);
            }
        }
        kept
    }

    /// GOAWAY (RFC 9113 §6.8) for a peer that has gone too far; none if it would stand within a frame.
    pub(super) fn last_words(&self, breach: Breach) -> Option<Vec<u8>> {
        let why = breach.name().as_bytes();
        let length = u8::try_from(why.len() + 8).ok()?;
        let head = [0, 0, length, 7, 0, 0, 0, 0, 0];
        let last_stream = self.flood.last_stream().to_be_bytes();
        self.sent.is_between_frames().then(|| [&head[..], &last_stream, &CALM, why].concat())
    }
}

/// The failure of a connection whose peer has gone too far.
pub(super) fn failure(breach: Breach) -> io::Error {
    io::Error::other(format!("the peer has sent {}", breach.name().replace('_', " ")))
}

#[cfg(test)]
mod tests {
    use super::{Breach, Own, Watch};
    use crate::Limits;
    use crate::http2::open::Open;
    use std::sync::Arc;
    use std::time::Instant;

    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    const PING: &[u8] = b"\0\0\x08\x06\0\0\0\0\0datadata";

    #[test]
    fn last_words_stand_between_frames_or_are_not_said() {
        let mut watch = Watch::of_client(&Limits::default(), &Open::new(Instant::now()));
        watch.received(PREFACE).unwrap();
        watch.received(b"\0\0\0\x01\x05\0\0\0\x05").unwrap();
        watch.received(&PING.repeat(3)).unwrap();
        assert_eq!(watch.received(PING), Err(Breach::Pings));
        watch.gathered(b"\0\0\x05\0\0\0\0\0\x05he", 0).unwrap();
        assert_eq!(watch.last_words(Breach::Pings), None);
        watch.gathered(b"llo", 0).unwrap();
        let words = watch.last_words(Breach::Pings).unwrap();
        assert_eq!(words, b"\0\0\x16\x07\0\0\0\0\0\0\0\0\x05\0\0\0\x0btoo_many_pings");
    }

    #[test]
    fn a_server_may_ping_as_it_likes_within_the_bound_of_all() {
        let limits = Limits { control_frames: 50, ..Limits::default() };
        let own = Own { departures: Arc::default(), early: Arc::default() };
        let mut watch = Watch::of_server(&limits, own);
        watch.received(&PREFACE[24..]).unwrap();
        watch.received(&PING.repeat(40)).unwrap();
        assert_eq!(watch.received(PING), Err(Breach::Pings));
        watch.gathered(&PREFACE[..20], 0).unwrap();
        assert_eq!(watch.last_words(Breach::Pings), None);
    }
}
