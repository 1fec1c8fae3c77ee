//! What chapter 17 promises.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::time::Duration;

use crate::mini::{Elapsed, Runner, gather, now, race, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_gather_polls_only_the_children_that_were_woken() {
    let polls = Cell::new(0);
    let child = |n| {
        let mut wait = Box::pin(sleep(SECOND * n));
        let polls = &polls;
        poll_fn(move |cx| {
            polls.set(polls.get() + 1);
            wait.as_mut().poll(cx).map(|()| n)
        })
    };
    let last_first = || (0..100).rev();
    let outputs = Runner::virtual_time().run(gather(last_first().map(child)));
    assert_eq!(outputs, Vec::from_iter(last_first()));
    assert_eq!(polls.get(), 200);
}

#[test]
fn a_race_drops_the_losers_before_it_returns() {
    let held = Rc::new(());
    let runner = async |n| {
        let _held = held.clone();
        sleep(SECOND * n).await;
    };
    Runner::virtual_time().run(async {
        let start = now();
        let (first, ()) = race([runner(3), runner(1), runner(2)]).await;
        assert_eq!((first, now() - start), (1, SECOND));
        assert_eq!(Rc::strong_count(&held), 1);
    });
}

#[test]
fn a_value_at_the_deadline_is_in_time() {
    Runner::virtual_time().run(async {
        assert_eq!(timeout(SECOND, sleep(SECOND)).await, Ok(()));
        let late = timeout(SECOND, sleep(SECOND * 2)).await;
        assert_eq!(late, Err(Elapsed));
    });
}
