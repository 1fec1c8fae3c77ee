//! Nursery: the children of one scope.
//!
//! **Invariant:** a child is in the map until it has ended, and a nursery that
//! has ended accepts no child. A child is in the woken list at most once, and
//! the first wake after each round wakes the owner.
//!
//! Used by `scope`. Imports `event_loop`, which polls each child as a task.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::handle::{OutputCell, ScopedJoinHandle, drop_in_task};
use crate::base::error::Payload;
use crate::base::hooks::Ending;
use crate::base::nesting::Nesting;
use crate::base::slab::TaskKey;
use crate::base::task_info::Wait;
use crate::base::waiter::Waiter;
use crate::event_loop::run::{POLLS_BETWEEN_LOOKS, Polled};
use crate::event_loop::runtime::{Route, Runtime, WaitPoint};
use crate::event_loop::task::{State, Task};
use crate::event_loop::waker::TaskWaker;
use crate::spawn::handle::TaskRef;

/// The future of a child: its output goes to its handle, its error to the
/// scope.
type Child<'env, E> = Pin<Box<dyn Future<Output = Result<(), E>> + 'env>>;

/// The children of one scope, and what polling them needs.
pub(super) struct Nursery<'env, E> {
    runtime: Rc<Runtime>,
    woken: Rc<WokenChildren>,
    /// The futures by task; `None` while one is being polled.
    children: RefCell<HashMap<TaskKey, Option<Child<'env, E>>>>,
    /// Whether it accepts children.
    is_open: Cell<bool>,
    /// The children to poll, in the order of their wakes.
    round: RefCell<VecDeque<TaskKey>>,
    /// The waker for children without one of their own; `None` before the first
    /// poll and during each.
    spare: Cell<Option<TaskWaker>>,
    /// The refused children whose destructors spawn others.
    refused: Nesting<(TaskKey, Child<'env, E>)>,
}

/// Why a scope ends early.
pub(super) enum Stop<E> {
    Error(E),
    Panic(Payload),
}

/// The children that were woken, and the party that waits for the scope.
#[derive(Default)]
struct WokenChildren {
    woken: RefCell<Vec<TaskKey>>,
    /// `NONE` once woken.
    waiter: Cell<Waiter>,
}

impl Route for WokenChildren {
    fn woken(&self, task: TaskKey) -> Option<Waiter> {
        self.woken.borrow_mut().push(task);
        Some(self.waiter.take()).filter(Waiter::is_some)
    }
}

impl WaitPoint for WokenChildren {
    fn waits(&self, runtime: &Runtime, add: &mut dyn FnMut(&Waiter, Wait)) {
        let waiter = self.waiter.take();
        if waiter.is_some() {
            let routes = runtime.routes.borrow();
            let is_this = |it: &Rc<dyn Route>| std::ptr::addr_eq(Rc::as_ptr(it), self);
            let children = routes.iter().filter(|(_, route)| is_this(route));
            let ids = children.filter_map(|(key, _)| runtime.identity(*key));
            let mut ids: Vec<_> = ids.map(|child| child.id).collect();
            ids.sort_unstable();
            add(&waiter, Wait::Scope(ids));
        }
        self.waiter.set(waiter);
    }
}

impl<'env, E> Nursery<'env, E> {
    pub(super) fn new(runtime: Rc<Runtime>) -> Rc<Self> {
        let woken = Rc::<WokenChildren>::default();
        let point: Rc<dyn WaitPoint> = woken.clone();
        runtime.register_wait_point(Rc::downgrade(&point));
        Rc::new(Nursery {
            runtime,
            woken,
            children: RefCell::default(),
            is_open: Cell::new(true),
            round: RefCell::default(),
            refused: Nesting::default(),
            spare: Cell::new(None),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.children.borrow().len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a child and wakes it for its first poll. A closed scope, or a
    /// closing loop, refuses it: the task is finished at once, as cancelled.
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
        let output = Rc::new(OutputCell::new(None));
        let is_accepted = self.is_open.get() && !runtime.closing.get();
        let (parent, context) = runtime.inherited_context();
        let identity = runtime.new_identity(name, site);
        let mut task = Task::new(None, identity, parent, context);
        if !is_accepted {
            task.state = State::Finished;
        }
        let route = is_accepted.then(|| self.woken.clone() as Rc<dyn Route>);
        let key = runtime.insert_task(task, route);
        let child: Child<'env, E> = Box::pin({
            let output = Rc::clone(&output);
            async move {
                output.set(Some(future.await?));
                Ok(())
            }
        });
        if is_accepted {
            self.children.borrow_mut().insert(key, Some(child));
        } else {
            let refuse = |(key, child)| drop_in_task(runtime, key, child);
            self.refused.run((key, child), refuse);
        }
        let runtime = Rc::clone(runtime);
        ScopedJoinHandle::new(TaskRef { runtime, key }, output)
    }

    /// Moves the woken children to the round, and registers the current task
    /// for the next wake.
    ///
    /// # Panics
    ///
    /// If another loop runs on this thread, or none: the wakes of the children
    /// would arrive on a loop that does not run.
    pub(super) fn start_round(&self, cx: &Context<'_>) {
        let is_own_loop = Runtime::with(|running| Rc::ptr_eq(running, &self.runtime));
        assert!(
            is_own_loop == Some(true),
            "a scope was polled outside of the loop in which it began: its children belong to \
             that loop. Await it in one run, or in several of one `Runner`"
        );
        let displaced = self.woken.waiter.replace(self.runtime.poll.waiter(cx));
        drop(displaced);
        let mut woken = self.woken.woken.borrow_mut();
        self.runtime.rng.shuffle(&mut woken);
        // After the children that the last round left.
        self.round.borrow_mut().extend(woken.drain(..));
    }

    /// Polls the children of the round, at most as many as the loop polls tasks
    /// between two looks: the owner is one task among others, and a thousand
    /// children that are always ready must not keep the loop from its timers
    /// and sockets.
    pub(super) fn poll_children(&self, cx: &Context<'_>) -> Result<(), Stop<E>> {
        let spare = self.spare.take();
        let mut spare = spare.unwrap_or_else(|| TaskWaker::unbound(self.runtime.inbox()));
        for _ in 0..POLLS_BETWEEN_LOOKS {
            let next = self.round.borrow_mut().pop_front();
            let Some(task) = next else { break };
            self.poll_child(task, &mut spare)?;
        }
        self.spare.set(Some(spare));
        if !self.round.borrow().is_empty() {
            self.runtime.wake_current(cx);
        }
        Ok(())
    }

    fn poll_child(&self, task: TaskKey, spare: &mut TaskWaker) -> Result<(), Stop<E>> {
        let Some(mut child) = self.take_child(task) else {
            return Ok(());
        };
        let mut result = Ok(());
        let polled = self.runtime.poll_once(task, spare, |_, cx| {
            child.as_mut().poll(cx).map(|output| result = output)
        });
        let (how, result) = match polled {
            Poll::Pending => {
                self.children.borrow_mut().insert(task, Some(child));
                return Ok(());
            }
            Poll::Ready(Polled::Returned(_)) => (Ending::Returned, result.map_err(Stop::Error)),
            Poll::Ready(Polled::Cancelled(_) | Polled::Gone) => (Ending::Cancelled, Ok(())),
            Poll::Ready(Polled::Panicked(_, panic)) => (Ending::Panicked, Err(Stop::Panic(panic))),
        };
        self.finish_child(task, child, how);
        result
    }

    fn take_child(&self, task: TaskKey) -> Option<Child<'env, E>> {
        self.children.borrow_mut().get_mut(&task)?.take()
    }

    /// Drops the future of a child and finishes its task, which wakes the
    /// waiter of its handle.
    fn finish_child(&self, task: TaskKey, child: Child<'env, E>, how: Ending) {
        drop_in_task(&self.runtime, task, child);
        self.children.borrow_mut().remove(&task);
        self.runtime.finish(task, None, how);
    }

    /// Cancels every child and accepts no more.
    pub(super) fn cancel(&self) {
        self.is_open.set(false);
        for task in self.youngest_first() {
            self.runtime.request_cancel(task);
        }
    }

    /// Drops every child, the youngest first, and accepts no more.
    pub(super) fn end(&self) {
        self.is_open.set(false);
        drop(self.woken.waiter.take());
        for task in self.youngest_first() {
            if let Some(child) = self.take_child(task) {
                self.finish_child(task, child, Ending::Cancelled);
            }
        }
    }

    fn youngest_first(&self) -> Vec<TaskKey> {
        let children = self.children.borrow();
        let mut tasks: Vec<_> = children.keys().copied().collect();
        tasks.sort_by_key(|&task| Reverse(self.runtime.identity(task).map(|child| child.id)));
        tasks
    }
}
