//! What the queue and the mail slot tell of themselves.
//!
//! **Invariant:** nothing in here is called unless somebody listens.

use super::{Mail, ReadyQueue, Standing};
use crate::probe::{Event, Far, MessageKind, WakeOutcome};
use crate::slab::TaskKey;

impl ReadyQueue {
    /// From now on somebody listens.
    pub(crate) fn tell_of_wakes(&self) {
        self.local.borrow_mut().tells_of_wakes = true;
    }

    #[cold]
    pub(super) fn tell_of_wake(&self, task: TaskKey, effect: WakeOutcome) {
        self.probe.note_woken(task);
        self.probe.emit(|probe| Event::Wake {
            task: probe.id(task),
            by: probe.cause(),
            outcome: effect,
        });
        if effect == WakeOutcome::Queued {
            self.tell_of_push(task);
        }
    }

    /// A task was made known and went in the queue, unless it was refused.
    #[cold]
    pub(crate) fn tell_of_first_push(&self, key: TaskKey) {
        if self.is_queued(key) {
            self.tell_of_push(key);
        }
    }

    /// A task went in the queue, or on the roll of its scope.
    #[cold]
    pub(super) fn tell_of_push(&self, key: TaskKey) {
        let standing = self.local.borrow_mut().mark(key).map(|mark| mark.standing);
        self.probe.emit(|probe| {
            let task = probe.id(key);
            match standing {
                Some(Standing::OnRoll) => Event::ScopePush { task },
                _ => Event::ReadyPush { task },
            }
        });
    }

    /// The tasks of the turn that begins, in their order.
    pub(crate) fn this_turn(&self) -> Vec<TaskKey> {
        let local = &mut *self.local.borrow_mut();
        let turn = local.turn.clone();
        let is_alive = |task: &TaskKey| local.mark(*task).is_some();
        turn.into_iter().filter(is_alive).collect()
    }
}

impl Mail {
    pub(super) fn as_note(&self) -> Far {
        let (task, what) = match self {
            Mail::Wake(task) => (Some(*task), MessageKind::Wake),
            Mail::Cancel(task) => (Some(*task), MessageKind::Cancel),
            Mail::JobDone(_) => (None, MessageKind::Job),
            Mail::Run(_) => (None, MessageKind::Call),
            Mail::Nudge => (None, MessageKind::Nudge),
        };
        Far::Push { task, what }
    }
}
