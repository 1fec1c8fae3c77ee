//! `gather`: all outputs of several futures.
//!
//! **Invariant:** the outputs are in the order of the futures, whatever the
//! order in which those completed.
//!
//! Called by users.

use std::fmt;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::pin_project;

use super::list::FutureList;
use super::set::{FutureSet, Round};
use super::tuple::{ChainOf, Tuple, chain, each_tuple, nested};

/// Runs futures together and gives all outputs, in the order of the futures
/// (asyncio: `gather`).
///
/// Takes a tuple (up to twelve futures of different types), an array or a
/// `Vec`. The futures may borrow; they run inside the calling task and share
/// its context variables. An empty `Vec` completes at once.
///
/// A future that fails does not stop the others: their outputs may be
/// `Result`s (asyncio: `return_exceptions=True`). To stop at the first error
/// use [`try_gather`].
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
/// *Cancel safety:* dropping it drops the futures, in their order.
pub fn gather<G: IntoGather>(futures: G) -> Gather<G::Set, G::Output> {
    futures.into_gather()
}

/// What [`gather`] takes: a tuple, an array or a `Vec` of futures.
pub trait IntoGather {
    /// The futures, ready to be polled together.
    type Set: FutureSet;
    /// The outputs.
    type Output;
    /// Makes the future of all outputs.
    fn into_gather(self) -> Gather<Self::Set, Self::Output>;
}

/// The future of [`gather`].
#[pin_project]
#[must_use = "futures do nothing unless awaited"]
pub struct Gather<S: FutureSet, Output> {
    #[pin]
    set: S,
    /// Turns the outputs of the set into those of the caller's collection.
    convert: fn(S::Outputs) -> Output,
}

impl<F: Future, Output> Gather<FutureList<F>, Output> {
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
        self.set.set_limit(n);
        self
    }
}

impl<S: FutureSet, Output> Future for Gather<S, Output> {
    type Output = Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        let mut this = self.project();
        let mut set = this.set.as_mut();
        let round = set
            .as_mut()
            .poll_round(cx, |_, _| ControlFlow::Continue(()));
        if round != Round::Finished {
            return Poll::Pending;
        }
        let outputs = set.take_all();
        let outputs = outputs.expect("a gather was polled after it was ready");
        Poll::Ready((this.convert)(outputs))
    }
}

impl<F: Future> IntoGather for Vec<F> {
    type Set = FutureList<F>;
    type Output = Vec<F::Output>;

    fn into_gather(self) -> Gather<Self::Set, Self::Output> {
        Gather {
            set: FutureList::new(self),
            convert: |outputs| outputs,
        }
    }
}

impl<F: Future, const N: usize> IntoGather for [F; N] {
    type Set = FutureList<F>;
    type Output = [F::Output; N];

    fn into_gather(self) -> Gather<Self::Set, Self::Output> {
        Gather {
            set: FutureList::new(self),
            convert: into_array,
        }
    }
}

pub(super) fn into_array<T, const N: usize>(outputs: Vec<T>) -> [T; N] {
    let array = outputs.try_into();
    array.unwrap_or_else(|_| unreachable!("as many outputs as futures"))
}

macro_rules! gather_tuple {
    ($($f:ident $x:ident $t:ident),+) => {
        impl<$($f: Future),+> IntoGather for ($($f,)+) {
            type Set = Tuple<ChainOf!($($f)+)>;
            type Output = ($($f::Output,)+);

            fn into_gather(self) -> Gather<Self::Set, Self::Output> {
                let ($($x,)+) = self;
                Gather {
                    set: Tuple::new(chain!($($x)+), false),
                    convert: |nested!($($x)+)| ($($x,)+),
                }
            }
        }
    };
}

each_tuple!(gather_tuple);

impl<S: FutureSet, Output> fmt::Debug for Gather<S, Output> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gather")
    }
}
