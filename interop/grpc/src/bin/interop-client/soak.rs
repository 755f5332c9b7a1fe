//! Large calls one after the other, each within its time: on one channel, or each on a new one.

use crate::cases::{Case, Failure, Outcome, Peer, channel, sized_call};
use crate::options::Soak;
use std::thread;
use std::time::{Duration, Instant};
use threadwire_interop_grpc::proto::TestServiceClient;

pub(crate) const CASES: &[Case] = &[("rpc_soak", rpc_soak), ("channel_soak", channel_soak)];

fn rpc_soak(peer: &Peer) -> Outcome {
    soak(peer, &|| Ok(peer.client.clone()))
}

fn channel_soak(peer: &Peer) -> Outcome {
    soak(peer, &|| Ok(TestServiceClient::new(channel(&peer.options.target)?)))
}

type Connect<'c> = &'c (dyn Fn() -> Result<TestServiceClient, Failure> + Sync);

/// What one thread's calls came to, or those of all.
#[derive(Default)]
struct Count {
    calls: usize,
    failures: usize,
    longest: Duration,
}

fn soak(peer: &Peer, connect: Connect<'_>) -> Outcome {
    let soak = &peer.options.soak;
    let until = Instant::now().checked_add(soak.overall).ok_or("--soak_overall_timeout_seconds is too long")?;
    let counts = thread::scope(|scope| -> Result<Vec<Count>, Failure> {
        let threads: Vec<_> =
            (0..soak.threads).map(|number| scope.spawn(move || of_thread(number, soak, until, connect))).collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| "a thread panicked".into())).collect()
    });
    let all = counts?.into_iter().fold(Count::default(), |all, count| Count {
        calls: all.calls + count.calls,
        failures: all.failures + count.failures,
        longest: all.longest.max(count.longest),
    });
    let Count { calls, failures, longest } = all;
    eprintln!("soak: {failures} of {calls} calls failed; the longest took {} ms", longest.as_millis());
    if calls < soak.iterations {
        return Err(format!("only {calls} of {} calls were made in {:?}", soak.iterations, soak.overall).into());
    }
    if failures > soak.max_failures {
        return Err(format!("{failures} of {calls} calls failed, {} may", soak.max_failures).into());
    }
    Ok(())
}

/// The calls of one thread; each has a line of its own.
fn of_thread(thread: usize, soak: &Soak, until: Instant, connect: Connect<'_>) -> Count {
    let mut count = Count::default();
    for iteration in 0..soak.iterations / soak.threads {
        let begin = Instant::now();
        if begin >= until {
            break;
        }
        let outcome = connect().and_then(|client| sized_call(&client, soak.request_size, soak.response_size));
        let took = begin.elapsed();
        let in_time = if took <= soak.latency { Ok(()) } else { Err(format!("over {:?}", soak.latency).into()) };
        let outcome = outcome.and(in_time);
        count.calls += 1;
        count.failures += usize::from(outcome.is_err());
        count.longest = count.longest.max(took);
        let how = outcome.map_or_else(|failure| format!("failed: {failure}"), |()| "succeeded".to_owned());
        eprintln!("thread {thread}: soak iteration: {iteration} elapsed_ms: {} {how}", took.as_millis());
        thread::sleep(soak.least_interval.saturating_sub(took));
    }
    count
}
