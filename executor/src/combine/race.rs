//! `race`: the first output of several futures.
//!
//! **Invariant:** the losers are dropped before the winner is given.
//!
//! Called by users.

use std::fmt;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::pin_project;

use super::list::FutureList;
use super::set::{FutureSet, Round};
use super::tuple::{Chain, ChainOf, End, Link, Tuple, chain, each_tuple};

/// Runs futures of one output type together and gives the index and the
/// output of the first that completes (asyncio:
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
pub fn race<R: IntoRace>(futures: R) -> Race<R::Set, R::Output> {
    futures.into_race()
}

/// What [`race`] takes: a tuple, an array or a `Vec` of futures with one output
/// type.
pub trait IntoRace {
    /// The futures, ready to be polled together.
    type Set: SameSet<Self::Output>;
    /// The output of each future.
    type Output;
    /// Makes the future of the winner.
    #[track_caller]
    fn into_race(self) -> Race<Self::Set, Self::Output>;
}

/// Futures with one output type.
pub trait SameSet<Item>: FutureSet {
    /// Prepares the first round, on the loop that polls it.
    fn start(self: Pin<&mut Self>);
    /// Takes the output of a member, once it has completed.
    fn take(self: Pin<&mut Self>, index: usize) -> Option<Item>;
}

/// The future of [`race`].
#[pin_project]
#[must_use = "futures do nothing unless awaited"]
pub struct Race<S, Item> {
    #[pin]
    set: S,
    started: bool,
    item: PhantomData<fn() -> Item>,
}

impl<S, Item> Race<S, Item> {
    fn new(set: S) -> Self {
        Race {
            set,
            started: false,
            item: PhantomData,
        }
    }
}

impl<S: SameSet<Item>, Item> Future for Race<S, Item> {
    type Output = (usize, Item);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut set = this.set;
        if !std::mem::replace(this.started, true) {
            set.as_mut().start();
        }
        let mut winner = None;
        let round = set.as_mut().poll_round(cx, |set, index| {
            winner = set.take(index).map(|output| (index, output));
            ControlFlow::Break(())
        });
        if let Some(winner) = winner {
            set.clear();
            return Poll::Ready(winner);
        }
        assert!(
            round != Round::Finished,
            "a race was polled after it had its winner"
        );
        Poll::Pending
    }
}

impl<F: Future> SameSet<F::Output> for FutureList<F> {
    fn start(mut self: Pin<&mut Self>) {
        self.shuffle();
    }

    fn take(mut self: Pin<&mut Self>, index: usize) -> Option<F::Output> {
        self.slot(index).take()
    }
}

impl<F: Future> IntoRace for Vec<F> {
    type Set = FutureList<F>;
    type Output = F::Output;

    fn into_race(self) -> Race<Self::Set, Self::Output> {
        assert!(!self.is_empty(), "a race of no futures has no winner");
        Race::new(FutureList::new(self))
    }
}

impl<F: Future, const N: usize> IntoRace for [F; N] {
    type Set = FutureList<F>;
    type Output = F::Output;

    fn into_race(self) -> Race<Self::Set, Self::Output> {
        assert!(N > 0, "a race of no futures has no winner");
        Race::new(FutureList::new(self))
    }
}

/// A chain whose outputs have one type.
pub trait SameChain<Item>: Chain {
    /// Takes the output of the `n`th future, once it has completed.
    fn take_nth(self: Pin<&mut Self>, n: usize) -> Option<Item>;
}

impl<Item> SameChain<Item> for End {
    fn take_nth(self: Pin<&mut Self>, _: usize) -> Option<Item> {
        None
    }
}

impl<F: Future, Rest: SameChain<F::Output>> SameChain<F::Output> for Link<F, Rest> {
    fn take_nth(self: Pin<&mut Self>, n: usize) -> Option<F::Output> {
        let this = self.project();
        match n {
            0 => this.slot.take(),
            n => this.rest.take_nth(n - 1),
        }
    }
}

impl<C: SameChain<Item>, Item> SameSet<Item> for Tuple<C> {
    fn start(self: Pin<&mut Self>) {}

    fn take(self: Pin<&mut Self>, index: usize) -> Option<Item> {
        self.project().chain.take_nth(index)
    }
}

macro_rules! race_tuple {
    ($($f:ident $x:ident $t:ident),+) => {
        impl<Item, $($f: Future<Output = Item>),+> IntoRace for ($($f,)+) {
            type Set = Tuple<ChainOf!($($f)+)>;
            type Output = Item;

            fn into_race(self) -> Race<Self::Set, Self::Output> {
                let ($($x,)+) = self;
                Race::new(Tuple::new(chain!($($x)+), true))
            }
        }
    };
}

each_tuple!(race_tuple);

impl<S, Item> fmt::Debug for Race<S, Item> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Race")
    }
}
