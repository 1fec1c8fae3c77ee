//! A task that beats, and how late it was: proof that nothing held the loop
//! up, or of how long something did.
//!
//! **Invariant:** lateness is counted from when a beat was due, so the first
//! of those that a blocked loop misses is as late as the loop is.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use executor::{CancelOnDrop, interval, now, spawn_named};

/// Beats until it is dropped.
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
#[must_use = "it stops when it is dropped"]
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
    /// Begins to beat.
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

    /// How late the latest beat was.
    pub fn worst(&self) -> Duration {
        self.seen.worst.get()
    }

    /// How many there were.
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
