//! Tasks that are polled inside the poll of another one: the children of a
//! scope.
//!
//! Such a task stands in the table like any other, with a name, a waker and
//! variables of its own; only its future is elsewhere, with the scope, because
//! it borrows from there and the table could not hold it. **Invariant:** while
//! it is polled, everything that asks "who runs?" is told its name, and
//! afterwards its owner's again.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll};

use super::{Runtime, contain};
use crate::error::Payload;
use crate::probe::{Ending, poll_result};
use crate::ready::{Roll, Told};
use crate::slab::TaskKey;
use crate::task::{State, Task};
use crate::waker::{self, OwnedWaker};

/// What became of a scoped task that was to be polled.
pub(crate) enum Nested {
    /// It is not finished.
    Pending,
    /// Its future returned.
    Ready,
    /// It is to be dropped instead.
    Cancelled,
    /// It panicked with this.
    Panicked(Payload),
    /// It has ended before.
    Gone,
}

impl Runtime {
    /// Takes in a task whose future a scope holds; a closed scope, or a loop
    /// that is closing, refuses it: then it is finished, as cancelled.
    pub(crate) fn admit_in_scope(
        &self,
        roll: Option<&Rc<Roll>>,
        site: &'static Location<'static>,
        name: Option<Box<str>>,
    ) -> TaskKey {
        let (parent, context) = self.heritage();
        let mut task = Task::new(None, self.new_identity(name, site), parent, context);
        if roll.is_none() {
            task.state = State::Finished;
        }
        let key = self.tasks.borrow_mut().insert(task);
        if self.is_told() {
            self.tell_spawn(key);
        }
        if let Some(roll) = roll {
            self.ready.admit_in_scope(key, roll);
        }
        key
    }

    /// Polls a scoped task inside the poll that goes on, with its own waker or
    /// with the scope's spare one.
    pub(crate) fn poll_nested(
        &self,
        task: TaskKey,
        spare: &mut OwnedWaker,
        poll: impl FnOnce(&mut TaskContext<'_>) -> Poll<()>,
    ) -> Nested {
        if !self.ready.leave_roll(task) {
            return Nested::Gone;
        }
        let Some(taken) = self.take_out(task) else {
            return Nested::Gone;
        };
        if taken.cancelled {
            return Nested::Cancelled;
        }
        let owner = self.suspend();
        let waker = waker::lend(&taken.own_waker, spare, task);
        self.start_poll(task, waker);
        if self.is_followed() {
            self.tell_poll(task);
        }
        let result = catch_unwind(AssertUnwindSafe(|| {
            poll(&mut TaskContext::from_waker(waker.waker()))
        }));
        if self.is_followed() {
            self.tell_end_of_poll(poll_result(&result));
        }
        self.end_poll();
        let own_waker = waker::keep_if_cloned(taken.own_waker, spare);
        self.put_back(task, None, own_waker);
        if self.is_followed() && matches!(result, Ok(Poll::Pending)) {
            self.look_at_pending(task);
        }
        self.resume(owner);
        match result {
            Ok(Poll::Pending) => Nested::Pending,
            Ok(Poll::Ready(())) => Nested::Ready,
            Err(payload) => Nested::Panicked(payload),
        }
    }

    /// Drops the future of a scoped task, in its name; a panic of a destructor
    /// is reported.
    pub(crate) fn drop_nested<F>(&self, task: TaskKey, future: F) {
        let Some(identity) = self.identity(task) else {
            return;
        };
        self.acting_as(task, || {
            contain(
                format_args!("the destructor of the future of {identity}"),
                || drop(future),
            );
        });
    }

    /// A scoped task has ended and its future is gone.
    pub(crate) fn finish_nested(&self, task: TaskKey, how: Ending) {
        self.finish(task, None, how);
    }

    /// Who is to be told when a child is woken: whoever is being polled.
    pub(crate) fn told(&self, cx: &TaskContext<'_>) -> Told {
        let waiter = self.waiter(cx);
        match (waiter.waker, waiter.task) {
            (None, Some(task)) => Told::Task(task),
            (None, None) => Told::Waker(None, cx.waker().clone()),
            (Some(waker), task) => Told::Waker(task, waker),
        }
    }

    fn suspend(&self) -> Suspended {
        let task = self.polled.get();
        self.suspended.borrow_mut().extend(task);
        Suspended {
            task,
            lent: self.lent.get(),
            budget: self.budget.get(),
            registered: self.registered.get(),
            cause: self.probe.cause(),
        }
    }

    fn resume(&self, owner: Suspended) {
        if owner.task.is_some() {
            self.suspended.borrow_mut().pop();
        }
        self.polled.set(owner.task);
        self.lent.set(owner.lent);
        self.budget.set(owner.budget);
        self.registered.set(owner.registered);
        self.probe.because(owner.cause);
        if let Some((watched, task)) = self.watched.as_ref().zip(owner.task) {
            watched.start_poll(self.identity(task));
        }
    }
}

/// The owner's poll, while a child has its own.
struct Suspended {
    task: Option<TaskKey>,
    lent: Option<super::Lent>,
    budget: u32,
    registered: bool,
    cause: crate::probe::Cause,
}
