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

mod wakers;

use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pin_project::pin_project;

use wakers::OwnWakers;

/// Up to this many futures are all polled in each round. A child's own waker
/// costs about 60 ns when the child keeps it, a needless poll of a sleeping
/// future about 5 ns; the two meet between 16 and 48
/// (`cargo bench -- gather`).
pub(crate) const POLL_ALL: usize = 32;

/// How many futures share one allocation. Safe Rust has no way to pin the
/// elements of a slice one by one, but it can pin the fields of a struct; a
/// box for each future would cost 40 ns each where this costs 3.
const BLOCK: usize = 16;

/// A place for one future.
#[pin_project(project = PlaceProjection)]
enum Place<F> {
    Empty,
    Full(#[pin] F),
}

macro_rules! block {
    ($($index:literal $field:ident),*) => {
        /// Sixteen places, pinned together.
        #[pin_project]
        struct Block<F> {
            $(#[pin] $field: Place<F>,)*
        }

        impl<F> Block<F> {
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
        }
    };
}

block!(
    0 p0, 1 p1, 2 p2, 3 p3, 4 p4, 5 p5, 6 p6, 7 p7,
    8 p8, 9 p9, 10 p10, 11 p11, 12 p12, 13 p13, 14 p14, 15 p15
);

/// A set of futures of one type.
pub(crate) struct Children<F> {
    blocks: Vec<Pin<Box<Block<F>>>>,
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
        let mut blocks: Vec<Pin<Box<Block<F>>>> = Vec::new();
        let mut len = 0;
        for future in futures {
            if len % BLOCK == 0 {
                blocks.push(Box::pin(Block::empty()));
            }
            blocks[len / BLOCK]
                .as_mut()
                .place(len)
                .set(Place::Full(future));
            len += 1;
        }
        let wakers = if len <= poll_all {
            Wakers::All { cursor: 0 }
        } else {
            Wakers::Own(OwnWakers::new())
        };
        Children {
            blocks,
            len,
            alive: len,
            started: 0,
            limit: usize::MAX,
            by_index: false,
            wakers,
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
        self.blocks.clear();
        self.alive = 0;
        self.started = self.len;
    }

    /// Polls those that were woken, then starts those there is room for, and
    /// gives what returns to `each`.
    ///
    /// Ends early when `each` breaks, or when `is_spent` says that the task
    /// has done enough for one poll; the rest have their turn in the next
    /// round, which begins where this one ended.
    pub(crate) fn poll_round(
        &mut self,
        cx: &mut Context<'_>,
        is_spent: impl Fn() -> bool,
        mut each: impl FnMut(usize, F::Output) -> ControlFlow<()>,
    ) -> Round {
        let mut left = self.start_round(cx.waker());
        let first_new = self.started;
        while let Some(index) = self.next_of_round(&mut left, first_new) {
            if is_spent() {
                self.leave_for_next_round(index);
                cx.waker().wake_by_ref();
                return Round::Pending;
            }
            if let Poll::Ready(output) = self.poll_child(index, cx) {
                if each(index, output).is_break() {
                    return Round::Stopped;
                }
            }
        }
        if let Wakers::All { cursor } = &mut self.wakers {
            *cursor = 0;
        }
        if self.alive == 0 {
            Round::Finished
        } else {
            Round::Pending
        }
    }

    /// Finds out who is awake; where all are polled, gives their number.
    fn start_round(&mut self, waiter: &Waker) -> usize {
        match &mut self.wakers {
            Wakers::All { .. } => self.started,
            Wakers::Own(own) => {
                own.call_roll(waiter, self.by_index);
                0
            }
        }
    }

    #[inline]
    fn next_of_round(&mut self, left: &mut usize, first_new: usize) -> Option<usize> {
        let awake = match &mut self.wakers {
            Wakers::All { cursor } if *left > 0 => {
                *left -= 1;
                let index = if *cursor < first_new { *cursor } else { 0 };
                *cursor = index + 1;
                Some(index)
            }
            Wakers::All { .. } => None,
            Wakers::Own(own) => own.next(),
        };
        awake.or_else(|| self.start_another())
    }

    /// The next future that was never polled, if there is room for it.
    #[inline]
    fn start_another(&mut self) -> Option<usize> {
        let finished = self.len - self.alive;
        let has_room = self.started < self.len && self.started - finished < self.limit;
        has_room.then(|| {
            self.started += 1;
            self.started - 1
        })
    }

    /// This one was about to be polled, and is the first of the next round.
    fn leave_for_next_round(&mut self, index: usize) {
        match &mut self.wakers {
            Wakers::All { cursor } => *cursor = index,
            Wakers::Own(own) => own.put_back(index),
        }
    }

    #[inline]
    fn poll_child(&mut self, index: usize, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut place = self.blocks[index / BLOCK].as_mut().place(index);
        let PlaceProjection::Full(future) = place.as_mut().project() else {
            return Poll::Pending; // it has returned; its waker was late
        };
        let poll = match &mut self.wakers {
            Wakers::All { .. } => future.poll(cx),
            Wakers::Own(own) => own.poll(index, future),
        };
        if poll.is_ready() {
            place.set(Place::Empty);
            self.alive -= 1;
        }
        poll
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::future::poll_fn;
    use std::rc::Rc;

    type Log = Rc<RefCell<Vec<usize>>>;

    /// Children that note their polls and return when their number is in
    /// `ready`.
    fn set(len: usize, log: &Log, ready: &Log) -> Children<impl Future<Output = usize> + use<>> {
        Children::new((0..len).map(|index| {
            let (log, ready) = (log.clone(), ready.clone());
            poll_fn(move |_| {
                log.borrow_mut().push(index);
                match ready.borrow().contains(&index) {
                    true => Poll::Ready(index * 10),
                    false => Poll::Pending,
                }
            })
        }))
    }

    fn round<F: Future>(
        children: &mut Children<F>,
        spent: bool,
    ) -> (Round, Vec<(usize, F::Output)>) {
        let mut outputs = Vec::new();
        let mut cx = Context::from_waker(Waker::noop());
        let end = children.poll_round(
            &mut cx,
            || spent,
            |index, output| {
                outputs.push((index, output));
                ControlFlow::Continue(())
            },
        );
        (end, outputs)
    }

    #[test]
    fn a_small_set_polls_each_living_child_once_a_round() {
        let (log, ready) = (Log::default(), Log::default());
        let mut children = set(3, &log, &ready);
        assert_eq!(round(&mut children, false), (Round::Pending, vec![]));
        ready.borrow_mut().push(1);
        assert_eq!(round(&mut children, false), (Round::Pending, vec![(1, 10)]));
        ready.borrow_mut().extend([0, 2]);
        assert_eq!(
            round(&mut children, false),
            (Round::Finished, vec![(0, 0), (2, 20)])
        );
        assert_eq!(*log.borrow(), [0, 1, 2, 0, 1, 2, 0, 2]);
    }

    #[test]
    fn a_large_set_polls_nobody_who_was_not_woken() {
        let (log, ready) = (Log::default(), Log::default());
        let mut children = set(POLL_ALL + 1, &log, &ready);
        round(&mut children, false);
        assert_eq!(log.borrow().len(), POLL_ALL + 1, "each is started");
        log.borrow_mut().clear();
        round(&mut children, false);
        assert!(log.borrow().is_empty());
    }

    #[test]
    fn a_spent_task_goes_on_where_it_stopped() {
        let (log, ready) = (Log::default(), Log::default());
        for len in [3, POLL_ALL + 1] {
            let mut children = set(len, &log, &ready);
            assert_eq!(round(&mut children, true).0, Round::Pending);
            assert!(
                log.borrow().is_empty(),
                "nothing is polled on an empty budget"
            );
            round(&mut children, false);
            assert_eq!(log.take(), (0..len).collect::<Vec<_>>());
        }
    }

    #[test]
    fn no_more_than_the_limit_are_started_and_unfinished() {
        let (log, ready) = (Log::default(), Log::default());
        let mut children = set(5, &log, &ready);
        children.set_limit(2);
        round(&mut children, false);
        assert_eq!(log.take(), [0, 1]);
        ready.borrow_mut().push(0);
        assert_eq!(round(&mut children, false).1, [(0, 0)]);
        assert_eq!(
            log.take(),
            [0, 1, 2],
            "one returned, so one more is started"
        );
    }
}
