//! Starting and stopping a runtime.

use std::hint::black_box;
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::contender::Load;
use crate::floor::poll_now;
use crate::row::rows;
use crate::side::Side;

rows! { "lifecycle",
    "start and stop" by 1 below HALF: start_and_stop, floor nothing;
}

/// A runtime that runs an empty future, again and again.
///
/// Same work: everything that a user's program does before its first and
/// after its last line. It cannot say what the very first run of a thread
/// costs: the executor keeps an unused loop for the next one. Nor what the
/// first socket, timer or blocking call costs: the executor makes those parts
/// when they are first used, tokio makes its poller here.
pub fn start_and_stop<S: Side>(load: Load) -> Duration {
    let watch = Stopwatch::start();
    for _ in 0..load.times {
        S::run(async {});
    }
    watch.stop()
}

/// The floor: the empty future, polled.
pub fn nothing(load: Load) -> Duration {
    let watch = Stopwatch::start();
    for _ in 0..load.times {
        assert!(black_box(poll_now(async {})).is_ready());
    }
    watch.stop()
}
