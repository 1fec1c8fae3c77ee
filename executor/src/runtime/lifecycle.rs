//! The life of a task, seen from the loop that owns it: taken in, awaited,
//! cancelled, finished, forgotten.
//!
//! **Invariant:** a task leaves the table only when it is finished and no
//! handle is left, so an output that somebody may still read is never lost,
//! not even by the end of the loop.

use std::any::Any;
use std::cmp::Reverse;
use std::panic::Location;

use super::{OnPanic, Phase, Runtime, contain};
use crate::context::{self, Context};
use crate::error::{JoinError, Payload, report};
use crate::info::{Identity, TaskId};
use crate::probe::{Ending, Event, WaitTarget};
use crate::slab::TaskKey;
use crate::sys::Arc;
use crate::task::{BoxedWork, State, Task};
use crate::waker::{OwnedWaker, Waiter};

/// A task's future, out of the table.
pub(crate) struct TakenOut {
    /// `None` for the main future.
    pub(crate) work: Option<BoxedWork>,
    /// The task's own waker, if it has one.
    pub(crate) own_waker: Option<Box<OwnedWaker>>,
    /// Is it to be dropped instead of polled?
    pub(crate) cancelled: bool,
}

impl Runtime {
    /// Takes a future in as a new task and queues it for its first poll.
    ///
    /// A loop that is closing refuses it: the task is finished at once, as
    /// cancelled, and its future is dropped unpolled. No panic, because this
    /// happens inside destructors.
    #[inline]
    pub(crate) fn admit(&self, identity: Identity, work: impl FnOnce() -> BoxedWork) -> TaskKey {
        let mut work = work();
        let refused = self.is_closing();
        if refused {
            let error = JoinError::cancelled(identity.clone());
            contain(
                format_args!("the destructor of the future of {identity}"),
                || {
                    let _ = work.as_mut().fail(error);
                },
            );
        }
        let (parent, context) = self.heritage();
        let mut task = Task::new(Some(work), identity, parent, context);
        if refused {
            task.state = State::Finished;
        }
        self.enlist(task)
    }

    /// What a new task has from the one that spawns it.
    #[inline]
    pub(super) fn heritage(&self) -> (Option<TaskId>, Context) {
        let tasks = self.tasks.borrow();
        match self.polled_task().and_then(|key| tasks.get(key)) {
            Some(parent) => (Some(parent.identity.id), parent.context.clone()),
            None => (None, context::of_thread()),
        }
    }

    #[inline]
    fn enlist(&self, task: Task) -> TaskKey {
        let finished = task.is_finished();
        let key = self.tasks.borrow_mut().insert(task);
        if !finished {
            self.ready.admit(key);
        }
        if self.is_told() {
            self.tell_spawn(key);
            self.ready.tell_of_first_push(key);
        }
        key
    }

    /// A number of its own for a new task.
    #[inline]
    pub(crate) fn new_identity(
        &self,
        name: Option<Box<str>>,
        site: &'static Location<'static>,
    ) -> Identity {
        let id = self.next_id.get();
        self.next_id.set(id.saturating_add(1)); // 584 years at one a nanosecond
        Identity {
            id: TaskId(id),
            name: name.map(Arc::new),
            site,
        }
    }

    /// The main future's place among the tasks, with these variables.
    pub(crate) fn admit_main(&self, context: Context, site: &'static Location<'static>) -> TaskKey {
        let identity = self.new_identity(None, site);
        let mut task = Task::new(None, identity, None, context);
        task.has_handle = false;
        self.enlist(task)
    }

    /// Takes the main future's place away and gives back its variables.
    pub(crate) fn dismiss_main(&self, key: TaskKey, how: Ending) -> Context {
        self.ready.dismiss(key);
        if self.is_told() {
            self.tell_end(key, how, None);
            self.emit(move |_| Event::RunEnd { how });
        }
        let task = self.tasks.borrow_mut().remove(key);
        self.nobody_will_ask(key);
        task.map_or(Context::EMPTY, |task| task.context)
    }

    /// Keeps the result of a task whose future is gone, and tells whoever
    /// awaits it.
    pub(crate) fn finish(&self, key: TaskKey, work: Option<BoxedWork>, how: Ending) {
        self.ready.dismiss(key);
        if self.is_told() {
            self.tell_end(key, how, work.as_ref());
        }
        let (waiter, has_handle, waker) = {
            let mut tasks = self.tasks.borrow_mut();
            let Some(task) = tasks.get_mut(key) else {
                return;
            };
            task.state = State::Finished;
            task.work = work;
            (task.waiter.take(), task.has_handle, task.waker.take())
        };
        drop(waker);
        self.nobody_will_ask(key);
        if has_handle {
            self.wake(waiter);
        } else {
            self.forget(key);
        }
    }

    /// Drops what is left of a task's future, in its name and with nothing
    /// borrowed, and leaves an error in its place: the panic, or "cancelled".
    pub(crate) fn fail(&self, key: TaskKey, mut work: BoxedWork, panic: Option<Payload>) {
        let Some(identity) = self.identity(key) else {
            return;
        };
        // What its destructors wake it for, a lock that goes from one child of
        // its gather to another, say, comes too late.
        self.ready.dismiss(key);
        let whose = identity.clone();
        let stop = self.settings.on_panic == OnPanic::Stop;
        let (how, error, payload) = match panic {
            None => (Ending::Cancelled, JoinError::cancelled(identity), None),
            Some(panic) if stop => (
                Ending::Panicked,
                JoinError::cancelled(identity),
                Some(panic),
            ),
            Some(panic) => (Ending::Panicked, JoinError::panicked(identity, panic), None),
        };
        self.acting_as(key, || {
            contain(
                format_args!("the destructor of the future of {whose}"),
                || {
                    // A future that had returned keeps its value: what panicked
                    // then was its destructor.
                    if let Err(late) = work.as_mut().fail(error) {
                        report(format_args!(
                            "{late} (after it had returned, in a destructor)"
                        ));
                    }
                },
            );
        });
        self.finish(key, Some(work), how);
        if let Some(payload) = payload {
            std::panic::resume_unwind(payload);
        }
    }

    /// Drops a task here and now; for the end of the loop.
    pub(crate) fn drop_now(&self, key: TaskKey) {
        let work = {
            let mut tasks = self.tasks.borrow_mut();
            tasks.get_mut(key).and_then(|task| task.work.take())
        };
        if let Some(work) = work {
            self.fail(key, work, None);
        }
    }

    /// Takes a task's future out of the table, to be polled or dropped.
    #[inline(always)]
    pub(crate) fn take_out(&self, key: TaskKey) -> Option<TakenOut> {
        let mut tasks = self.tasks.borrow_mut();
        let task = tasks.get_mut(key)?;
        Some(TakenOut {
            work: task.work.take(),
            own_waker: task.waker.take(),
            cancelled: task.state == State::CancelRequested,
        })
    }

    /// Puts back what [`take_out`](Self::take_out) gave.
    #[inline(always)] // a call of its own was 32 of 300 instructions a poll
    pub(crate) fn put_back(
        &self,
        key: TaskKey,
        work: Option<BoxedWork>,
        own_waker: Option<Box<OwnedWaker>>,
    ) {
        let mut tasks = self.tasks.borrow_mut();
        let Some(task) = tasks.get_mut(key) else {
            return;
        };
        debug_assert!(task.work.is_none() && task.waker.is_none());
        // Both places are empty, but the compiler cannot know: forgetting the
        // nothing in them spares each poll two checks and two calls.
        std::mem::forget(std::mem::replace(&mut task.work, work));
        if own_waker.is_some() {
            std::mem::forget(std::mem::replace(&mut task.waker, own_waker));
        }
    }

    /// Reads the output of a finished task into `out`. `false` if the task
    /// goes on; `out` stays empty if the output was read before.
    #[inline]
    pub(crate) fn read_output(&self, task: TaskKey, out: &mut dyn Any) -> bool {
        let work = {
            let mut tasks = self.tasks.borrow_mut();
            match tasks.get_mut(task) {
                Some(task) if task.is_finished() => task.work.take(),
                Some(_) => return false,
                None => None,
            }
        };
        if let Some(mut work) = work {
            work.as_mut().take(out);
        }
        true
    }

    /// Remembers who awaits a task's handle.
    pub(crate) fn set_join_waiter(&self, task: TaskKey, waiter: Waiter) {
        self.waits.note_change();
        if self.is_told() {
            self.tell_join(task, waiter.task);
        }
        let displaced = {
            let mut tasks = self.tasks.borrow_mut();
            tasks
                .get_mut(task)
                .map(|task| std::mem::replace(&mut task.waiter, waiter))
        };
        drop(displaced);
    }

    /// The handle is gone: the task goes on alone, or, if it has ended, is
    /// forgotten and its unread output dropped.
    #[inline]
    pub(crate) fn detach(&self, key: TaskKey) {
        let (waiter, unread) = {
            let mut tasks = self.tasks.borrow_mut();
            let Some(task) = tasks.get_mut(key) else {
                return;
            };
            task.has_handle = false;
            let unread = task.is_finished().then_some(task.work.is_some());
            (task.waiter.take(), unread)
        };
        if self.is_told() && waiter.is_somebody() {
            self.emit(move |probe| Event::AwaitEnd {
                task: probe.id(waiter.task),
                on: WaitTarget::Task(probe.id(key)),
            });
        }
        drop(waiter);
        match unread {
            None => {}
            Some(false) => self.remove(key),
            Some(true) => self.forget(key),
        }
    }

    /// Frees a finished task whose output nobody read: drops the output in the
    /// name of the task that made it, and reports a panic that nobody saw.
    fn forget(&self, key: TaskKey) {
        let (work, identity) = {
            let mut tasks = self.tasks.borrow_mut();
            let Some(task) = tasks.get_mut(key) else {
                return;
            };
            (task.work.take(), task.identity.clone())
        };
        if let Some(work) = work {
            if let Some(error) = work.error().filter(|error| error.is_panic()) {
                report(format_args!("{error} (and nobody awaited it)"));
            }
            self.acting_as(key, || {
                contain(
                    format_args!("the destructor of the output of {identity}"),
                    || {
                        drop(work);
                    },
                );
            });
        }
        self.remove(key);
    }

    /// Frees the slot of a task that has nothing left in it but, perhaps, its
    /// context variables.
    #[inline]
    fn remove(&self, key: TaskKey) {
        let context = {
            let mut tasks = self.tasks.borrow_mut();
            let context = tasks.get_mut(key).map(|task| task.context.take());
            // In place: moving the task out first costs more than freeing it.
            tasks.discard(key);
            context
        };
        if context.as_ref().is_some_and(|context| !context.is_empty()) {
            contain("the destructor of a context variable", || drop(context));
        }
    }

    /// Asks for a task to be dropped at its next turn. `false` if it had ended
    /// or was asked before.
    pub(crate) fn request_cancel(&self, key: TaskKey) -> bool {
        let requested = {
            let mut tasks = self.tasks.borrow_mut();
            match tasks.get_mut(key) {
                Some(task) if matches!(task.state, State::Alive | State::Asked) => {
                    task.state = State::CancelRequested;
                    true
                }
                _ => false,
            }
        };
        if requested {
            self.emit(move |probe| Event::TaskCancel {
                task: probe.id(key),
            });
            self.ready.wake(key);
        }
        requested
    }

    /// Is the loop at its end, and takes in nothing new?
    pub(crate) fn is_closing(&self) -> bool {
        self.phase.get() == Phase::Closing
    }

    /// Closes the door for new tasks, and names those to be dropped: the
    /// youngest first.
    pub(crate) fn start_closing(&self) -> Vec<TaskKey> {
        self.phase.set(Phase::Closing);
        let tasks = self.tasks.borrow();
        let alive = tasks.iter().filter(|(_, task)| !task.is_finished());
        let mut order: Vec<_> = alive.map(|(key, task)| (task.identity.id, key)).collect();
        order.sort_unstable_by_key(|(id, _)| Reverse(*id));
        order.into_iter().map(|(_, key)| key).collect()
    }

    /// Is the task's future gone? Its entry may be, too.
    pub(crate) fn has_ended(&self, key: TaskKey) -> bool {
        let tasks = self.tasks.borrow();
        tasks.get(key).is_none_or(|task| task.is_finished())
    }

    pub(crate) fn identity(&self, key: TaskKey) -> Option<Identity> {
        let tasks = self.tasks.borrow();
        tasks.get(key).map(|task| task.identity.clone())
    }
}
