//! Tasks that wait for one thing, and how they are told.
//!
//! **Invariant:** nobody is woken while the line is borrowed, because a waker
//! may be anybody's code; and the list of places costs nothing until somebody
//! really waits: it is made at the first wait.
//!
//! Used by everything in `sync`. A task of the loop that runs here is woken by
//! its number, everybody else (a future that `futures`' executor polls, say)
//! by its waker.

use std::cell::{Cell, OnceCell, RefCell};
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use super::wait_list::{CallOutcome, LoopWaiter, WaitList};
use crate::base::error::catch_and_report;
use crate::base::hooks::WAIT;
use crate::base::slab::{TaskKey, WaitKey};
use crate::base::task_info::{LockHolder, QueueOperation, Wait};
use crate::base::waiter::Waiter;
use crate::event_loop::runtime::{Runtime, WaitPoint};

/// The loop around a poll, if there is one.
pub(super) struct CurrentLoop(Option<Rc<Runtime>>);

impl CurrentLoop {
    #[inline]
    pub(super) fn now() -> Self {
        CurrentLoop(Runtime::current())
    }

    /// See [`PollState::poll_budget`](crate::event_loop::poll::PollState::poll_budget). Elsewhere there is no budget.
    #[inline]
    pub(super) fn poll_budget(&self, cx: &Context<'_>) -> Poll<()> {
        match &self.0 {
            Some(runtime) => runtime.poll_budget(cx),
            None => Poll::Ready(()),
        }
    }

    #[inline]
    pub(super) fn consume_budget(&self) {
        if let Some(runtime) = &self.0 {
            runtime.poll.consume_budget();
        }
    }

    /// Whoever runs now, as the holder of what was taken at `site`.
    #[inline]
    pub(super) fn holder(&self, site: &'static Location<'static>) -> Holder {
        let runtime = self.0.as_ref();
        Holder {
            task: runtime.and_then(|runtime| runtime.poll.task()),
            home: runtime.map_or(0, |runtime| runtime.id()),
            site,
        }
    }

    fn waiter(&self, cx: &Context<'_>) -> LoopWaiter {
        match &self.0 {
            Some(runtime) => LoopWaiter {
                waiter: runtime.poll.waiter(cx),
                home: runtime.id(),
            },
            None => LoopWaiter {
                waiter: Waiter {
                    task: None,
                    waker: Some(cx.waker().clone()),
                },
                home: 0,
            },
        }
    }
}

impl LoopWaiter {
    #[inline]
    fn wake(self) {
        if let (None, Some(task)) = (&self.waiter.waker, self.waiter.task) {
            let is_here = Runtime::with(|here| {
                let is_here = here.id() == self.home;
                if is_here {
                    here.wake(task);
                }
                is_here
            });
            if is_here == Some(true) {
                return;
            }
        }
        self.wake_elsewhere();
    }

    #[cold]
    fn wake_elsewhere(self) {
        match Runtime::find(self.home) {
            Some(home) => home.wake_waiter(self.waiter),
            // A task that is named by number is gone with its loop.
            None => {
                if let Some(waker) = self.waiter.waker {
                    catch_and_report("a waker", || waker.wake());
                }
            }
        }
    }

    fn is_woken_by(&self, cx: &Context<'_>) -> bool {
        let waker = self.waiter.waker.as_ref();
        waker.is_some_and(|waker| waker.will_wake(cx.waker()))
    }
}

/// Who was called, and is to be woken.
#[must_use = "it was called and must be woken"]
pub(super) struct Called {
    pub(super) wanted: usize,
    waiter: LoopWaiter,
}

impl Called {
    #[inline]
    pub(super) fn wake(self) {
        self.waiter.wake();
    }
}

/// What is waited for, for listings.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Lock,
    Semaphore,
    Event,
    Queue(QueueOperation),
}

/// How far a future that may have to wait has come.
pub(super) enum Progress {
    New,
    Waiting(WaitKey),
    Over,
}

/// The waiters for one thing.
pub(super) struct Waiters {
    kind: Kind,
    name: Option<Rc<str>>,
    /// From the first wait on.
    queue: OnceCell<Rc<WaitQueue>>,
}

/// The line, and what a listing tells of it. Its own allocation, so that the
/// loop can look at it and need not be told when it goes.
struct WaitQueue {
    kind: Kind,
    name: Option<Rc<str>>,
    line: RefCell<WaitList>,
    /// The loop that knows of it.
    known_in: Cell<u64>,
    holder: Cell<Option<Holder>>,
}

impl Waiters {
    pub(super) const fn new(kind: Kind) -> Self {
        Waiters {
            kind,
            name: None,
            queue: OnceCell::new(),
        }
    }

    pub(super) fn named(kind: Kind, name: &Rc<str>) -> Self {
        Waiters {
            kind,
            name: Some(Rc::clone(name)),
            queue: OnceCell::new(),
        }
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Does nobody wait?
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.queue
            .get()
            .is_none_or(|queue| queue.line.borrow().is_empty())
    }

    /// Gets in line.
    pub(super) fn wait(
        &self,
        here: &CurrentLoop,
        cx: &Context<'_>,
        wanted: usize,
        site: &'static Location<'static>,
    ) -> WaitKey {
        let queue = self.queue.get_or_init(|| Rc::new(self.new_queue()));
        if let Some(runtime) = &here.0 {
            if queue.known_in.replace(runtime.id()) != runtime.id() {
                let queue: Weak<WaitQueue> = Rc::downgrade(queue);
                runtime.register_wait_point(queue);
            }
            runtime.hooks.emit(WAIT, |hook| hook.sync_wait());
        }
        let waiter = here.waiter(cx);
        queue.line.borrow_mut().join(waiter, wanted, site)
    }

    #[cold]
    fn new_queue(&self) -> WaitQueue {
        WaitQueue {
            kind: self.kind,
            name: self.name.clone(),
            line: RefCell::default(),
            known_in: Cell::new(0),
            holder: Cell::new(None),
        }
    }

    /// Asks, in another poll, whether a waiter was called; if so its place is
    /// given back.
    pub(super) fn poll(
        &self,
        here: &CurrentLoop,
        cx: &Context<'_>,
        key: WaitKey,
    ) -> Poll<CallOutcome> {
        let Some(queue) = self.queue.get() else {
            unreachable!("whoever has a key has been in line");
        };
        let call = queue.line.borrow_mut().take_call(key);
        if let Some(call) = call {
            return Poll::Ready(call);
        }
        queue.renew(here, cx, key);
        Poll::Pending
    }

    /// Leaves the line; says what it was told, if it had been called.
    pub(super) fn leave(&self, key: WaitKey) -> Option<CallOutcome> {
        let queue = self.queue.get()?;
        let place = queue.line.borrow_mut().leave(key)?;
        place.call
    }

    /// Calls the first in line, if it wants no more than `most`. The caller
    /// wakes it.
    #[inline]
    pub(super) fn call_first(&self, most: usize) -> Option<Called> {
        let queue = self.queue.get()?;
        let called = queue
            .line
            .borrow_mut()
            .call_first(CallOutcome::Granted, most);
        called.map(|(wanted, waiter)| Called { wanted, waiter })
    }

    /// Calls the first in line and wakes it.
    #[inline]
    pub(super) fn grant_first(&self) {
        if let Some(called) = self.call_first(usize::MAX) {
            called.wake();
        }
    }

    /// Calls everybody who is in line now, then wakes them, in their order.
    pub(super) fn call_all(&self, call: CallOutcome) {
        let Some(queue) = self.queue.get() else {
            return;
        };
        let called: Vec<_> = {
            let mut line = queue.line.borrow_mut();
            std::iter::from_fn(|| line.call_first(call, usize::MAX)).collect()
        };
        called.into_iter().for_each(|(_, waiter)| waiter.wake());
    }

    /// Notes, for listings, who has what the others wait for.
    #[inline]
    pub(super) fn note_holder(&self, holder: Option<Holder>) {
        if let Some(queue) = self.queue.get() {
            queue.holder.set(holder);
        }
    }
}

impl WaitQueue {
    /// The waiter may have another waker, or another task may poll it now.
    fn renew(&self, here: &CurrentLoop, cx: &Context<'_>, key: WaitKey) {
        let mut line = self.line.borrow_mut();
        let place = line.get_mut(key).expect("it waits");
        if place.waiter.is_woken_by(cx) {
            return;
        }
        drop(line);
        let waiter = here.waiter(cx);
        let mut line = self.line.borrow_mut();
        let place = line.get_mut(key).expect("it waits");
        let displaced = std::mem::replace(&mut place.waiter, waiter);
        drop(line);
        drop(displaced);
    }

    fn wait_of(&self, wanted: usize, site: &'static Location<'static>) -> Wait {
        let name = self.name.as_deref().map(str::to_owned);
        match self.kind {
            Kind::Lock => Wait::Lock {
                name,
                site,
                holder: None,
            },
            Kind::Semaphore => Wait::Semaphore {
                name,
                site,
                permits: wanted,
            },
            Kind::Event => Wait::Event { name, site },
            Kind::Queue(operation) => Wait::Queue {
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
        for place in self.line.borrow().iter() {
            if place.call.is_some() || place.waiter.home != runtime.id() {
                continue;
            }
            if let Some(task) = place.waiter.waiter.task {
                let mut wait = self.wait_of(place.wanted, place.site);
                if let Wait::Lock {
                    holder: unknown, ..
                } = &mut wait
                {
                    unknown.clone_from(&holder);
                }
                add(task, wait);
            }
        }
    }
}

impl WaitQueue {
    /// Returns the holder of a lock. A waiter that was called next is as good
    /// as the holder already.
    fn holder(&self) -> Option<Holder> {
        let line = self.line.borrow();
        let called = line
            .iter()
            .find(|place| place.call == Some(CallOutcome::Granted));
        let called = called.map(|place| Holder {
            task: place.waiter.waiter.task,
            home: place.waiter.home,
            site: place.site,
        });
        called.or(self.holder.get())
    }
}

/// The holder of a lock.
#[derive(Clone, Copy)]
pub(super) struct Holder {
    /// `None` if it was locked outside of every task.
    task: Option<TaskKey>,
    /// The id of the task's loop.
    home: u64,
    /// The line that locked it.
    site: &'static Location<'static>,
}

impl Holder {
    fn describe(self, runtime: &Runtime) -> LockHolder {
        let tasks = runtime.tasks.borrow();
        let task = self.task.filter(|_| self.home == runtime.id());
        let task = task.and_then(|key| tasks.get(key));
        let task = task.filter(|task| !task.is_finished());
        LockHolder {
            task: task.map(|task| (task.identity.id, task.identity.name())),
            site: self.site,
        }
    }
}
