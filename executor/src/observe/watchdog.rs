//! Watchdog of debug mode: a thread that reports a poll which takes too long,
//! while the poll is running.
//!
//! One thread serves the process, from the first loop in debug mode to the end
//! of the last. It samples the current poll of each loop. **Invariant:** a poll
//! is reported at most once, and only after two samples of the same poll that
//! are at least the limit apart.
//!
//! Started by `attach`. Imports `polling`.

use std::sync::Weak;
use std::thread;
use std::time::{Duration, Instant};

use super::polling::Polling;
use crate::base::error::report;
use crate::base::printable::Printable;
use crate::base::sys::Arc;
use crate::base::sys::unmodelled::{Mutex, lock};
use crate::base::task_info::Identity;
use crate::driver::fork::process_id;

/// A poll that takes longer than this is reported in debug mode. asyncio's
/// `loop.slow_callback_duration` has the same value.
pub(super) const SLOW_POLL: Duration = Duration::from_millis(100);

/// The shortest and the longest time between two samples.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(1);
const LONGEST_INTERVAL: Duration = Duration::from_secs(1);

static REGISTRY: Mutex<Registry> = Mutex::new(Registry {
    loops: Vec::new(),
    owner_pid: None,
});

/// The loops of this process that are in debug mode.
struct Registry {
    loops: Vec<Observation>,
    /// The process that has the watchdog's thread. A forked child has a copy of
    /// this value, but no thread.
    owner_pid: Option<u32>,
}

/// The observation of one loop.
struct Observation {
    polling: Weak<Polling>,
    /// The poll of the last sample, and the time of the first sample of it.
    poll: Option<(u64, Instant)>,
    /// Whether that poll was reported.
    reported: bool,
}

/// Observes a loop until it ends.
pub(super) fn observe(polling: &Arc<Polling>) {
    let mut registry = lock(&REGISTRY);
    registry.loops.push(Observation {
        polling: Arc::downgrade(polling),
        poll: None,
        reported: false,
    });
    // Where there are no processes, there are no threads either.
    let pid = process_id();
    if pid.is_none() || registry.owner_pid != pid {
        let thread = thread::Builder::new().name("executor-watchdog".into());
        match thread.spawn(sample_until_all_end) {
            Ok(_) => registry.owner_pid = pid,
            Err(error) => report(format_args!(
                "debug mode has no watchdog, because its thread could not be started: {error}"
            )),
        }
    }
}

fn sample_until_all_end() {
    loop {
        let interval = {
            let mut registry = lock(&REGISTRY);
            registry.loops.retain_mut(Observation::sample);
            if registry.loops.is_empty() {
                registry.owner_pid = None;
                return;
            }
            let limits = registry.loops.iter().filter_map(Observation::limit);
            // A report is late by at most a quarter of the limit.
            limits.min().unwrap_or(SLOW_POLL) / 4
        };
        thread::sleep(interval.clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL));
    }
}

impl Observation {
    fn limit(&self) -> Option<Duration> {
        self.polling.upgrade()?.slow_poll
    }

    /// Samples the current poll, and reports it if it is slow. Returns whether
    /// the loop still exists.
    fn sample(&mut self) -> bool {
        let Some(polling) = self.polling.upgrade() else {
            return false;
        };
        let now = Instant::now();
        let Some((number, task)) = polling.current() else {
            self.poll = None;
            return true;
        };
        match self.poll {
            Some((sampled, since)) if sampled == number => {
                let limit = polling.slow_poll.unwrap_or(SLOW_POLL);
                if now - since >= limit && !self.reported {
                    self.reported = true;
                    report_slow(&task, now - since, &polling.thread);
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
         \"{}\") can run. A poll must not block: await `executor::sleep(..)` instead of \
         `std::thread::sleep`, give a call that blocks to `to_thread(..)`, and let a long \
         computation `yield_now().await` now and then",
        (time + Duration::from_micros(500)).as_millis(), // to the nearest
        Printable(thread)
    ));
}
