//! The party to wake when something happens.
//!
//! **Invariant:** a waiter that names a task without a waker is woken by key,
//! on the loop that the task belongs to; a waiter with a waker is woken through
//! that waker, whatever task it names. A waker's panic, when it is woken or
//! dropped, is reported and goes no further.
//!
//! Stored by timers, handles, thread jobs, sockets and locks. Imports `error` and
//! `slab`.

use std::task::Waker;

use super::error::catch_and_report;
use super::slab::TaskKey;

/// A task key, or a foreign `Waker`, or neither.
#[derive(Default)]
pub(crate) struct Waiter {
    /// The task that was being polled when the wait began: named in reports,
    /// and all that a wake needs if there is no waker. `None` if another
    /// executor polled.
    pub(crate) task: Option<TaskKey>,
    /// Set if the poll carried another waker than its task's own.
    pub(crate) waker: Option<Waker>,
}

impl Waiter {
    /// Returns a waiter that is no task of a loop.
    pub(crate) fn foreign(waker: Waker) -> Self {
        let (task, waker) = (None, Some(waker));
        Waiter { task, waker }
    }

    pub(crate) fn is_some(&self) -> bool {
        self.task.is_some() || self.waker.is_some()
    }

    /// Takes the waiter, leaving none.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// Wakes through the waker, if there is one.
    #[cold]
    pub(crate) fn wake_waker(mut self) {
        if let Some(waker) = self.waker.take() {
            catch_and_report("a waker", || waker.wake());
        }
    }

    #[cold]
    fn drop_waker(&mut self) {
        let waker = self.waker.take();
        catch_and_report("the destructor of a waker", || drop(waker));
    }
}

impl Drop for Waiter {
    #[inline(always)]
    fn drop(&mut self) {
        if self.waker.is_some() {
            self.drop_waker();
        }
    }
}
