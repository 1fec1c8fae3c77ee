//! The futures of a tuple, polled together, without an allocation.
//!
//! A tuple of up to twelve futures becomes a chain: each link holds one slot
//! and the rest of the chain. Traits implemented for a link and for the end
//! cover every length. **Invariant:** member `n` is the `n`th link.
//!
//! Used by `gather`, `try_gather` and `race`.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::pin_project;

use super::set::{FutureSet, Round, Slot, Watch, shuffle};

/// One future and the rest of the chain.
#[pin_project]
pub struct Link<F: Future, Rest> {
    #[pin]
    pub(super) slot: Slot<F>,
    #[pin]
    pub(super) rest: Rest,
}

/// The end of a chain.
pub struct End;

/// Futures of different types.
pub trait Chain {
    /// How many futures there are.
    const LEN: usize;
    /// The outputs, as nested pairs.
    type Outputs;
    /// Polls the `n`th future of this chain, whose index in the tuple is
    /// `index`, unless it has completed. `Ready` when it completes.
    #[doc(hidden)]
    fn poll_nth(self: Pin<&mut Self>, n: usize, poll: Poller<'_, '_, '_>) -> Poll<()>;
    /// Returns how many futures have not completed.
    fn running(&self) -> usize;
    /// Takes all outputs, once all futures have completed.
    fn take_all(self: Pin<&mut Self>) -> Option<Self::Outputs>;
    /// Drops all futures and outputs, in order.
    fn clear(self: Pin<&mut Self>);
}

/// What a poll of one member needs.
pub struct Poller<'a, 'b, 'w> {
    index: usize,
    cx: &'a mut Context<'b>,
    watch: &'w Watch,
}

impl Chain for End {
    const LEN: usize = 0;
    type Outputs = ();

    fn poll_nth(self: Pin<&mut Self>, _: usize, _: Poller<'_, '_, '_>) -> Poll<()> {
        Poll::Pending
    }

    fn running(&self) -> usize {
        0
    }

    fn take_all(self: Pin<&mut Self>) -> Option<()> {
        Some(())
    }

    fn clear(self: Pin<&mut Self>) {}
}

impl<F: Future, Rest: Chain> Chain for Link<F, Rest> {
    const LEN: usize = 1 + Rest::LEN;
    type Outputs = (F::Output, Rest::Outputs);

    #[inline]
    fn poll_nth(self: Pin<&mut Self>, n: usize, poll: Poller<'_, '_, '_>) -> Poll<()> {
        let this = self.project();
        match n {
            0 => this.slot.poll(poll.index, poll.cx, poll.watch),
            n => this.rest.poll_nth(n - 1, poll),
        }
    }

    #[inline]
    fn running(&self) -> usize {
        usize::from(self.slot.is_running()) + self.rest.running()
    }

    fn take_all(self: Pin<&mut Self>) -> Option<Self::Outputs> {
        let this = self.project();
        Some((this.slot.take()?, this.rest.take_all()?))
    }

    fn clear(self: Pin<&mut Self>) {
        let mut this = self.project();
        this.slot.set(Slot::Empty);
        this.rest.clear();
    }
}

/// A chain, and how to poll it.
#[pin_project]
pub struct Tuple<C> {
    #[pin]
    pub(super) chain: C,
    /// Where the next round starts: where the budget of the last one ended.
    cursor: usize,
    /// Whether each round polls in an order drawn from the loop's seed.
    shuffled: bool,
}

impl<C> Tuple<C> {
    pub(super) fn new(chain: C, shuffled: bool) -> Self {
        Tuple {
            chain,
            cursor: 0,
            shuffled,
        }
    }
}

impl<C: Chain> FutureSet for Tuple<C> {
    type Outputs = C::Outputs;

    #[inline]
    fn poll_round(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut completed: impl FnMut(Pin<&mut Self>, usize) -> ControlFlow<()>,
    ) -> Round {
        let watch = Watch::begin();
        let mut order = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
        let order = &mut order[..C::LEN];
        if self.shuffled {
            shuffle(order);
        }
        order.rotate_left(self.cursor);
        for (step, &index) in order.iter().enumerate() {
            if watch.is_budget_exhausted() {
                *self.project().cursor = step;
                cx.waker().wake_by_ref();
                return Round::Pending;
            }
            let poll = Poller {
                index,
                cx,
                watch: &watch,
            };
            let chain = self.as_mut().project().chain;
            if chain.poll_nth(index, poll).is_ready() && completed(self.as_mut(), index).is_break()
            {
                return Round::Stopped;
            }
        }
        *self.as_mut().project().cursor = 0;
        match self.chain.running() {
            0 => Round::Finished,
            _ => Round::Pending,
        }
    }

    fn take_all(self: Pin<&mut Self>) -> Option<Self::Outputs> {
        self.project().chain.take_all()
    }

    fn clear(self: Pin<&mut Self>) {
        self.project().chain.clear();
    }
}

/// The type of a chain of these futures.
macro_rules! ChainOf {
    () => { $crate::combine::tuple::End };
    ($first:ident $($rest:ident)*) => {
        $crate::combine::tuple::Link<$first, $crate::combine::tuple::ChainOf!($($rest)*)>
    };
}

/// A chain of these futures.
macro_rules! chain {
    () => { $crate::combine::tuple::End };
    ($first:ident $($rest:ident)*) => {
        $crate::combine::tuple::Link {
            slot: $crate::combine::set::Slot::Running($first),
            rest: $crate::combine::tuple::chain!($($rest)*),
        }
    };
}

/// The pattern of nested pairs.
macro_rules! nested {
    () => { () };
    ($first:ident $($rest:ident)*) => {
        ($first, $crate::combine::tuple::nested!($($rest)*))
    };
}

/// Invokes a macro with the names of each length of tuple: future, its
/// variable, the value of its `Result`.
macro_rules! each_tuple {
    ($implement:ident) => {
        $implement!(A a TA);
        $implement!(A a TA, B b TB);
        $implement!(A a TA, B b TB, C c TC);
        $implement!(A a TA, B b TB, C c TC, D d TD);
        $implement!(A a TA, B b TB, C c TC, D d TD, E e TE);
        $implement!(A a TA, B b TB, C c TC, D d TD, E e TE, F f TF);
        $implement!(A a TA, B b TB, C c TC, D d TD, E e TE, F f TF, G g TG);
        $implement!(A a TA, B b TB, C c TC, D d TD, E e TE, F f TF, G g TG, H h TH);
        $implement!(A a TA, B b TB, C c TC, D d TD, E e TE, F f TF, G g TG, H h TH, I i TI);
        $implement!(A a TA, B b TB, C c TC, D d TD, E e TE, F f TF, G g TG, H h TH, I i TI, J j TJ);
        $implement!(A a TA, B b TB, C c TC, D d TD, E e TE, F f TF, G g TG, H h TH, I i TI, J j TJ, K k TK);
        $implement!(A a TA, B b TB, C c TC, D d TD, E e TE, F f TF, G g TG, H h TH, I i TI, J j TJ, K k TK, L l TL);
    };
}

pub(crate) use {ChainOf, chain, each_tuple, nested};
