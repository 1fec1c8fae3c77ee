//! `race` for a `Vec` and for an array.
//!
//! **Invariant:** the losers are dropped before the winner is given.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Race, Watch, shuffle};
use crate::children::{Children, Verdict, Watcher};

/// The future of [`race`](crate::race()) for a `Vec` or an array.
#[must_use = "futures do nothing unless awaited"]
pub struct RaceVec<F: Future> {
    /// Until the first poll, which knows the loop and so the order.
    futures: Vec<F>,
    children: Option<Children<F>>,
    /// The places of the futures in the order in which they are polled.
    order: Vec<usize>,
}

impl<F: Future> RaceVec<F> {
    #[track_caller]
    fn new(futures: Vec<F>) -> Self {
        assert!(!futures.is_empty(), "a race of no futures has no winner");
        RaceVec {
            futures,
            children: None,
            order: Vec::new(),
        }
    }

    fn line_up(&mut self) -> Children<F> {
        let mut futures: Vec<_> = self.futures.drain(..).enumerate().collect();
        shuffle(&mut futures);
        self.order = futures.iter().map(|(place, _)| *place).collect();
        Children::new(futures.into_iter().map(|(_, future)| future))
    }
}

/// Knows the futures by their places before they were lined up.
struct Lined<'a> {
    watch: Watch,
    order: &'a [usize],
}

impl Watcher for Lined<'_> {
    fn is_quiet(&self) -> bool {
        self.watch.is_quiet()
    }

    fn is_spent(&self) -> bool {
        self.watch.is_spent()
    }

    #[track_caller]
    fn polls(&self, index: usize) {
        self.watch.polls(self.order[index]);
    }

    #[track_caller]
    fn done(&self, index: usize) {
        self.watch.done(self.order[index]);
    }
}

impl<F: Future> Unpin for RaceVec<F> {}

impl<F: Future> Future for RaceVec<F> {
    type Output = (usize, F::Output);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.children.is_none() {
            this.children = Some(this.line_up());
        }
        let children = this.children.as_mut().expect("lined up above");
        assert!(
            children.alive() > 0,
            "a race was polled after it had its winner"
        );
        let mut winner = None;
        let order = &this.order;
        let watch = Lined {
            watch: Watch::begin(),
            order,
        };
        children.poll_round(cx, &watch, |index, output| {
            winner = Some((order[index], output));
            Verdict::Stop
        });
        match winner {
            Some(winner) => {
                children.clear();
                Poll::Ready(winner)
            }
            None => Poll::Pending,
        }
    }
}

impl<F: Future> Race for Vec<F> {
    type Output = F::Output;
    type Future = RaceVec<F>;

    fn race(self) -> RaceVec<F> {
        RaceVec::new(self)
    }
}

impl<F: Future, const N: usize> Race for [F; N] {
    type Output = F::Output;
    type Future = RaceVec<F>;

    fn race(self) -> RaceVec<F> {
        RaceVec::new(Vec::from(self))
    }
}

impl<F: Future> fmt::Debug for RaceVec<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Race")
    }
}
