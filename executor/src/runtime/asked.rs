//! Asking a task to stop, before it is stopped: who listens, and who was
//! asked.
//!
//! **Invariant:** a task that was asked is told once, at every place where it
//! listens, and one that begins to listen later learns it at once.

use std::collections::HashMap;

use super::Runtime;
use crate::slab::TaskKey;
use crate::task::State;
use crate::waker::Waiter;

/// Where tasks listen: by task, and each place with a number of its own.
#[derive(Default)]
pub(crate) struct Listeners {
    by_task: HashMap<TaskKey, Vec<(u64, Waiter)>>,
    next: u64,
}

impl Runtime {
    /// Asks a task to stop by itself. `false` if it had ended, or was asked or
    /// cancelled before.
    pub(crate) fn ask_to_stop(&self, key: TaskKey) -> bool {
        match self.tasks.borrow_mut().get_mut(key) {
            Some(task) if task.state == State::Alive => task.state = State::Asked,
            _ => return false,
        }
        self.tell_listeners(key);
        true
    }

    /// A task has ended: whoever took its place of listening elsewhere must
    /// not wait for ever.
    #[inline]
    pub(super) fn nobody_will_ask(&self, key: TaskKey) {
        if !self.listeners.borrow().by_task.is_empty() {
            self.tell_listeners(key);
        }
    }

    #[cold]
    fn tell_listeners(&self, key: TaskKey) {
        let told = self.listeners.borrow_mut().by_task.remove(&key);
        for (_, waiter) in told.into_iter().flatten() {
            self.wake(waiter);
        }
    }

    /// Was this task asked to stop, or told to, or has it ended?
    pub(crate) fn was_asked_to_stop(&self, key: TaskKey) -> bool {
        let tasks = self.tasks.borrow();
        tasks.get(key).is_none_or(|task| task.state != State::Alive)
    }

    /// Listens in the name of a task; gives the number of the place.
    pub(crate) fn listen(&self, key: TaskKey, waiter: Waiter) -> u64 {
        let mut listeners = self.listeners.borrow_mut();
        let place = listeners.next;
        listeners.next += 1;
        let places = listeners.by_task.entry(key).or_default();
        places.push((place, waiter));
        place
    }

    /// Listens no more at this place.
    pub(crate) fn stop_listening(&self, key: TaskKey, place: u64) {
        let gone = {
            let mut listeners = self.listeners.borrow_mut();
            let Some(places) = listeners.by_task.get_mut(&key) else {
                return;
            };
            let at = places.iter().position(|(number, _)| *number == place);
            let gone = at.map(|at| places.swap_remove(at));
            if places.is_empty() {
                listeners.by_task.remove(&key);
            }
            gone
        };
        drop(gone);
    }

    /// The tasks that wait to be asked.
    pub(super) fn listening(&self) -> Vec<TaskKey> {
        let listeners = self.listeners.borrow();
        let places = listeners.by_task.values().flatten();
        places.filter_map(|(_, waiter)| waiter.task).collect()
    }
}
