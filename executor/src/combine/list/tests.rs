//! Unit tests of the rounds of a list.
//!
//! **Invariant** under test: at most one poll per round, none after completion.

use super::*;
use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::event_loop::runtime::Runtime;

type Log = Rc<RefCell<Vec<usize>>>;

/// Futures that log their polls and complete once their index is in `ready`.
fn set(len: usize, log: &Log, ready: &Log) -> FutureList<impl Future<Output = usize> + use<>> {
    FutureList::new((0..len).map(|index| {
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

/// Polls one round outside of a loop, where the budget has no limit.
fn round<F: Future>(list: &mut FutureList<F>) -> (Round, Vec<(usize, F::Output)>) {
    let mut outputs = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    let end = Pin::new(list).poll_round(&mut cx, |mut list, index| {
        outputs.extend(list.slot(index).take().map(|output| (index, output)));
        ControlFlow::Continue(())
    });
    (end, outputs)
}

#[test]
fn a_small_list_polls_each_running_future_once_per_round() {
    let (log, ready) = (Log::default(), Log::default());
    let mut list = set(3, &log, &ready);
    assert_eq!(round(&mut list), (Round::Pending, vec![]));
    ready.borrow_mut().push(1);
    assert_eq!(round(&mut list), (Round::Pending, vec![(1, 10)]));
    ready.borrow_mut().extend([0, 2]);
    assert_eq!(round(&mut list), (Round::Finished, vec![(0, 0), (2, 20)]));
    assert_eq!(*log.borrow(), [0, 1, 2, 0, 1, 2, 0, 2]);
}

#[test]
fn a_large_list_polls_only_woken_futures() {
    let (log, ready) = (Log::default(), Log::default());
    let mut list = set(POLL_ALL + 1, &log, &ready);
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
        let mut list = set(len, &log, &ready);
        crate::run(poll_fn(|cx| {
            let runtime = Runtime::current().expect("a loop runs");
            while !runtime.poll.is_budget_exhausted() {
                runtime.poll.consume_budget();
            }
            let polled = Pin::new(&mut list).poll_round(cx, |_, _| ControlFlow::Continue(()));
            assert_eq!(polled, Round::Pending);
            Poll::Ready(())
        }));
        assert!(log.borrow().is_empty(), "the budget was exhausted");
        round(&mut list);
        assert_eq!(log.take(), (0..len).collect::<Vec<_>>());
    }
}

#[test]
fn no_more_than_the_limit_are_started_and_not_completed() {
    let (log, ready) = (Log::default(), Log::default());
    let mut list = set(5, &log, &ready);
    list.set_limit(2);
    round(&mut list);
    assert_eq!(log.take(), [0, 1]);
    ready.borrow_mut().push(0);
    assert_eq!(round(&mut list).1, [(0, 0)]);
    assert_eq!(
        log.take(),
        [0, 1, 2],
        "one completed, so one more is started"
    );
}
