//! `gather`: all outputs of several futures.
//!
//! **Invariant:** the outputs are in the order of the futures, whatever the
//! order in which those completed.
//!
//! Called by users.

use std::convert::Infallible;
use std::fmt;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::pin_project;

use super::list::FutureList;
use super::set::{Combinator, Combined, FutureSet, IntoSet, Receive};

/// Runs futures together and gives all outputs, in the order of the futures
/// (asyncio: `gather`).
///
/// Takes a tuple (up to twelve futures of different types), an array or a
/// `Vec`. The futures may borrow; they run inside the calling task and share
/// its context variables. An empty `Vec` completes at once.
///
/// A future that fails does not stop the others: their outputs may be
/// `Result`s (asyncio: `return_exceptions=True`). To stop at the first error
/// use [`try_gather`](crate::try_gather()).
///
/// ```
/// use executor::{gather, run, sleep};
/// use std::time::Duration;
///
/// let numbers = vec![3, 1, 2];
/// run(async {
///     let doubled = gather(numbers.iter().map(|n| async move {
///         sleep(Duration::from_millis(*n)).await;
///         n * 2
///     }).collect::<Vec<_>>());
///     assert_eq!(doubled.await, [6, 2, 4]);
///
///     let (a, b) = gather((async { 1 }, async { "two" })).await;
///     assert_eq!((a, b), (1, "two"));
/// });
/// ```
///
/// [`limit`](Gather::limit) bounds how many run at once.
///
/// A gather in a gather is polled, woken and dropped inside the outer one, like
/// any future in a future: nested some thousands deep, they overflow the stack.
/// Tasks do not nest: a deep structure can [`spawn`](crate::spawn()) its parts and
/// gather the handles.
///
/// *Cancel safety:* dropping it drops the futures, in their order.
pub fn gather<G: IntoGather>(futures: G) -> Gather<G::Set, G::Output> {
    Gather(Combined::new(futures.into_set()))
}

/// What [`gather`] takes: a tuple, an array or a `Vec` of futures.
pub trait IntoGather: IntoSet<Gathering, Stop = Infallible, Collection = Self::Output> {
    /// The outputs.
    type Output;
}

impl<G: IntoSet<Gathering, Stop = Infallible>> IntoGather for G {
    type Output = G::Collection;
}

/// The combinator: keeps every output.
pub struct Gathering;

impl Combinator for Gathering {}

impl<T> Receive<T> for Gathering {
    type Kept = T;
    type Stop = Infallible;

    #[inline]
    fn receive(output: T) -> ControlFlow<Infallible, T> {
        ControlFlow::Continue(output)
    }
}

/// The future of [`gather`].
#[pin_project]
#[must_use = "futures do nothing unless awaited"]
pub struct Gather<S, Output>(#[pin] Combined<Gathering, S, Output>);

impl<F: Future, Output> Gather<FutureList<F, Gathering>, Output> {
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
        if let Some(list) = &mut self.0.set {
            list.set_limit(n);
        }
        self
    }
}

impl<S: FutureSet<Output, Stop = Infallible>, Output> Future for Gather<S, Output> {
    type Output = Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        let combined = self.project().0;
        let polled = combined.poll(cx, "a gather was polled after it was ready");
        polled.map(|ControlFlow::Continue(outputs)| outputs)
    }
}

impl<S, Output> fmt::Debug for Gather<S, Output> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gather")
    }
}
