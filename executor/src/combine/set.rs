//! Sets of futures that are polled together, and what combinators do with the
//! outputs.
//!
//! **Invariant:** a member is polled at most once per round, and never after it
//! has completed. What a combinator keeps of an output stays in the member's
//! slot until all members have completed.
//!
//! Contains the set of a tuple; that of a `Vec` or an array is in `list`. Used by
//! the combinators.

use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use pin_project::pin_project;

use crate::base::hooks::{CHILD, Hooks};
use crate::event_loop::runtime::Runtime;

/// A combinator, as a type parameter of its set.
pub trait Combinator {
    /// Whether woken members are polled in the order of their indices instead
    /// of their wakes.
    const BY_INDEX: bool = false;
    /// Whether members are polled in an order drawn from the loop's seed.
    const SHUFFLED: bool = false;
}

/// What a combinator does with an output of type `T`.
pub trait Receive<T>: Combinator {
    /// What it keeps until all members have completed.
    type Kept;
    /// What ends the combinator at once.
    type Stop;
    /// Keeps the output, or stops with it.
    fn receive(output: T) -> ControlFlow<Self::Stop, Self::Kept>;
}

/// What a combinator keeps of the output of a future.
pub(super) type Kept<C, F> = <C as Receive<<F as Future>::Output>>::Kept;

/// What combinators take: a tuple, an array or a `Vec` of futures.
pub trait IntoSet<C> {
    /// The futures, ready to be polled together.
    type Set: FutureSet<Self::Collection, Stop = Self::Stop>;
    /// What ends the combinator at once.
    type Stop;
    /// What the combinator keeps of all members, in the caller's collection.
    type Collection;
    /// Makes the set.
    fn into_set(self) -> Self::Set;
}

/// See the [module](self).
pub trait FutureSet<Collection> {
    /// What ends the combinator at once.
    type Stop;

    /// Returns how many members there are.
    fn len(&self) -> usize;

    /// Polls the members that may make progress, in the order given, which has
    /// all indices, or in their own.
    fn poll_members(
        self: Pin<&mut Self>,
        order: Option<Vec<usize>>,
        round: &mut Round<'_>,
        cx: &mut Context<'_>,
    ) -> ControlFlow<RoundEnd<Self::Stop>>;

    /// Takes what was kept, once all members have completed.
    fn take_all(self: Pin<&mut Self>) -> Collection;
}

/// Why a round ended early.
pub enum RoundEnd<Stop> {
    /// The budget of the task is exhausted; the next round begins with the
    /// member with this index.
    BudgetExhausted(usize),
    /// The output of the member with this index ends the combinator.
    Stopped(usize, Stop),
}

/// The progress of a combinator.
#[pin_project]
pub(super) struct Combined<C, S, Collection> {
    /// `None` once the result was given.
    #[pin]
    pub(super) set: Option<S>,
    /// How many members have not completed.
    pub(super) alive: usize,
    /// Where the next round starts: the member for which the budget of the last
    /// one did not suffice.
    cursor: usize,
    types: PhantomData<fn() -> (C, Collection)>,
}

impl<C: Combinator, S: FutureSet<Collection>, Collection> Combined<C, S, Collection> {
    pub(super) fn new(set: S) -> Self {
        Combined {
            alive: set.len(),
            set: Some(set),
            cursor: 0,
            types: PhantomData,
        }
    }

    /// Polls a round. Gives the output that ends the combinator, or what it kept
    /// of all members, after dropping the futures.
    #[inline]
    pub(super) fn poll(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        polled_again: &str,
    ) -> Poll<ControlFlow<(usize, S::Stop), Collection>> {
        let mut this = self.project();
        let mut set = this.set.as_mut().as_pin_mut().expect(polled_again);
        let begin = std::mem::take(this.cursor);
        let mut round = Round::begin(this.alive);
        if set.len() == 0 {
            ready!(round.poll_budget(cx));
        }
        let runtime = round.runtime.as_ref().filter(|_| C::SHUFFLED);
        let seeded = runtime.filter(|runtime| runtime.settings.seed.is_some());
        let order = (begin > 0 || seeded.is_some()).then(|| {
            let mut order: Vec<_> = (begin..set.len()).chain(0..begin).collect();
            if let Some(runtime) = seeded {
                runtime.rng.shuffle(&mut order);
            }
            order
        });
        let result = match set.as_mut().poll_members(order, &mut round, cx) {
            ControlFlow::Continue(()) if *round.alive > 0 => return Poll::Pending,
            ControlFlow::Continue(()) => ControlFlow::Continue(set.take_all()),
            ControlFlow::Break(RoundEnd::BudgetExhausted(index)) => {
                *this.cursor = index;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            ControlFlow::Break(RoundEnd::Stopped(index, output)) => {
                ControlFlow::Break((index, output))
            }
        };
        round.consume_budget();
        this.set.set(None);
        Poll::Ready(result)
    }
}

/// A future, then what was kept of its output.
#[pin_project(project = SlotProjection, project_replace = SlotOwned)]
pub(crate) enum Slot<F: Future, C: Receive<F::Output>> {
    /// The future has not completed.
    Running(#[pin] F),
    /// The future has completed; what was kept was not taken yet.
    Done(Kept<C, F>),
    /// There was no future, or it was dropped and its output taken.
    Empty,
}

impl<F: Future, C: Receive<F::Output>> Slot<F, C> {
    #[inline]
    pub(super) fn take(self: Pin<&mut Self>) -> Kept<C, F> {
        match self.project_replace(Slot::Empty) {
            SlotOwned::Done(kept) => kept,
            _ => unreachable!("all members have completed"),
        }
    }
}

/// One round of polls. Outside of a loop it has no hooks and no budget.
pub struct Round<'a> {
    pub(super) runtime: Option<Rc<Runtime>>,
    /// How much of the budget was consumed when the round began.
    consumed: u32,
    /// Whether a hook wants to know of the members.
    has_hooks: bool,
    /// How many members have not completed.
    pub(super) alive: &'a mut usize,
}

impl<'a> Round<'a> {
    #[inline]
    pub(super) fn begin(alive: &'a mut usize) -> Self {
        let runtime = Runtime::current();
        let wants = |runtime: &Rc<Runtime>| runtime.hooks.wants(CHILD);
        Round {
            consumed: runtime.as_ref().map_or(0, |it| it.poll.consumed.get()),
            has_hooks: runtime.as_ref().is_some_and(wants),
            runtime,
            alive,
        }
    }

    /// Calls [`Runtime::poll_budget`]; a set without members has none to do so.
    fn poll_budget(&self, cx: &Context<'_>) -> Poll<()> {
        let runtime = self.runtime.as_ref();
        runtime.map_or(Poll::Ready(()), |it| it.poll_budget(cx))
    }

    /// Takes one from the budget for a combinator that completes, unless its
    /// members have.
    #[inline]
    fn consume_budget(&self) {
        if let Some(runtime) = &self.runtime {
            runtime.poll.consume_budget_since(self.consumed);
        }
    }

    #[inline]
    fn hooks(&self) -> Option<&Hooks> {
        let runtime = self.runtime.as_deref().filter(|_| self.has_hooks);
        runtime.map(|runtime| &runtime.hooks)
    }

    /// Calls `poll` with the future in a slot, unless it has completed.
    #[inline]
    pub(super) fn poll<F: Future, C: Receive<F::Output>>(
        &mut self,
        index: usize,
        mut slot: Pin<&mut Slot<F, C>>,
        poll: impl FnOnce(Pin<&mut F>) -> Poll<F::Output>,
    ) -> ControlFlow<RoundEnd<C::Stop>> {
        let SlotProjection::Running(future) = slot.as_mut().project() else {
            return ControlFlow::Continue(());
        };
        let runtime = self.runtime.as_deref();
        if runtime.is_some_and(|runtime| runtime.poll.is_budget_exhausted()) {
            return ControlFlow::Break(RoundEnd::BudgetExhausted(index));
        }
        if let Some(hooks) = self.hooks() {
            hooks.emit(CHILD, move |hook| hook.child_poll(index));
        }
        let Poll::Ready(output) = poll(future) else {
            return ControlFlow::Continue(());
        };
        if let Some(hooks) = self.hooks() {
            hooks.emit(CHILD, move |hook| hook.child_done(index));
        }
        *self.alive -= 1;
        slot.set(Slot::Empty); // the future is dropped before its output is used
        match C::receive(output) {
            ControlFlow::Continue(kept) => slot.set(Slot::Done(kept)),
            ControlFlow::Break(stop) => {
                return ControlFlow::Break(RoundEnd::Stopped(index, stop));
            }
        }
        ControlFlow::Continue(())
    }
}

/// Implements the set of a tuple, for one length. The members are fields, because
/// each has a type of its own; nothing is allocated.
macro_rules! tuple {
    ($set:ident, $len:literal: $($n:literal $f:ident $x:ident),+) => {
        /// The futures of a tuple of this length.
        #[pin_project]
        pub struct $set<C, $($f: Future),+>
        where
            $(C: Receive<$f::Output>,)+
        {
            $(#[pin] $x: Slot<$f, C>,)+
        }

        impl<C, Stop, $($f: Future),+> FutureSet<($(Kept<C, $f>,)+)> for $set<C, $($f),+>
        where
            $(C: Receive<$f::Output, Stop = Stop>,)+
        {
            type Stop = Stop;

            fn len(&self) -> usize {
                $len
            }

            #[inline]
            fn poll_members(
                self: Pin<&mut Self>,
                order: Option<Vec<usize>>,
                round: &mut Round<'_>,
                cx: &mut Context<'_>,
            ) -> ControlFlow<RoundEnd<Stop>> {
                let mut this = self.project();
                let Some(order) = order else {
                    $(round.poll($n, this.$x.as_mut(), |future| future.poll(cx))?;)+
                    return ControlFlow::Continue(());
                };
                for index in order {
                    match index {
                        $($n => round.poll(index, this.$x.as_mut(), |future| future.poll(cx))?,)+
                        _ => unreachable!("an index is less than the length"),
                    }
                }
                ControlFlow::Continue(())
            }

            #[inline]
            fn take_all(self: Pin<&mut Self>) -> ($(Kept<C, $f>,)+) {
                let this = self.project();
                ($(this.$x.take(),)+)
            }
        }

        impl<C, Stop, $($f: Future),+> IntoSet<C> for ($($f,)+)
        where
            $(C: Receive<$f::Output, Stop = Stop>,)+
        {
            type Set = $set<C, $($f),+>;
            type Stop = Stop;
            type Collection = ($(Kept<C, $f>,)+);

            fn into_set(self) -> Self::Set {
                let ($($x,)+) = self;
                $set { $($x: Slot::Running($x),)+ }
            }
        }
    };
}

tuple!(Tuple1, 1: 0 A a);
tuple!(Tuple2, 2: 0 A a, 1 B b);
tuple!(Tuple3, 3: 0 A a, 1 B b, 2 D d);
tuple!(Tuple4, 4: 0 A a, 1 B b, 2 D d, 3 E e);
tuple!(Tuple5, 5: 0 A a, 1 B b, 2 D d, 3 E e, 4 F f);
tuple!(Tuple6, 6: 0 A a, 1 B b, 2 D d, 3 E e, 4 F f, 5 G g);
tuple!(Tuple7, 7: 0 A a, 1 B b, 2 D d, 3 E e, 4 F f, 5 G g, 6 H h);
tuple!(Tuple8, 8: 0 A a, 1 B b, 2 D d, 3 E e, 4 F f, 5 G g, 6 H h, 7 I i);
tuple!(Tuple9, 9: 0 A a, 1 B b, 2 D d, 3 E e, 4 F f, 5 G g, 6 H h, 7 I i, 8 J j);
tuple!(Tuple10, 10: 0 A a, 1 B b, 2 D d, 3 E e, 4 F f, 5 G g, 6 H h, 7 I i, 8 J j, 9 K k);
tuple!(Tuple11, 11: 0 A a, 1 B b, 2 D d, 3 E e, 4 F f, 5 G g, 6 H h, 7 I i, 8 J j, 9 K k, 10 L l);
tuple!(Tuple12, 12: 0 A a, 1 B b, 2 D d, 3 E e, 4 F f, 5 G g, 6 H h, 7 I i, 8 J j, 9 K k, 10 L l, 11 M m);
