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

#[cfg(test)]
mod tests;
mod wakers;

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project::pin_project;

use wakers::OwnWakers;

/// Up to this many futures are all polled in each round: an own waker is an
/// allocation for a child that keeps it, a needless poll of a sleeping future
/// is a few loads. Where the two meet has not been measured; the number is
/// about that of futures' `join_all`, which changes its ways above 30.
pub(crate) const POLL_ALL: usize = 32;

/// How many futures share one allocation. Safe Rust has no way to pin the
/// elements of a slice one by one, but it can pin the fields of a struct; the
/// other way would be an allocation for each future.
const BLOCK: usize = 16;

/// A place for one future, and for its output if that is to wait there.
#[pin_project(project = PlaceProjection, project_replace = PlaceOwned)]
enum Place<F: Future> {
    Empty,
    Full(#[pin] F),
    Done(F::Output),
}

macro_rules! block {
    ($($index:literal $field:ident),*) => {
        /// Sixteen places, pinned together.
        #[pin_project]
        struct Block<F: Future> {
            $(#[pin] $field: Place<F>,)*
        }

        impl<F: Future> Block<F> {
            fn empty() -> Self {
                Block { $($field: Place::Empty,)* }
            }

            #[inline]
            fn place(self: Pin<&mut Self>, index: usize) -> Pin<&mut Place<F>> {
                let this = self.project();
                match index % BLOCK {
                    $($index => this.$field,)*
                    _ => unreachable!("a remainder of 16"),
                }
            }

            /// Visits the places in their order. A call of
            /// [`place`](Self::place) has to choose among sixteen: with this, a
            /// gather of ten ready futures went from 183 to 125 instructions a
            /// child (callgrind).
            #[inline]
            fn for_each(self: Pin<&mut Self>, mut visit: impl FnMut(usize, Pin<&mut Place<F>>)) {
                let this = self.project();
                $(visit($index, this.$field);)*
            }
        }
    };
}

block!(
    0 p0, 1 p1, 2 p2, 3 p3, 4 p4, 5 p5, 6 p6, 7 p7,
    8 p8, 9 p9, 10 p10, 11 p11, 12 p12, 13 p13, 14 p14, 15 p15
);

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
    /// Ends early when `each` wants no more, or when `stops_before`, which is
    /// asked before the poll of each future that is polled, says that the
    /// task has done enough for one poll; the rest have their turn in the next
    /// round, which begins where this one ended.
    pub(crate) fn poll_round(
        &mut self,
        cx: &mut Context<'_>,
        stops_before: impl Fn(usize) -> bool,
        each: impl FnMut(usize, F::Output) -> Verdict<F::Output>,
    ) -> Round {
        let end = match self.wakers {
            Wakers::All { .. } => self.poll_all(cx, stops_before, each),
            Wakers::Own(_) => self.poll_woken(cx, stops_before, each),
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

    /// A round of a small set: every future that has not returned, and new
    /// ones as there is room. `None` if it came to its end.
    #[inline]
    fn poll_all(
        &mut self,
        cx: &mut Context<'_>,
        stops_before: impl Fn(usize) -> bool,
        mut each: impl FnMut(usize, F::Output) -> Verdict<F::Output>,
    ) -> Option<Round> {
        let Wakers::All { cursor } = &mut self.wakers else {
            return None;
        };
        let begin = std::mem::take(cursor);
        let (len, limit) = (self.len, self.limit);
        let (alive, started) = (&mut self.alive, &mut self.started);
        let mut end = None;
        let mut visit = |index: usize, place: Pin<&mut Place<F>>, alive: &mut usize| {
            if stops_before(index) {
                *cursor = index;
                end = Some(Round::Pending);
                return true;
            }
            let poll = |future: Pin<&mut F>| future.poll(cx);
            let stop = poll_place(place, alive, poll, |output| each(index, output));
            if stop {
                end = Some(Round::Stopped);
            }
            stop
        };
        if begin == 0 && limit >= len {
            // The usual round, without a look at limit and cursor for each.
            *started = len;
            let mut over = false;
            let mut base = 0;
            for block in self.first.iter_mut().chain(&mut self.more) {
                block.as_mut().for_each(|index, place| {
                    if !over && matches!(*place, Place::Full(_)) {
                        over = visit(base + index, place, alive);
                    }
                });
                base += BLOCK;
            }
            return end;
        }
        let mut over = false;
        let mut visit = |index: usize, place: Pin<&mut Place<F>>| {
            if over || index >= len || index > *started {
                return;
            }
            if index == *started {
                if *started - (len - *alive) == limit {
                    return; // no room for another one
                }
                *started += 1;
            }
            if matches!(*place, Place::Full(_)) {
                over = visit(index, place, alive);
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
    fn poll_woken(
        &mut self,
        cx: &mut Context<'_>,
        stops_before: impl Fn(usize) -> bool,
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
            if stops_before(index) {
                own.put_back(index);
                return Some(Round::Pending);
            }
            let poll = |future: Pin<&mut F>| own.poll(index, future);
            if poll_place(place, &mut self.alive, poll, |output| each(index, output)) {
                return Some(Round::Stopped);
            }
        }
    }
}

/// Polls the future in a place, if it has not returned, and does with its
/// output what `each` says. `true` if that is to stop.
#[inline]
fn poll_place<F: Future>(
    mut place: Pin<&mut Place<F>>,
    alive: &mut usize,
    poll: impl FnOnce(Pin<&mut F>) -> Poll<F::Output>,
    each: impl FnOnce(F::Output) -> Verdict<F::Output>,
) -> bool {
    let PlaceProjection::Full(future) = place.as_mut().project() else {
        return false;
    };
    let Poll::Ready(output) = poll(future) else {
        return false;
    };
    *alive -= 1;
    place.set(Place::Empty);
    match each(output) {
        Verdict::Taken => false,
        Verdict::Keep(output) => {
            place.set(Place::Done(output));
            false
        }
        Verdict::Stop => true,
    }
}
