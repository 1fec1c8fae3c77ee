//! The watchdog of debug mode: reports a poll that does not return, while it
//! does not.
//!
//! One thread for the process, from the first loop in debug mode to the end of
//! the last. **Invariant:** a poll is reported once at most, and only after the
//! same poll was seen at two looks that lie further apart than the limit.

use std::sync::Weak;
use std::thread;
use std::time::{Duration, Instant};

use super::{SLOW_POLL, Watched};
use crate::error::report;
use crate::info::Identity;
use crate::sys::Arc;
use crate::sys::unmodelled::{Mutex, lock};

/// The shortest and the longest time between two looks.
const LOOKS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(1));

static PACK: Mutex<Pack> = Mutex::new(Pack {
    loops: Vec::new(),
    keeper: None,
});

/// The loops that are watched.
struct Pack {
    loops: Vec<Sight>,
    /// The process whose thread looks after them, if one does: a forked child
    /// has a copy of this, but no thread.
    keeper: Option<u32>,
}

/// What was seen of one loop.
struct Sight {
    watched: Weak<Watched>,
    /// The poll seen last, and since when.
    poll: Option<(u64, Instant)>,
    reported: bool,
}

/// Watches a loop as long as it lives.
pub(super) fn watch(watched: &Arc<Watched>) {
    let mut pack = lock(&PACK);
    pack.loops.push(Sight {
        watched: Arc::downgrade(watched),
        poll: None,
        reported: false,
    });
    let here = std::process::id();
    if pack.keeper != Some(here) {
        let thread = thread::Builder::new().name("executor-watchdog".into());
        match thread.spawn(keep_looking) {
            Ok(_) => pack.keeper = Some(here),
            Err(error) => report(format_args!(
                "debug mode has no watchdog, because its thread could not be started: {error}"
            )),
        }
    }
}

fn keep_looking() {
    loop {
        let next = {
            let mut pack = lock(&PACK);
            pack.loops.retain_mut(Sight::look);
            if pack.loops.is_empty() {
                pack.keeper = None;
                return;
            }
            let limits = pack.loops.iter().filter_map(Sight::limit);
            // Four looks in the time allowed: a report is late by a quarter.
            limits.min().unwrap_or(SLOW_POLL) / 4
        };
        thread::sleep(next.clamp(LOOKS.0, LOOKS.1));
    }
}

impl Sight {
    fn limit(&self) -> Option<Duration> {
        self.watched.upgrade()?.slow_poll
    }

    /// Looks at the loop; `false` if it has gone.
    fn look(&mut self) -> bool {
        let Some(watched) = self.watched.upgrade() else {
            return false;
        };
        let now = Instant::now();
        let Some((number, task)) = watched.polling() else {
            self.poll = None;
            return true;
        };
        match self.poll {
            Some((seen, since)) if seen == number => {
                let limit = watched.slow_poll.unwrap_or(SLOW_POLL);
                if now - since >= limit && !self.reported {
                    self.reported = true;
                    report_slow(&task, now - since, &watched.thread);
                }
            }
            _ => {
                self.poll = Some((number, now));
                self.reported = false;
            }
        }
        true
    }
}

fn report_slow(task: &Identity, time: Duration, thread: &str) {
    report(format_args!(
        "{task} has been in one poll for {} ms, and no other task of its loop (thread \
         \"{thread}\") can run. A poll must not block: await `executor::sleep(..)` instead of \
         `std::thread::sleep`, give a call that blocks to `to_thread(..)`, and let a long \
         computation `yield_now().await` now and then",
        time.as_millis()
    ));
}
