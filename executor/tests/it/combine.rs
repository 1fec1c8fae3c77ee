//! Many futures in one task: `gather`, `try_gather`, `race`, `as_completed`.

mod as_completed;
mod gather;
mod race;
#[cfg(all(feature = "observe", feature = "scope", feature = "sync", not(miri)))]
mod stalls;

use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use executor::{as_completed, gather, race, sleep, try_gather};
use futures::{FutureExt, StreamExt};

use crate::common::{Log, OnDrop, sized, virtual_runner};

const MS: Duration = Duration::from_millis(1);

/// From this many futures on, only those that were woken are polled. Tests
/// that must hold on both sides use a number from each.
const LARGE: usize = sized(100, 40);
const SMALL: usize = 3;

/// Says "dropped `name`" when it goes.
fn tells_its_drop(log: &Log, name: usize) -> OnDrop<impl FnMut() + use<>> {
    let log = log.clone();
    OnDrop(move || log.push(format!("dropped {name}")))
}

/// Returns at its first poll or, if `late`, at its second; panics at any poll
/// after that.
fn once(late: bool, name: usize) -> impl Future<Output = usize> + Unpin {
    let mut left = 1 + usize::from(late);
    poll_fn(move |cx| {
        assert!(left > 0, "future {name} was polled after it returned");
        left -= 1;
        if left == 0 {
            return Poll::Ready(name);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

fn poll_twice<F: Future + Unpin>(mut future: F) {
    let mut cx = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut future).poll(&mut cx).is_ready());
    let _ = Pin::new(&mut future).poll(&mut cx);
}

#[test]
fn c115_nothing_is_polled_after_it_returned() {
    for n in [SMALL, LARGE] {
        let members = || (0..n).map(|n| once(n % 3 == 1, n)).collect::<Vec<_>>();
        virtual_runner().run(async {
            assert_eq!(gather(members()).await.len(), n);
            let results = members().into_iter().map(|member| member.map(Ok::<_, ()>));
            assert_eq!(
                try_gather(results.collect::<Vec<_>>()).await.unwrap().len(),
                n
            );
            assert_eq!(as_completed(members()).count().await, n);
        });
    }
    virtual_runner().run(async {
        gather((once(false, 1), once(true, 2), sleep(MS))).await;
        gather([once(false, 1), once(true, 2)]).await;
    });
}

#[test]
fn the_combinators_work_on_a_foreign_executor() {
    let outputs = futures::executor::block_on(async {
        let large = gather((0..LARGE).map(|n| once(true, n)).collect::<Vec<_>>()).await;
        let first = race((pending::<usize>(), once(true, 1))).await;
        (large.len(), first)
    });
    assert_eq!(outputs, (LARGE, (1, 1)));
}

/// Awaited by reference: by value, the end of the statement would drop the set.
#[test]
fn a_set_that_has_given_its_result_holds_none_of_its_futures() {
    let alive = Rc::new(());
    let member = |index| {
        let held = Rc::clone(&alive);
        async move {
            if index != 1 {
                pending::<()>().await;
            }
            sleep(MS).await;
            drop(held);
            Err::<(), _>(index)
        }
    };
    let list = |n| (0..n).map(member).collect::<Vec<_>>();
    let assert_dropped = || assert_eq!(Rc::strong_count(&alive), 1);
    virtual_runner().run(async {
        let mut tuple = pin!(race((member(0), member(1), member(2))));
        assert_eq!(tuple.as_mut().await, (1, Err(1)));
        assert_dropped();
        let mut tuple = pin!(try_gather((member(0), member(1), member(2))));
        assert_eq!(tuple.as_mut().await, Err(1));
        assert_dropped();
        for n in [SMALL, LARGE] {
            let mut first = pin!(race(list(n)));
            assert_eq!(first.as_mut().await, (1, Err(1)));
            assert_dropped();
            let mut all = pin!(try_gather(list(n)));
            assert_eq!(all.as_mut().await, Err(1));
            assert_dropped();
        }
    });
}
