//! The rounds of a set of futures.
//!
//! **Invariant** under test: at most one poll a round, none after the end.

use super::*;
use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

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

/// Nobody listens, and the budget is as it is.
struct OneAnswer {
    spent: bool,
}

impl Watcher for OneAnswer {
    fn is_quiet(&self) -> bool {
        true
    }

    fn is_spent(&self) -> bool {
        self.spent
    }

    fn polls(&self, _: usize) {}

    fn done(&self, _: usize) {}
}

fn round<F: Future>(children: &mut Children<F>, spent: bool) -> (Round, Vec<(usize, F::Output)>) {
    let mut outputs = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    let end = children.poll_round(&mut cx, &OneAnswer { spent }, |index, output| {
        outputs.push((index, output));
        Verdict::Taken
    });
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
