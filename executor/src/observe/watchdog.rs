//! Watchdog of debug mode: reports a poll that does not return, while it is
//! running.
//!
//! One thread for the process, from the first loop in debug mode to the end of
//! the last. **Invariant:** a poll is reported at most once, and only after the
//! same poll was seen at two looks that are further apart than the limit.
//!
//! Started by `attach`. Imports `polling`.

use std::sync::Weak;
use std::thread;
use std::time::{Duration, Instant};

use super::polling::Polling;
use crate::base::error::report;
use crate::base::sys::Arc;
use crate::base::sys::unmodelled::{Mutex, lock};
use crate::base::task_info::Identity;

/// A poll that takes longer than this is reported in debug mode. asyncio's
/// `loop.slow_callback_duration` has the same value.
pub(super) const SLOW_POLL: Duration = Duration::from_millis(100);

/// The shortest and the longest time between two looks.
const LOOKS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(1));

static REGISTRY: Mutex<Registry> = Mutex::new(Registry {
    loops: Vec::new(),
    owner_pid: None,
});

/// The watched loops.
struct Registry {
    loops: Vec<Observation>,
    /// The process whose thread watches them: a forked child has a copy of this
    /// value, but no thread.
    owner_pid: Option<u32>,
}

/// The observation of one loop.
struct Observation {
    watched: Weak<Polling>,
    /// The poll seen last, and when it was first seen.
    poll: Option<(u64, Instant)>,
    reported: bool,
}

/// Watches a loop for as long as it lives.
pub(super) fn watch(watched: &Arc<Polling>) {
    let mut registry = lock(&REGISTRY);
    registry.loops.push(Observation {
        watched: Arc::downgrade(watched),
        poll: None,
        reported: false,
    });
    let here = std::process::id();
    if registry.owner_pid != Some(here) {
        let thread = thread::Builder::new().name("executor-watchdog".into());
        match thread.spawn(watch_all) {
            Ok(_) => registry.owner_pid = Some(here),
            Err(error) => report(format_args!(
                "debug mode has no watchdog, because its thread could not be started: {error}"
            )),
        }
    }
}

fn watch_all() {
    loop {
        let next = {
            let mut registry = lock(&REGISTRY);
            registry.loops.retain_mut(Observation::look);
            if registry.loops.is_empty() {
                registry.owner_pid = None;
                return;
            }
            let limits = registry.loops.iter().filter_map(Observation::limit);
            // Four looks within the limit: a report is late by a quarter.
            limits.min().unwrap_or(SLOW_POLL) / 4
        };
        thread::sleep(next.clamp(LOOKS.0, LOOKS.1));
    }
}

impl Observation {
    fn limit(&self) -> Option<Duration> {
        self.watched.upgrade()?.slow_poll
    }

    /// Looks at the loop; returns `false` if the loop is gone.
    fn look(&mut self) -> bool {
        let Some(watched) = self.watched.upgrade() else {
            return false;
        };
        let now = Instant::now();
        let Some((number, task)) = watched.current() else {
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
