//! The current poll, as other threads see it: for the watchdog and for
//! `executor-ps`.
//!
//! A loop that is stuck in a poll cannot answer, so it publishes before each
//! poll which task is polled, and a number that goes up. The observing thread
//! does the timing; the loop reads no clock for it. **Invariant:** what is
//! published is plain data under a lock that is held for a copy only, so an
//! observer never blocks the loop and a stuck loop never blocks an observer.
//!
//! Subscribed by `attach`.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::base::error::Payload;
use crate::base::hooks::{Hook, Interest, POLL};
use crate::base::inbox::{Inbox, Message};
use crate::base::slab::TaskKey;
use crate::base::sys::unmodelled::{Mutex, lock};
use crate::base::sys::{Arc, OnceLock};
use crate::base::task_info::{Identity, TaskInfo};
use crate::event_loop::runtime::Runtime;

/// How much longer the time between two renewals of the mirror is than a renewal
/// takes: a loop that shows itself spends a twentieth of its time on it, however
/// many tasks it has.
const MIRROR_SHARE: u32 = 20;

/// One loop, as its observers see it.
pub(super) struct Polling {
    /// The name of the loop's thread.
    pub(super) thread: String,
    current: Mutex<Current>,
    /// A poll longer than this is reported.
    pub(super) slow_poll: Option<Duration>,
    /// Set if the loop answers `executor-ps`.
    inbox: Option<Arc<Inbox>>,
    mirror: Mutex<Mirror>,
    /// Called when the loop is gone.
    pub(super) on_end: OnceLock<fn()>,
}

#[derive(Default)]
struct Current {
    /// Goes up with each poll.
    number: u64,
    task: Option<Identity>,
}

/// The tasks as they were at some moment.
#[derive(Default)]
#[cfg_attr(not(unix), allow(dead_code, reason = "it is asked on a Unix socket"))]
pub(super) struct Mirror {
    pub(super) tasks: Vec<TaskInfo>,
    pub(super) taken: Option<Instant>,
    /// Not to be renewed before.
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

    fn start(&self, task: Option<Identity>) {
        let mut current = lock(&self.current);
        current.number += 1;
        current.task = task;
    }

    /// Returns the current poll: its number, and its task.
    pub(super) fn current(&self) -> Option<(u64, Identity)> {
        let current = lock(&self.current);
        Some((current.number, current.task.clone()?))
    }

    /// Renews the mirror, if it may be looked at and is old.
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
        mirror.show(tasks, began);
        mirror.next = Some(began + took * MIRROR_SHARE);
    }

    /// Asks the loop for its tasks, from any thread: the answer goes to the
    /// channel when the loop drains its inbox. Returns `false` if the loop has
    /// ended.
    #[cfg(unix)]
    pub(super) fn ask(&self, answer: std::sync::mpsc::Sender<Vec<TaskInfo>>) -> bool {
        let Some(inbox) = &self.inbox else {
            return false;
        };
        let call = Box::new(move || {
            let tasks = Runtime::with(|runtime| runtime.list_tasks());
            // The asking thread may have given up.
            let _ = answer.send(tasks.unwrap_or_default());
        });
        inbox.send(Message::Run(call)).is_ok()
    }

    #[cfg(unix)]
    pub(super) fn mirror(&self) -> crate::base::sys::unmodelled::MutexGuard<'_, Mirror> {
        lock(&self.mirror)
    }
}

impl Mirror {
    pub(super) fn show(&mut self, tasks: Vec<TaskInfo>, taken: Instant) {
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

    /// Published before the poll begins, because the poll may get stuck.
    fn poll_start(&self, task: TaskKey) {
        self.polls.borrow_mut().push(task);
        if let Some(runtime) = self.runtime.upgrade() {
            self.polling.start(runtime.identity(task));
            self.polling.renew_mirror(|| runtime.list_tasks());
        }
    }

    fn poll_end(&self, _: TaskKey, _: &Result<Poll<()>, Payload>, _: bool, _: usize) {
        let outer = {
            let mut polls = self.polls.borrow_mut();
            polls.pop();
            polls.last().copied()
        };
        let runtime = self.runtime.upgrade();
        match runtime.zip(outer) {
            Some((runtime, outer)) => self.polling.start(runtime.identity(outer)),
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
