//! `gather`, `try_gather` and `race` for tuples: futures of different types,
//! up to twelve, without an allocation.
//!
//! **Invariant:** no place is polled after it has its output.
//!
//! One macro gives each length of tuple the same three abilities (poll the
//! nth, take all outputs, take the nth); the combinators are written once on
//! top of them.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::pin_project;

use super::{Gather, Race, TryGather, Watch, shuffle};
use crate::children::Watcher;

/// A future, then its output.
#[pin_project(project = PlaceProjection)]
enum Place<F: Future> {
    Running(#[pin] F),
    /// `None` once the output was taken, or the future dropped.
    Done(Option<F::Output>),
}

impl<F: Future> Place<F> {
    /// `Ready` once there is an output; never polls after that.
    #[inline]
    fn poll(mut self: Pin<&mut Self>, n: usize, cx: &mut Context<'_>, watch: &Watch) -> Poll<()> {
        if let PlaceProjection::Running(future) = self.as_mut().project() {
            watch.polls(n);
            let Poll::Ready(output) = future.poll(cx) else {
                return Poll::Pending;
            };
            watch.done(n);
            self.set(Place::Done(Some(output)));
        }
        Poll::Ready(())
    }

    #[inline]
    fn take(self: Pin<&mut Self>) -> Option<F::Output> {
        match self.project() {
            PlaceProjection::Done(output) => output.take(),
            PlaceProjection::Running(_) => None,
        }
    }
}

/// What the macro gives a tuple of places.
pub trait Places {
    /// How many.
    const LEN: usize;
    /// All outputs, as a tuple.
    type Outputs;
    /// Polls the nth, unless it has returned.
    fn poll_nth(self: Pin<&mut Self>, n: usize, cx: &mut Context<'_>, watch: &Watch) -> Poll<()>;
    /// All outputs; only when all have returned.
    fn take_all(self: Pin<&mut Self>) -> Option<Self::Outputs>;
    /// Drops every future and output, in order.
    fn clear(self: Pin<&mut Self>);
}

/// The same where each output is a `Result` with one error type.
pub trait TryPlaces: Places {
    /// The values, as a tuple.
    type Values;
    /// The error.
    type Error;
    /// All values; only when all have returned one.
    fn take_values(self: Pin<&mut Self>) -> Option<Self::Values>;
    /// The error of the nth, if it returned one.
    fn take_error(self: Pin<&mut Self>, n: usize) -> Option<Self::Error>;
}

/// The same where all outputs have one type.
pub trait SamePlaces: Places {
    /// The type.
    type Item;
    /// The output of the nth, if it has returned.
    fn take_nth(self: Pin<&mut Self>, n: usize) -> Option<Self::Item>;
}

/// The future of [`gather`](super::gather) for a tuple.
#[pin_project]
#[must_use = "futures do nothing unless awaited"]
pub struct GatherTuple<P> {
    #[pin]
    places: P,
    /// Where the next poll begins: where the budget of the last one ended.
    cursor: usize,
}

impl<P: Places> Future for GatherTuple<P> {
    type Output = P::Outputs;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<P::Outputs> {
        let mut this = self.project();
        let watch = Watch::begin();
        let mut pending = false;
        for step in 0..P::LEN {
            let n = (*this.cursor + step) % P::LEN;
            if watch.is_spent() {
                *this.cursor = n;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            pending |= this.places.as_mut().poll_nth(n, cx, &watch).is_pending();
        }
        if pending {
            return Poll::Pending;
        }
        Poll::Ready(
            this.places
                .take_all()
                .expect("a gather was polled after it was ready"),
        )
    }
}

/// The future of [`try_gather`](super::try_gather) for a tuple.
#[pin_project]
#[must_use = "futures do nothing unless awaited"]
pub struct TryGatherTuple<P> {
    #[pin]
    places: P,
    cursor: usize,
}

impl<P: TryPlaces> Future for TryGatherTuple<P> {
    type Output = Result<P::Values, P::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let watch = Watch::begin();
        let mut pending = false;
        for step in 0..P::LEN {
            let n = (*this.cursor + step) % P::LEN;
            if watch.is_spent() {
                *this.cursor = n;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            pending |= this.places.as_mut().poll_nth(n, cx, &watch).is_pending();
            if let Some(error) = this.places.as_mut().take_error(n) {
                this.places.clear();
                return Poll::Ready(Err(error));
            }
        }
        *this.cursor = 0;
        if pending {
            return Poll::Pending;
        }
        let values = this.places.take_values();
        Poll::Ready(Ok(
            values.expect("a try_gather was polled after it was ready")
        ))
    }
}

/// The future of [`race`](super::race) for a tuple.
#[pin_project]
#[must_use = "futures do nothing unless awaited"]
pub struct RaceTuple<P> {
    #[pin]
    places: P,
}

impl<P: SamePlaces> Future for RaceTuple<P> {
    type Output = (usize, P::Item);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let mut order = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
        let order = &mut order[..P::LEN];
        shuffle(order);
        let watch = Watch::begin();
        for &mut n in order {
            if this.places.as_mut().poll_nth(n, cx, &watch).is_ready() {
                let winner = this.places.as_mut().take_nth(n);
                this.places.clear();
                return Poll::Ready((
                    n,
                    winner.expect("a race was polled after it had its winner"),
                ));
            }
        }
        Poll::Pending
    }
}

macro_rules! tuples {
    ($($places:ident: $($n:literal $x:ident $f:ident $t:ident),+;)*) => {$(
        #[doc = concat!("Places of a tuple of futures: ", $(stringify!($f), " ",)+)]
        #[pin_project]
        pub struct $places<$($f: Future),+> {
            $(#[pin] $x: Place<$f>,)+
        }

        impl<$($f: Future),+> $places<$($f),+> {
            fn new(($($x,)+): ($($f,)+)) -> Self {
                $places { $($x: Place::Running($x),)+ }
            }
        }

        impl<$($f: Future),+> Places for $places<$($f),+> {
            const LEN: usize = [$($n),+].len();
            type Outputs = ($($f::Output,)+);

            #[inline]
            fn poll_nth(
                self: Pin<&mut Self>,
                n: usize,
                cx: &mut Context<'_>,
                watch: &Watch,
            ) -> Poll<()> {
                let this = self.project();
                match n {
                    $($n => this.$x.poll(n, cx, watch),)+
                    _ => unreachable!("fewer than LEN"),
                }
            }

            fn take_all(self: Pin<&mut Self>) -> Option<Self::Outputs> {
                let this = self.project();
                Some(($(this.$x.take()?,)+))
            }

            fn clear(self: Pin<&mut Self>) {
                let mut this = self.project();
                $(this.$x.set(Place::Done(None));)+
            }
        }

        impl<$($f,)+ $($t,)+ Error> TryPlaces for $places<$($f),+>
        where
            $($f: Future<Output = Result<$t, Error>>,)+
        {
            type Values = ($($t,)+);
            type Error = Error;

            fn take_values(self: Pin<&mut Self>) -> Option<Self::Values> {
                let this = self.project();
                Some(($(this.$x.take()?.ok()?,)+))
            }

            fn take_error(self: Pin<&mut Self>, n: usize) -> Option<Error> {
                let mut this = self.project();
                match n {
                    $($n => {
                        if !matches!(*this.$x, Place::Done(Some(Err(_)))) {
                            return None;
                        }
                        this.$x.as_mut().take()?.err()
                    })+
                    _ => None,
                }
            }
        }

        impl<Item, $($f: Future<Output = Item>),+> SamePlaces for $places<$($f),+> {
            type Item = Item;

            fn take_nth(self: Pin<&mut Self>, n: usize) -> Option<Item> {
                let this = self.project();
                match n {
                    $($n => this.$x.take(),)+
                    _ => None,
                }
            }
        }

        impl<$($f: Future),+> Gather for ($($f,)+) {
            type Output = ($($f::Output,)+);
            type Future = GatherTuple<$places<$($f),+>>;

            fn gather(self) -> Self::Future {
                GatherTuple { places: $places::new(self), cursor: 0 }
            }
        }

        impl<$($f,)+ $($t,)+ Error> TryGather for ($($f,)+)
        where
            $($f: Future<Output = Result<$t, Error>>,)+
        {
            type Output = Result<($($t,)+), Error>;
            type Future = TryGatherTuple<$places<$($f),+>>;

            fn try_gather(self) -> Self::Future {
                TryGatherTuple { places: $places::new(self), cursor: 0 }
            }
        }

        impl<Item, $($f: Future<Output = Item>),+> Race for ($($f,)+) {
            type Output = Item;
            type Future = RaceTuple<$places<$($f),+>>;

            fn race(self) -> Self::Future {
                RaceTuple { places: $places::new(self) }
            }
        }
    )*};
}

tuples! {
    Places1: 0 a A TA;
    Places2: 0 a A TA, 1 b B TB;
    Places3: 0 a A TA, 1 b B TB, 2 c C TC;
    Places4: 0 a A TA, 1 b B TB, 2 c C TC, 3 d D TD;
    Places5: 0 a A TA, 1 b B TB, 2 c C TC, 3 d D TD, 4 e E TE;
    Places6: 0 a A TA, 1 b B TB, 2 c C TC, 3 d D TD, 4 e E TE, 5 f F TF;
    Places7: 0 a A TA, 1 b B TB, 2 c C TC, 3 d D TD, 4 e E TE, 5 f F TF, 6 g G TG;
    Places8: 0 a A TA, 1 b B TB, 2 c C TC, 3 d D TD, 4 e E TE, 5 f F TF, 6 g G TG, 7 h H TH;
    Places9: 0 a A TA, 1 b B TB, 2 c C TC, 3 d D TD, 4 e E TE, 5 f F TF, 6 g G TG, 7 h H TH, 8 i I TI;
    Places10: 0 a A TA, 1 b B TB, 2 c C TC, 3 d D TD, 4 e E TE, 5 f F TF, 6 g G TG, 7 h H TH, 8 i I TI, 9 j J TJ;
    Places11: 0 a A TA, 1 b B TB, 2 c C TC, 3 d D TD, 4 e E TE, 5 f F TF, 6 g G TG, 7 h H TH, 8 i I TI, 9 j J TJ, 10 k K TK;
    Places12: 0 a A TA, 1 b B TB, 2 c C TC, 3 d D TD, 4 e E TE, 5 f F TF, 6 g G TG, 7 h H TH, 8 i I TI, 9 j J TJ, 10 k K TK, 11 l L TL;
}
