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

use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pin_project::pin_project;

use super::set::{FutureSet, Round, Slot, Watch, shuffle};
use crate::base::sys::{Arc, AtomicBool, Mutex, Ordering, lock};
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
pub struct FutureList<F: Future> {
    /// Apart from the others, so that a small list is one allocation.
    first: Option<Pin<Box<Block<F>>>>,
    more: Vec<Pin<Box<Block<F>>>>,
    len: usize,
    /// How many have not completed.
    alive: usize,
    /// How many were polled at least once; the others wait for room.
    started: usize,
    /// How many may be started and not completed at once.
    limit: usize,
    /// The order of first polls; empty for that of the indices.
    order: Vec<usize>,
    /// Whether woken futures are polled in the order of their indices instead
    /// of their wakes.
    by_index: bool,
    /// In a small list: where the next round starts.
    cursor: usize,
    /// In a large list: the wakers and the woken list.
    woken: Option<WokenMembers>,
}

impl<F: Future> FutureList<F> {
    pub(super) fn new(futures: impl IntoIterator<Item = F>) -> Self {
        let mut list = FutureList {
            first: None,
            more: Vec::new(),
            len: 0,
            alive: 0,
            started: 0,
            limit: usize::MAX,
            order: Vec::new(),
            by_index: false,
            cursor: 0,
            woken: None,
        };
        futures.into_iter().for_each(|future| list.push(future));
        if list.len > POLL_ALL {
            list.poll_woken_only();
        }
        list
    }

    fn push(&mut self, future: F) {
        if self.len % Block::<F>::LEN == 0 {
            let block = Box::pin(Block::empty());
            match self.first {
                None => self.first = Some(block),
                Some(_) => self.more.push(block),
            }
        }
        let index = self.len;
        self.len += 1;
        self.alive += 1;
        self.slot(index).set(Slot::Running(future));
    }

    /// Polls only woken futures, in the order of their wakes, however few there
    /// are.
    pub(super) fn poll_woken_only(&mut self) {
        self.woken = Some(WokenMembers::new());
    }

    /// Polls woken futures in the order of their indices.
    pub(super) fn poll_by_index(&mut self) {
        self.by_index = true;
    }

    /// Starts the futures in an order drawn from the loop's seed, if it has one.
    pub(super) fn shuffle(&mut self) {
        self.order = (0..self.len).collect();
        shuffle(&mut self.order);
    }

    /// Lets at most `limit` futures be started and not completed at once.
    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Returns how many futures have not completed.
    pub(super) fn alive(&self) -> usize {
        self.alive
    }

    #[inline]
    pub(super) fn slot(&mut self, index: usize) -> Pin<&mut Slot<F>> {
        let block = match index / Block::<F>::LEN {
            0 => self.first.as_mut(),
            n => self.more.get_mut(n - 1),
        };
        let block = block.expect("the index is below len");
        block.as_mut().at(index % Block::<F>::LEN)
    }

    /// Returns the next member to poll in this round; `step` counts from 0.
    #[inline]
    fn next(&mut self, step: &mut usize) -> Option<usize> {
        if let Some(woken) = self.woken.as_mut().and_then(WokenMembers::next) {
            return Some(woken);
        }
        let turn = match self.woken {
            Some(_) => self.started,
            None if *step == self.len => return None,
            // From the cursor to the end, then from the beginning.
            None if *step + self.cursor < self.len => *step + self.cursor,
            None => *step + self.cursor - self.len,
        };
        *step += 1;
        if turn == self.started {
            let running = self.started - (self.len - self.alive);
            if self.started == self.len || running >= self.limit {
                return None;
            }
            self.started += 1;
        }
        Some(self.order.get(turn).copied().unwrap_or(turn))
    }

    /// Makes the next round start with the member that this one did not poll.
    #[cold]
    fn put_back(&mut self, index: usize, step: usize) {
        match &mut self.woken {
            Some(woken) => woken.put_back(index),
            None => self.cursor = (self.cursor + step - 1) % self.len,
        }
    }
}

// The futures are boxed; nothing in here is pinned in place.
impl<F: Future> Unpin for FutureList<F> {}

impl<F: Future> FutureSet for FutureList<F> {
    type Outputs = Vec<F::Output>;

    #[inline]
    fn poll_round(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut completed: impl FnMut(Pin<&mut Self>, usize) -> ControlFlow<()>,
    ) -> Round {
        if self.alive == 0 {
            return Round::Finished;
        }
        let watch = Watch::begin();
        let this = &mut *self;
        if let Some(woken) = &mut this.woken {
            woken.start_round(cx.waker(), this.by_index);
        }
        let mut step = 0;
        while let Some(index) = self.next(&mut step) {
            if !self.slot(index).is_running() {
                continue; // a wake after it had completed
            }
            if watch.is_budget_exhausted() {
                self.put_back(index, step);
                cx.waker().wake_by_ref();
                return Round::Pending;
            }
            let polled = match self.woken.take() {
                None => self.slot(index).poll(index, cx, &watch),
                Some(mut woken) => {
                    let slot = self.slot(index);
                    let polled = woken.poll(index, |cx| slot.poll(index, cx, &watch));
                    self.woken = Some(woken);
                    polled
                }
            };
            if polled.is_ready() {
                self.alive -= 1;
                if completed(self.as_mut(), index).is_break() {
                    return Round::Stopped;
                }
            }
        }
        self.cursor = 0;
        match self.alive {
            0 => Round::Finished,
            _ => Round::Pending,
        }
    }

    fn take_all(mut self: Pin<&mut Self>) -> Option<Self::Outputs> {
        if self.first.is_none() && self.len > 0 {
            return None; // cleared
        }
        (0..self.len).map(|index| self.slot(index).take()).collect()
    }

    fn clear(mut self: Pin<&mut Self>) {
        self.first = None;
        self.more.clear();
        self.alive = 0;
    }
}

/// Sixteen slots in one allocation.
///
/// Safe Rust cannot pin the elements of a slice one by one, but it can pin the
/// fields of a struct; a box for each future would be an allocation for each.
type Block<F> = Pair<Pair<Pair<Pair<Slot<F>>>>>;

#[pin_project]
struct Pair<T> {
    #[pin]
    left: T,
    #[pin]
    right: T,
}

/// Slots with an index.
trait Slots<F: Future> {
    const LEN: usize;
    fn empty() -> Self;
    fn at(self: Pin<&mut Self>, index: usize) -> Pin<&mut Slot<F>>;
}

impl<F: Future> Slots<F> for Slot<F> {
    const LEN: usize = 1;

    fn empty() -> Self {
        Slot::Empty
    }

    #[inline]
    fn at(self: Pin<&mut Self>, _: usize) -> Pin<&mut Slot<F>> {
        self
    }
}

impl<F: Future, T: Slots<F>> Slots<F> for Pair<T> {
    const LEN: usize = 2 * T::LEN;

    fn empty() -> Self {
        Pair {
            left: T::empty(),
            right: T::empty(),
        }
    }

    #[inline]
    fn at(self: Pin<&mut Self>, index: usize) -> Pin<&mut Slot<F>> {
        let this = self.project();
        match index < T::LEN {
            true => this.left.at(index),
            false => this.right.at(index - T::LEN),
        }
    }
}

/// The members of a large list: a waker for each that keeps one, and the
/// members that were woken.
struct WokenMembers {
    list: Arc<WokenList>,
    /// For members without a waker of their own; see `event_loop::waker`.
    spare: OwnedWaker<WokenList>,
    own: Vec<Option<OwnedWaker<WokenList>>>,
    /// The members to poll in this round, and how many were.
    round: Vec<u32>,
    polled: usize,
}

/// The woken members, and the waker of the task.
struct WokenList(Mutex<Woken>);

#[derive(Default)]
struct Woken {
    members: Vec<u32>,
    /// `None` once woken.
    waiter: Option<Waker>,
}

impl WakeTarget for WokenList {
    fn wake(this: &Arc<Self>, key: u64, notified: &AtomicBool) {
        if notified.swap(true, Ordering::AcqRel) {
            return;
        }
        let waiter = {
            let mut woken = lock(&this.0);
            woken.members.push(key as u32);
            woken.waiter.take()
        };
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}

impl WokenMembers {
    fn new() -> Self {
        let list = Arc::new(WokenList(Mutex::default()));
        WokenMembers {
            spare: OwnedWaker::unbound(&list),
            list,
            own: Vec::new(),
            round: Vec::new(),
            polled: 0,
        }
    }

    /// Moves the woken members to the round, behind what the last one left, and
    /// registers `waiter` for the next wake.
    fn start_round(&mut self, waiter: &Waker, by_index: bool) {
        self.round.drain(..self.polled);
        self.polled = 0;
        let displaced = {
            let mut woken = lock(&self.list.0);
            if self.round.is_empty() {
                std::mem::swap(&mut self.round, &mut woken.members);
            } else {
                self.round.append(&mut woken.members);
            }
            woken.waiter.replace(waiter.clone())
        };
        drop(displaced);
        if by_index {
            self.round.sort_unstable();
        }
    }

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let index = *self.round.get(self.polled)?;
        self.polled += 1;
        Some(index as usize)
    }

    fn put_back(&mut self, index: usize) {
        self.round.insert(self.polled, index as u32);
    }

    /// Polls with the member's own waker, or with the spare one, which becomes
    /// the member's own if the poll keeps a clone.
    #[inline]
    fn poll(&mut self, index: usize, poll: impl FnOnce(&mut Context<'_>) -> Poll<()>) -> Poll<()> {
        let own = self.own.get(index).and_then(Option::as_ref);
        let waker = poll_waker(own, &self.spare, index as u64);
        let polled = poll(&mut Context::from_waker(waker.waker()));
        if own.is_none() {
            if let Some(kept) = self.spare.replace_if_cloned() {
                self.keep(index, kept);
            }
        }
        polled
    }

    fn keep(&mut self, index: usize, waker: OwnedWaker<WokenList>) {
        if self.own.len() <= index {
            self.own.resize_with(index + 1, || None);
        }
        self.own[index] = Some(waker);
    }
}
