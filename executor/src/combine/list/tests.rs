//! Unit tests of the rounds of a list.
//!
//! **Invariant** under test: at most one poll per round, none after completion.

use super::*;
use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::combine::gather::Gathering;
use crate::combine::set::Combined;
use crate::event_loop::runtime::Runtime;

type Log = Rc<RefCell<Vec<usize>>>;

type List<F> = FutureList<F, Gathering>;

/// Futures that log their polls and complete once their index is in `ready`.
/// Until then, each poll wakes them if `woken` is set.
fn list(
    len: usize,
    log: &Log,
    ready: &Log,
    woken: bool,
) -> List<impl Future<Output = usize> + use<>> {
    FutureList::new((0..len).map(|index| {
        let (log, ready) = (log.clone(), ready.clone());
        poll_fn(move |cx| {
            log.borrow_mut().push(index);
            if ready.borrow().contains(&index) {
                return Poll::Ready(index * 10);
            }
            if woken {
                cx.waker().wake_by_ref();
            }
            Poll::Pending
        })
    }))
}

/// Polls one round outside of a loop, where the budget has no limit; returns
/// the new outputs.
fn round<F: Future>(list: &mut List<F>) -> Vec<(usize, F::Output)> {
    let mut alive = (0..list.len)
        .filter(|&index| matches!(*list.slots.at(index), Slot::Running(_)))
        .count();
    let mut cx = Context::from_waker(Waker::noop());
    let mut round = Round::begin(&mut alive);
    let polled = FutureSet::<Vec<_>>::poll_members(Pin::new(list), None, &mut round, &mut cx);
    assert!(polled.is_continue());
    let completed = (0..list.len).filter_map(|index| {
        let slot = list.slots.at(index);
        matches!(*slot, Slot::Done(_)).then(|| (index, slot.take()))
    });
    completed.collect()
}

#[test]
fn a_small_list_polls_each_running_future_once_per_round() {
    let (log, ready) = (Log::default(), Log::default());
    let mut list = list(3, &log, &ready, false);
    assert_eq!(round(&mut list), []);
    ready.borrow_mut().push(1);
    assert_eq!(round(&mut list), [(1, 10)]);
    ready.borrow_mut().extend([0, 2]);
    assert_eq!(round(&mut list), [(0, 0), (2, 20)]);
    assert_eq!(*log.borrow(), [0, 1, 2, 0, 1, 2, 0, 2]);
}

#[test]
fn a_large_list_polls_only_woken_futures() {
    let (log, ready) = (Log::default(), Log::default());
    let mut list = list(POLL_ALL + 1, &log, &ready, false);
    round(&mut list);
    assert_eq!(log.borrow().len(), POLL_ALL + 1, "each is started");
    log.borrow_mut().clear();
    round(&mut list);
    assert!(log.borrow().is_empty());
}

#[test]
fn a_round_that_the_budget_ended_continues_with_the_member_it_did_not_poll() {
    let (log, ready) = (Log::default(), Log::default());
    for len in [3, POLL_ALL + 1] {
        let list = list(len, &log, &ready, false);
        let mut combined = Combined::<Gathering, _, Vec<_>>::new(list);
        crate::run(poll_fn(|cx| {
            let runtime = Runtime::current().expect("a loop runs");
            while !runtime.poll.is_budget_exhausted() {
                runtime.poll.consume_budget();
            }
            assert!(Pin::new(&mut combined).poll(cx, "").is_pending());
            Poll::Ready(())
        }));
        assert!(log.borrow().is_empty(), "the budget was exhausted");
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut combined).poll(&mut cx, "").is_pending());
        assert_eq!(log.take(), (0..len).collect::<Vec<_>>());
    }
}

#[test]
fn no_more_than_the_limit_are_started_and_not_completed() {
    let (log, ready) = (Log::default(), Log::default());
    let mut list = list(5, &log, &ready, true);
    list.set_limit(2);
    round(&mut list);
    assert_eq!(log.take(), [0, 1]);
    ready.borrow_mut().push(0);
    assert_eq!(round(&mut list), [(0, 0)]);
    assert_eq!(
        log.take(),
        [0, 1, 2],
        "one completed, so one more is started"
    );
}
