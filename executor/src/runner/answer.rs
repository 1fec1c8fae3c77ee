//! The result of a remote call, shared by the task and the other thread.
//!
//! **Invariant:** the result is stored exactly once: when the promise is
//! dropped, with its task or without ever having had one.
//!
//! Used by `remote`. Imports `base` and `event_loop`.

use super::counted::CountedInbox;
use crate::base::error::{JoinError, Kind, catch_and_report, report};
use crate::base::nesting::Nesting;
use crate::base::slab::TaskKey;
use crate::base::sys::{Arc, Condvar, Mutex, lock};
use crate::base::waiter::Waiter;
use crate::event_loop::runtime::Runtime;

/// A result that the loop stores and another thread takes.
pub(super) struct Answer<T> {
    pub(super) slot: Mutex<Slot<T>>,
    /// Notified when the result is stored, for a thread that blocks.
    pub(super) stored: Condvar,
    /// Drops an unread result.
    discard: fn(Result<T, JoinError>),
}

thread_local! {
    /// The unread results of this thread whose destructors drop others.
    static UNREAD: Nesting<Box<dyn FnOnce()>> = Nesting::default();
}

/// Drops an unread result: reports a panic, and a destructor that panics.
fn discard<T: 'static>(result: Result<T, JoinError>) {
    if let Err(error) = &result {
        if error.is_unreported_panic() {
            report(format_args!("{error} (its handle was dropped)"));
        }
    }
    let end = |drop: Box<dyn FnOnce()>| {
        let what = "the destructor of an output that was not read";
        match Runtime::current() {
            Some(here) => here.contain(what, drop),
            None => catch_and_report(what, drop),
        }
    };
    let mut result: Option<Box<dyn FnOnce()>> = Some(Box::new(move || drop(result)));
    let _ = UNREAD.try_with(|unread| unread.run(result.take().expect("not taken yet"), end));
    result.into_iter().for_each(end); // of a thread that exits
}

pub(super) struct Slot<T> {
    pub(super) stage: Stage<T>,
    /// Whether a cancel was requested.
    pub(super) is_cancelled: bool,
    /// The party that awaits, unless the task of the call has it. A task of the
    /// loop of the call is named, and woken by key.
    pub(super) waiter: Waiter,
    /// Through which a `RemoteHandle` may cancel the task; `None` once it has
    /// ended.
    pub(super) inbox: Option<CountedInbox>,
}

/// How far a call has come.
pub(super) enum Stage<T> {
    /// In the inbox.
    Sent,
    Running(TaskKey),
    /// `None` once the result was taken.
    Ended(Option<Result<T, JoinError>>),
}

impl<T> Slot<T> {
    /// Returns the task, if it was started and has not ended.
    pub(super) fn task(&self) -> Option<TaskKey> {
        match self.stage {
            Stage::Running(task) => Some(task),
            _ => None,
        }
    }

    /// Takes the result, if it is there.
    ///
    /// # Panics
    ///
    /// If it was taken before: a wait for it would never end.
    #[track_caller]
    pub(super) fn take_result(&mut self) -> Option<Result<T, JoinError>> {
        let Stage::Ended(result) = &mut self.stage else {
            return None;
        };
        assert!(
            result.is_some(),
            "the result of a RemoteHandle is given once, and this one has given it"
        );
        result.take()
    }
}

impl<T: 'static> Answer<T> {
    pub(super) fn new(inbox: CountedInbox) -> Arc<Self> {
        let slot = Mutex::new(Slot {
            stage: Stage::Sent,
            is_cancelled: false,
            waiter: Waiter::default(),
            inbox: Some(inbox),
        });
        Arc::new(Answer {
            slot,
            stored: Condvar::new(),
            discard,
        })
    }
}

impl<T> Answer<T> {
    /// Records the task of the call; returns whether it is to be cancelled, and
    /// the waiter if that is one of the same loop, which waits for the task then.
    pub(super) fn start(&self, task: TaskKey) -> (bool, Option<Waiter>) {
        let mut slot = lock(&self.slot);
        slot.stage = Stage::Running(task);
        let is_at_home = slot.waiter.task.is_some();
        let waiter = is_at_home.then(|| slot.waiter.take());
        (slot.is_cancelled, waiter)
    }

    fn store(&self, result: Result<T, JoinError>) {
        let (waiter, inbox) = {
            let mut slot = lock(&self.slot);
            slot.stage = Stage::Ended(Some(result));
            (slot.waiter.take(), slot.inbox.take())
        };
        drop(inbox);
        self.stored.notify_all();
        waiter.wake_waker();
    }
}

/// The last owner, the loop or the other thread, drops an unread result.
impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        let stage = std::mem::replace(&mut lock(&self.slot).stage, Stage::Ended(None));
        if let Stage::Ended(Some(result)) = stage {
            (self.discard)(result);
        }
    }
}

/// The loop's side of an answer. Dropping it stores the result.
pub(super) struct Promise<T> {
    pub(super) answer: Arc<Answer<T>>,
    /// `None` until the call has ended; dropped so, it says "closed".
    pub(super) result: Option<Result<T, JoinError>>,
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        let closed = || Err(JoinError::new(None, Kind::Closed));
        self.answer.store(self.result.take().unwrap_or_else(closed));
    }
}
