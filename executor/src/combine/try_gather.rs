//! `try_gather`: all values of several futures, or the first error.
//!
//! **Invariant:** after the first error no future is polled, and all are
//! dropped before the error is given.
//!
//! Called by users.

use std::fmt;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::pin_project;

use super::list::FutureList;
use super::set::{Combinator, Combined, FutureSet, IntoSet, Receive};

/// Runs futures that give a `Result` together, and gives all values or the
/// first error (asyncio: `gather` with an exception).
///
/// Unlike in asyncio, the siblings of a failed future do not continue: they are
/// dropped *before* the error is given. If two fail in one turn, the first in
/// the order of the futures counts.
///
/// ```
/// use executor::{run, try_gather};
///
/// run(async {
///     let parse = |text: &'static str| async move { text.parse::<i32>() };
///     assert_eq!(try_gather(["1", "2"].map(parse)).await.unwrap(), [1, 2]);
///     assert!(try_gather((parse("1"), parse("x"), parse("3"))).await.is_err());
/// });
/// ```
///
/// *Cancel safety:* dropping it drops the futures, in their order.
///
/// # Errors
///
/// The first error of a future.
pub fn try_gather<G: IntoTryGather>(futures: G) -> TryGather<G::Set, G::Output> {
    TryGather(Combined::new(futures.into_set()))
}

/// What [`try_gather`] takes: a tuple, an array or a `Vec` of futures that give
/// a `Result`.
pub trait IntoTryGather:
    IntoSet<TryGathering, Stop = Self::Error, Collection = Self::Output>
{
    /// The values.
    type Output;
    /// The error.
    type Error;
}

impl<G: IntoSet<TryGathering>> IntoTryGather for G {
    type Output = G::Collection;
    type Error = G::Stop;
}

/// The combinator: keeps values and stops at an error. Polls by index, so that
/// the first of two errors in one turn counts.
pub struct TryGathering;

impl Combinator for TryGathering {
    const BY_INDEX: bool = true;
}

impl<T, E> Receive<Result<T, E>> for TryGathering {
    type Kept = T;
    type Stop = E;

    #[inline]
    fn receive(output: Result<T, E>) -> ControlFlow<E, T> {
        match output {
            Ok(value) => ControlFlow::Continue(value),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

/// The future of [`try_gather`].
#[pin_project]
#[must_use = "futures do nothing unless awaited"]
pub struct TryGather<S, Output>(#[pin] Combined<TryGathering, S, Output>);

impl<F, T, E, Output> TryGather<FutureList<F, TryGathering>, Output>
where
    F: Future<Output = Result<T, E>>,
{
    /// Lets at most `n` of the futures run at once; none is started after an
    /// error. See [`Gather::limit`](crate::Gather::limit).
    ///
    /// # Panics
    ///
    /// If `n` is zero.
    #[track_caller]
    pub fn limit(mut self, n: usize) -> Self {
        assert!(n > 0, "try_gather(..).limit(0) would never run anything");
        if let Some(list) = &mut self.0.set {
            list.set_limit(n);
        }
        self
    }
}

impl<S: FutureSet<Output>, Output> Future for TryGather<S, Output> {
    type Output = Result<Output, S::Stop>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let combined = self.project().0;
        let polled = combined.poll(cx, "a try_gather was polled after it was ready");
        polled.map(|end| match end {
            ControlFlow::Continue(values) => Ok(values),
            ControlFlow::Break((_, error)) => Err(error),
        })
    }
}

impl<S, Output> fmt::Debug for TryGather<S, Output> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TryGather")
    }
}
