//! `race`: the first output of several futures.
//!
//! **Invariant:** the losers are dropped before the winner is given.
//!
//! Called by users.

use std::convert::Infallible;
use std::fmt;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::pin_project;

use super::set::{Combinator, Combined, FutureSet, IntoSet, Receive};

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
pub fn race<R: IntoRace>(futures: R) -> Race<R::Set, R::Collection> {
    let combined = Combined::new(futures.into_set());
    assert!(combined.alive > 0, "a race of no futures has no winner");
    Race(combined)
}

/// What [`race`] takes: a tuple, an array or a `Vec` of futures with one output
/// type.
pub trait IntoRace: IntoSet<Racing, Stop = Self::Output> {
    /// The output of each future.
    type Output;
}

impl<R: IntoSet<Racing>> IntoRace for R {
    type Output = R::Stop;
}

/// The combinator: stops at the first output.
pub struct Racing;

impl Combinator for Racing {
    const SHUFFLED: bool = true;
}

impl<T> Receive<T> for Racing {
    type Kept = Infallible;
    type Stop = T;

    #[inline]
    fn receive(output: T) -> ControlFlow<T, Infallible> {
        ControlFlow::Break(output)
    }
}

/// The future of [`race`].
#[pin_project]
#[must_use = "futures do nothing unless awaited"]
pub struct Race<S, Collection>(#[pin] Combined<Racing, S, Collection>);

impl<S: FutureSet<Collection>, Collection> Future for Race<S, Collection> {
    type Output = (usize, S::Stop);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let combined = self.project().0;
        let polled = combined.poll(cx, "a race was polled after it had its winner");
        polled.map(|end| match end {
            ControlFlow::Break(winner) => winner,
            ControlFlow::Continue(_) => unreachable!("the first output ends a race"),
        })
    }
}

impl<S, Collection> fmt::Debug for Race<S, Collection> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Race")
    }
}
