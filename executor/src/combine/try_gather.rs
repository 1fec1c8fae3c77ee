//! `try_gather` for a `Vec` and for an array.
//!
//! **Invariant:** after the first error no future is polled, and all are dropped
//! before it is given.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::gather::into_array;
use super::{TryGather, Watch};
use crate::children::{Children, Round, Verdict};

/// The future of [`try_gather`](crate::try_gather()) for a `Vec`.
#[must_use = "futures do nothing unless awaited"]
pub struct TryGatherVec<F: Future<Output = Result<T, E>>, T, E> {
    children: Children<F>,
    error: Option<E>,
    /// Was the result given?
    given: bool,
}

impl<F: Future<Output = Result<T, E>>, T, E> TryGatherVec<F, T, E> {
    fn new(futures: impl IntoIterator<Item = F>) -> Self {
        let mut children = Children::new(futures);
        children.poll_by_index(); // so that the first of two errors counts
        TryGatherVec {
            children,
            error: None,
            given: false,
        }
    }

    /// Lets at most `n` of the futures run at once; none is started after an
    /// error. See [`GatherVec::limit`](crate::GatherVec::limit).
    ///
    /// # Panics
    ///
    /// If `n` is zero.
    #[track_caller]
    pub fn limit(mut self, n: usize) -> Self {
        assert!(n > 0, "try_gather(..).limit(0) would never run anything");
        self.children.set_limit(n);
        self
    }
}

impl<F: Future<Output = Result<T, E>>, T, E> Unpin for TryGatherVec<F, T, E> {}

impl<F: Future<Output = Result<T, E>>, T, E> Future for TryGatherVec<F, T, E> {
    type Output = Result<Vec<T>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        assert!(!this.given, "a try_gather was polled after it was ready");
        let error = &mut this.error;
        let watch = Watch::begin();
        let round = this
            .children
            .poll_round(cx, &watch, |_, output| match output {
                Ok(value) => Verdict::Keep(Ok(value)),
                Err(first) => {
                    *error = Some(first);
                    Verdict::Stop
                }
            });
        if let Some(error) = this.error.take() {
            this.given = true;
            this.children.clear();
            return Poll::Ready(Err(error));
        }
        if round != Round::Finished {
            return Poll::Pending;
        }
        this.given = true;
        let mut results = Vec::with_capacity(this.children.len());
        this.children.take_kept(&mut results);
        Poll::Ready(results.into_iter().collect())
    }
}

impl<F: Future<Output = Result<T, E>>, T, E> TryGather for Vec<F> {
    type Output = Result<Vec<T>, E>;
    type Future = TryGatherVec<F, T, E>;

    fn try_gather(self) -> Self::Future {
        TryGatherVec::new(self)
    }
}

/// The future of [`try_gather`](crate::try_gather()) for an array.
#[must_use = "futures do nothing unless awaited"]
pub struct TryGatherArray<F: Future<Output = Result<T, E>>, T, E, const N: usize>(
    TryGatherVec<F, T, E>,
);

impl<F: Future<Output = Result<T, E>>, T, E, const N: usize> TryGatherArray<F, T, E, N> {
    /// Lets at most `n` of the futures run at once; see
    /// [`GatherVec::limit`](crate::GatherVec::limit).
    ///
    /// # Panics
    ///
    /// If `n` is zero.
    #[track_caller]
    pub fn limit(self, n: usize) -> Self {
        TryGatherArray(self.0.limit(n))
    }
}

impl<F: Future<Output = Result<T, E>>, T, E, const N: usize> Future for TryGatherArray<F, T, E, N> {
    type Output = Result<[T; N], E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let values = Pin::new(&mut self.0).poll(cx);
        values.map(|values| values.map(into_array))
    }
}

impl<F: Future<Output = Result<T, E>>, T, E, const N: usize> TryGather for [F; N] {
    type Output = Result<[T; N], E>;
    type Future = TryGatherArray<F, T, E, N>;

    fn try_gather(self) -> Self::Future {
        TryGatherArray(TryGatherVec::new(self))
    }
}

impl<F: Future<Output = Result<T, E>>, T, E> fmt::Debug for TryGatherVec<F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TryGather({} to go)", self.children.alive())
    }
}

impl<F: Future<Output = Result<T, E>>, T, E, const N: usize> fmt::Debug
    for TryGatherArray<F, T, E, N>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TryGather({} to go)", self.0.children.alive())
    }
}
