//! Many calls on one channel, one after the other or at once.

use crate::cases::{Case, Failure, Outcome, Peer, are_zeros, large_call, same};
use std::thread;
use std::time::Instant;
use threadwire_interop_grpc::proto::SimpleRequest;
use threadwire_interop_grpc::zeros;

pub(crate) const CASES: &[Case] = &[
    ("pick_first_unary", pick_first_unary),
    ("long_lived_channel", long_lived_channel),
    ("concurrent_large_unary", concurrent_large_unary),
];

const CALLS_TO_ONE: usize = 100;
const CALLS_AT_ONCE: usize = 1_000;
/// A thousand threads that do little.
const STACK_BYTES: usize = 256 * 1024;

/// All calls reach the same server, whose name they bring back. (grpc-go's server has none.)
fn pick_first_unary(peer: &Peer) -> Outcome {
    let call = || -> Result<String, Failure> {
        let request =
            SimpleRequest { response_size: 1, payload: Some(zeros(1)), fill_server_id: true, ..Default::default() };
        let reply = peer.client.unary_call(request)?.into_message();
        are_zeros(reply.payload.as_ref(), 1)?;
        Ok(reply.server_id)
    };
    let first = call()?;
    (1..CALLS_TO_ONE).try_for_each(|number| same(&format!("server_id of call {number}"), call()?, first.as_str()))
}

/// The channel is idle between the calls.
fn long_lived_channel(peer: &Peer) -> Outcome {
    let begin = Instant::now();
    let moments = (0..).map_while(|number| begin.checked_add(peer.options.iteration_interval.checked_mul(number)?));
    for moment in moments.take(peer.options.soak.iterations) {
        thread::sleep(moment.saturating_duration_since(Instant::now()));
        large_call(&peer.client)?;
    }
    Ok(())
}

fn concurrent_large_unary(peer: &Peer) -> Outcome {
    all_at_once(peer, CALLS_AT_ONCE)
}

/// So many calls of `large_unary`, each on a thread of its own.
pub(crate) fn all_at_once(peer: &Peer, count: usize) -> Outcome {
    thread::scope(|scope| {
        let spawn = |_| {
            let thread = thread::Builder::new().stack_size(STACK_BYTES);
            thread.spawn_scoped(scope, || large_call(&peer.client))
        };
        let threads = (0..count).map(spawn).collect::<Result<Vec<_>, _>>()?;
        let join = |thread: thread::ScopedJoinHandle<'_, Outcome>| {
            thread.join().unwrap_or_else(|_| Err("a thread panicked".into()))
        };
        let outcomes: Vec<Outcome> = threads.into_iter().map(join).collect();
        outcomes.into_iter().collect()
    })
}
