//! The mail slot, and the bell: all of a loop that other threads ever see.
//!
//! **Invariant:** the loop never sleeps while the slot has a letter.
//!
//! Written by `waker` and `remote` from any thread; emptied by the loop.
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

use std::time::Duration;

use crate::probe::{Afar, Far};
use crate::slab::{JobKey, TaskKey};
use crate::sys::{Arc, AtomicU8, AtomicUsize, Mutex, OnceLock, Ordering, Parker, lock};

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

/// See the [module](self).
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
    pub(super) fn new() -> Self {
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
