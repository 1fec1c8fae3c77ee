//! Waking a task, from its own thread or another.
//!
//! Local wakes push to the ready queue directly: plain memory, no atomics.
//! Remote wakes go through the inbox, which the loop drains when it looks.
//!
//! **Invariant:** a wake queues a task unless it is queued or has ended. A task
//! that another task polls (a child of a scope) is never queued: its wake goes
//! to its [`Route`], which wakes the owner.
//!
//! Called by wakers and by everything that stores a `Waiter`.

use std::rc::Rc;
use std::task::{Context, Poll};

use super::runtime::{Route, Runtime};
use super::task::State;
use super::waker::WakeTarget;
use crate::base::hooks::WAKE;
use crate::base::inbox::{Inbox, Message};
use crate::base::slab::TaskKey;
use crate::base::sys::{Arc, AtomicBool, Ordering};
use crate::base::waiter::Waiter;

impl WakeTarget for Inbox {
    #[inline]
    fn wake(this: &Arc<Self>, key: u64, notified: &AtomicBool) {
        let Some(task) = TaskKey::from_bits(key) else {
            return; // not bound yet
        };
        let is_done =
            Runtime::with(|here| Arc::ptr_eq(here.inbox(), this) && here.wake_simply(task));
        if is_done != Some(true) {
            wake_out_of_line(this, task, notified);
        }
    }
}

/// Wakes a task of another loop, or one that a hook or a route has a part in.
#[cold]
fn wake_out_of_line(inbox: &Arc<Inbox>, task: TaskKey, notified: &AtomicBool) {
    // No borrow is held: a hook or a route may run foreign code.
    if let Some(home) = Runtime::current().filter(|here| Arc::ptr_eq(here.inbox(), inbox)) {
        return home.wake_slowly(task);
    }
    // The swap also publishes the memory that this thread wrote before the
    // wake, when the message of an earlier wake stands for both.
    if !notified.swap(true, Ordering::AcqRel) {
        // A closed inbox returns the message: the loop is gone.
        let _ = inbox.send(Message::Wake(task));
    }
}

impl Runtime {
    /// Wakes a task: pushes it to the back of the ready queue, or passes it to
    /// its route.
    #[inline]
    pub(crate) fn wake(&self, key: TaskKey) {
        if !self.wake_simply(key) {
            self.wake_slowly(key);
        }
    }

    /// Wakes a task, unless a hook or a route has a part in it.
    #[inline]
    fn wake_simply(&self, key: TaskKey) -> bool {
        if self.hooks.wants(WAKE) {
            return false;
        }
        match self.tasks.borrow_mut().get_mut(key) {
            Some(task) if !task.is_woken => {
                if task.is_routed {
                    return false;
                }
                task.is_woken = true;
            }
            _ => return true, // it is queued, or has ended
        }
        self.ready.borrow_mut().push(key);
        true
    }

    #[cold]
    fn wake_slowly(&self, key: TaskKey) {
        let (queued, is_routed) = match self.tasks.borrow_mut().get_mut(key) {
            Some(task) if task.state < State::Ending => {
                let was_woken = std::mem::replace(&mut task.is_woken, true);
                (Some(!was_woken), task.is_routed)
            }
            _ => (None, false),
        };
        if queued == Some(true) && !is_routed {
            self.ready.borrow_mut().push(key);
        }
        self.emit(WAKE, move |hook| hook.wake(key, queued));
        if queued == Some(true) && is_routed {
            self.forward(key);
        }
    }

    /// Queues a new task for its first poll, or passes it to its route.
    #[inline]
    pub(super) fn push_first(&self, key: TaskKey, route: Option<Rc<dyn Route>>) {
        let is_routed = route.is_some();
        match route {
            None => self.ready.borrow_mut().push(key),
            Some(route) => drop(self.routes.borrow_mut().insert(key, route)),
        }
        self.emit(WAKE, move |hook| hook.first_push(key));
        if is_routed {
            self.forward(key);
        }
    }

    fn forward(&self, key: TaskKey) {
        let route = self.routes.borrow().get(&key).cloned();
        if let Some(owner) = route.and_then(|route| route.woken(key)) {
            self.wake_waiter(owner);
        }
    }

    /// Wakes a waiter. Call with nothing borrowed: a foreign waker may run any
    /// code.
    #[inline(always)]
    pub(crate) fn wake_waiter(&self, waiter: Waiter) {
        if waiter.waker.is_some() {
            waiter.wake_waker();
        } else if let Some(task) = waiter.task {
            self.wake(task);
        }
    }

    /// Wakes the current task, by key if `cx` carries its own waker.
    #[inline]
    pub(crate) fn wake_current(&self, cx: &Context<'_>) {
        match self.poll.task() {
            Some(task) if self.poll.is_own_waker(cx.waker()) => self.wake(task),
            _ => cx.waker().wake_by_ref(),
        }
    }

    /// Called by a future before it may complete: `Pending`, with a wake
    /// arranged, once the budget of this poll is exhausted.
    #[inline]
    pub(crate) fn poll_budget(&self, cx: &Context<'_>) -> Poll<()> {
        if self.poll.is_budget_exhausted() {
            self.wake_current(cx);
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::poll_fn;

    use super::*;

    #[test]
    fn a_wake_of_a_task_that_ended_in_the_queue_queues_nothing() {
        crate::run(async {
            let runtime = Runtime::current().expect("a loop runs");
            let waker = Rc::new(Cell::new(None));
            let kept = Rc::clone(&waker);
            let task = crate::spawn(poll_fn(move |cx| {
                cx.waker().wake_by_ref();
                kept.set(Some(cx.waker().clone()));
                Poll::Ready(())
            }));
            for _ in 0..3 {
                crate::yield_now().await;
            }
            assert!(task.is_finished());
            waker.take().expect("the task was polled").wake();
            assert!(runtime.ready.borrow().is_empty());
        });
    }
}
