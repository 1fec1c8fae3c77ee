//! The result of a remote call, shared by the task and the other thread.
//!
//! **Invariant:** the result is stored exactly once: by the task or, if the task
//! is dropped or never created, by the promise's destructor.
//!
//! Used by `remote`. Imports `base`.

use std::pin::Pin;
use std::task::Waker;

use crate::base::error::{JoinError, Kind, catch_and_report, report};
use crate::base::slab::TaskKey;
use crate::base::sys::{Arc, Condvar, Mutex, lock};
use crate::base::task_info::Identity;

/// A result that the loop stores and another thread takes.
pub(super) struct Answer<T> {
    pub(super) slot: Mutex<Slot<T>>,
    /// Notified when the result is stored, for a thread that blocks.
    pub(super) given: Condvar,
}

pub(super) struct Slot<T> {
    pub(super) result: Option<Result<T, JoinError>>,
    /// For a task that awaits.
    pub(super) waiter: Option<Waker>,
    pub(super) stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// In the inbox.
    Sent,
    /// In the inbox, and to be cancelled when it arrives.
    CancelRequested,
    Running(TaskKey),
    Ended,
}

impl<T> Answer<T> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Answer {
            slot: Mutex::new(Slot {
                result: None,
                waiter: None,
                stage: Stage::Sent,
            }),
            given: Condvar::new(),
        })
    }

    pub(super) fn give(&self, result: Result<T, JoinError>) {
        let waiter = {
            let mut slot = lock(&self.slot);
            slot.stage = Stage::Ended;
            slot.result = Some(result);
            slot.waiter.take()
        };
        self.given.notify_all();
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}

/// The last owner, the loop or the other thread, drops an unread result: it
/// reports a panic, and a destructor that panics.
impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        let Some(unread) = lock(&self.slot).result.take() else {
            return;
        };
        if let Some(error) = unread.as_ref().err().filter(|error| error.is_panic()) {
            report(format_args!("{error} (and nobody awaited it)"));
        }
        catch_and_report("the destructor of an output that nobody read", || {
            drop(unread);
        });
    }
}

/// The loop's side: answers when it is dropped, unless it has before.
pub(super) struct Promise<T> {
    pub(super) answer: Arc<Answer<T>>,
    /// `None` until the task exists.
    pub(super) task: Option<Identity>,
}

impl<T> Promise<T> {
    pub(super) fn keep(mut self: Pin<&mut Self>, result: Result<T, JoinError>) {
        self.task = None;
        self.answer.give(result);
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if lock(&self.answer.slot).stage == Stage::Ended {
            return;
        }
        let error = match self.task.take() {
            Some(task) => JoinError::cancelled(task),
            None => JoinError::new(None, Kind::Closed),
        };
        self.answer.give(Err(error));
    }
}
