//! Waiting for a queue: to put, to get, to have all done.
//!
//! **Invariant:** a promise that was made to one of these is kept when it is
//! polled, or passed on when it is dropped.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::super::wait_list::CallOutcome;
use super::super::waiters::{CurrentLoop, Progress};
use super::{Closed, PutError, Queue};

const POLLED_AGAIN: &str = "a future was polled after it was ready";

/// One promise fewer.
fn take_back(reserved: &std::cell::Cell<usize>) {
    reserved.set(reserved.get() - 1);
}

/// The future of [`Queue::put`].
///
/// # Panics
///
/// When it is polled again after it was ready.
#[must_use = "futures do nothing unless awaited"]
pub struct Put<'a, T> {
    pub(super) queue: &'a Queue<T>,
    pub(super) item: Option<T>,
    pub(super) site: &'static Location<'static>,
    pub(super) progress: Progress,
}

impl<T> Unpin for Put<'_, T> {}

impl<T> Future for Put<'_, T> {
    type Output = Result<(), PutError<T>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let (queue, here) = (this.queue, CurrentLoop::now());
        ready!(here.poll_budget(cx));
        match this.progress {
            Progress::New if queue.is_closed() || queue.has_room() => {}
            Progress::New => {
                let place = queue.putters.wait(&here, cx, 1, this.site);
                this.progress = Progress::Waiting(place);
                return Poll::Pending;
            }
            Progress::Waiting(place) => {
                if ready!(queue.putters.poll(&here, cx, place)) == CallOutcome::Granted {
                    take_back(&queue.reserved_room);
                }
            }
            Progress::Over => panic!("{POLLED_AGAIN}"),
        }
        this.progress = Progress::Over;
        here.consume_budget();
        let item = this.item.take().expect("it is there until now");
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
        let Progress::Waiting(place) = self.progress else {
            return;
        };
        if self.queue.putters.leave(place) == Some(CallOutcome::Granted) {
            take_back(&self.queue.reserved_room);
            self.queue.call_putters();
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
    pub(super) site: &'static Location<'static>,
    pub(super) progress: Progress,
}

impl<T> Future for Get<'_, T> {
    type Output = Result<T, Closed>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let (queue, here) = (this.queue, CurrentLoop::now());
        ready!(here.poll_budget(cx));
        let has_item = match this.progress {
            Progress::New if queue.has_item() => true,
            Progress::New if queue.is_closed() => false,
            Progress::New => {
                let place = queue.getters.wait(&here, cx, 1, this.site);
                this.progress = Progress::Waiting(place);
                return Poll::Pending;
            }
            Progress::Waiting(place) => {
                if ready!(queue.getters.poll(&here, cx, place)) == CallOutcome::Granted {
                    take_back(&queue.reserved_items);
                }
                // Whatever it was told: `close_now` takes promised items too,
                // and a getter that is dropped after `close` leaves its item.
                queue.has_item()
            }
            Progress::Over => panic!("{POLLED_AGAIN}"),
        };
        this.progress = Progress::Over;
        here.consume_budget();
        Poll::Ready(match has_item {
            true => Ok(queue.pop()),
            false => Err(Closed),
        })
    }
}

impl<T> Drop for Get<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let Progress::Waiting(place) = self.progress else {
            return;
        };
        if self.queue.getters.leave(place) == Some(CallOutcome::Granted) {
            take_back(&self.queue.reserved_items);
            self.queue.call_getters();
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
    pub(super) site: &'static Location<'static>,
    pub(super) progress: Progress,
}

impl<T> Future for JoinQueue<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let (queue, here) = (this.queue, CurrentLoop::now());
        ready!(here.poll_budget(cx));
        match this.progress {
            Progress::New if queue.unfinished.get() == 0 => {}
            Progress::New => {
                let place = queue.joiners.wait(&here, cx, 1, this.site);
                this.progress = Progress::Waiting(place);
                return Poll::Pending;
            }
            Progress::Waiting(place) => {
                ready!(queue.joiners.poll(&here, cx, place));
            }
            Progress::Over => panic!("{POLLED_AGAIN}"),
        }
        this.progress = Progress::Over;
        here.consume_budget();
        Poll::Ready(())
    }
}

impl<T> Drop for JoinQueue<'_, T> {
    fn drop(&mut self) {
        if let Progress::Waiting(place) = self.progress {
            self.queue.joiners.leave(place);
        }
    }
}

macro_rules! debug {
    ($($future:ident)*) => {
        $(impl<T> fmt::Debug for $future<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($future), "({})"), self.site)
            }
        })*
    };
}

debug!(Put Get JoinQueue);
