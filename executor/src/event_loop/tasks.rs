//! The life of a task: spawned, awaited, cancelled, finished, removed.
//!
//! **Invariant:** a task leaves the table only when it is finished and has no
//! handle, so an output that may still be read is never lost, not even by the
//! end of the loop. Destructors of futures, outputs and context variables run
//! with nothing borrowed, as code of their task; their panics are in the task's
//! output, come out of the run, or are reported.
//!
//! Called by `run`, `shutdown`, and by `spawn` and `scope` for their handles.

use std::cmp::Reverse;
use std::fmt;
use std::num::NonZeroU64;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::rc::Rc;

use super::context::{self, ContextMap};
use super::runtime::{OnPanic, Route, Runtime};
use super::task::{BoxedWork, State, Stop, Task};
use crate::base::error::{JoinError, Kind, Payload, copy_text, into_text, report};
use crate::base::hooks::{Ending, RUN, TASK};
use crate::base::slab::{Slab, TaskKey};
use crate::base::sys::Arc;
use crate::base::task_info::{Identity, TaskId};

impl Runtime {
    /// Calls `f` with a task, unless its slot was freed. `f` must not call foreign
    /// code: the table is borrowed.
    #[inline(always)]
    pub(crate) fn with_task<R>(&self, key: TaskKey, f: impl FnOnce(&mut Task) -> R) -> Option<R> {
        self.tasks.borrow_mut().get_mut(key).map(f)
    }

    /// Returns the identity of the next task.
    #[inline]
    pub(crate) fn new_identity(
        &self,
        name: Option<Box<str>>,
        site: &'static Location<'static>,
    ) -> Identity {
        let spawned = self.spawned.get();
        self.spawned.set(spawned + 1);
        let id = NonZeroU64::MIN.saturating_add(spawned); // 584 years at one a ns
        Identity {
            id: TaskId(id),
            name: name.map(Arc::new),
            site,
        }
    }

    /// Adds the main future, which `run` polls.
    pub(crate) fn add_main_task(
        &self,
        context: ContextMap,
        site: &'static Location<'static>,
    ) -> TaskKey {
        let mut task = Task::new(None, self.new_identity(None, site), None, context);
        task.has_handle = false;
        self.insert_task(task, None)
    }

    /// Adds a task and, unless it is finished already, queues it for its first
    /// poll. A closing loop drops it instead.
    #[inline]
    pub(crate) fn insert_task(&self, mut task: Task, route: Option<Rc<dyn Route>>) -> TaskKey {
        task.is_routed = route.is_some();
        let refused = task.is_finished();
        let key = self.tasks.borrow_mut().insert(task);
        self.emit(TASK, move |hook| hook.task_spawn(key, refused));
        match (refused, self.closing.get()) {
            (true, _) => {}
            (false, true) => self.drop_now(key),
            (false, false) => self.push_first(key, route),
        }
        key
    }

    /// Returns what a new task gets from the one that spawns it.
    #[inline]
    pub(crate) fn inherited_context(&self) -> (Option<TaskId>, ContextMap) {
        let tasks = self.tasks.borrow();
        match self.poll.task().and_then(|key| tasks.get(key)) {
            Some(parent) => (Some(parent.identity.id), parent.context.clone()),
            None => (None, Runtime::current_context()),
        }
    }

    /// Returns the context variables of the code that calls: of the task that runs
    /// on this thread, on whichever loop, or of the thread.
    pub(crate) fn current_context() -> ContextMap {
        let of_task = |runtime: &Rc<Runtime>| {
            let tasks = runtime.tasks.borrow();
            let task = runtime.poll.task().and_then(|key| tasks.get(key));
            task.map(|task| task.context.clone())
        };
        let context = Runtime::with(of_task).flatten();
        context.unwrap_or_else(context::of_thread)
    }

    /// Removes the main future's task; returns its context variables.
    pub(crate) fn remove_main_task(&self, key: TaskKey, how: Ending) -> ContextMap {
        self.report_end(key, how, None);
        self.emit(RUN, move |hook| hook.run_end(how));
        let task = self.tasks.borrow_mut().remove(key);
        self.wake_cancel_listeners(key);
        task.map_or(ContextMap::EMPTY, |task| task.context)
    }

    #[inline]
    fn report_end(&self, key: TaskKey, how: Ending, work: Option<&BoxedWork>) {
        self.emit(TASK, move |hook| {
            hook.task_end(key, how, work.and_then(|work| work.error()));
        });
    }

    /// Stores the output of a task whose future is gone, and wakes its waiter.
    pub(crate) fn finish(&self, key: TaskKey, work: Option<BoxedWork>, how: Ending) {
        self.report_end(key, how, work.as_ref());
        let taken = self.with_task(key, |task| {
            task.state = State::Finished;
            task.is_woken = true;
            task.work = work;
            (
                task.is_routed,
                task.has_handle,
                task.waiter.take(),
                task.waker.take(),
            )
        });
        let Some((is_routed, has_handle, waiter, waker)) = taken else {
            return;
        };
        if is_routed {
            let route = self.routes.borrow_mut().remove(&key);
            drop(route);
        }
        drop(waker);
        self.wake_cancel_listeners(key);
        if !has_handle {
            self.drop_now(key);
        }
        // With or without a `JoinHandle`: a `RemoteHandle` may wait.
        self.wake_waiter(waiter);
    }

    /// Drops a task's future and stores an error in its place: the panic of its
    /// poll or of its destructor, or "cancelled".
    pub(crate) fn fail(&self, key: TaskKey, mut work: BoxedWork, panic: Option<Payload>) {
        let Some(identity) = self.identity(key) else {
            return;
        };
        // Wakes by its own destructors come too late: a lock that moves on from
        // one member of its gather to another, say.
        self.with_task(key, |task| {
            task.state = State::Ending;
            task.is_woken = true;
        });
        let end = || self.end_work(identity, &mut work, panic);
        let how = self.poll.with_current_task(key, end);
        self.finish(key, Some(work), how);
    }

    /// Drops a future, as code of the current task, and stores the error.
    pub(crate) fn end_work(
        &self,
        task: Identity,
        work: &mut BoxedWork,
        panic: Option<Payload>,
    ) -> Ending {
        let dropped = catch_unwind(AssertUnwindSafe(|| work.as_mut().drop_future()));
        let panic = match (panic, dropped) {
            (Some(first), Err(second)) => {
                let text = into_text(second);
                report(format_args!(
                    "the destructor of the future of {task} panicked: {text}"
                ));
                Some(first)
            }
            (panic, dropped) => panic.or(dropped.err()),
        };
        let Some(panic) = panic else {
            let stored = work.as_mut().fail(JoinError::cancelled(task));
            debug_assert!(
                stored.is_ok(),
                "a future that has returned has no end to come"
            );
            return Ending::Cancelled;
        };
        let copy = copy_text(&panic);
        let error = match self.stop_with(panic) {
            Ok(()) => JoinError::new(Some(task), Kind::Stopped(copy.into())),
            Err(panic) => JoinError::panicked(task, panic),
        };
        // A future that had returned keeps its output: the panic came from its
        // destructor.
        if let Err(late) = work.as_mut().fail(error) {
            if late.is_unreported_panic() {
                report(format_args!(
                    "{late} (after it had returned, in a destructor)"
                ));
            }
        }
        Ending::Panicked
    }

    /// Lets the first panic of a task end the run that begins, if
    /// [`OnPanic::Stop`] says so.
    pub(crate) fn start_stop(&self) {
        if self.settings.on_panic == OnPanic::Stop {
            self.stop.set(Stop::AtPanic);
        }
    }

    /// Returns the result of the run that ends, or the panic of a task.
    pub(crate) fn end_stop<T>(&self, result: Result<T, Payload>) -> Result<T, Payload> {
        match (result, self.stop.take()) {
            (Ok(_), Stop::With(panic)) => Err(panic),
            (result, Stop::With(second)) => {
                report(format_args!("a task panicked, too: {}", into_text(second)));
                result
            }
            (result, _) => result,
        }
    }

    /// Ends the current run with a panic, if [`OnPanic::Stop`] says so and it is
    /// the first one; otherwise returns it.
    fn stop_with(&self, panic: Payload) -> Result<(), Payload> {
        let (stop, result) = match self.stop.take() {
            Stop::AtPanic => (Stop::With(panic), Ok(())),
            stop => (stop, Err(panic)),
        };
        self.stop.set(stop);
        result
    }

    /// Resumes the panic that ends the run, if there is one. Call where no code of
    /// a task runs.
    #[inline]
    pub(crate) fn resume_stop(&self) {
        if self.settings.on_panic == OnPanic::Stop {
            match self.stop.take() {
                Stop::With(panic) => resume_unwind(panic),
                stop => self.stop.set(stop),
            }
        }
    }

    /// Runs foreign code that the loop must survive. A panic ends the run, if
    /// [`OnPanic::Stop`] says so, or is reported as one of `what`.
    pub(crate) fn contain(&self, what: impl fmt::Display, code: impl FnOnce()) {
        let result = catch_unwind(AssertUnwindSafe(code));
        if let Err(panic) = result.or_else(|panic| self.stop_with(panic)) {
            report(format_args!("{what} panicked: {}", into_text(panic)));
        }
    }

    /// Drops a task that is alive, at the end of the loop, or removes a finished
    /// one that has no handle. Deep in other such calls, when the deepest of them
    /// returns.
    pub(crate) fn drop_now(&self, key: TaskKey) {
        self.ends.run(key, |key| {
            let ended = self.with_task(key, |task| task.is_finished().then_some(task.has_handle));
            match ended.flatten() {
                Some(false) => self.discard_output(key),
                Some(true) => {}
                None => {
                    if let Some(Some(work)) = self.with_task(key, |task| task.work.take()) {
                        self.fail(key, work, None);
                    }
                }
            }
        });
    }

    /// Removes a finished task whose output was not read, and reports a panic
    /// that no handle received.
    fn discard_output(&self, key: TaskKey) {
        let taken = self.with_task(key, |task| Some((task.work.take()?, task.identity.clone())));
        if let Some(Some((work, identity))) = taken {
            if let Some(error) = work.error().filter(|error| error.is_unreported_panic()) {
                report(format_args!("{error} (its handle was dropped)"));
            }
            self.poll.with_current_task(key, || {
                let what = "the destructor of the output of";
                self.contain(format_args!("{what} {identity}"), || drop(work));
            });
        }
        self.remove(key);
    }

    /// Frees the slot of a task that has nothing left but, perhaps, context
    /// variables.
    #[inline]
    pub(crate) fn remove(&self, key: TaskKey) {
        let context = self.with_task(key, |task| std::mem::take(&mut task.context));
        self.tasks.borrow_mut().discard(key);
        if context.as_ref().is_some_and(|context| !context.is_empty()) {
            self.contain("the destructor of a context variable", || drop(context));
        }
    }

    /// Requests that a task be dropped at its next turn. Returns `false` if it
    /// had ended or the request was made before.
    pub(crate) fn request_cancel(&self, key: TaskKey) -> bool {
        let before = self.with_task(key, |task| {
            let before = task.state;
            task.state = before.max(State::CancelRequested);
            before
        });
        let requested = before.is_some_and(|before| before < State::CancelRequested);
        if requested {
            self.emit(TASK, move |hook| hook.task_cancel(key));
            self.wake(key);
        }
        requested
    }

    /// Wakes the `Cancelled` futures that wait for the end of a task, or for a
    /// request to stop it.
    #[inline]
    pub(crate) fn wake_cancel_listeners(&self, key: TaskKey) {
        if !self.cancel_listeners.borrow().is_empty() {
            self.wake_listeners_of(key);
        }
    }

    #[cold]
    fn wake_listeners_of(&self, key: TaskKey) {
        let woken = self.cancel_listeners.borrow_mut().remove(&key);
        let waiters = woken.into_iter().flat_map(Slab::into_values);
        waiters.for_each(|waiter| self.wake_waiter(waiter));
    }

    /// Returns whether the task's future is gone; its slot may be, too.
    pub(crate) fn has_ended(&self, key: TaskKey) -> bool {
        self.polls_of(key).is_none()
    }

    /// Returns how often a task was polled; `None` if it has ended.
    pub(crate) fn polls_of(&self, key: TaskKey) -> Option<u32> {
        let tasks = self.tasks.borrow();
        let task = tasks.get(key).filter(|task| !task.is_finished());
        task.map(|task| task.polls)
    }

    pub(crate) fn identity(&self, key: TaskKey) -> Option<Identity> {
        let tasks = self.tasks.borrow();
        tasks.get(key).map(|task| task.identity.clone())
    }

    /// Refuses new tasks from now on, and returns those to be dropped, the
    /// youngest first.
    pub(crate) fn start_closing(&self) -> Vec<TaskKey> {
        self.closing.set(true);
        let tasks = self.tasks.borrow();
        let alive = tasks.iter().filter(|(_, task)| !task.is_finished());
        let mut order: Vec<_> = alive.map(|(key, task)| (task.identity.id, key)).collect();
        order.sort_unstable_by_key(|(id, _)| Reverse(*id));
        order.into_iter().map(|(_, key)| key).collect()
    }
}
