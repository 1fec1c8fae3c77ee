//! `as_completed`: each output as soon as it exists.
//!
//! **Invariant:** each output is given once, and none is lost when the await of
//! `next` is dropped.
//!
//! Called by users.

use std::collections::VecDeque;
use std::fmt;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::list::{FutureList, WokenMembers};
use super::race::Racing;
use super::set::{FutureSet, Round, RoundEnd};
use crate::event_loop::runtime::Runtime;

/// Runs futures together and gives each output, with its index, as soon as it
/// exists (asyncio: `as_completed`).
///
/// A `Stream`; [`next`](AsCompleted::next) works without importing `StreamExt`. Outputs that come in one turn are given in the order in which
/// the futures were woken, or in one drawn from the loop's
/// [seed](crate::Builder::seed).
///
/// ```
/// use executor::{Runner, as_completed, sleep};
/// use std::time::Duration;
///
/// Runner::builder().virtual_time().build().run(async {
///     let naps = [30, 10, 20].map(|ms| sleep(Duration::from_millis(ms)));
///     let mut done = as_completed(Vec::from(naps));
///     let mut order = Vec::new();
///     while let Some((index, ())) = done.next().await {
///         order.push(index);
///     }
///     assert_eq!(order, [1, 2, 0]);
/// });
/// ```
pub fn as_completed<F: Future>(futures: Vec<F>) -> AsCompleted<F> {
    let alive = futures.len();
    let mut list = FutureList::new(futures.into_iter());
    list.woken.get_or_insert_with(|| WokenMembers::new(alive));
    AsCompleted {
        list,
        alive,
        ready: VecDeque::new(),
    }
}

/// The stream of [`as_completed`].
#[must_use = "streams do nothing unless polled"]
pub struct AsCompleted<F: Future> {
    list: FutureList<F, Racing>,
    /// How many futures have not completed.
    alive: usize,
    /// Outputs of the last round that were not given yet.
    ready: VecDeque<(usize, F::Output)>,
}

impl<F: Future> AsCompleted<F> {
    /// Returns the next output and the index of its future; `None` when all
    /// were given.
    ///
    /// *Cancel safety:* dropping the await loses no output.
    pub async fn next(&mut self) -> Option<(usize, F::Output)> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<F: Future> Unpin for AsCompleted<F> {}

impl<F: Future> Stream for AsCompleted<F> {
    type Item = (usize, F::Output);

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let here = Runtime::current();
        let before = match &here {
            Some(here) => {
                ready!(here.poll_budget(cx));
                here.poll.consumed.get()
            }
            None => 0,
        };
        if this.ready.is_empty() {
            let mut round = Round::begin(&mut this.alive);
            let list = Pin::new(&mut this.list);
            let mut polled = FutureSet::<Vec<_>>::poll_members(list, None, &mut round, cx);
            while let ControlFlow::Break(RoundEnd::Stopped(index, output)) = polled {
                this.ready.push_back((index, output));
                polled = this.list.poll_woken(&mut round);
            }
            if polled.is_break() {
                cx.waker().wake_by_ref(); // the budget is exhausted
            }
            if let Some(here) = &here {
                here.rng.shuffle(this.ready.make_contiguous());
            }
        }
        let next = this.ready.pop_front();
        if next.is_none() && this.alive > 0 {
            return Poll::Pending;
        }
        if let Some(here) = &here {
            here.poll.consume_budget_since(before);
        }
        Poll::Ready(next)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.ready.len() + self.alive;
        (left, Some(left))
    }
}

impl<F: Future> fmt::Debug for AsCompleted<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AsCompleted({} to go)", self.ready.len() + self.alive)
    }
}
