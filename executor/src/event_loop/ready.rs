//! Ready queue: which tasks to poll next.
//!
//! Local wakes push directly: plain memory, no atomics. Remote wakes go through
//! the inbox, which the loop drains when it looks.
//!
//! **Invariant:** a task is in the queue at most once, in the order of its
//! first wake. A task that another task polls (a child of a scope) is never in
//! it: its wake goes to its [`Route`], which wakes the owner.
//!
//! Called by `waker` (to wake), `tasks` (to add and remove) and `run` (to take
//! the next). Imports `base`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::num::NonZeroU32;
use std::rc::Rc;

use crate::base::error::catch_and_report;
use crate::base::hooks::{Hooks, WAKE};
use crate::base::inbox::Inbox;
use crate::base::rng::Rng;
use crate::base::slab::TaskKey;
use crate::base::sys::{Arc, thread_local};
use crate::base::waiter::Waiter;

thread_local! {
    /// The queue of the loop that runs on this thread, for wakers.
    ///
    /// Empty whenever no loop runs, so it needs no destructor, and wakers used
    /// while the thread exits find it intact.
    static CURRENT: ManuallyDrop<RefCell<Option<Rc<ReadyQueue>>>> =
        const { ManuallyDrop::new(RefCell::new(None)) };
}

/// Makes `queue` the one that wakers on this thread find; returns the former.
pub(crate) fn enter(queue: Option<Rc<ReadyQueue>>) -> Option<Rc<ReadyQueue>> {
    CURRENT.with(|current| current.replace(queue))
}

/// Queues the task if the loop of this inbox runs on this thread; returns
/// whether it does.
#[inline]
pub(crate) fn wake_local(inbox: &Arc<Inbox>, task: TaskKey) -> bool {
    let slow = CURRENT.with(|current| match &*current.borrow() {
        Some(queue) if Arc::ptr_eq(&queue.inbox, inbox) => match queue.wake_if_simple(task) {
            true => Some(None),
            false => Some(Some(Rc::clone(queue))),
        },
        _ => None,
    });
    match slow {
        // No borrow is held: a route may run foreign code.
        Some(Some(queue)) => queue.wake_slowly(task),
        Some(None) => {}
        None => return false,
    }
    true
}

/// The destination of the wakes of a task that another task polls.
pub(crate) trait Route {
    /// Records that the task was woken; returns the party to wake in its place,
    /// unless that was done since it last looked.
    fn woken(&self, task: TaskKey) -> Option<Waiter>;
}

/// The ready queue of one loop.
pub(crate) struct ReadyQueue {
    local: RefCell<Local>,
    /// By routed task.
    routes: RefCell<HashMap<TaskKey, Rc<dyn Route>>>,
    inbox: Arc<Inbox>,
    hooks: Rc<Hooks>,
}

#[derive(Default)]
struct Local {
    /// The tasks woken since the turn began: the next turn.
    queue: Vec<TaskKey>,
    /// The current turn: the queue as it was when the turn began.
    turn: Vec<TaskKey>,
    /// How many of `turn` were taken.
    taken: usize,
    /// By index of the task's key.
    marks: Vec<Mark>,
}

/// Belongs to the task whose key has this generation; to none if `None`.
#[derive(Clone, Copy, Default)]
struct Mark {
    generation: Option<NonZeroU32>,
    standing: Standing,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Standing {
    /// Not queued; a wake queues it.
    #[default]
    Idle,
    Queued,
    /// Routed, not woken; a wake goes to its route.
    Routed,
    RoutedWoken,
}

impl Standing {
    fn after_wake(self) -> Self {
        match self {
            Standing::Idle | Standing::Queued => Standing::Queued,
            Standing::Routed | Standing::RoutedWoken => Standing::RoutedWoken,
        }
    }
}

impl ReadyQueue {
    pub(crate) fn new(inbox: &Arc<Inbox>, hooks: &Rc<Hooks>) -> Self {
        ReadyQueue {
            local: RefCell::default(),
            routes: RefCell::default(),
            inbox: Arc::clone(inbox),
            hooks: Rc::clone(hooks),
        }
    }

    /// Adds a task and queues it for its first poll, or passes it to its route.
    #[inline]
    pub(crate) fn add(&self, task: TaskKey, route: Option<Rc<dyn Route>>) {
        let is_routed = route.is_some();
        self.local.borrow_mut().add(task, is_routed);
        if let Some(route) = route {
            self.routes.borrow_mut().insert(task, route);
        }
        self.hooks.emit(WAKE, move |hook| hook.first_push(task));
        if is_routed {
            self.forward(task);
        }
    }

    /// Removes a task that has ended: later wakes have no effect.
    #[inline]
    pub(crate) fn remove(&self, task: TaskKey) {
        let standing = match self.local.borrow_mut().mark(task) {
            None => return,
            Some(mark) => {
                mark.generation = None;
                mark.standing
            }
        };
        if matches!(standing, Standing::Routed | Standing::RoutedWoken) {
            let route = self.routes.borrow_mut().remove(&task);
            drop(route);
        }
    }

    /// Pushes a task to the back of the queue, unless it is queued or has
    /// ended.
    #[inline]
    pub(crate) fn wake(&self, task: TaskKey) {
        if !self.wake_if_simple(task) {
            self.wake_slowly(task);
        }
    }

    /// Wakes the task, unless that takes a hook or a route.
    #[inline]
    fn wake_if_simple(&self, task: TaskKey) -> bool {
        !self.hooks.wants(WAKE) && self.local.borrow_mut().wake_unrouted(task)
    }

    #[inline(never)]
    fn wake_slowly(&self, task: TaskKey) {
        let before = self.local.borrow_mut().note_wake(task);
        let is_news = |standing| matches!(standing, Standing::Idle | Standing::Routed);
        let queued = before.map(is_news);
        self.hooks.emit(WAKE, move |hook| hook.wake(task, queued));
        if before == Some(Standing::Routed) {
            self.forward(task);
        }
    }

    #[cold]
    fn forward(&self, task: TaskKey) {
        let route = self.routes.borrow().get(&task).cloned();
        if let Some(owner) = route.and_then(|route| route.woken(task)) {
            self.wake_waiter(owner);
        }
    }

    /// Wakes a waiter. Call with nothing borrowed: a foreign waker may run any
    /// code.
    #[inline]
    pub(crate) fn wake_waiter(&self, waiter: Waiter) {
        match (waiter.waker, waiter.task) {
            (Some(waker), _) => catch_and_report("a waker", || waker.wake()),
            (None, Some(task)) => self.wake(task),
            (None, None) => {}
        }
    }

    /// Prepares the poll of a routed task: a wake during the poll goes to its
    /// route again. `false` if the task has ended.
    #[cfg(feature = "scope")]
    pub(crate) fn start_routed_poll(&self, task: TaskKey) -> bool {
        let mut local = self.local.borrow_mut();
        let mark = local.mark(task);
        mark.map(|mark| mark.standing = Standing::Routed).is_some()
    }

    /// Returns the tasks whose wakes go to a route.
    #[cfg(feature = "scope")]
    pub(crate) fn routed_to(&self, route: &impl Route) -> Vec<TaskKey> {
        let routes = self.routes.borrow();
        let is_it = |it: &Rc<dyn Route>| std::ptr::addr_eq(Rc::as_ptr(it), route);
        let routed = routes.iter().filter(|(_, it)| is_it(it));
        routed.map(|(task, _)| *task).collect()
    }

    /// Returns whether a wake of the task is pending.
    pub(crate) fn is_woken(&self, task: TaskKey) -> bool {
        let standing = self.local.borrow_mut().mark(task).map(|mark| mark.standing);
        matches!(standing, Some(Standing::Queued | Standing::RoutedWoken))
    }

    /// Returns whether another task polls this one.
    #[cfg(feature = "observe")]
    pub(crate) fn is_routed(&self, task: TaskKey) -> bool {
        self.routes.borrow().contains_key(&task)
    }

    /// Returns the tasks of the current turn, in order.
    #[cfg(feature = "observe")]
    pub(crate) fn this_turn(&self) -> Vec<TaskKey> {
        let local = &mut *self.local.borrow_mut();
        let turn = local.turn.clone();
        let is_alive = |task: &TaskKey| local.mark(*task).is_some();
        turn.into_iter().filter(is_alive).collect()
    }

    /// Begins a turn: takes the queue as it is, shuffled if there is a seed.
    ///
    /// Tasks that the last turn left, because the main future returned in the
    /// middle of it, come first.
    #[inline]
    pub(crate) fn start_turn(&self, rng: &Rng) {
        let local = &mut *self.local.borrow_mut();
        if local.taken < local.turn.len() {
            local.requeue_rest();
        }
        local.turn.clear();
        local.taken = 0;
        std::mem::swap(&mut local.turn, &mut local.queue);
        rng.shuffle(&mut local.turn);
    }

    /// Takes the next task of the turn. Clears its mark *before* its poll, so
    /// that a wake during the poll queues it again.
    #[inline]
    pub(crate) fn pop(&self) -> Option<TaskKey> {
        let local = &mut *self.local.borrow_mut();
        loop {
            let task = *local.turn.get(local.taken)?;
            local.taken += 1;
            // A task may have ended after it was woken; then it has no mark.
            if let Some(mark) = local.mark(task) {
                mark.standing = Standing::Idle;
                return Some(task);
            }
        }
    }

    /// Empties the queue, when all tasks have ended.
    pub(crate) fn reset(&self) {
        let local = &mut *self.local.borrow_mut();
        local.queue.clear();
        local.turn.clear();
        local.taken = 0;
    }

    /// Returns whether the next turn is empty.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.local.borrow().queue.is_empty()
    }
}

impl Local {
    #[cold]
    fn requeue_rest(&mut self) {
        self.turn.drain(..self.taken);
        self.turn.append(&mut self.queue);
        std::mem::swap(&mut self.turn, &mut self.queue);
    }

    #[inline]
    fn mark(&mut self, task: TaskKey) -> Option<&mut Mark> {
        let mark = self.marks.get_mut(task.index())?;
        (mark.generation == Some(task.generation())).then_some(mark)
    }

    #[inline]
    fn add(&mut self, task: TaskKey, is_routed: bool) {
        if self.marks.len() <= task.index() {
            self.marks.resize(task.index() + 1, Mark::default());
        }
        let mark = &mut self.marks[task.index()];
        mark.generation = Some(task.generation());
        if is_routed {
            mark.standing = Standing::RoutedWoken;
        } else {
            mark.standing = Standing::Queued;
            self.queue.push(task);
        }
    }

    /// Wakes a task that has no route; `false`, with no effect, if it has one.
    #[inline]
    fn wake_unrouted(&mut self, task: TaskKey) -> bool {
        match self.mark(task).map(|mark| mark.standing) {
            Some(Standing::Idle) => {
                self.note_wake(task);
            }
            Some(Standing::Routed) => return false,
            Some(Standing::Queued | Standing::RoutedWoken) | None => {}
        }
        true
    }

    /// Records a wake; returns the task's standing before.
    #[inline]
    fn note_wake(&mut self, task: TaskKey) -> Option<Standing> {
        let mark = self.mark(task)?;
        let before = mark.standing;
        mark.standing = before.after_wake();
        if before == Standing::Idle {
            self.queue.push(task);
        }
        Some(before)
    }
}
