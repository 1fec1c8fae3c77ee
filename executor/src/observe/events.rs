//! Events for instruments: turns the core's hooks into trace events.
//!
//! **Invariant:** events are reported in the order in which they happened,
//! those of other threads included.
//!
//! Subscribed by `attach`; marks come through `mark`. This file has the state
//! and the ways to report an event, `hook` has the event of each hook. Imports
//! the public types of `instrument`.

mod convert;
mod task_ids;
mod threads;
mod remote;
mod waker_samples;
mod instruments;
mod hook;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::instrument::{Cause, Event, Instrument, TaskId, WaitTarget};
use crate::base::clock::Nanos;
use crate::base::hooks::{Interest, PRINT, WAIT, WAKE};
use crate::base::slab::TaskKey;
use crate::base::sys::Arc;
use crate::event_loop::runtime::Runtime;
use instruments::Instruments;
use remote::{RemoteEvents, RemoteRecord};
use task_ids::TaskIds;
use threads::Threads;
use waker_samples::WakerSamples;

thread_local! {
    /// The subscribers of this thread's loops, for marks.
    static OF_THREAD: RefCell<Vec<Weak<Events>>> = const { RefCell::new(Vec::new()) };
}

/// Reports events to the instruments of one loop.
pub(super) struct Events {
    runtime: Weak<Runtime>,
    instruments: Instruments,
    ids: RefCell<TaskIds>,
    samples: RefCell<WakerSamples>,
    /// The tasks being polled, the innermost last.
    polls: RefCell<Vec<TaskId>>,
    /// The cause of a wake that happens now.
    cause: Cell<Cause>,
    /// The deadline of the current park.
    deadline: Cell<Option<Nanos>>,
    threads: RefCell<Threads>,
    remote: Arc<RemoteEvents>,
}

impl Events {
    /// Subscribes instruments to a loop.
    pub(super) fn subscribe(runtime: &Rc<Runtime>, instruments: Vec<Box<dyn Instrument>>) {
        let remote = Arc::<RemoteEvents>::default();
        let events = Rc::new(Events {
            runtime: Rc::downgrade(runtime),
            instruments: Instruments::new(instruments),
            ids: RefCell::default(),
            samples: RefCell::default(),
            polls: RefCell::default(),
            cause: Cell::new(Cause::Loop),
            deadline: Cell::new(None),
            threads: RefCell::default(),
            remote: Arc::clone(&remote),
        });
        // A thread that exits records no marks.
        let _ = OF_THREAD.try_with(|all| {
            let mut all = all.borrow_mut();
            all.retain(|other| other.strong_count() > 0);
            all.push(Rc::downgrade(&events));
        });
        runtime.inbox().subscribe(remote);
        runtime.hooks.subscribe(events);
    }

    /// Returns the subscriber of a loop of this thread, if it has instruments.
    pub(super) fn of(runtime: &Rc<Runtime>) -> Option<Rc<Events>> {
        let is_its = |events: &Rc<Events>| events.runtime.as_ptr() == Rc::as_ptr(runtime);
        let find = |all: &RefCell<Vec<Weak<Events>>>| {
            let all = all.borrow();
            all.iter().filter_map(Weak::upgrade).find(is_its)
        };
        OF_THREAD.try_with(find).ok().flatten()
    }

    /// Reports a mark. To be called while the loop dispatches to this
    /// subscriber.
    pub(super) fn mark(&self, text: String) {
        let task = self.current();
        self.emit(PRINT, Event::Mark { task, text });
    }

    fn with<R>(&self, f: impl FnOnce(&Runtime) -> R) -> R {
        let runtime = self.runtime.upgrade();
        f(&runtime.expect("a loop outlives its subscribers"))
    }

    fn id(&self, key: impl Into<Option<TaskKey>>) -> TaskId {
        let key = key.into();
        key.map_or(TaskId::NONE, |key| self.ids.borrow().get(key))
    }

    /// Returns the task whose code runs.
    fn current(&self) -> Option<TaskId> {
        let key = self.with(|runtime| runtime.poll.task());
        key.map(|key| self.id(key))
    }

    /// Reports an event of the loop's thread, and before it those of other
    /// threads.
    fn emit(&self, kind: Interest, event: Event) {
        for record in self.remote.take() {
            self.emit_remote(&record);
        }
        let (now, site) = self.with(|runtime| (runtime.clock.now(), runtime.hooks.site()));
        self.instruments.send(kind, now, &event, site, None);
    }

    fn emit_remote(&self, record: &RemoteRecord) {
        let at = self.with(|runtime| match runtime.clock.is_virtual() {
            true => runtime.clock.now(),
            false => runtime.clock.nanos_at(record.at),
        });
        let (kind, event) = record.event(&self.ids.borrow());
        let thread = self.threads.borrow_mut().number(record.thread);
        self.instruments.send(kind, at, &event, record.site, thread);
    }

    fn emit_await(&self, task: impl Into<Option<TaskKey>>, on: WaitTarget) {
        let task = self.id(task);
        self.emit(WAIT, Event::Await { task, on });
    }

    fn emit_push(&self, task: TaskKey) {
        let is_routed = self.with(|runtime| runtime.routes.borrow().contains_key(&task));
        let task = self.id(task);
        let push = match is_routed {
            true => Event::ScopePush { task },
            false => Event::ReadyPush { task },
        };
        self.emit(WAKE, push);
    }

    /// Returns whether the task is being polled. Its waker is not in its slot
    /// then, so its clones can be counted at the end of the poll only.
    fn is_polling(&self, task: TaskKey) -> bool {
        self.with(|runtime| runtime.poll.is_polling(task))
    }

    /// Reports the number of clones of a task's waker, if it has changed.
    fn emit_waker_count(&self, task: TaskKey, polled: Option<(bool, usize)>) {
        let sample = self.with(|runtime| {
            let samples = &mut *self.samples.borrow_mut();
            samples.sample(runtime, task, polled)
        });
        if let Some(sample) = sample {
            let (task, n, noted) = (sample.task, sample.n, sample.noted);
            self.emit(WAKE, Event::WakerCount { task, n, noted });
        }
    }
}
