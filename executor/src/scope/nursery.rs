//! The children of one scope.
//!
//! **Invariant:** a child is in the map until it has ended, and a nursery that
//! has ended takes in nobody.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::handle::{ScopedJoinHandle, Slot};
use crate::error::Payload;
use crate::probe::Ending;
use crate::ready::Roll;
use crate::runtime::{Nested, Runtime};
use crate::slab::TaskKey;
use crate::waker::OwnedWaker;

/// How many children a scope polls in one poll of its own. Its owner is one
/// task among others: with a thousand children that are always ready it must
/// not keep the loop from its timers and sockets. The loop's own number of
/// polls between two looks.
const CHILDREN_PER_POLL: usize = 61;

/// A child's future: what it returns goes to its handle, what fails to the
/// scope.
type Child<'env, E> = Pin<Box<dyn Future<Output = Result<(), E>> + 'env>>;

/// See the [module](self).
pub(super) struct Nursery<'env, E> {
    runtime: Rc<Runtime>,
    roll: Rc<Roll>,
    /// `None` while it is being polled.
    children: RefCell<HashMap<TaskKey, Option<Child<'env, E>>>>,
    /// Does it take in more?
    open: Cell<bool>,
    /// Who is to be polled, in the order of the wakes.
    round: RefCell<VecDeque<TaskKey>>,
    /// The vector that the roll is read into, kept for its memory.
    woken: Cell<Vec<TaskKey>>,
    /// Lent to children that have no waker of their own.
    spare: Cell<Option<OwnedWaker>>,
}

/// Why a scope ends before its time.
pub(super) enum Stop<E> {
    Error(E),
    Panic(Payload),
}

impl<'env, E> Nursery<'env, E> {
    pub(super) fn new(runtime: Rc<Runtime>) -> Rc<Self> {
        Rc::new(Nursery {
            runtime,
            roll: Rc::default(),
            children: RefCell::default(),
            open: Cell::new(true),
            round: RefCell::default(),
            woken: Cell::default(),
            spare: Cell::new(None),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.children.borrow().len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn spawn<F, T>(
        &self,
        name: Option<Box<str>>,
        site: &'static Location<'static>,
        future: F,
    ) -> ScopedJoinHandle<T>
    where
        F: Future<Output = Result<T, E>> + 'env,
        T: 'env,
    {
        let runtime = &self.runtime;
        let slot = Rc::new(Slot::new(None));
        let open = self.open.get() && !runtime.is_closing();
        let task = runtime.admit_in_scope(open.then_some(&self.roll), site, name);
        if open {
            let place = Rc::clone(&slot);
            let child: Child<'env, E> = Box::pin(async move {
                place.set(Some(future.await?));
                Ok(())
            });
            self.children.borrow_mut().insert(task, Some(child));
        } else {
            runtime.drop_nested(task, future);
        }
        ScopedJoinHandle::new(Rc::clone(runtime), task, slot)
    }

    /// Takes down who was woken, and asks to be told of the next.
    ///
    /// # Panics
    ///
    /// If another loop runs here, or none: the wakes of the children would
    /// arrive where nobody takes them in.
    pub(super) fn call_roll(&self, cx: &Context<'_>) {
        let is_home = Runtime::with(|here| Rc::ptr_eq(here, &self.runtime));
        assert!(
            is_home == Some(true),
            "a scope was polled outside of the loop in which it began: its children live there. \
             Await it in one run, or in several of one `Runner`"
        );
        let mut woken = self.woken.take();
        self.roll.call(&mut woken, self.runtime.told(cx));
        self.runtime.rng.shuffle(&mut woken);
        // Behind what the last poll left.
        self.round.borrow_mut().extend(woken.drain(..));
        self.woken.set(woken);
    }

    /// Polls those that were woken, as many as one poll may.
    pub(super) fn poll_children(&self, cx: &Context<'_>) -> Result<(), Stop<E>> {
        let spare = self.spare.take();
        let mut spare = spare.unwrap_or_else(|| OwnedWaker::unbound(self.runtime.ready.mailbox()));
        for _ in 0..CHILDREN_PER_POLL {
            let next = self.round.borrow_mut().pop_front();
            let Some(task) = next else { break };
            self.poll_child(task, &mut spare)?;
        }
        self.spare.set(Some(spare));
        if !self.round.borrow().is_empty() {
            self.runtime.wake_polled(cx);
        }
        Ok(())
    }

    fn poll_child(&self, task: TaskKey, spare: &mut OwnedWaker) -> Result<(), Stop<E>> {
        let Some(mut child) = self.take_out(task) else {
            return Ok(());
        };
        let mut result = Ok(());
        let poll = |cx: &mut Context<'_>| match child.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(output) => {
                result = output;
                Poll::Ready(())
            }
        };
        let how = match self.runtime.poll_nested(task, spare, poll) {
            Nested::Pending => {
                self.children.borrow_mut().insert(task, Some(child));
                return Ok(());
            }
            Nested::Ready => (Ending::Returned, result.map_err(Stop::Error)),
            Nested::Cancelled | Nested::Gone => (Ending::Cancelled, Ok(())),
            Nested::Panicked(payload) => (Ending::Panicked, Err(Stop::Panic(payload))),
        };
        self.bury(task, child, how.0);
        how.1
    }

    fn take_out(&self, task: TaskKey) -> Option<Child<'env, E>> {
        self.children.borrow_mut().get_mut(&task)?.take()
    }

    /// Drops what is left of a child, and tells whoever awaits it.
    fn bury(&self, task: TaskKey, child: Child<'env, E>, how: Ending) {
        self.runtime.drop_nested(task, child);
        self.children.borrow_mut().remove(&task);
        self.runtime.finish_nested(task, how);
    }

    /// Asks for every child to be dropped, and takes in no more.
    pub(super) fn cancel(&self) {
        self.open.set(false);
        for task in self.youngest_first() {
            self.runtime.request_cancel(task);
        }
    }

    /// Drops every child, the youngest first, and takes in no more.
    pub(super) fn end(&self) {
        self.open.set(false);
        self.roll.forget_waiter();
        for task in self.youngest_first() {
            if let Some(child) = self.take_out(task) {
                self.bury(task, child, Ending::Cancelled);
            }
        }
    }

    fn youngest_first(&self) -> Vec<TaskKey> {
        let children = self.children.borrow();
        let mut tasks: Vec<_> = children.keys().copied().collect();
        tasks.sort_by_key(|&task| Reverse(self.runtime.identity(task).map(|who| who.id)));
        tasks
    }
}
