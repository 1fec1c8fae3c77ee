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

use super::gather::into_array;
use super::list::FutureList;
use super::set::{FutureSet, Round, Slot};
use super::tuple::{Chain, ChainOf, End, Link, Tuple, chain, each_tuple, nested};

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
pub fn try_gather<G: IntoTryGather>(futures: G) -> TryGather<G::Set, G::Error, G::Output> {
    futures.into_try_gather()
}

/// What [`try_gather`] takes: a tuple, an array or a `Vec` of futures that give
/// a `Result`.
pub trait IntoTryGather {
    /// The futures, ready to be polled together.
    type Set: TrySet<Self::Error>;
    /// The values.
    type Output;
    /// The error.
    type Error;
    /// Makes the future of all values, or of the first error.
    fn into_try_gather(self) -> TryGather<Self::Set, Self::Error, Self::Output>;
}

/// Futures whose outputs are `Result`s with one type of error.
pub trait TrySet<E>: FutureSet {
    /// The values of all members.
    type Values;
    /// Takes the error of a member, if that is its output.
    fn take_error(self: Pin<&mut Self>, index: usize) -> Option<E>;
    /// Takes all values, once all members have given one.
    fn take_values(self: Pin<&mut Self>) -> Option<Self::Values>;
}

/// The future of [`try_gather`].
#[pin_project]
#[must_use = "futures do nothing unless awaited"]
pub struct TryGather<S: TrySet<E>, E, Output> {
    #[pin]
    set: S,
    convert: fn(S::Values) -> Output,
}

impl<F, T, E, Output> TryGather<FutureList<F>, E, Output>
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
        self.set.set_limit(n);
        self
    }
}

impl<S: TrySet<E>, E, Output> Future for TryGather<S, E, Output> {
    type Output = Result<Output, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut set = this.set;
        let mut error = None;
        let round = set.as_mut().poll_round(cx, |set, index| {
            error = set.take_error(index);
            match error {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            }
        });
        if let Some(error) = error {
            set.clear();
            return Poll::Ready(Err(error));
        }
        if round != Round::Finished {
            return Poll::Pending;
        }
        let values = set.take_values();
        let values = values.expect("a try_gather was polled after it was ready");
        Poll::Ready(Ok((this.convert)(values)))
    }
}

/// Takes the error in a slot, if it holds one.
fn take_error<F, T, E>(mut slot: Pin<&mut Slot<F>>) -> Option<E>
where
    F: Future<Output = Result<T, E>>,
{
    match &*slot {
        Slot::Done(Err(_)) => slot.as_mut().take()?.err(),
        _ => None,
    }
}

impl<F, T, E> TrySet<E> for FutureList<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Values = Vec<T>;

    fn take_error(mut self: Pin<&mut Self>, index: usize) -> Option<E> {
        take_error(self.slot(index))
    }

    fn take_values(self: Pin<&mut Self>) -> Option<Vec<T>> {
        let outputs = self.take_all()?;
        outputs.into_iter().map(Result::ok).collect()
    }
}

impl<F, T, E> IntoTryGather for Vec<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Set = FutureList<F>;
    type Output = Vec<T>;
    type Error = E;

    fn into_try_gather(self) -> TryGather<Self::Set, Self::Error, Self::Output> {
        TryGather {
            set: in_order(self),
            convert: |values| values,
        }
    }
}

impl<F, T, E, const N: usize> IntoTryGather for [F; N]
where
    F: Future<Output = Result<T, E>>,
{
    type Set = FutureList<F>;
    type Output = [T; N];
    type Error = E;

    fn into_try_gather(self) -> TryGather<Self::Set, Self::Error, Self::Output> {
        TryGather {
            set: in_order(self),
            convert: into_array,
        }
    }
}

/// A list polled by index, so that the first of two errors in one turn counts.
fn in_order<F: Future>(futures: impl IntoIterator<Item = F>) -> FutureList<F> {
    let mut list = FutureList::new(futures);
    list.poll_by_index();
    list
}

/// A chain whose outputs are `Result`s.
pub trait TryChain<E>: Chain {
    /// The values, as nested pairs.
    type Values;
    /// Takes the error of the `n`th future, if that is its output.
    fn take_error(self: Pin<&mut Self>, n: usize) -> Option<E>;
    /// Takes all values, once all futures have given one.
    fn take_values(self: Pin<&mut Self>) -> Option<Self::Values>;
}

impl<E> TryChain<E> for End {
    type Values = ();

    fn take_error(self: Pin<&mut Self>, _: usize) -> Option<E> {
        None
    }

    fn take_values(self: Pin<&mut Self>) -> Option<()> {
        Some(())
    }
}

impl<F, Rest, T, E> TryChain<E> for Link<F, Rest>
where
    F: Future<Output = Result<T, E>>,
    Rest: TryChain<E>,
{
    type Values = (T, Rest::Values);

    fn take_error(self: Pin<&mut Self>, n: usize) -> Option<E> {
        let this = self.project();
        match n {
            0 => take_error(this.slot),
            n => this.rest.take_error(n - 1),
        }
    }

    fn take_values(self: Pin<&mut Self>) -> Option<Self::Values> {
        let this = self.project();
        Some((this.slot.take()?.ok()?, this.rest.take_values()?))
    }
}

impl<C: TryChain<E>, E> TrySet<E> for Tuple<C> {
    type Values = C::Values;

    fn take_error(self: Pin<&mut Self>, index: usize) -> Option<E> {
        self.project().chain.take_error(index)
    }

    fn take_values(self: Pin<&mut Self>) -> Option<C::Values> {
        self.project().chain.take_values()
    }
}

macro_rules! try_gather_tuple {
    ($($f:ident $x:ident $t:ident),+) => {
        impl<Error, $($t,)+ $($f),+> IntoTryGather for ($($f,)+)
        where
            $($f: Future<Output = Result<$t, Error>>,)+
        {
            type Set = Tuple<ChainOf!($($f)+)>;
            type Output = ($($t,)+);
            type Error = Error;

            fn into_try_gather(self) -> TryGather<Self::Set, Self::Error, Self::Output> {
                let ($($x,)+) = self;
                TryGather {
                    set: Tuple::new(chain!($($x)+), false),
                    convert: |nested!($($x)+)| ($($x,)+),
                }
            }
        }
    };
}

each_tuple!(try_gather_tuple);

impl<S: TrySet<E>, E, Output> fmt::Debug for TryGather<S, E, Output> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TryGather")
    }
}
