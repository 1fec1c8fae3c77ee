//! What a loop shows to the threads that watch it: in debug mode a watchdog,
//! and with `EXECUTOR_PS=1` whoever asks from another process.
//!
//! A loop that is stuck in a poll cannot answer for itself, so it leaves word
//! before each poll: who is polled, and a number that goes up. Whoever watches
//! does the timing; the loop reads no clock for it. **Invariant:** what is
//! here is plain data under a lock that is held for a copy only, so a watcher
//! never holds up the loop and a stuck loop never holds up a watcher.
//!
//! Written by `runtime`; a loop that nobody may watch has none of it.

mod dog;
#[cfg(unix)]
mod ps;

use std::time::{Duration, Instant};

use crate::info::{Identity, TaskInfo};
use crate::sys::unmodelled::{Mutex, lock};
use crate::sys::{Arc, OnceLock};
#[cfg(unix)]
pub(crate) use ps::{check_folder, directories, socket_name};

/// A poll that takes longer than this is reported in debug mode. asyncio's
/// `loop.slow_callback_duration` has the same value.
pub(crate) const SLOW_POLL: Duration = Duration::from_millis(100);

/// How much longer the time between two renewals of the mirror is than what a
/// renewal takes: a loop that shows itself spends a twentieth of its time on
/// it, however many tasks it has.
const MIRROR_SHARE: u32 = 20;

/// Asks a loop for its tasks, from any thread: the answer goes to the channel,
/// if the loop gets round to it. `false` if the loop has ended.
pub(crate) type Ask = Box<dyn Fn(std::sync::mpsc::Sender<Vec<TaskInfo>>) -> bool + Send + Sync>;

/// One loop, as its watchers see it.
pub(crate) struct Watched {
    /// The name of its thread.
    thread: String,
    polling: Mutex<Polling>,
    /// A poll longer than this is to be reported.
    slow_poll: Option<Duration>,
    /// Set if it answers questions.
    ask: Option<Ask>,
    mirror: Mutex<Mirror>,
}

/// Who is being polled.
#[derive(Default)]
struct Polling {
    /// Goes up with each poll.
    number: u64,
    task: Option<Identity>,
}

/// The tasks as they stood at some moment.
#[derive(Default)]
#[cfg_attr(
    not(unix),
    allow(dead_code, reason = "who asks does so on a Unix socket")
)]
struct Mirror {
    tasks: Vec<TaskInfo>,
    taken: Option<Instant>,
    /// Not to be renewed before.
    next: Option<Instant>,
}

impl Watched {
    /// A loop to be watched, if there is a reason to: a limit for its polls,
    /// or questions to be answered.
    pub(crate) fn new(slow_poll: Option<Duration>, ask: impl FnOnce() -> Ask) -> Option<Arc<Self>> {
        let asked = is_ps_asked_for();
        if slow_poll.is_none() && !asked {
            return None;
        }
        let watched = Arc::new(Watched {
            thread: std::thread::current().name().unwrap_or("?").to_owned(),
            polling: Mutex::default(),
            slow_poll,
            ask: asked.then(ask),
            mirror: Mutex::default(),
        });
        if slow_poll.is_some() {
            dog::watch(&watched);
        }
        #[cfg(unix)]
        if asked {
            ps::show(&watched);
        }
        Some(watched)
    }

    /// A poll begins.
    pub(crate) fn start_poll(&self, task: Option<Identity>) {
        let mut polling = lock(&self.polling);
        polling.number += 1;
        polling.task = task;
    }

    /// It is over.
    pub(crate) fn end_poll(&self) {
        lock(&self.polling).task = None;
    }

    /// The poll that goes on: its number, and whose it is.
    fn polling(&self) -> Option<(u64, Identity)> {
        let polling = lock(&self.polling);
        Some((polling.number, polling.task.clone()?))
    }

    /// Renews the mirror, if somebody may look at it and it is old.
    pub(crate) fn renew_mirror(&self, list: impl FnOnce() -> Vec<TaskInfo>) {
        if self.ask.is_none() {
            return;
        }
        let began = Instant::now();
        if lock(&self.mirror).next.is_some_and(|next| began < next) {
            return;
        }
        let tasks = list();
        let took = began.elapsed();
        let mut mirror = lock(&self.mirror);
        mirror.show(tasks, began);
        mirror.next = Some(began + took * MIRROR_SHARE);
    }
}

impl Mirror {
    fn show(&mut self, tasks: Vec<TaskInfo>, taken: Instant) {
        self.tasks = tasks;
        self.taken = Some(taken);
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        #[cfg(unix)]
        if self.ask.is_some() {
            ps::hide();
        }
    }
}

/// Does the environment ask for answers to `executor-ps`? Looked at once per
/// process.
fn is_ps_asked_for() -> bool {
    static ASKED: OnceLock<bool> = OnceLock::new();
    *ASKED.get_or_init(|| std::env::var_os("EXECUTOR_PS").is_some_and(|value| value != "0"))
}
