//! A task that wakes at fixed times and measures how late it was: how long other
//! tasks, or blocking calls, kept the loop busy.
//!
//! **Invariant:** lateness is measured from when a beat was due, so the first
//! beat that a blocked loop misses is as late as the loop is.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use executor::{CancelOnDrop, interval, now, spawn_named};

/// A heartbeat, which beats until it is dropped.
///
/// ```
/// use std::time::Duration;
/// use first_programs::Heartbeat;
///
/// executor::Runner::builder().virtual_time().build().run(async {
///     let heart = Heartbeat::start(Duration::from_millis(10));
///     executor::sleep(Duration::from_millis(35)).await;
///     assert_eq!((heart.beats(), heart.worst()), (4, Duration::ZERO));
/// });
/// ```
#[derive(Debug)]
#[must_use = "the heartbeat stops when it is dropped"]
pub struct Heartbeat {
    seen: Rc<Seen>,
    _task: CancelOnDrop<()>,
}

#[derive(Debug, Default)]
struct Seen {
    beats: Cell<u64>,
    worst: Cell<Duration>,
}

impl Heartbeat {
    /// Starts a task that beats at once and then after every `every`.
    ///
    /// # Panics
    ///
    /// Outside a running loop.
    pub fn start(every: Duration) -> Self {
        let seen = Rc::new(Seen::default());
        let task = spawn_named("heartbeat", beat(every, Rc::clone(&seen)));
        Heartbeat {
            seen,
            _task: task.cancel_on_drop(),
        }
    }

    /// Returns the greatest lateness of a beat.
    pub fn worst(&self) -> Duration {
        self.seen.worst.get()
    }

    /// Returns how many beats there were.
    pub fn beats(&self) -> u64 {
        self.seen.beats.get()
    }
}

async fn beat(every: Duration, seen: Rc<Seen>) {
    let mut beats = interval(every);
    loop {
        let due = beats.tick().await;
        seen.beats.set(seen.beats.get() + 1);
        seen.worst.set(seen.worst.get().max(now() - due));
    }
}
