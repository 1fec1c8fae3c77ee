//! Futures of a queue: `Put`, `Get` and `JoinQueue`.
//!
//! **Invariant:** a reservation granted to one of these futures is used when
//! the future is polled, or granted to the next one when it is dropped.
//!
//! Created by `queue`. Imports `waiters`.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::reservations::unreserve;
use super::{Closed, PutError, Queue};
use crate::base::task_info::QueueOperation;
use crate::sync::wait_list::{Outcome, Wanted};
use crate::sync::waiters::{CurrentLoop, PendingWait};

/// The future of [`Queue::put`].
///
/// # Panics
///
/// When it is polled again after it was ready.
#[must_use = "futures do nothing unless awaited"]
pub struct Put<'a, T> {
    pub(super) queue: &'a Queue<T>,
    /// `None` once it was put, or returned in an error.
    pub(super) item: Option<T>,
    pub(super) wait: PendingWait,
}

impl<T> Unpin for Put<'_, T> {}

impl<T> Future for Put<'_, T> {
    type Output = Result<(), PutError<T>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let (queue, current) = (this.queue, CurrentLoop::now());
        let wanted = Wanted::Queue(QueueOperation::Put);
        let can_put = || queue.is_closed() || queue.has_space();
        let outcome = queue
            .putters
            .poll(&current, cx, &mut this.wait, wanted, can_put);
        if ready!(outcome) == Some(Outcome::Granted) {
            unreserve(&queue.reserved_space);
        }
        let item = this.item.take().expect("taken once, here");
        if queue.is_closed() {
            return Poll::Ready(Err(PutError(item)));
        }
        queue.push(item);
        Poll::Ready(Ok(()))
    }
}

impl<T> Drop for Put<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.queue.putters.cancel(&self.wait) == Some(Outcome::Granted) {
            unreserve(&self.queue.reserved_space);
            self.queue.grant_putters();
        }
    }
}

/// The future of [`Queue::get`].
///
/// # Panics
///
/// When it is polled again after it was ready.
#[must_use = "futures do nothing unless awaited"]
pub struct Get<'a, T> {
    pub(super) queue: &'a Queue<T>,
    pub(super) wait: PendingWait,
}

impl<T> Future for Get<'_, T> {
    type Output = Result<T, Closed>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let (queue, current) = (this.queue, CurrentLoop::now());
        let wanted = Wanted::Queue(QueueOperation::Get);
        let can_get = || queue.has_item() || queue.is_closed();
        let outcome = queue
            .getters
            .poll(&current, cx, &mut this.wait, wanted, can_get);
        if ready!(outcome) == Some(Outcome::Granted) {
            unreserve(&queue.reserved_items);
        }
        // Whatever the outcome: `close_now` takes reserved items too, and a
        // getter that is dropped after `close` leaves its item in the queue.
        Poll::Ready(match queue.has_item() {
            true => Ok(queue.pop()),
            false => Err(Closed),
        })
    }
}

impl<T> Drop for Get<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.queue.getters.cancel(&self.wait) == Some(Outcome::Granted) {
            unreserve(&self.queue.reserved_items);
            self.queue.grant_getters();
        }
    }
}

/// The future of [`Queue::join`].
///
/// # Panics
///
/// When it is polled again after it was ready.
#[must_use = "futures do nothing unless awaited"]
pub struct JoinQueue<'a, T> {
    pub(super) queue: &'a Queue<T>,
    pub(super) wait: PendingWait,
}

impl<T> Future for JoinQueue<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let (queue, current) = (this.queue, CurrentLoop::now());
        let wanted = Wanted::Queue(QueueOperation::Join);
        let is_done = || queue.unfinished.get() == 0;
        let done = queue
            .joiners
            .poll(&current, cx, &mut this.wait, wanted, is_done);
        done.map(|_| ())
    }
}

impl<T> Drop for JoinQueue<'_, T> {
    fn drop(&mut self) {
        self.queue.joiners.cancel(&self.wait);
    }
}

macro_rules! debug {
    ($($future:ident)*) => {
        $(impl<T> fmt::Debug for $future<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($future), "({})"), self.wait.site)
            }
        })*
    };
}

debug!(Put Get JoinQueue);
