//! Steps that spend budgets, and the rules for budgets that are spent.
//!
//! Invariant: the rule of a step holds whatever runs beside it: what is ready is
//! never timed out, and a task that never waits still lets others run. Called by
//! `interpret`, and by programs that `print` printed.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn, ready};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use executor::sync::{Event, Lock, Queue, Semaphore};
use executor::{gather, race, timeout, timeout_at, yield_now};

use crate::world::World;

/// How many rounds a step makes: several times the budget of a poll.
const ROUNDS: u32 = 1000;

/// How many turns another task has meanwhile, at least: one in 256 rounds. The
/// budget is 128, and some rounds may spend nothing.
const TURNS: u32 = 3;

/// After how many polls a future that is always busy returns, which breaks the
/// rule: its limit has passed long before.
const PATIENCE: u32 = 1000;

impl World {
    /// Completes so many operations that are ready.
    pub(crate) async fn spend(&self, n: u16) {
        let open = open();
        for _ in 0..n {
            open.wait().await;
        }
        self.log(format_args!("spent {n}"));
    }

    /// Takes `n` items of a queue, a lock, a permit, an event and the output of
    /// a task, each under a limit that has passed. All are ready, so none is
    /// timed out.
    pub(crate) async fn drain(&self, how: u8, n: u8) {
        let mut task = executor::spawn(async {});
        while !task.is_finished() {
            yield_now().await;
        }
        let queue = Queue::new(0);
        (0..n).for_each(|item| queue.try_put(item).expect("it is unbounded"));
        let mut got = 0;
        while at_once(how, queue.get()).await {
            got += 1;
        }
        self.expect(
            got == n,
            format_args!("limits of zero gave {got} of {n} items"),
        );
        let (lock, permits, open) = (Lock::new(()), Semaphore::new(1), open());
        for _ in 0..n {
            self.expect_ready("a free lock", at_once(how, lock.lock()).await);
            self.expect_ready("a free permit", at_once(how, permits.acquire()).await);
            self.expect_ready("a set event", at_once(how, open.wait()).await);
        }
        self.expect_ready("an ended task", at_once(how, &mut task).await);
        self.log(format_args!("drained {got}"));
    }

    fn expect_ready(&self, what: &str, was_ready: bool) {
        let rule = format_args!("a limit of zero timed out {what}");
        self.expect(was_ready, rule);
    }

    /// Makes many rounds of something that never waits. Another task runs
    /// meanwhile.
    pub(crate) async fn rounds(&self, what: u8) {
        let turns = Rc::new(Cell::new(0));
        let count = Rc::clone(&turns);
        let beside = executor::spawn(async move {
            loop {
                count.set(count.get() + 1);
                yield_now().await;
            }
        });
        let _beside = beside.cancel_on_drop();
        let open = open();
        for _ in 0..ROUNDS {
            round(what, &open).await;
        }
        let rule = format_args!("another task starves beside rounds {what}");
        self.expect(turns.get() >= TURNS, rule);
        self.log(format_args!("rounds {what}"));
    }

    /// Sets a limit that has passed for a future that spends the whole budget
    /// in each poll, and never returns.
    pub(crate) async fn busy(&self, how: u8) {
        let open = open();
        let mut polls = 0;
        let endless = async {
            loop {
                open.wait().await;
            }
        };
        let mut endless = pin!(endless);
        let endless = poll_fn(|cx| {
            polls += 1;
            match polls < PATIENCE {
                true => endless.as_mut().poll(cx),
                false => std::task::Poll::Ready(()),
            }
        });
        let ended = at_once(how, endless).await;
        self.expect(!ended, "a limit of zero never passes for a busy future");
        self.log("not so busy");
    }
}

fn open() -> Event {
    let open = Event::new();
    open.set();
    open
}

/// Returns whether the future is ready under a limit that has passed.
async fn at_once<F: Future>(how: u8, future: F) -> bool {
    let past = executor::now();
    match how {
        0 => timeout(Duration::ZERO, future).await.is_ok(),
        1 => timeout_at(past, future).await.is_ok(),
        2 => {
            let inner = timeout(Duration::ZERO, future);
            let ended = timeout(Duration::ZERO, inner).await;
            ended.is_ok_and(|inner| inner.is_ok())
        }
        3 => timeout(Duration::ZERO, gather((future,))).await.is_ok(),
        _ => {
            let either = async { race((pending::<()>(), async { drop(future.await) })).await };
            timeout(Duration::ZERO, either).await.is_ok()
        }
    }
}

async fn round(what: u8, open: &Event) {
    let past = executor::now();
    match what {
        0 => drop(race((open.wait(), ready(()))).await),
        1 => drop(timeout(Duration::ZERO, pending::<()>()).await),
        2 => drop(timeout_at(past, pending::<()>()).await),
        3 => drop(gather(Vec::<std::future::Ready<()>>::new()).await),
        4 => {
            let none: Result<Vec<()>, ()> =
                executor::try_gather(Vec::<std::future::Ready<Result<(), ()>>>::new()).await;
            drop(none);
        }
        5 => executor::scope(async |_| {}).await,
        6 => drop(
            executor::as_completed(Vec::<std::future::Ready<()>>::new())
                .next()
                .await,
        ),
        7 => drop(timeout(Duration::ZERO, race((ready(()), pending::<()>()))).await),
        _ => drop(timeout(Duration::ZERO, open.wait()).await),
    }
}
