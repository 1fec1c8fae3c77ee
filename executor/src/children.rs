//! Many futures under one waiter.
//!
//! The set behind `gather`, `race` and `as_completed` of a `Vec` or an array:
//! it polls the futures it holds and hands out what they return, with the
//! index of each. **Invariant:** a future is polled at most once per round,
//! and never after it returned.
//!
//! A small set polls all its futures in each round, with the waiter's own
//! waker. A large one gives each future a waker of its own that notes *who*
//! was woken, and polls only those: a thousand sleeping futures cost a
//! thousand polls in all, not a million.
//!
//! Used by `combine`; knows nothing of the loop.

mod block;
#[cfg(test)]
mod tests;
mod wakers;

use std::pin::Pin;
use std::task::Context;

use block::{BLOCK, Block, Place, PlaceOwned, poll_place};
use wakers::OwnWakers;

/// Up to this many futures are all polled in each round: an own waker is an
/// allocation for a child that keeps it, a needless poll of a sleeping future
/// is a few loads. Where the two meet has not been measured; the number is
/// about that of futures' `join_all`, which changes its ways above 30.
pub(crate) const POLL_ALL: usize = 32;

/// A set of futures of one type.
pub(crate) struct Children<F: Future> {
    /// The first block is apart, so that a small set is one allocation.
    first: Option<Pin<Box<Block<F>>>>,
    more: Vec<Pin<Box<Block<F>>>>,
    /// How many there were at the start.
    len: usize,
    /// How many have not returned yet.
    alive: usize,
    /// How many have been polled at least once; the others wait for room.
    started: usize,
    /// How many may be started and unfinished at once.
    limit: usize,
    /// Are those woken since the last round polled in the order of their
    /// indices, and not of their wakes?
    by_index: bool,
    wakers: Wakers,
}

/// How the set learns whom to poll.
enum Wakers {
    /// It does not: it polls them all, beginning here.
    All { cursor: usize },
    /// Each future has a waker of its own.
    Own(OwnWakers),
}

/// Who looks on while a set is polled: the loop, behind a combinator.
pub(crate) trait Watcher {
    /// Is nobody to be told of the single futures?
    fn is_quiet(&self) -> bool;
    /// Has the task done enough for one poll?
    fn is_spent(&self) -> bool;
    /// The nth future is about to be polled.
    fn polls(&self, index: usize);
    /// The nth future has returned.
    fn done(&self, index: usize);
}

/// What becomes of an output.
pub(crate) enum Verdict<T> {
    /// The caller has it.
    Taken,
    /// It waits in its future's place for [`Children::take_kept`].
    Keep(T),
    /// The caller has it and wants no more.
    Stop,
}

/// How a round ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Round {
    /// Every future has returned.
    Finished,
    /// Some have not; the waiter will be woken.
    Pending,
    /// The caller wanted no more.
    Stopped,
}

impl<F: Future> Children<F> {
    pub(crate) fn new(futures: impl IntoIterator<Item = F>) -> Self {
        Self::with_poll_all(POLL_ALL, futures)
    }

    /// A set whose futures are polled in the order of their wakes, however few
    /// they are.
    pub(crate) fn in_order_of_wakes(futures: impl IntoIterator<Item = F>) -> Self {
        Self::with_poll_all(0, futures)
    }

    fn with_poll_all(poll_all: usize, futures: impl IntoIterator<Item = F>) -> Self {
        let mut children = Children {
            first: None,
            more: Vec::new(),
            len: 0,
            alive: 0,
            started: 0,
            limit: usize::MAX,
            by_index: false,
            wakers: Wakers::All { cursor: 0 },
        };
        let mut futures = futures.into_iter().fuse();
        while let Some(first) = futures.next() {
            children.push_block(first, &mut futures);
        }
        children.alive = children.len;
        if children.len > poll_all {
            children.wakers = Wakers::Own(OwnWakers::new());
        }
        children
    }

    /// Fills a new block with a future and as many more as there is room for.
    fn push_block(&mut self, first: F, others: &mut impl Iterator<Item = F>) {
        let mut block = Box::pin(Block::empty());
        let mut next = Some(first);
        block.as_mut().for_each(|index, mut place| {
            if let Some(future) = next.take() {
                place.set(Place::Full(future));
                self.len += 1;
                next = (index + 1 < BLOCK).then(|| others.next()).flatten();
            }
        });
        match self.first {
            None => self.first = Some(block),
            Some(_) => self.more.push(block),
        }
    }

    /// Lets at most `limit` futures be started and unfinished at once.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Polls those that were woken in the order of their indices.
    pub(crate) fn poll_by_index(&mut self) {
        self.by_index = true;
    }

    /// How many futures there were at the start.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many have not returned.
    pub(crate) fn alive(&self) -> usize {
        self.alive
    }

    /// Drops all futures, in their order.
    pub(crate) fn clear(&mut self) {
        self.first = None;
        self.more.clear();
        self.alive = 0;
        self.started = self.len;
    }

    /// Moves the outputs that were kept to `outputs`, in the order of the
    /// futures.
    pub(crate) fn take_kept(&mut self, outputs: &mut Vec<F::Output>) {
        for block in self.first.iter_mut().chain(&mut self.more) {
            block.as_mut().for_each(|_, place| {
                if let PlaceOwned::Done(output) = place.project_replace(Place::Empty) {
                    outputs.push(output);
                }
            });
        }
    }

    /// Polls those that were woken, then starts those there is room for, and
    /// gives what returns to `each`.
    ///
    /// Ends early when `each` wants no more, or when the [`Watcher`] says that
    /// the task has done enough for one poll; the rest have their turn in the
    /// next round, which begins where this one ended.
    #[inline]
    pub(crate) fn poll_round(
        &mut self,
        cx: &mut Context<'_>,
        watcher: &impl Watcher,
        each: impl FnMut(usize, F::Output) -> Verdict<F::Output>,
    ) -> Round {
        let end = match self.wakers {
            Wakers::All { cursor: 0 } if self.limit >= self.len && watcher.is_quiet() => {
                self.poll_all(cx, watcher, each)
            }
            Wakers::All { cursor } => self.poll_from(cursor, cx, watcher, each),
            Wakers::Own(_) if watcher.is_quiet() => self.poll_woken::<false>(cx, watcher, each),
            Wakers::Own(_) => self.poll_woken::<true>(cx, watcher, each),
        };
        match end {
            Some(Round::Stopped) => Round::Stopped,
            Some(end) => {
                cx.waker().wake_by_ref(); // spent: go on in another turn
                end
            }
            None if self.alive == 0 => Round::Finished,
            None => Round::Pending,
        }
    }

    /// The usual round of a small set: every future that has not returned.
    /// `None` if it came to its end.
    ///
    /// [`poll_from`](Self::poll_from) could do this as well, but has to look at
    /// limit, cursor and listener for each future. The listener alone made 105
    /// instructions a child out of 99 in a gather of ten that are ready
    /// (callgrind).
    #[inline]
    fn poll_all(
        &mut self,
        cx: &mut Context<'_>,
        watcher: &impl Watcher,
        mut each: impl FnMut(usize, F::Output) -> Verdict<F::Output>,
    ) -> Option<Round> {
        self.started = self.len;
        let alive = &mut self.alive;
        let mut end = None;
        let mut base = 0;
        for block in self.first.iter_mut().chain(&mut self.more) {
            block.as_mut().for_each(|index, place| {
                if end.is_some() || !matches!(*place, Place::Full(_)) {
                    return;
                }
                let index = base + index;
                if watcher.is_spent() {
                    self.wakers = Wakers::All { cursor: index };
                    end = Some(Round::Pending);
                    return;
                }
                let poll = |future: Pin<&mut F>| future.poll(cx);
                if poll_place(place, alive, poll, |output| each(index, output)) {
                    end = Some(Round::Stopped);
                }
            });
            base += BLOCK;
        }
        end
    }

    /// A round of a small set that begins at a cursor, has a limit or is told
    /// to somebody: every future that has not returned, and new ones as there
    /// is room. `None` if it came to its end.
    #[inline(never)]
    fn poll_from(
        &mut self,
        begin: usize,
        cx: &mut Context<'_>,
        watcher: &impl Watcher,
        mut each: impl FnMut(usize, F::Output) -> Verdict<F::Output>,
    ) -> Option<Round> {
        self.wakers = Wakers::All { cursor: 0 };
        let (len, limit) = (self.len, self.limit);
        let (alive, started) = (&mut self.alive, &mut self.started);
        let mut end = None;
        let mut visit = |index: usize, place: Pin<&mut Place<F>>| {
            if end.is_some() || index >= len || index > *started {
                return;
            }
            if index == *started {
                if *started - (len - *alive) == limit {
                    return; // no room for another one
                }
                *started += 1;
            }
            if !matches!(*place, Place::Full(_)) {
                return;
            }
            if watcher.is_spent() {
                self.wakers = Wakers::All { cursor: index };
                end = Some(Round::Pending);
                return;
            }
            watcher.polls(index);
            let poll = |future: Pin<&mut F>| future.poll(cx);
            let stop = poll_place(place, alive, poll, |output| {
                watcher.done(index);
                each(index, output)
            });
            if stop {
                end = Some(Round::Stopped);
            }
        };
        // From the cursor to the end, then from the beginning to the cursor.
        for from_cursor in [true, false] {
            let mut base = 0;
            for block in self.first.iter_mut().chain(&mut self.more) {
                block.as_mut().for_each(|index, place| {
                    if (base + index >= begin) == from_cursor {
                        visit(base + index, place);
                    }
                });
                base += BLOCK;
            }
            if begin == 0 {
                break;
            }
        }
        end
    }

    /// A round of a large set: those that were woken, in the order of their
    /// wakes, and new ones as there is room. `None` if it came to its end.
    ///
    /// Compiled twice, like a turn of the loop: 1,000 children that each yield
    /// three times took 484 instructions a child with a look for the listener
    /// at each poll, and take 457 (callgrind).
    fn poll_woken<const TOLD: bool>(
        &mut self,
        cx: &mut Context<'_>,
        watcher: &impl Watcher,
        mut each: impl FnMut(usize, F::Output) -> Verdict<F::Output>,
    ) -> Option<Round> {
        let Wakers::Own(own) = &mut self.wakers else {
            return None;
        };
        own.call_roll(cx.waker(), self.by_index);
        loop {
            let has_room =
                self.started < self.len && self.started - (self.len - self.alive) < self.limit;
            let index = match own.next() {
                Some(woken) => woken,
                None if has_room => {
                    self.started += 1;
                    self.started - 1
                }
                None => return None,
            };
            let block = match index / BLOCK {
                0 => self.first.as_mut(),
                n => self.more.get_mut(n - 1),
            };
            let place = block?.as_mut().place(index);
            if !matches!(*place, Place::Full(_)) {
                continue; // a wake that came after it had returned
            }
            if watcher.is_spent() {
                own.put_back(index);
                return Some(Round::Pending);
            }
            if TOLD {
                watcher.polls(index);
            }
            let poll = |future: Pin<&mut F>| own.poll(index, future);
            let stop = poll_place(place, &mut self.alive, poll, |output| {
                if TOLD {
                    watcher.done(index);
                }
                each(index, output)
            });
            if stop {
                return Some(Round::Stopped);
            }
        }
    }
}
