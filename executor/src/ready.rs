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
//!
//! # The park protocol
//!
//! ```text
//!                 post                        post (rings the bell)
//!        ┌──────────────────┐        ┌─────────────────────────────┐
//!        │                  ▼        ▼                             │
//!     AWAKE ◀─────────── MAIL ◀────── ...                       PARKED
//!        │    take_mail                                          ▲ │
//!        └───────────────────────────────────────────────────────┘ │
//!        ▲                     park                                │
//!        └──────────────── time-out, or woken for no reason ───────┘
//! ```
//!
//! One atomic holds the state. A poster first puts its letter in and then
//! swaps in MAIL; the loop first swaps in AWAKE and then takes the letters
//! out; and it may only go from AWAKE to PARKED. So a letter is either seen by
//! the loop's next look or it finds PARKED and rings: there is no order of
//! events in which it is neither. Only the poster that finds PARKED rings,
//! once per sleep, however many letters arrive.

mod tell;

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::Duration;

use crate::probe::{Afar, Effect, Event, Far, Probe};
use crate::rng::Rng;
use crate::slab::{JobKey, TaskKey};
use crate::sys::{Arc, AtomicU8, AtomicUsize, Mutex, OnceLock, Ordering, Parker, lock};

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
}

/// Belongs to the task whose key has this generation; to nobody if `None`.
#[derive(Clone, Copy, Default)]
struct Mark {
    generation: Option<NonZeroU32>,
    queued: bool,
}

impl ReadyQueue {
    pub(crate) fn new(probe: Rc<Probe>) -> Self {
        ReadyQueue {
            local: RefCell::default(),
            mailbox: Arc::new(Mailbox::new()),
            probe,
        }
    }

    pub(crate) fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// Makes a task known and queues it for its first poll.
    pub(crate) fn admit(&self, task: TaskKey) {
        self.local.borrow_mut().admit(task);
        self.probe.emit(|probe| Event::ReadyPush {
            task: probe.id(task),
        });
    }

    /// Forgets a task that has ended: later wakes do nothing.
    pub(crate) fn dismiss(&self, task: TaskKey) {
        if let Some(mark) = self.local.borrow_mut().mark(task) {
            mark.generation = None;
        }
    }

    /// Puts a task at the back of the queue, unless it is in it or has ended.
    #[inline]
    pub(crate) fn wake(&self, task: TaskKey) {
        let effect = self.local.borrow_mut().wake(task);
        if self.probe.is_on() {
            self.tell_of_wake(task, effect);
        }
    }

    /// Is the task in the queue?
    pub(crate) fn is_queued(&self, task: TaskKey) -> bool {
        let mut local = self.local.borrow_mut();
        local.mark(task).is_some_and(|mark| mark.queued)
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
                mark.queued = false;
                return Some(task);
            }
        }
    }

    /// Empties the queue; only when all tasks have ended.
    pub(crate) fn reset(&self) {
        let local = &mut *self.local.borrow_mut();
        local.queue.clear();
        local.turn.clear();
        local.taken = 0;
    }

    /// Is there nobody for the next turn?
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.local.borrow().queue.is_empty()
    }
}

impl Local {
    #[inline]
    fn admit(&mut self, task: TaskKey) {
        if self.marks.len() <= task.index() {
            self.marks.resize(task.index() + 1, Mark::default());
        }
        self.marks[task.index()] = Mark {
            generation: Some(task.generation()),
            queued: true,
        };
        self.queue.push(task);
    }

    #[cold]
    fn keep_what_is_left(&mut self) {
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
    fn wake(&mut self, task: TaskKey) -> Effect {
        match self.mark(task) {
            None => Effect::AfterDone,
            Some(mark) if mark.queued => Effect::AlreadyQueued,
            Some(mark) => {
                mark.queued = true;
                self.queue.push(task);
                Effect::Queued
            }
        }
    }
}

/// A letter to the loop from another thread.
pub(crate) enum Mail {
    /// Poll this task.
    Wake(TaskKey),
    /// Cancel this task.
    Cancel(TaskKey),
    /// This thread job has ended.
    JobDone(JobKey),
    /// Run this on the loop's thread.
    Run(Box<dyn FnOnce() + Send>),
    /// Look around: the last `Handle` is gone.
    Nudge,
}

/// The mail slot, and the bell: all of a loop that other threads ever see.
pub(crate) struct Mailbox {
    state: AtomicU8,
    slot: Mutex<Slot>,
    parker: Parker,
    /// How many `Handle`s could still post. While there is one, waiting for
    /// ever is not a stall.
    handles: AtomicUsize,
    /// Where to tell of letters, once somebody listens to the loop.
    afar: OnceLock<Arc<Afar>>,
}

struct Slot {
    letters: Vec<Mail>,
    /// Does the loop still take in calls and wakes?
    takes_calls: bool,
    /// Does it still wait for thread jobs?
    takes_job_ends: bool,
}

/// The loop is awake and has no mail that it has not looked at.
const AWAKE: u8 = 0;
/// There is mail.
const MAIL: u8 = 1;
/// The loop sleeps, or is about to; whoever changes this state must ring.
const PARKED: u8 = 2;

impl Mailbox {
    fn new() -> Self {
        Mailbox {
            state: AtomicU8::new(AWAKE),
            slot: Mutex::new(Slot {
                letters: Vec::new(),
                takes_calls: true,
                takes_job_ends: true,
            }),
            parker: Parker::for_this_thread(),
            handles: AtomicUsize::new(0),
            afar: OnceLock::new(),
        }
    }

    /// From now on what happens on other threads is noted there.
    pub(crate) fn report_to(&self, afar: Arc<Afar>) {
        // A loop has one probe; a second call brings the same place.
        let _ = self.afar.set(afar);
    }

    /// Notes what happened on this thread, if anybody listens.
    #[track_caller]
    pub(crate) fn note(&self, what: impl FnOnce() -> Far) {
        if let Some(afar) = self.afar.get() {
            afar.note(what());
        }
    }

    /// Posts a letter, from any thread. A closed slot gives it back.
    pub(crate) fn post(&self, letter: Mail) -> Result<(), Mail> {
        {
            let mut slot = lock(&self.slot);
            let taken = match letter {
                Mail::JobDone(_) => slot.takes_job_ends,
                _ => slot.takes_calls,
            };
            if !taken {
                return Err(letter);
            }
            self.note(|| letter.as_note());
            slot.letters.push(letter);
        }
        if self.state.swap(MAIL, Ordering::AcqRel) == PARKED {
            self.parker.unpark();
        }
        Ok(())
    }

    /// Exchanges the letters, in the order in which they came, for the empty
    /// vector `into`. Only when there [is mail](Self::has_mail).
    pub(crate) fn take_mail(&self, into: &mut Vec<Mail>) {
        self.state.swap(AWAKE, Ordering::AcqRel);
        std::mem::swap(into, &mut lock(&self.slot).letters);
    }

    /// Sleeps on this thread's parker until there is mail or `timeout` is over;
    /// may return early.
    pub(crate) fn park(&self, timeout: Option<Duration>) {
        self.park_with(|| self.parker.park(timeout));
    }

    /// The same with another way to sleep, which the bell must end.
    pub(crate) fn park_with(&self, sleep: impl FnOnce()) {
        let announced =
            self.state
                .compare_exchange(AWAKE, PARKED, Ordering::AcqRel, Ordering::Acquire);
        if announced.is_err() {
            return; // there is mail
        }
        sleep();
        // A poster has swapped in MAIL, which must stay; a time-out has not.
        let _ = self
            .state
            .compare_exchange(PARKED, AWAKE, Ordering::AcqRel, Ordering::Acquire);
    }

    /// From now on the loop sleeps where `bell` wakes it.
    pub(crate) fn move_to_poller(&self, bell: mio::Waker) {
        self.parker.move_to_poller(bell);
    }

    #[inline]
    pub(crate) fn has_mail(&self) -> bool {
        self.state.load(Ordering::Acquire) == MAIL
    }

    /// Takes in no more calls and wakes, and gives back what was left. The
    /// ends of thread jobs still come through: the loop waits for those.
    pub(crate) fn refuse_calls(&self) -> Vec<Mail> {
        let mut slot = lock(&self.slot);
        slot.takes_calls = false;
        std::mem::take(&mut slot.letters)
    }

    /// Takes in nothing at all.
    pub(crate) fn close(&self) {
        lock(&self.slot).takes_job_ends = false;
    }

    /// Counts handles made (+1) and dropped (-1); gives how many there are.
    pub(crate) fn count_handle(&self, change: isize) -> usize {
        let before = self.handles.fetch_add(change as usize, Ordering::AcqRel);
        before.wrapping_add_signed(change)
    }

    pub(crate) fn has_handles(&self) -> bool {
        self.handles.load(Ordering::Acquire) > 0
    }
}
