//! Waiters of one lock, semaphore, event or queue: how they wait and are woken.
//!
//! **Invariant:** while the wait list is borrowed no waker is woken or dropped,
//! because that may run any code. An unnamed primitive allocates nothing before
//! its first wait.
//!
//! Used by everything in `sync`. A task of the running loop is woken by key;
//! every other waiter (a future that the executor of `futures` polls, say) by
//! its waker. Imports `wait_list`, `base` and `event_loop`.

use std::cell::{Cell, OnceCell, RefCell};
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};

use super::wait_list::{LoopWaiter, Outcome, Resolved, WaitEntry, WaitList, Wanted};
use crate::base::error::catch_and_report;
use crate::base::hooks::WAIT;
use crate::base::slab::{TaskKey, WaitKey};
use crate::base::task_info::{LockHolder, Wait};
use crate::base::waiter::Waiter;
use crate::event_loop::runtime::{Runtime, WaitPoint};

/// The loop that polls, if there is one.
pub(super) struct CurrentLoop(Option<Rc<Runtime>>);

impl CurrentLoop {
    #[inline]
    pub(super) fn now() -> Self {
        CurrentLoop(Runtime::current())
    }

    /// See [`PollState::poll_budget`](crate::event_loop::poll::PollState::poll_budget);
    /// always ready without a loop.
    #[inline]
    fn poll_budget(&self, cx: &Context<'_>) -> Poll<()> {
        match &self.0 {
            Some(runtime) => runtime.poll_budget(cx),
            None => Poll::Ready(()),
        }
    }

    #[inline]
    fn consume_budget(&self) {
        if let Some(runtime) = &self.0 {
            runtime.poll.consume_budget();
        }
    }

    /// Returns the current task as the holder of a lock that was taken at
    /// `site`.
    #[inline]
    pub(super) fn holder(&self, site: &'static Location<'static>) -> Holder {
        let runtime = self.0.as_ref();
        Holder {
            task: runtime.and_then(|runtime| runtime.poll.task()),
            loop_id: runtime.map_or(0, |runtime| runtime.id()),
            site,
        }
    }

    fn waiter(&self, cx: &Context<'_>) -> LoopWaiter {
        match &self.0 {
            Some(runtime) => LoopWaiter {
                inner: runtime.poll.waiter(cx),
                loop_id: runtime.id(),
            },
            None => LoopWaiter {
                inner: Waiter {
                    task: None,
                    waker: Some(cx.waker().clone()),
                },
                loop_id: 0,
            },
        }
    }
}

impl LoopWaiter {
    #[inline]
    fn wake(self) {
        match Runtime::find(self.loop_id) {
            Some(home) => home.wake_waiter(self.inner),
            // The loop has ended, and its tasks with it: only a waker is left.
            None => {
                if let Some(waker) = self.inner.waker {
                    catch_and_report("a waker", || waker.wake());
                }
            }
        }
    }

    fn is_woken_by(&self, cx: &Context<'_>) -> bool {
        let waker = self.inner.waker.as_ref();
        waker.is_some_and(|waker| waker.will_wake(cx.waker()))
    }
}

impl Resolved {
    #[inline]
    pub(super) fn wake(self) {
        self.waiter.wake();
    }
}

/// The wait of one future: the line that began it, and its progress.
pub(super) struct PendingWait {
    pub(super) site: &'static Location<'static>,
    progress: Progress,
}

enum Progress {
    /// Not polled yet.
    New,
    Waiting(WaitKey),
    /// The future has completed.
    Done,
}

impl PendingWait {
    /// Creates a wait that begins at the caller's line.
    #[track_caller]
    #[inline]
    pub(super) fn at_caller() -> Self {
        PendingWait {
            site: Location::caller(),
            progress: Progress::New,
        }
    }

    /// Returns the key of the entry in the wait list, if there is one.
    #[inline]
    fn key(&self) -> Option<WaitKey> {
        match self.progress {
            Progress::Waiting(key) => Some(key),
            Progress::New | Progress::Done => None,
        }
    }

    /// Returns whether the future has an entry in the wait list.
    #[inline]
    pub(super) fn is_waiting(&self) -> bool {
        self.key().is_some()
    }
}

/// The waiters for one thing.
pub(super) struct Waiters {
    /// Created with the name, or at the first wait.
    queue: OnceCell<Rc<WaitQueue>>,
}

/// The part of [`Waiters`] that the loop reads for listings. Its own
/// allocation, so that the loop can hold a `Weak`, and dropping it does no work.
#[derive(Default)]
struct WaitQueue {
    name: Option<Rc<str>>,
    list: RefCell<WaitList>,
    /// The id of the loop that last registered this as a wait point.
    registered_in: Cell<u64>,
    /// The holder of a lock; `None` for everything else.
    holder: Cell<Option<Holder>>,
}

impl Waiters {
    pub(super) const fn new() -> Self {
        Waiters {
            queue: OnceCell::new(),
        }
    }

    pub(super) fn named(name: Rc<str>) -> Self {
        let queue = WaitQueue {
            name: Some(name),
            ..WaitQueue::default()
        };
        Waiters {
            queue: OnceCell::from(Rc::new(queue)),
        }
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.queue.get()?.name.as_deref()
    }

    /// Returns whether no future waits.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.queue
            .get()
            .is_none_or(|queue| queue.list.borrow().is_empty())
    }

    /// Polls a future that waits for `wanted`. Returns the outcome of its wait,
    /// or `None` if it need not wait.
    ///
    /// `is_available` is called in the first poll only, and may take what it
    /// finds.
    ///
    /// Always inlined: an uncontended `Semaphore::acquire` and its release take
    /// 95 instructions instead of 123 (callgrind, in a loop).
    ///
    /// # Panics
    ///
    /// If the future has completed.
    #[inline(always)]
    pub(super) fn poll(
        &self,
        current: &CurrentLoop,
        cx: &Context<'_>,
        wait: &mut PendingWait,
        wanted: Wanted,
        is_available: impl FnOnce() -> bool,
    ) -> Poll<Option<Outcome>> {
        ready!(current.poll_budget(cx));
        let outcome = match wait.progress {
            Progress::New if is_available() => None,
            Progress::New => {
                let key = self.start_wait(current, cx, wanted, wait.site);
                wait.progress = Progress::Waiting(key);
                return Poll::Pending;
            }
            Progress::Waiting(key) => Some(ready!(self.poll_outcome(current, cx, key))),
            Progress::Done => panic!("a future was polled after it was ready"),
        };
        wait.progress = Progress::Done;
        current.consume_budget();
        Poll::Ready(outcome)
    }

    /// Adds an entry to the wait list.
    fn start_wait(
        &self,
        current: &CurrentLoop,
        cx: &Context<'_>,
        wanted: Wanted,
        site: &'static Location<'static>,
    ) -> WaitKey {
        let queue = self.queue.get_or_init(Rc::default);
        if let Some(runtime) = &current.0 {
            if queue.registered_in.replace(runtime.id()) != runtime.id() {
                let queue: Weak<WaitQueue> = Rc::downgrade(queue);
                runtime.register_wait_point(queue);
            }
            runtime.hooks.emit(WAIT, |hook| hook.sync_wait());
        }
        let waiter = current.waiter(cx);
        queue.list.borrow_mut().push_back(waiter, wanted, site)
    }

    /// Takes the outcome of a wait, or records which waker the next wake is
    /// for.
    fn poll_outcome(&self, current: &CurrentLoop, cx: &Context<'_>, key: WaitKey) -> Poll<Outcome> {
        let Some(queue) = self.queue.get() else {
            unreachable!("the first wait created the queue");
        };
        let outcome = queue.list.borrow_mut().take_outcome(key);
        if let Some(outcome) = outcome {
            return Poll::Ready(outcome);
        }
        queue.update_waiter(current, cx, key);
        Poll::Pending
    }

    /// Ends the wait of a future that is dropped. Returns the outcome that the
    /// wait had and the future did not see.
    #[inline]
    pub(super) fn cancel(&self, wait: &PendingWait) -> Option<Outcome> {
        self.remove(wait.key()?)
    }

    fn remove(&self, key: WaitKey) -> Option<Outcome> {
        let queue = self.queue.get()?;
        let entry = queue.list.borrow_mut().remove(key)?;
        entry.outcome
    }

    /// Grants the first wait, if it wants at most `most` permits. The caller
    /// wakes its waiter.
    #[inline]
    pub(super) fn grant_first(&self, most: usize) -> Option<Resolved> {
        let queue = self.queue.get()?;
        queue
            .list
            .borrow_mut()
            .resolve_first(Outcome::Granted, most)
    }

    /// Grants the first wait and wakes its waiter.
    #[inline]
    pub(super) fn wake_first(&self) {
        if let Some(granted) = self.grant_first(usize::MAX) {
            granted.wake();
        }
    }

    /// Gives all current waits their outcome, then wakes them, in their order.
    pub(super) fn resolve_all(&self, outcome: Outcome) {
        let Some(queue) = self.queue.get() else {
            return;
        };
        let resolved: Vec<_> = {
            let mut list = queue.list.borrow_mut();
            std::iter::from_fn(|| list.resolve_first(outcome, usize::MAX)).collect()
        };
        resolved.into_iter().for_each(Resolved::wake);
    }

    /// Records the holder of a lock, for listings.
    #[inline]
    pub(super) fn set_holder(&self, holder: Option<Holder>) {
        if let Some(queue) = self.queue.get() {
            queue.holder.set(holder);
        }
    }
}

impl WaitQueue {
    /// Replaces the waiter of an entry if another task, or with another waker,
    /// polls the future now.
    fn update_waiter(&self, current: &CurrentLoop, cx: &Context<'_>, key: WaitKey) {
        let mut list = self.list.borrow_mut();
        let entry = list.get_mut(key).expect("the future waits");
        if entry.waiter.is_woken_by(cx) {
            return;
        }
        drop(list);
        let waiter = current.waiter(cx);
        let mut list = self.list.borrow_mut();
        let entry = list.get_mut(key).expect("the future waits");
        let displaced = std::mem::replace(&mut entry.waiter, waiter);
        drop(list);
        drop(displaced);
    }

    /// Returns the holder of a lock. A wait that was granted and whose future
    /// was not polled since counts as the holder.
    fn holder(&self) -> Option<Holder> {
        let list = self.list.borrow();
        let granted = list
            .iter()
            .find(|entry| entry.outcome == Some(Outcome::Granted));
        let granted = granted.map(|entry| Holder {
            task: entry.waiter.inner.task,
            loop_id: entry.waiter.loop_id,
            site: entry.site,
        });
        granted.or(self.holder.get())
    }

    fn describe(&self, entry: &WaitEntry, holder: Option<&LockHolder>) -> Wait {
        let name = self.name.as_deref().map(str::to_owned);
        let site = entry.site;
        match entry.wanted {
            Wanted::Lock => Wait::Lock {
                name,
                site,
                holder: holder.cloned(),
            },
            Wanted::Permits(permits) => Wait::Semaphore {
                name,
                site,
                permits,
            },
            Wanted::Event => Wait::Event { name, site },
            Wanted::Queue(operation) => Wait::Queue {
                name,
                site,
                operation,
            },
        }
    }
}

impl WaitPoint for WaitQueue {
    fn waits(&self, runtime: &Runtime, add: &mut dyn FnMut(TaskKey, Wait)) {
        let holder = self.holder().map(|holder| holder.describe(runtime));
        for entry in self.list.borrow().iter() {
            if entry.outcome.is_some() || entry.waiter.loop_id != runtime.id() {
                continue;
            }
            if let Some(task) = entry.waiter.inner.task {
                add(task, self.describe(entry, holder.as_ref()));
            }
        }
    }
}

/// The holder of a lock.
#[derive(Clone, Copy)]
pub(super) struct Holder {
    /// `None` if it was locked outside of every task.
    task: Option<TaskKey>,
    /// The id of the task's loop.
    loop_id: u64,
    /// The line that locked it.
    site: &'static Location<'static>,
}

impl Holder {
    fn describe(self, runtime: &Runtime) -> LockHolder {
        let tasks = runtime.tasks.borrow();
        let task = self.task.filter(|_| self.loop_id == runtime.id());
        let task = task.and_then(|key| tasks.get(key));
        let task = task.filter(|task| !task.is_finished());
        LockHolder {
            task: task.map(|task| (task.identity.id, task.identity.name())),
            site: self.site,
        }
    }
}
