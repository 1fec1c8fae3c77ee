//! The ready queue: which tasks are to be polled next.
//!
//! It has two doors. Whoever is on the loop's own thread goes through the
//! local door, straight into the queue: plain memory, no atomics. Everybody
//! else drops a letter into the *mail slot*, which the loop empties when it
//! looks, and rings if the loop is asleep.
//!
//! **Invariant:** a task is in the queue at most once, in the order of its
//! first wake; and the loop never sleeps while the mail slot has a letter.
//!
//! Called by `waker` (to wake), by `runtime` (to admit and dismiss tasks) and
//! by `run` (to take the next one); calls nobody.

mod mail;
mod roll;
mod tell;

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::num::NonZeroU32;
use std::rc::Rc;

use crate::probe::{Probe, WakeOutcome};
use crate::rng::Rng;
use crate::slab::TaskKey;
use crate::sys::{Arc, thread_local};
pub(crate) use mail::{Mail, Mailbox};
use roll::Rolls;
pub(crate) use roll::{Roll, Told};

thread_local! {
    /// The queue of the loop that runs on this thread. Wakers look here; they
    /// cannot know `Runtime`, which stands above them in the house.
    ///
    /// Empty whenever no loop runs, so it needs no destructor, and wakers that
    /// are used while the thread ends find it in order.
    static HERE: ManuallyDrop<RefCell<Option<Rc<ReadyQueue>>>> =
        const { ManuallyDrop::new(RefCell::new(None)) };
}

/// Makes `queue` the one that wakers on this thread find; gives back the one
/// they found before.
pub(crate) fn enter(queue: Option<Rc<ReadyQueue>>) -> Option<Rc<ReadyQueue>> {
    HERE.with(|here| here.replace(queue))
}

/// The local door, for wakers: queues the task if its loop is the one that
/// runs on this thread, and says whether it was.
#[inline]
pub(crate) fn wake_here(mailbox: &Arc<Mailbox>, task: TaskKey) -> bool {
    HERE.with(|here| match &*here.borrow() {
        Some(queue) if Arc::ptr_eq(&queue.mailbox, mailbox) => {
            queue.wake(task);
            true
        }
        _ => false,
    })
}

/// The ready queue of one loop.
pub(crate) struct ReadyQueue {
    local: RefCell<Local>,
    /// For tasks that a scope polls: where their wakes are written down.
    rolls: Rolls,
    mailbox: Arc<Mailbox>,
    probe: Rc<Probe>,
}

#[derive(Default)]
struct Local {
    /// Who was woken since the turn began: the next turn.
    queue: Vec<TaskKey>,
    /// The turn that goes on: the queue as it stood when it began.
    turn: Vec<TaskKey>,
    /// How many of `turn` have been taken out.
    taken: usize,
    /// For each task, by the index of its key: is it in the queue?
    marks: Vec<Mark>,
    /// Does somebody listen? Said here too, where each wake looks anyway.
    tells_of_wakes: bool,
}

/// Belongs to the task whose key has this generation; to nobody if `None`.
#[derive(Clone, Copy, Default)]
struct Mark {
    generation: Option<NonZeroU32>,
    standing: Standing,
}

/// Where a task stands, as far as waking it goes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Standing {
    /// Not in the queue: a wake puts it there.
    #[default]
    Idle,
    /// In the queue.
    Queued,
    /// A child of a scope, not woken: a wake goes on its scope's roll.
    InScope,
    /// On that roll.
    OnRoll,
}

impl ReadyQueue {
    pub(crate) fn new(probe: Rc<Probe>) -> Self {
        ReadyQueue {
            local: RefCell::default(),
            rolls: Rolls::default(),
            mailbox: Arc::new(Mailbox::new()),
            probe,
        }
    }

    pub(crate) fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// Makes a task known and queues it for its first poll.
    #[inline]
    pub(crate) fn admit(&self, task: TaskKey) {
        self.local.borrow_mut().admit(task);
    }

    /// Makes a child of a scope known, and writes it on the scope's roll for
    /// its first poll.
    pub(crate) fn admit_in_scope(&self, task: TaskKey, roll: &Rc<Roll>) {
        self.local.borrow_mut().introduce(task, Standing::OnRoll);
        self.rolls.insert(task, roll);
        if self.probe.is_on() {
            self.tell_of_push(task);
        }
        self.wake_in_scope(task);
    }

    /// Forgets a task that has ended: later wakes do nothing.
    #[inline]
    pub(crate) fn dismiss(&self, task: TaskKey) {
        let in_scope = match self.local.borrow_mut().mark(task) {
            None => return,
            Some(mark) => {
                mark.generation = None;
                matches!(mark.standing, Standing::InScope | Standing::OnRoll)
            }
        };
        if in_scope {
            self.rolls.remove(task);
        }
    }

    /// Puts a task at the back of the queue, unless it is in it or has ended.
    #[inline]
    pub(crate) fn wake(&self, task: TaskKey) {
        let is_done = self.local.borrow_mut().wake_plainly(task);
        if !is_done {
            self.wake_with_more_to_do(task);
        }
    }

    /// A wake that somebody is told of, or that is for a child of a scope.
    #[inline(never)]
    fn wake_with_more_to_do(&self, task: TaskKey) {
        let before = self.local.borrow_mut().note_wake(task);
        let effect = match before {
            None => WakeOutcome::AfterDone,
            Some(Standing::Idle | Standing::InScope) => WakeOutcome::Queued,
            Some(Standing::Queued | Standing::OnRoll) => WakeOutcome::AlreadyQueued,
        };
        if self.probe.is_on() {
            self.tell_of_wake(task, effect);
        }
        if before == Some(Standing::InScope) {
            self.wake_in_scope(task);
        }
    }

    /// A child of a scope is polled by the scope: it goes on the roll, and
    /// whoever waits for the scope is woken.
    #[cold]
    fn wake_in_scope(&self, task: TaskKey) {
        match self.rolls.write(task) {
            Some(Told::Task(owner)) => self.wake(owner),
            Some(Told::Waker(_, waker)) => roll::tell(waker),
            None => {}
        }
    }

    /// Notes that a child of a scope is about to be polled, so that a wake
    /// during the poll writes it down again. `false` if it has ended.
    pub(crate) fn leave_roll(&self, task: TaskKey) -> bool {
        let mut local = self.local.borrow_mut();
        let mark = local.mark(task);
        mark.map(|mark| mark.standing = Standing::InScope).is_some()
    }

    /// Which scopes wait for which of their children: the waiting task first.
    pub(crate) fn scope_waits(&self) -> Vec<(TaskKey, Vec<TaskKey>)> {
        self.rolls.waits()
    }

    /// Is the task in the queue?
    pub(crate) fn is_queued(&self, task: TaskKey) -> bool {
        let mut local = self.local.borrow_mut();
        let mark = local.mark(task);
        mark.is_some_and(|mark| matches!(mark.standing, Standing::Queued | Standing::OnRoll))
    }

    /// Begins a turn: takes the queue as it stands, in an order drawn from the
    /// seed if there is one.
    ///
    /// What a turn before left, because the main future returned in the middle
    /// of it, comes first.
    #[inline]
    pub(crate) fn start_turn(&self, rng: &Rng) {
        let local = &mut *self.local.borrow_mut();
        if local.taken < local.turn.len() {
            local.keep_what_is_left();
        }
        local.turn.clear();
        local.taken = 0;
        std::mem::swap(&mut local.turn, &mut local.queue);
        rng.shuffle(&mut local.turn);
    }

    /// Takes out the next task of the turn. Its mark is cleared here, *before*
    /// its poll, so that a wake during the poll queues it again.
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

    /// Empties the queue, and forgets who listened; only when all tasks have
    /// ended.
    pub(crate) fn reset(&self) {
        let local = &mut *self.local.borrow_mut();
        local.queue.clear();
        local.turn.clear();
        local.taken = 0;
        local.tells_of_wakes = false;
    }

    /// Is there nobody for the next turn?
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.local.borrow().queue.is_empty()
    }
}

impl Local {
    #[cold]
    fn keep_what_is_left(&mut self) {
        self.turn.drain(..self.taken);
        self.turn.append(&mut self.queue);
        std::mem::swap(&mut self.turn, &mut self.queue);
    }

    /// Is somebody told of wakes?
    #[inline]
    fn is_told(&self) -> bool {
        !cfg!(executor_unwatched) && self.tells_of_wakes
    }

    #[inline]
    fn mark(&mut self, task: TaskKey) -> Option<&mut Mark> {
        let mark = self.marks.get_mut(task.index())?;
        (mark.generation == Some(task.generation())).then_some(mark)
    }

    #[inline]
    fn admit(&mut self, task: TaskKey) {
        self.introduce(task, Standing::Queued);
        self.queue.push(task);
    }

    fn introduce(&mut self, task: TaskKey, standing: Standing) {
        if self.marks.len() <= task.index() {
            self.marks.resize(task.index() + 1, Mark::default());
        }
        self.marks[task.index()] = Mark {
            generation: Some(task.generation()),
            standing,
        };
    }

    /// Does all there is to do for most wakes. `false`, with nothing done, if
    /// this one takes more.
    #[inline]
    fn wake_plainly(&mut self, task: TaskKey) -> bool {
        if self.is_told() {
            return false;
        }
        match self.mark(task).map(|mark| mark.standing) {
            Some(Standing::Idle) => {
                self.note_wake(task);
            }
            Some(Standing::InScope) => return false,
            Some(Standing::Queued | Standing::OnRoll) | None => {}
        }
        true
    }

    /// Writes a wake down, and gives back where the task stood before.
    #[inline]
    fn note_wake(&mut self, task: TaskKey) -> Option<Standing> {
        let mark = self.mark(task)?;
        let before = mark.standing;
        match before {
            Standing::Idle => {
                mark.standing = Standing::Queued;
                self.queue.push(task);
            }
            Standing::InScope => mark.standing = Standing::OnRoll,
            Standing::Queued | Standing::OnRoll => {}
        }
        Some(before)
    }
}
