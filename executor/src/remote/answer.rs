//! The place where a result waits for another thread.
//!
//! **Invariant:** a result is put in exactly once: by the task, or, if there
//! never is one or it is dropped, by the promise's destructor.

use std::pin::Pin;
use std::task::Waker;

use crate::error::{JoinError, report};
use crate::info::Identity;
use crate::runtime::contain;
use crate::slab::TaskKey;
use crate::sys::{Arc, Condvar, Mutex, lock};

/// What the two sides share: the loop puts the result in, once, and somebody
/// elsewhere takes it out.
pub(super) struct Answer<T> {
    pub(super) slot: Mutex<Slot<T>>,
    /// Rung when the result is there, for those who block.
    pub(super) bell: Condvar,
}

pub(super) struct Slot<T> {
    pub(super) result: Option<Result<T, JoinError>>,
    /// For those who await.
    pub(super) waiter: Option<Waker>,
    pub(super) stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// In the mail.
    Sent,
    /// In the mail, and to be cancelled when it arrives.
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
            bell: Condvar::new(),
        })
    }

    pub(super) fn give(&self, result: Result<T, JoinError>) {
        let waiter = {
            let mut slot = lock(&self.slot);
            slot.stage = Stage::Ended;
            slot.result = Some(result);
            slot.waiter.take()
        };
        self.bell.notify_all();
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}

/// Whoever lets go last, the loop or the other thread, has what nobody read: a
/// panic is reported, and so is a destructor that panics.
impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        let Some(unread) = lock(&self.slot).result.take() else {
            return;
        };
        if let Some(error) = unread.as_ref().err().filter(|error| error.is_panic()) {
            report(format_args!("{error} (and nobody awaited it)"));
        }
        contain("the destructor of an output that nobody read", || {
            drop(unread);
        });
    }
}

/// The loop's side: it answers when it is dropped, if it has not before.
pub(super) struct Promise<T> {
    pub(super) answer: Arc<Answer<T>>,
    /// `None` until the task is made.
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
        let error = self
            .task
            .take()
            .map_or_else(JoinError::closed, JoinError::cancelled);
        self.answer.give(Err(error));
    }
}
