//! The stream of `as_completed`.
//!
//! **Invariant:** each output is given once, and none is lost when the await of
//! `next` is dropped.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::{Watch, shuffle};
use crate::children::{Children, Verdict};

/// What [`as_completed`](crate::as_completed()) gives.
#[must_use = "streams do nothing unless polled"]
pub struct AsCompleted<F: Future> {
    children: Children<F>,
    /// Returned in the last round, and not given yet.
    ready: VecDeque<(usize, F::Output)>,
}

impl<F: Future> AsCompleted<F> {
    pub(super) fn new(futures: Vec<F>) -> Self {
        AsCompleted {
            children: Children::in_order_of_wakes(futures),
            ready: VecDeque::new(),
        }
    }

    /// The next output and the index of its future; `None` when all were
    /// given.
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
        if this.ready.is_empty() {
            let ready = &mut this.ready;
            let watch = Watch::begin();
            this.children.poll_round(cx, &watch, |index, output| {
                ready.push_back((index, output));
                Verdict::Taken
            });
            shuffle(this.ready.make_contiguous());
        }
        match this.ready.pop_front() {
            Some(item) => Poll::Ready(Some(item)),
            None if this.children.alive() == 0 => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.ready.len() + self.children.alive();
        (left, Some(left))
    }
}

impl<F: Future> fmt::Debug for AsCompleted<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "AsCompleted({} to go)",
            self.ready.len() + self.children.alive()
        )
    }
}
