//! The current poll, published for other threads: the watchdog and the server
//! for `executor-ps`.
//!
//! A loop that is stuck in a poll cannot answer a question. So before each poll
//! it publishes the task, and a number that increases with each poll. The
//! observing thread measures the time; the loop reads no clock for it.
//! **Invariant:** the published data is copied under a lock, and no lock is held
//! for longer, so an observer never blocks the loop and a stuck loop never
//! blocks an observer.
//!
//! Subscribed by `attach`.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use crate::base::hooks::{Ending, Hook, Interest, POLL};
use crate::base::inbox::Inbox;
#[cfg(unix)]
use crate::base::inbox::Message;
use crate::base::slab::TaskKey;
use crate::base::sys::unmodelled::{Mutex, lock};
use crate::base::sys::{Arc, OnceLock};
use crate::base::task_info::{Identity, TaskInfo};
use crate::event_loop::runtime::Runtime;
use crate::spawn::listing::list_tasks;

/// The time between two renewals of the mirror, as a multiple of the time that a
/// renewal takes. A loop spends at most a twentieth of its time on renewals,
/// however many tasks it has.
const MIRROR_INTERVAL: u32 = 20;

/// What one loop publishes.
pub(super) struct Polling {
    /// The name of the loop's thread.
    pub(super) thread: String,
    current: Mutex<Current>,
    /// The watchdog reports a poll that takes longer than this.
    pub(super) slow_poll: Option<Duration>,
    /// `Some` if the loop answers `executor-ps`.
    inbox: Option<Arc<Inbox>>,
    mirror: Mutex<Mirror>,
    /// Called when the loop has ended.
    pub(super) on_end: OnceLock<fn()>,
}

#[derive(Default)]
struct Current {
    /// Increases with each poll.
    number: u64,
    /// `None` between polls.
    task: Option<Identity>,
}

/// A copy of the loop's listing of tasks.
#[derive(Default)]
#[cfg_attr(not(unix), allow(dead_code, reason = "the server needs Unix sockets"))]
pub(super) struct Mirror {
    pub(super) tasks: Vec<TaskInfo>,
    /// The time of the copy.
    pub(super) taken: Option<Instant>,
    /// The earliest time of the next renewal.
    next: Option<Instant>,
}

impl Polling {
    /// Subscribes to a loop.
    pub(super) fn subscribe(
        runtime: &Rc<Runtime>,
        slow_poll: Option<Duration>,
        answers: bool,
    ) -> Arc<Self> {
        let polling = Arc::new(Polling {
            thread: std::thread::current().name().unwrap_or("?").to_owned(),
            current: Mutex::default(),
            slow_poll,
            inbox: answers.then(|| Arc::clone(runtime.inbox())),
            mirror: Mutex::default(),
            on_end: OnceLock::new(),
        });
        runtime.hooks.subscribe(Rc::new(Publisher {
            runtime: Rc::downgrade(runtime),
            polling: Arc::clone(&polling),
            polls: RefCell::default(),
        }));
        polling
    }

    /// Publishes the poll that begins or continues.
    fn publish(&self, task: Option<Identity>) {
        let mut current = lock(&self.current);
        current.number += 1;
        current.task = task;
    }

    /// Returns the current poll: its number, and its task.
    pub(super) fn current(&self) -> Option<(u64, Identity)> {
        let current = lock(&self.current);
        Some((current.number, current.task.clone()?))
    }

    /// Renews the mirror, if the loop answers `executor-ps` and the renewal is
    /// due.
    fn renew_mirror(&self, list: impl FnOnce() -> Vec<TaskInfo>) {
        if self.inbox.is_none() {
            return;
        }
        let began = Instant::now();
        if lock(&self.mirror).next.is_some_and(|next| began < next) {
            return;
        }
        let tasks = list();
        let took = began.elapsed();
        let mut mirror = lock(&self.mirror);
        mirror.set(tasks, began);
        mirror.next = Some(began + took * MIRROR_INTERVAL);
    }

    /// Requests the loop's listing from any thread: the loop sends it to the
    /// channel when it drains its inbox. Returns `false` if the loop has ended.
    #[cfg(unix)]
    pub(super) fn request_listing(&self, answer: std::sync::mpsc::Sender<Vec<TaskInfo>>) -> bool {
        let Some(inbox) = &self.inbox else {
            return false;
        };
        let call = Box::new(move || {
            let tasks = Runtime::with(|runtime| list_tasks(runtime));
            // The receiver is gone if the requesting thread gave up.
            let _ = answer.send(tasks.unwrap_or_default());
        });
        inbox.send(Message::Run(call)).is_ok()
    }

    /// Locks the mirror.
    #[cfg(unix)]
    pub(super) fn mirror(&self) -> crate::base::sys::unmodelled::MutexGuard<'_, Mirror> {
        lock(&self.mirror)
    }
}

impl Mirror {
    pub(super) fn set(&mut self, tasks: Vec<TaskInfo>, taken: Instant) {
        self.tasks = tasks;
        self.taken = Some(taken);
    }
}

/// Publishes the polls of one loop.
struct Publisher {
    runtime: Weak<Runtime>,
    polling: Arc<Polling>,
    /// The tasks being polled, the innermost last.
    polls: RefCell<Vec<TaskKey>>,
}

impl Hook for Publisher {
    fn interest(&self) -> Interest {
        POLL
    }

    /// Publishes the poll before it begins, because it may get stuck.
    fn poll_start(&self, task: TaskKey) {
        self.polls.borrow_mut().push(task);
        if let Some(runtime) = self.runtime.upgrade() {
            self.polling.publish(runtime.identity(task));
            self.polling.renew_mirror(|| list_tasks(&runtime));
        }
    }

    fn poll_end(&self, _: TaskKey, _: Option<Ending>, _: bool, _: usize) {
        let outer = {
            let mut polls = self.polls.borrow_mut();
            polls.pop();
            polls.last().copied()
        };
        let runtime = self.runtime.upgrade();
        match runtime.zip(outer) {
            Some((runtime, outer)) => self.polling.publish(runtime.identity(outer)),
            None => lock(&self.polling.current).task = None,
        }
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        if let Some(on_end) = self.on_end.get() {
            on_end();
        }
    }
}
