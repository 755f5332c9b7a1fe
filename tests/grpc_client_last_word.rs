//! The status of a call whose server has ended it while the client still sends: the client hears it however soon it
//! lets its sending half go.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    reason = "a test may fail"
)]

#[path = "support/grpc.rs"]
mod support;

use std::sync::mpsc::channel;
use support::{CONTINUATION, END_HEADERS, END_STREAM, GOOD_HEAD, HEADERS, RST_STREAM, against, ask, frame, headers};
use threadwire::grpc::Code;

/// The server's last HEADERS frame says that it is the last, and is not whole yet: so the end is known before the status.
#[test]
fn a_sink_that_is_dropped_once_the_server_has_ended_leaves_its_status() {
    let (dropped, is_dropped) = channel();
    let (client, server) = against(move |_, mut raw| {
        let stream = raw.next_of(HEADERS).stream;
        let block = headers(&[GOOD_HEAD, &[("grpc-status", "9"), ("grpc-message", "enough")]].concat());
        let (begin, rest) = block.split_at(block.len() / 2);
        raw.write(&frame(HEADERS, END_STREAM, stream, begin));
        is_dropped.recv().unwrap();
        raw.write(&frame(CONTINUATION, END_HEADERS, stream, rest));
        // And the stream is let go.
        assert_eq!(raw.next_of(RST_STREAM).stream, stream);
    });
    let (mut sink, answer) = client.upload(()).unwrap();
    let failure = std::iter::repeat_with(|| sink.send(ask("more"))).find_map(Result::err).unwrap();
    assert_eq!(failure.code(), Code::Cancelled);
    drop(sink);
    dropped.send(()).unwrap();
    let status = answer.receive().unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::FailedPrecondition, "enough"));
    server.join().unwrap();
}
