//! `gather` for a `Vec` and for an array.
//!
//! **Invariant:** the outputs stand in the order of the futures, whatever the
//! order in which those returned.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Gather, Watch};
use crate::children::{Children, Round, Verdict};

/// The future of [`gather`](crate::gather()) for a `Vec`.
#[must_use = "futures do nothing unless awaited"]
pub struct GatherVec<F: Future> {
    children: Children<F>,
    /// Were the outputs given?
    given: bool,
}

impl<F: Future> GatherVec<F> {
    /// Lets at most `n` of the futures run at once: the next one is first
    /// polled when one before it has returned.
    ///
    /// ```
    /// use executor::{gather, run, sleep, yield_now};
    /// use std::cell::Cell;
    ///
    /// let running = Cell::new(0);
    /// run(async {
    ///     let job = |_| async {
    ///         running.set(running.get() + 1);
    ///         assert!(running.get() <= 3);
    ///         yield_now().await;
    ///         running.set(running.get() - 1);
    ///     };
    ///     gather((0..100).map(job).collect::<Vec<_>>()).limit(3).await;
    /// });
    /// ```
    ///
    /// # Panics
    ///
    /// If `n` is zero: nothing would ever run.
    #[track_caller]
    pub fn limit(mut self, n: usize) -> Self {
        assert!(n > 0, "gather(..).limit(0) would never run anything");
        self.children.set_limit(n);
        self
    }
}

// The futures are boxed; nothing in here is pinned in place.
impl<F: Future> Unpin for GatherVec<F> {}

impl<F: Future> Future for GatherVec<F> {
    type Output = Vec<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        assert!(!this.given, "a gather was polled after it was ready");
        let watch = Watch::begin();
        let round = this
            .children
            .poll_round(cx, &watch, |_, output| Verdict::Keep(output));
        if round != Round::Finished {
            return Poll::Pending;
        }
        this.given = true;
        let mut outputs = Vec::with_capacity(this.children.len());
        this.children.take_kept(&mut outputs);
        Poll::Ready(outputs)
    }
}

impl<F: Future> Gather for Vec<F> {
    type Output = Vec<F::Output>;
    type Future = GatherVec<F>;

    fn gather(self) -> GatherVec<F> {
        GatherVec {
            children: Children::new(self),
            given: false,
        }
    }
}

/// The future of [`gather`](crate::gather()) for an array.
#[must_use = "futures do nothing unless awaited"]
pub struct GatherArray<F: Future, const N: usize>(GatherVec<F>);

impl<F: Future, const N: usize> GatherArray<F, N> {
    /// Lets at most `n` of the futures run at once; see [`GatherVec::limit`].
    ///
    /// # Panics
    ///
    /// If `n` is zero.
    #[track_caller]
    pub fn limit(self, n: usize) -> Self {
        GatherArray(self.0.limit(n))
    }
}

impl<F: Future, const N: usize> Future for GatherArray<F, N> {
    type Output = [F::Output; N];

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(into_array)
    }
}

impl<F: Future, const N: usize> Gather for [F; N] {
    type Output = [F::Output; N];
    type Future = GatherArray<F, N>;

    fn gather(self) -> GatherArray<F, N> {
        GatherArray(GatherVec {
            children: Children::new(self),
            given: false,
        })
    }
}

pub(super) fn into_array<T, const N: usize>(outputs: Vec<T>) -> [T; N] {
    match outputs.try_into() {
        Ok(array) => array,
        Err(_) => unreachable!("as many outputs as futures"),
    }
}

impl<F: Future> fmt::Debug for GatherVec<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gather({} to go)", self.children.alive())
    }
}

impl<F: Future, const N: usize> fmt::Debug for GatherArray<F, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gather({} to go)", self.0.children.alive())
    }
}
