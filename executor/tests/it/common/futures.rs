//! Futures under test: counters, logs, gates, and single polls.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// A list of entries, shared by its clones.
#[derive(Clone, Default)]
pub(crate) struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn push(&self, entry: impl fmt::Display) {
        self.0.borrow_mut().push(entry.to_string());
    }

    /// Takes the entries logged since the last call.
    #[track_caller]
    pub(crate) fn take(&self) -> Vec<String> {
        self.0.take()
    }
}

/// Calls a function when it is dropped.
pub(crate) struct OnDrop<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// A counter that can be shared with the futures under test.
#[derive(Clone, Default)]
pub(crate) struct Count(Rc<Cell<u32>>);

impl Count {
    pub(crate) fn add(&self) {
        self.0.set(self.0.get() + 1);
    }

    pub(crate) fn get(&self) -> u32 {
        self.0.get()
    }
}

/// Polls a future once and returns the outcome.
pub(crate) async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await
}

/// Counts the polls of a future.
pub(crate) fn counted<F: Future>(
    polls: &Count,
    future: F,
) -> impl Future<Output = F::Output> + use<F> {
    let polls = polls.clone();
    let mut future = Box::pin(future);
    poll_fn(move |cx| {
        polls.add();
        future.as_mut().poll(cx)
    })
}

/// A gate that the test opens by hand. It keeps a clone of the waker of each
/// pending poll, as a channel would.
#[derive(Clone, Default)]
pub(crate) struct Gate(Rc<RefCell<(bool, Vec<Waker>)>>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) async fn wait(self) {
        poll_fn(|cx| {
            let mut state = self.0.borrow_mut();
            if state.0 {
                return Poll::Ready(());
            }
            state.1.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    pub(crate) fn open(&self) {
        self.0.borrow_mut().0 = true;
        let wakers = std::mem::take(&mut self.0.borrow_mut().1);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Drops the wakers, so that the waiting tasks can never be woken.
    pub(crate) fn forget_wakers(&self) {
        self.0.borrow_mut().1.clear();
    }

    /// The waker of the last pending poll.
    #[track_caller]
    pub(crate) fn last_waker(&self) -> Waker {
        let state = self.0.borrow();
        state.1.last().expect("a task waits").clone()
    }
}

/// Polls a future once; it must be pending.
#[track_caller]
pub(crate) fn assert_waits<F: Future + Unpin>(future: &mut F) -> impl Future<Output = ()> {
    let site = std::panic::Location::caller();
    async move {
        assert!(poll_once(future).await.is_pending(), "ready at {site}");
    }
}

/// Polls a future once, with the waker of the caller; it must be ready.
pub(crate) async fn ready_now<F: Future + Unpin>(future: &mut F) -> F::Output {
    let poll = poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await;
    match poll {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future is pending"),
    }
}
