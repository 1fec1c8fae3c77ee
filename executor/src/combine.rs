//! Waiting for several futures at once: `gather`, `try_gather`, `race`,
//! `as_completed`.
//!
//! They make no tasks: the futures are polled inside the task that awaits
//! them, so they may borrow its locals, and dropping the combination drops
//! them. **Invariant:** no future is polled after it returned, and none is
//! left alive when the combination has its result.
//!
//! A room: calls `children` and `runtime`.

mod as_completed;
mod gather;
mod race;
mod try_gather;
mod tuples;
mod watch;

use crate::runtime::Runtime;

pub use as_completed::AsCompleted;
pub use gather::{GatherArray, GatherVec};
pub use race::RaceVec;
pub use try_gather::{TryGatherArray, TryGatherVec};
pub use tuples::{GatherTuple, RaceTuple, TryGatherTuple};
use watch::Watch;

/// Runs futures together and gives all outputs, in the order of the futures
/// (asyncio: `gather`).
///
/// Takes a tuple (up to twelve futures of different types), an array or a
/// `Vec`. The futures may borrow; they run inside the calling task and share
/// its context variables. An empty `Vec` is ready at once.
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
/// [`limit`](GatherVec::limit) bounds how many run at once.
///
/// *Cancel safety:* dropping it drops the futures, in their order.
pub fn gather<G: Gather>(futures: G) -> G::Future {
    futures.gather()
}

/// Like [`gather`] for futures that give a `Result`: all values, or the first
/// error (asyncio: `gather` with an exception).
///
/// Unlike asyncio's, the siblings of a failed future do not go on: they are
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
pub fn try_gather<G: TryGather>(futures: G) -> G::Future {
    futures.try_gather()
}

/// Runs futures of one output type together and gives the index and the
/// output of the first that returns (asyncio:
/// `wait(.., return_when=FIRST_COMPLETED)`).
///
/// The others are dropped *before* the winner is given (asyncio leaves them
/// running). They are polled in their order, or, on a loop with a
/// [seed](crate::Builder::seed), in an order drawn from it. To keep a loser,
/// race `&mut` futures or handles.
///
/// ```
/// use executor::{race, run, sleep};
/// use std::time::Duration;
///
/// run(async {
///     let slow = async { sleep(Duration::from_secs(60)).await; "slow" };
///     let quick = async { "quick" };
///     assert_eq!(race((slow, quick)).await, (1, "quick"));
/// });
/// ```
///
/// *Cancel safety:* dropping it drops the futures, in their order.
///
/// # Panics
///
/// If there are no futures: nothing could ever win.
#[track_caller]
pub fn race<R: Race>(futures: R) -> R::Future {
    futures.race()
}

/// Runs futures together and gives each output, with its index, as soon as it
/// is there (asyncio: `as_completed`).
///
/// A `Stream`; [`next`](AsCompleted::next) is for those who do not import
/// `StreamExt`. Outputs that come in one turn are given in the order in which
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
    AsCompleted::new(futures)
}

/// What [`gather`] takes: a tuple, an array or a `Vec` of futures.
pub trait Gather {
    /// All outputs.
    type Output;
    /// The future of all outputs.
    type Future: Future<Output = Self::Output>;
    /// See [`gather`].
    fn gather(self) -> Self::Future;
}

/// What [`try_gather`] takes: a tuple, an array or a `Vec` of futures that
/// give a `Result`.
pub trait TryGather {
    /// All values, or the first error.
    type Output;
    /// The future of that.
    type Future: Future<Output = Self::Output>;
    /// See [`try_gather`].
    fn try_gather(self) -> Self::Future;
}

/// What [`race`] takes: a tuple, an array or a `Vec` of futures with one
/// output type.
pub trait Race {
    /// What each future gives.
    type Output;
    /// The future of the winner.
    type Future: Future<Output = (usize, Self::Output)>;
    /// See [`race`].
    #[track_caller]
    fn race(self) -> Self::Future;
}

/// Puts items in an order drawn from the loop's seed, if it has one.
fn shuffle<T>(items: &mut [T]) {
    Runtime::with(|runtime| runtime.rng.shuffle(items));
}
