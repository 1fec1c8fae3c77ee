//! Waiting for several futures at once: `gather`, `try_gather`, `race`,
//! `as_completed`.
//!
//! They make no tasks: the futures are polled inside the task that awaits
//! them, so they may borrow its locals, and dropping the combination drops
//! them. **Invariant:** no future is polled after it returned, and none is
//! left alive when the combination has its result.
//!
//! A room: calls `children` and `runtime`.

mod tuples;

use std::collections::VecDeque;
use std::fmt;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::children::{Children, Round};
use crate::runtime::Runtime;

pub use tuples::{GatherTuple, RaceTuple, TryGatherTuple};

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
///     let good = try_gather([async { "1".parse::<i32>() }, async { "2".parse() }]).await;
///     assert_eq!(good.unwrap(), [1, 2]);
///     let bad = try_gather((async { "1".parse::<i32>() }, async { "x".parse::<u8>() })).await;
///     assert!(bad.is_err());
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
/// use executor::{as_completed, run, sleep};
/// use std::time::Duration;
///
/// run(async {
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
    AsCompleted {
        children: Children::new(futures),
        ready: VecDeque::new(),
    }
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

/// Tells whether the loop that polls us wants us to stop for this turn.
fn budget() -> impl Fn() -> bool {
    let runtime = Runtime::current();
    move || runtime.as_ref().is_some_and(|runtime| runtime.is_spent())
}

/// Puts items in an order drawn from the loop's seed, if it has one.
fn shuffle<T>(items: &mut [T]) {
    Runtime::with(|runtime| runtime.rng.shuffle(items));
}

// ---- gather ---------------------------------------------------------------

/// The future of [`gather`] for a `Vec`.
#[must_use = "futures do nothing unless awaited"]
pub struct GatherVec<F: Future> {
    children: Children<F>,
    outputs: Vec<Option<F::Output>>,
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
        this.outputs.resize_with(this.children.len(), || None);
        let outputs = &mut this.outputs;
        let round = this.children.poll_round(cx, budget(), |index, output| {
            outputs[index] = Some(output);
            ControlFlow::Continue(())
        });
        if round != Round::Finished {
            return Poll::Pending;
        }
        let outputs = std::mem::take(&mut this.outputs);
        Poll::Ready(outputs.into_iter().map(|output| output.expect("every future returned")).collect())
    }
}

impl<F: Future> Gather for Vec<F> {
    type Output = Vec<F::Output>;
    type Future = GatherVec<F>;

    fn gather(self) -> GatherVec<F> {
        GatherVec {
            children: Children::new(self),
            outputs: Vec::new(),
        }
    }
}

/// The future of [`gather`] for an array.
#[must_use = "futures do nothing unless awaited"]
pub struct GatherArray<F: Future, const N: usize>(GatherVec<F>);

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
            outputs: Vec::new(),
        })
    }
}

fn into_array<T, const N: usize>(outputs: Vec<T>) -> [T; N] {
    match outputs.try_into() {
        Ok(array) => array,
        Err(_) => unreachable!("as many outputs as futures"),
    }
}

// ---- try_gather -----------------------------------------------------------

/// The future of [`try_gather`] for a `Vec`.
#[must_use = "futures do nothing unless awaited"]
pub struct TryGatherVec<F: Future<Output = Result<T, E>>, T, E> {
    children: Children<F>,
    outputs: Vec<Option<T>>,
    error: Option<E>,
}

impl<F: Future<Output = Result<T, E>>, T, E> TryGatherVec<F, T, E> {
    fn new(futures: impl IntoIterator<Item = F>) -> Self {
        let mut children = Children::new(futures);
        children.poll_by_index(); // so that the first of two errors counts
        TryGatherVec {
            children,
            outputs: Vec::new(),
            error: None,
        }
    }

    /// Lets at most `n` of the futures run at once; none is started after an
    /// error. See [`GatherVec::limit`].
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
        this.outputs.resize_with(this.children.len(), || None);
        let (outputs, error) = (&mut this.outputs, &mut this.error);
        let round = this.children.poll_round(cx, budget(), |index, output| match output {
            Ok(value) => {
                outputs[index] = Some(value);
                ControlFlow::Continue(())
            }
            Err(first) => {
                *error = Some(first);
                ControlFlow::Break(())
            }
        });
        if let Some(error) = this.error.take() {
            this.children.clear();
            this.outputs.clear();
            return Poll::Ready(Err(error));
        }
        if round != Round::Finished {
            return Poll::Pending;
        }
        let outputs = std::mem::take(&mut this.outputs);
        Poll::Ready(Ok(outputs.into_iter().flatten().collect()))
    }
}

impl<F: Future<Output = Result<T, E>>, T, E> TryGather for Vec<F> {
    type Output = Result<Vec<T>, E>;
    type Future = TryGatherVec<F, T, E>;

    fn try_gather(self) -> Self::Future {
        TryGatherVec::new(self)
    }
}

/// The future of [`try_gather`] for an array.
#[must_use = "futures do nothing unless awaited"]
pub struct TryGatherArray<F: Future<Output = Result<T, E>>, T, E, const N: usize>(
    TryGatherVec<F, T, E>,
);

impl<F: Future<Output = Result<T, E>>, T, E, const N: usize> Future
    for TryGatherArray<F, T, E, N>
{
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

// ---- race and as_completed ------------------------------------------------

/// The future of [`race`] for a `Vec` or an array.
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

impl<F: Future> Unpin for RaceVec<F> {}

impl<F: Future> Future for RaceVec<F> {
    type Output = (usize, F::Output);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.children.is_none() {
            this.children = Some(this.line_up());
        }
        let children = this.children.as_mut().expect("lined up above");
        assert!(children.alive() > 0, "a race was polled after it had its winner");
        let mut winner = None;
        children.poll_round(cx, budget(), |index, output| {
            winner = Some((this.order[index], output));
            ControlFlow::Break(())
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

/// What [`as_completed`] gives.
#[must_use = "streams do nothing unless polled"]
pub struct AsCompleted<F: Future> {
    children: Children<F>,
    /// Returned in the last round, and not given yet.
    ready: VecDeque<(usize, F::Output)>,
}

impl<F: Future> AsCompleted<F> {
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
            this.children.poll_round(cx, budget(), |index, output| {
                ready.push_back((index, output));
                ControlFlow::Continue(())
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

macro_rules! debug_as_name {
    ($($name:literal [$($generics:tt)*] $type:ty;)*) => {$(
        impl<$($generics)*> fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($name)
            }
        }
    )*};
}

debug_as_name! {
    "GatherVec" [F: Future] GatherVec<F>;
    "GatherArray" [F: Future, const N: usize] GatherArray<F, N>;
    "TryGatherVec" [F: Future<Output = Result<T, E>>, T, E] TryGatherVec<F, T, E>;
    "TryGatherArray" [F: Future<Output = Result<T, E>>, T, E, const N: usize] TryGatherArray<F, T, E, N>;
    "RaceVec" [F: Future] RaceVec<F>;
    "AsCompleted" [F: Future] AsCompleted<F>;
}
