//! Ready queue: which tasks to poll next.
//!
//! **Invariant:** tasks are polled in the order of their first wake, and one
//! that is woken during a turn waits for the next. (That a task is queued at
//! most once is its own mark, `Task::is_woken`.)
//!
//! Filled by `wake`; emptied by `run`. Imports `base`.

use crate::base::rng::Rng;
use crate::base::slab::TaskKey;

/// The tasks to poll, of this turn and the next.
#[derive(Default)]
pub(crate) struct ReadyQueue {
    /// The tasks woken since the turn began: the next turn.
    next: Vec<TaskKey>,
    /// The current turn: the queue as it was when the turn began.
    turn: Vec<TaskKey>,
    /// How many of `turn` were taken.
    taken: usize,
}

impl ReadyQueue {
    #[inline]
    pub(crate) fn push(&mut self, task: TaskKey) {
        self.next.push(task);
    }

    /// Returns whether the next turn is empty.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.next.is_empty()
    }

    /// Begins a turn: takes the queue as it is, shuffled if there is a seed.
    ///
    /// Tasks that the last turn left, because the main future returned in the
    /// middle of it, come first.
    #[inline]
    pub(crate) fn start_turn(&mut self, rng: &Rng) {
        if self.taken < self.turn.len() {
            self.requeue_rest();
        }
        self.turn.clear();
        self.taken = 0;
        std::mem::swap(&mut self.turn, &mut self.next);
        rng.shuffle(&mut self.turn);
    }

    #[cold]
    fn requeue_rest(&mut self) {
        self.turn.drain(..self.taken);
        self.turn.append(&mut self.next);
        std::mem::swap(&mut self.turn, &mut self.next);
    }

    /// Takes the next task of the turn, which may have ended since.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<TaskKey> {
        let task = *self.turn.get(self.taken)?;
        self.taken += 1;
        Some(task)
    }

    /// Returns the tasks of the current turn, in order.
    pub(crate) fn turn(&self) -> &[TaskKey] {
        &self.turn
    }

    /// Empties the queue, when all tasks have ended.
    pub(crate) fn clear(&mut self) {
        self.next.clear();
        self.turn.clear();
        self.taken = 0;
    }
}
