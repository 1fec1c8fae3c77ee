//! The futures of a `Vec` or an array, polled together.
//!
//! A small list polls all its futures in each round, with the task's own waker.
//! A large one gives each future a waker that records *which* was woken, and
//! polls only those: a thousand sleeping futures cost a thousand polls in all,
//! not a million.
//!
//! **Invariant:** a future stays where it was put until it has completed or is
//! dropped; and a woken member is in the woken list at most once.
//!
//! Used by `gather`, `try_gather`, `race` and `as_completed`.

use std::cmp::Reverse;
use std::iter;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::TryLockError;
use std::task::{Context, Poll, Waker};

use pin_project::pin_project;

use super::set::{FutureSet, IntoSet, Kept, Receive, Round, RoundEnd, Slot};
use crate::base::sys::{Arc, AtomicBool, Mutex, Ordering, Weak, lock};
use crate::base::waiter::Waiter;
use crate::event_loop::runtime::{Runtime, WakerSet};
use crate::event_loop::waker::{OwnedWaker, WakeTarget, poll_waker};

#[cfg(all(test, executor_loom))]
mod model;
#[cfg(test)]
mod tests;

/// Up to this many futures are all polled in each round: a waker of its own is
/// an allocation for a future that keeps it, a needless poll of a sleeping one
/// is a few loads. The crossover has not been measured; the number is close to
/// that of futures' `join_all`, which changes its method above 30.
const POLL_ALL: usize = 32;

/// Several futures of one type.
pub struct FutureList<F: Future, C: Receive<F::Output>> {
    slots: Blocks<Slot<F, C>>,
    len: usize,
    /// Set if only woken futures are polled, as in a large list.
    pub(super) woken: Option<WokenMembers>,
}

impl<F: Future, C: Receive<F::Output>> FutureList<F, C> {
    pub(super) fn new(futures: impl ExactSizeIterator<Item = F>) -> Self {
        let len = futures.len();
        let mut slots = futures.map(Slot::Running);
        let mut slot = || slots.next().unwrap_or(Slot::Empty);
        let mut block = || Box::pin(Four::fill(|| Four::fill(&mut slot)));
        FutureList {
            slots: Blocks {
                first: block(),
                more: (BLOCK..len).step_by(BLOCK).map(|_| block()).collect(),
            },
            len,
            woken: (len > POLL_ALL).then(|| WokenMembers::new(len)),
        }
    }

    /// Lets at most `limit` futures be started and not completed at once, which
    /// needs to know the woken ones. A limit that cannot be reached is none.
    pub(super) fn set_limit(&mut self, limit: usize) {
        if limit < self.len {
            let woken = || WokenMembers::new(self.len);
            self.woken.get_or_insert_with(woken).limit = limit;
        }
    }

    /// Polls the rest of the woken futures, then starts as many as the limit
    /// allows.
    pub(super) fn poll_woken(&mut self, round: &mut Round<'_>) -> ControlFlow<RoundEnd<C::Stop>> {
        let Some(woken) = &mut self.woken else {
            return ControlFlow::Continue(());
        };
        let list = Arc::clone(&woken.list);
        let own = &mut lock(&list.own);
        while let Some(index) = woken.next(*round.alive) {
            let polled = round.poll(index, self.slots.at(index), |future| {
                woken.poll(own, index, |cx| future.poll(cx))
            });
            if let ControlFlow::Break(RoundEnd::BudgetExhausted(_)) = polled {
                woken.round.push(index as u32);
                return ControlFlow::Break(RoundEnd::BudgetExhausted(0));
            }
            polled?;
        }
        ControlFlow::Continue(())
    }
}

impl<F, C, Collection> FutureSet<Collection> for FutureList<F, C>
where
    F: Future,
    C: Receive<F::Output>,
    Collection: TryFrom<Vec<Kept<C, F>>>,
{
    type Stop = C::Stop;

    fn len(&self) -> usize {
        self.len
    }

    #[inline]
    fn poll_members(
        self: Pin<&mut Self>,
        order: Option<Vec<usize>>,
        round: &mut Round<'_>,
        cx: &mut Context<'_>,
    ) -> ControlFlow<RoundEnd<C::Stop>> {
        let this = self.get_mut();
        let len = this.len;
        if let Some(woken) = &mut this.woken {
            woken.register(round.runtime.as_deref());
            woken.start_round(cx.waker(), C::BY_INDEX);
            if let Some(order) = order.filter(|_| woken.unstarted.len() == len) {
                woken.unstarted = order.iter().rev().map(|&index| index as u32).collect();
            }
            return this.poll_woken(round);
        }
        let mut poll =
            |index, slot: Pin<&mut Slot<F, C>>| round.poll(index, slot, |future| future.poll(cx));
        if let Some(order) = order {
            let mut order = order.into_iter();
            return order.try_for_each(|index| poll(index, this.slots.at(index)));
        }
        this.slots.try_for_each(poll)
    }

    fn take_all(mut self: Pin<&mut Self>) -> Collection {
        let len = self.len;
        let mut all = Vec::with_capacity(len);
        let _ = self.slots.try_for_each(|index, slot| {
            if index == len {
                return ControlFlow::Break(());
            }
            all.push(slot.take());
            ControlFlow::Continue(())
        });
        let all = all.try_into();
        all.unwrap_or_else(|_| unreachable!("as many as futures"))
    }
}

impl<F: Future, C: Receive<F::Output>> IntoSet<C> for Vec<F> {
    type Set = FutureList<F, C>;
    type Stop = C::Stop;
    type Collection = Vec<Kept<C, F>>;

    fn into_set(self) -> Self::Set {
        FutureList::new(self.into_iter())
    }
}

impl<F: Future, C: Receive<F::Output>, const N: usize> IntoSet<C> for [F; N] {
    type Set = FutureList<F, C>;
    type Stop = C::Stop;
    type Collection = [Kept<C, F>; N];

    fn into_set(self) -> Self::Set {
        FutureList::new(self.into_iter())
    }
}

/// Sixteen slots in one allocation.
///
/// Safe Rust cannot pin the elements of a slice one by one, but it can pin the
/// fields of a struct; a box for each future would be an allocation for each.
/// Two levels of four fields: with four levels of two, a gather of 1,000 that
/// yield three times took 645 instructions a child, not 608 (callgrind).
type Block<S> = Four<Four<S>>;

const BLOCK: usize = 16;

struct Blocks<S> {
    /// Apart from the others, so that a small list is one allocation: 14
    /// instructions less a child in a gather of ten that are ready (callgrind).
    first: Pin<Box<Block<S>>>,
    more: Vec<Pin<Box<Block<S>>>>,
}

impl<S> Blocks<S> {
    #[inline]
    fn at(&mut self, index: usize) -> Pin<&mut S> {
        let block = match index / BLOCK {
            0 => &mut self.first,
            n => &mut self.more[n - 1],
        };
        block.as_mut().at(index / 4).at(index)
    }

    /// Visits the slots in order, with a third of the instructions of
    /// [`at`](Self::at), until `visit` gives a `B`.
    #[inline]
    fn try_for_each<B>(
        &mut self,
        mut visit: impl FnMut(usize, Pin<&mut S>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let mut index = 0;
        for block in iter::once(&mut self.first).chain(&mut self.more) {
            for four in block.as_mut().each() {
                for slot in four.each() {
                    visit(index, slot)?;
                    index += 1;
                }
            }
        }
        ControlFlow::Continue(())
    }
}

#[pin_project]
struct Four<T> {
    #[pin]
    a: T,
    #[pin]
    b: T,
    #[pin]
    c: T,
    #[pin]
    d: T,
}

impl<T> Four<T> {
    #[inline]
    fn fill(mut next: impl FnMut() -> T) -> Self {
        let (a, b, c, d) = (next(), next(), next(), next());
        Four { a, b, c, d }
    }

    #[inline]
    fn each(self: Pin<&mut Self>) -> [Pin<&mut T>; 4] {
        let this = self.project();
        [this.a, this.b, this.c, this.d]
    }

    /// Returns the field at `index` modulo 4.
    #[inline]
    fn at(self: Pin<&mut Self>, index: usize) -> Pin<&mut T> {
        let this = self.project();
        match index % 4 {
            0 => this.a,
            1 => this.b,
            2 => this.c,
            _ => this.d,
        }
    }
}

/// The members of a large list that were woken, and how they are polled.
pub(super) struct WokenMembers {
    list: Arc<WokenList>,
    /// The id of the loop that last registered the list.
    registered_in: u64,
    /// For members without a waker of their own; see `event_loop::waker`.
    spare: OwnedWaker<WokenList>,
    /// The members to poll in this round; the next one is the last.
    round: Vec<u32>,
    /// The members that were never polled; they wait for room. The next one is
    /// the last.
    unstarted: Vec<u32>,
    /// How many may be started and not completed at once.
    limit: usize,
}

/// What the wakers of members share, and those wakers.
#[derive(Default)]
struct WokenList {
    woken: Mutex<Woken>,
    /// By member that keeps one. Locked while members are polled.
    own: Mutex<OwnWakers>,
}

type OwnWakers = Vec<Option<OwnedWaker<WokenList>>>;

/// The woken members, and the waker of the task.
#[derive(Default)]
struct Woken {
    members: Vec<u32>,
    /// Empty once woken.
    waiter: Waiter,
}

impl WakeTarget for WokenList {
    fn wake(this: &Arc<Self>, key: u64, notified: &AtomicBool) {
        if notified.swap(true, Ordering::AcqRel) {
            return;
        }
        let waiter = {
            let mut woken = lock(&this.woken);
            woken.members.push(key as u32);
            woken.waiter.take()
        };
        waiter.wake_waker();
    }
}

impl WakerSet for WokenList {
    fn waiter(&self) -> Option<*const ()> {
        lock(&self.woken).waiter.waker.as_ref().map(Waker::data)
    }

    fn any_waker(&self, f: &mut dyn FnMut(*const (), usize) -> bool) -> bool {
        let own = match self.own.try_lock() {
            Ok(own) => own,
            Err(TryLockError::Poisoned(own)) => own.into_inner(),
            // Members are being polled, so their task is not waiting.
            Err(TryLockError::WouldBlock) => return false,
        };
        let mut own = own.iter().flatten();
        own.any(|waker| f(waker.waker().data(), waker.clones()))
    }
}

impl WokenMembers {
    /// Of a list of `len` futures.
    pub(super) fn new(len: usize) -> Self {
        let list = Arc::<WokenList>::default();
        WokenMembers {
            spare: OwnedWaker::unbound(&list),
            list,
            registered_in: 0,
            round: Vec::new(),
            unstarted: (0..len as u32).rev().collect(),
            limit: usize::MAX,
        }
    }

    /// Lets the loop count the clones of the wakers, to tell a stall.
    #[inline]
    fn register(&mut self, runtime: Option<&Runtime>) {
        let Some(runtime) = runtime else { return };
        let id = runtime.id();
        if self.registered_in != id {
            self.registered_in = id;
            let list: Weak<WokenList> = Arc::downgrade(&self.list);
            runtime.register_waker_set(list);
        }
    }

    /// Moves the woken members to the round, behind what the last one left, and
    /// registers `waiter` for the next wake.
    fn start_round(&mut self, waiter: &Waker, by_index: bool) {
        // First, because a foreign waker may run any code.
        let waiter = Waiter::foreign(waiter.clone());
        let displaced = {
            let mut woken = lock(&self.list.woken);
            woken.members.reverse();
            woken.members.append(&mut self.round);
            std::mem::swap(&mut woken.members, &mut self.round);
            std::mem::replace(&mut woken.waiter, waiter)
        };
        drop(displaced);
        if by_index {
            self.round.sort_unstable_by_key(|&index| Reverse(index));
        }
    }

    /// Returns the next member to poll: a woken one, or a new one if there is
    /// room for it. `alive` have not completed.
    #[inline]
    fn next(&mut self, alive: usize) -> Option<usize> {
        let has_room = alive - self.unstarted.len() < self.limit;
        let next = match self.round.pop() {
            None if has_room => self.unstarted.pop(),
            woken => woken,
        };
        next.map(|index| index as usize)
    }

    /// Polls with the member's own waker, or with the spare one, which becomes
    /// the member's own if the poll keeps a clone.
    #[inline]
    fn poll<T>(
        &mut self,
        all: &mut OwnWakers,
        index: usize,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let own = all.get(index).and_then(Option::as_ref);
        let waker = poll_waker(own, &self.spare, index as u64);
        let polled = poll(&mut Context::from_waker(waker.waker()));
        if own.is_none() {
            if let Some(kept) = self.spare.replace_if_cloned() {
                if all.len() <= index {
                    all.resize_with(index + 1, || None);
                }
                all[index] = Some(kept);
            }
        }
        polled
    }
}

/// A waker of a member that outlives the set wakes nothing. The members' own
/// wakers refer to the list that has them.
impl Drop for WokenMembers {
    fn drop(&mut self) {
        let own = std::mem::take(&mut *lock(&self.list.own));
        let waiter = lock(&self.list.woken).waiter.take();
        drop((own, waiter)); // a foreign waker may run any code: with nothing locked
    }
}
