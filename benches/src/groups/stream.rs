//! A thousand streams of tokens at once, as a program has that asks language
//! models: server-sent events in chunks of HTTP.

use std::time::Duration;

use crate::contender::Load;
use crate::net::{Sockets, Took, by_hand, streamed};
use crate::row::rows;

rows! { "stream",
    "1,000 token streams" by 20_000 below SAME: [sockets] tokens, floor floor_tokens;
    "1,000 token streams (CPU)" by 20_000 below SAME: [local] tokens_cpu, floor floor_tokens_cpu;
}

const STREAMS: u64 = 1_000;

/// A task for each stream reads what is there and takes it apart; a thread
/// writes one token on each stream in turn. A row's number is for one token.
///
/// Same work: the same bytes and the same parser. How many tokens a read finds
/// depends on which is faster, the thread or the runtime: a runtime that falls
/// behind finds more at once, which makes it cheaper. So the time on the wall
/// is mostly the writer's; (CPU) is what the reading thread worked. It cannot
/// say how long a token takes from the writer to its reader.
fn streams<S: Sockets>(load: Load) -> Took {
    streamed::<S>(STREAMS as usize, load.batch * load.times / STREAMS)
}

fn tokens<S: Sockets>(load: Load) -> Duration {
    streams::<S>(load).wall
}

fn tokens_cpu<S: Sockets>(load: Load) -> Duration {
    streams::<S>(load).cpu
}

/// The floor: mio's poller and the parser.
fn floor_tokens(load: Load) -> Duration {
    by_hand::streamed(STREAMS as usize, load.batch * load.times / STREAMS).wall
}

fn floor_tokens_cpu(load: Load) -> Duration {
    by_hand::streamed(STREAMS as usize, load.batch * load.times / STREAMS).cpu
}
