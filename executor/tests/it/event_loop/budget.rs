//! The budget of a poll: what is ready is never timed out because of it, and
//! everything that completes at once spends from it, so a loop of such calls
//! lets the other tasks run.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

#[cfg(feature = "sync")]
use executor::sync::{Queue, Semaphore};
use executor::{
    JoinHandle, as_completed, cancelled, gather, interval, now, race, run, sleep, sleep_until,
    spawn, timeout, timeout_at, to_thread, try_gather, yield_now,
};
#[cfg(feature = "scope")]
use executor::{scope, try_scope};

use crate::common::{must_end, poll_once, virtual_runner};

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

/// tokio's number, and asserted because programs see it.
const BUDGET: usize = 128;

/// Handles of tasks that have ended: each await is ready and spends one.
async fn finished(n: usize) -> Vec<JoinHandle<usize>> {
    let tasks: Vec<_> = (0..n).map(|n| spawn(async move { n })).collect();
    while !tasks.iter().all(JoinHandle::is_finished) {
        yield_now().await;
    }
    yield_now().await; // a poll of its own, in which nothing is spent yet
    tasks
}

/// Spends this much of the budget of the current poll.
async fn spend(n: usize) {
    for task in finished(n).await {
        task.await.unwrap();
    }
}

/// Counts the polls of a future.
async fn polls_of<T>(future: impl Future<Output = T>) -> (T, usize) {
    let mut polls = 0;
    let mut future = pin!(future);
    let output = poll_fn(|cx| {
        polls += 1;
        future.as_mut().poll(cx)
    })
    .await;
    (output, polls)
}

// ---- what is ready is never timed out -------------------------------------

#[test]
fn a_zero_limit_takes_all_that_is_ready() {
    virtual_runner().run(async {
        let tasks = finished(1_000).await;
        let drained = async {
            let mut drained = 0;
            for task in tasks {
                match timeout(Duration::ZERO, task).await {
                    Ok(output) => assert_eq!(output.unwrap(), drained),
                    Err(_) => return drained,
                }
                drained += 1;
            }
            drained
        };
        let (drained, polls) = polls_of(drained).await;
        assert_eq!((drained, polls), (1_000, 8), "and yields in between");
    });
}

#[test]
fn a_limit_in_the_past_takes_all_that_is_ready() {
    virtual_runner().run(async {
        let past = now();
        sleep(MS).await;
        for (n, task) in finished(1_000).await.into_iter().enumerate() {
            assert_eq!(timeout_at(past, task).await.unwrap().unwrap(), n);
        }
    });
}

#[cfg(feature = "sync")]
#[test]
fn a_zero_limit_drains_a_queue_and_then_gets_a_free_permit() {
    virtual_runner().run(async {
        let queue = Queue::new(0);
        (0..1_000).for_each(|n| queue.try_put(n).unwrap());
        let permit = Semaphore::new(1);
        let mut drained = Vec::new();
        while let Ok(item) = timeout(Duration::ZERO, queue.get()).await {
            drained.push(item.unwrap());
        }
        assert_eq!(drained, (0..1_000).collect::<Vec<_>>());
        for spent in [0, 127, 128, 129, 256] {
            spend(spent).await;
            let got = timeout(Duration::ZERO, permit.acquire()).await;
            assert!(got.is_ok(), "after {spent}");
        }
    });
}

/// The deadline has passed while the task waited for its turn.
#[test]
fn a_limit_that_passed_meanwhile_takes_what_is_ready() {
    run(async {
        for spent in [127, 128, 129] {
            let mut ready = finished(1).await;
            let mut limited = pin!(timeout(MS, async {
                let mut first = true;
                poll_fn(|_| match std::mem::take(&mut first) {
                    true => Poll::Pending,
                    false => Poll::Ready(()),
                })
                .await;
                ready.pop().unwrap().await.unwrap()
            }));
            let mut spends = pin!(async {
                let tasks = finished(spent).await;
                std::thread::sleep(2 * MS);
                for task in tasks {
                    task.await.unwrap();
                }
            });
            assert!(poll_fn(|cx| Poll::Ready(limited.as_mut().poll(cx).is_pending())).await);
            spends.as_mut().await;
            assert_eq!(limited.await, Ok(0), "after {spent}");
        }
    });
}

/// The future needs more than what is left, and less than a whole budget.
#[test]
fn a_zero_limit_asks_again_with_a_whole_budget() {
    virtual_runner().run(async {
        for spent in [0, 1, 28, 78, 79, 100, 127, 128, 129] {
            let tasks = finished(50).await;
            spend(spent).await;
            let all = timeout(Duration::ZERO, async {
                for task in tasks {
                    task.await.unwrap();
                }
            });
            assert_eq!(all.await, Ok(()), "after {spent}");
        }
    });
}

/// A sibling that spends everything first in each poll does not starve it.
#[test]
fn a_limit_behind_a_sibling_that_spends_everything_is_still_exact() {
    must_end(|| {
        virtual_runner().run(async {
            let spends = async {
                loop {
                    spend(200).await;
                }
            };
            let ready = finished(1).await.pop().unwrap();
            let got = async { timeout(Duration::ZERO, ready).await };
            futures::select_biased! {
                () = futures::FutureExt::fuse(Box::pin(spends)) => unreachable!(),
                got = futures::FutureExt::fuse(Box::pin(got)) => assert_eq!(got.unwrap().unwrap(), 0),
            }
        });
        run(async {
            let spends = async {
                loop {
                    spend(200).await;
                }
            };
            let never = async { timeout(MS, pending::<()>()).await };
            futures::select_biased! {
                () = futures::FutureExt::fuse(Box::pin(spends)) => unreachable!(),
                over = futures::FutureExt::fuse(Box::pin(never)) => assert!(over.is_err()),
            }
        });
    });
}

/// tokio#4291: a future that spends the whole budget in each of its polls is
/// timed out all the same.
#[test]
fn a_future_that_spends_the_budget_itself_is_timed_out() {
    must_end(|| {
        for limit in [Duration::ZERO, MS] {
            run(async {
                let queue = Rc::new(Cell::new(0_u64));
                let count = queue.clone();
                let restless = async move {
                    loop {
                        timeout(HOUR, std::future::ready(())).await.unwrap();
                        count.set(count.get() + 1);
                    }
                };
                assert!(timeout(limit, restless).await.is_err());
                assert!(queue.get() >= BUDGET as u64);
            });
        }
    });
}

#[cfg(feature = "sync")]
#[test]
fn a_future_that_is_ready_for_ever_is_timed_out_after_any_spent_budget() {
    must_end(|| {
        for spent in [0, 1, 127, 128, 129] {
            virtual_runner().run(async {
                let permit = Semaphore::new(1);
                spend(spent).await;
                let restless = async {
                    loop {
                        drop(permit.acquire().await);
                    }
                };
                let (over, polls) = polls_of(timeout(Duration::ZERO, restless)).await;
                assert!(over.is_err());
                assert!(polls <= 2, "{polls} polls after {spent}");
            });
        }
    });
}

#[test]
fn what_is_not_ready_is_timed_out_after_any_spent_budget() {
    virtual_runner().run(async {
        for spent in [0, 1, 127, 128, 129, 300] {
            let start = now();
            spend(spent).await;
            let (over, polls) = polls_of(timeout(Duration::ZERO, pending::<()>())).await;
            assert!(over.is_err());
            assert_eq!(
                polls,
                if spent % BUDGET == 0 && spent > 0 {
                    2
                } else {
                    1
                }
            );
            assert_eq!(now(), start);
        }
    });
}

#[test]
fn a_grace_period_of_zero_takes_what_has_ended() {
    virtual_runner().run(async {
        for spent in [0, 127, 128, 129] {
            let task = finished(1).await.pop().unwrap();
            spend(spent).await;
            assert_eq!(task.cancel_within(Duration::ZERO).await.unwrap(), 0);
        }
    });
}

// ---- what completes at once spends ----------------------------------------

/// Runs `round` without end beside a task that counts its turns, until that has
/// had some. A round that spends nothing hangs here.
fn lets_others_run<F: Future>(round: impl Fn() -> F + Send + 'static) {
    must_end(move || {
        let rounds = Rc::new(Cell::new(0));
        let counts = rounds.clone();
        virtual_runner().run(async move {
            let busy = spawn(async {});
            busy.await.unwrap();
            let others = spawn(async {
                for _ in 0..4 {
                    yield_now().await;
                }
            });
            while !others.is_finished() {
                round().await;
                counts.set(counts.get() + 1);
            }
        });
        // Five polls of the other task, at most a whole budget before each.
        assert!(rounds.get() > 4 * 8, "{} rounds", rounds.get());
        assert!(rounds.get() <= 5 * BUDGET, "{} rounds", rounds.get());
    });
}

#[test]
fn timeouts_that_elapse_at_once_let_others_run() {
    lets_others_run(|| timeout(Duration::ZERO, pending::<()>()));
    lets_others_run(|| timeout_at(now(), pending::<()>()));
    lets_others_run(|| timeout_at(now() - MS, pending::<()>()));
    lets_others_run(|| timeout(Duration::ZERO, timeout(Duration::ZERO, pending::<()>())));
}

#[test]
fn timeouts_of_what_is_ready_let_others_run() {
    lets_others_run(|| timeout(Duration::ZERO, async {}));
    lets_others_run(|| timeout(HOUR, async {}));
    lets_others_run(|| timeout_at(now(), async {}));
}

#[test]
fn empty_combinators_let_others_run() {
    type Nothing = Vec<std::future::Ready<()>>;
    type Tried = Vec<std::future::Ready<Result<(), ()>>>;
    lets_others_run(|| gather(Nothing::new()));
    lets_others_run(|| gather(Nothing::new()).limit(1));
    lets_others_run(|| gather([(); 0].map(std::future::ready)));
    lets_others_run(|| try_gather(Tried::new()));
    lets_others_run(|| async { as_completed(Nothing::new()).next().await });
    lets_others_run(|| async {
        let mut set = as_completed(Nothing::new());
        futures::StreamExt::next(&mut set).await
    });
}

#[test]
fn combinators_of_what_is_ready_let_others_run() {
    let ready = std::future::ready::<u8>;
    lets_others_run(move || gather((ready(1), ready(2))));
    lets_others_run(move || gather([1, 2].map(ready)));
    lets_others_run(move || gather((0..100).map(ready).collect::<Vec<_>>()));
    lets_others_run(move || try_gather((async { Ok::<_, ()>(1) }, async { Err::<u8, _>(()) })));
    lets_others_run(move || try_gather([Ok::<_, ()>(1)].map(std::future::ready)));
    lets_others_run(move || race((pending(), ready(2))));
    lets_others_run(move || race((async { sleep(HOUR).await }, async {})));
    lets_others_run(move || race([1, 2].map(ready)));
    lets_others_run(move || race((0..100).map(ready).collect::<Vec<_>>()));
    lets_others_run(move || async move { as_completed(vec![ready(1)]).next().await });
}

/// All items of one set come out of few rounds; each of them counts.
#[test]
fn a_large_set_of_what_is_ready_lets_others_run() {
    must_end(|| {
        virtual_runner().run(async {
            let others = spawn(async {
                for _ in 0..4 {
                    yield_now().await;
                }
            });
            let many = (0..10_000).map(std::future::ready).collect();
            let mut set = as_completed::<std::future::Ready<u32>>(many);
            let mut received = 0;
            while let Some((index, value)) = set.next().await {
                assert_eq!(index as u32, value);
                received += 1;
                if others.is_finished() {
                    break;
                }
            }
            assert!(received <= 5 * BUDGET + 1, "{received} items");
            while set.next().await.is_some() {
                received += 1;
            }
            assert_eq!(received, 10_000);
        });
    });
}

/// The leaf of the race is pending because the budget is spent; the other future
/// is ready without any.
#[cfg(feature = "sync")]
#[test]
fn a_race_of_a_leaf_and_what_is_ready_lets_others_run() {
    lets_others_run(|| async {
        let queue = Queue::new(0);
        queue.try_put(1).unwrap();
        race((async { queue.get().await.unwrap() }, async { 2 })).await
    });
    lets_others_run(|| async {
        let empty = Queue::<u8>::new(0);
        race((async { empty.get().await.unwrap() }, async { 2 })).await
    });
}

#[cfg(feature = "scope")]
#[test]
fn scopes_that_end_at_once_let_others_run() {
    lets_others_run(|| scope(async |_| {}));
    lets_others_run(|| try_scope(async |_| Ok::<_, ()>(())));
    lets_others_run(|| try_scope(async |_| Err::<(), _>(())));
    lets_others_run(|| scope(async |s| s.cancel()));
}

#[test]
fn what_was_asked_for_before_lets_others_run() {
    lets_others_run(|| async { interval(HOUR).tick().await });
    must_end(|| {
        // The real clock: a virtual one stands still while a task is ready.
        run(async {
            let rounds = Rc::new(Cell::new(0));
            let counts = rounds.clone();
            let task = spawn(async move {
                cancelled().await;
                loop {
                    cancelled().await;
                    counts.set(counts.get() + 1);
                }
            });
            yield_now().await;
            assert!(task.cancel_within(MS).await.is_err());
            assert!(rounds.get() > 0);
        });
    });
}

#[test]
fn ended_thread_jobs_spend_budget() {
    const JOBS: u32 = 200;
    run(async {
        let ran = Arc::new(AtomicU32::new(0));
        let job = |n| {
            let ran = ran.clone();
            Box::pin(to_thread(move || {
                ran.fetch_add(1, Ordering::SeqCst);
                n
            }))
        };
        let mut jobs: Vec<_> = (0..JOBS).map(job).collect();
        for job in &mut jobs {
            assert!(poll_once(job).await.is_pending());
        }
        while ran.load(Ordering::SeqCst) < JOBS {
            std::thread::yield_now(); // blocks the loop
        }
        std::thread::sleep(5 * MS); // so that the last results are stored
        yield_now().await;
        let all = async {
            let mut sum = 0;
            for job in jobs {
                sum += job.await;
            }
            sum
        };
        let (sum, polls) = polls_of(all).await;
        assert_eq!(sum, (JOBS - 1) * JOBS / 2);
        assert!(polls >= 2, "{polls} polls");
    });
}

// ---- what does not change -------------------------------------------------

/// A leaf in a combinator is counted once.
#[test]
fn a_leaf_behind_a_limit_costs_as_much_as_without() {
    virtual_runner().run(async {
        let tasks = finished(1_024).await;
        let all = async {
            for task in tasks {
                timeout(HOUR, gather((task,))).await.unwrap().0.unwrap();
            }
        };
        assert_eq!(polls_of(all).await.1, 8);
    });
}

#[test]
fn a_deadline_in_the_past_takes_one_turn_each() {
    virtual_runner().run(async {
        let naps = async {
            for _ in 0..10 {
                sleep_until(now()).await;
                sleep(Duration::ZERO).await;
            }
        };
        assert_eq!(polls_of(naps).await.1, 21);
    });
}

/// The waker of the poll is asked only when the budget is spent.
#[test]
fn a_combinator_outside_of_a_loop_has_no_budget() {
    let outputs = futures::executor::block_on(async {
        for _ in 0..1_000 {
            gather((async {}, async {})).await;
            assert_eq!(timeout(HOUR, async { 1 }).await, Ok(1));
            assert!(
                gather(Vec::<std::future::Ready<()>>::new())
                    .await
                    .is_empty()
            );
        }
        7
    });
    assert_eq!(outputs, 7);
}

#[test]
fn a_timeout_that_yielded_can_be_dropped() {
    virtual_runner().run(async {
        spend(BUDGET).await;
        let mut limited = Box::pin(timeout(Duration::ZERO, async { 7 }));
        let first = poll_fn(|cx| Poll::Ready(limited.as_mut().poll(cx))).await;
        assert!(first.is_pending(), "the budget of this poll is spent");
        yield_now().await;
        assert_eq!(Pin::new(&mut limited).await, Ok(7));
    });
}

#[cfg(feature = "net")]
#[test]
fn sockets_and_lookups_that_need_no_wait_let_others_run() {
    use executor::net::{TcpListener, UdpSocket, lookup_host};
    lets_others_run(|| lookup_host("127.0.0.1:80"));
    lets_others_run(|| lookup_host("no address"));
    lets_others_run(|| TcpListener::bind("127.0.0.1:0"));
    lets_others_run(|| UdpSocket::bind("127.0.0.1:0"));
    must_end(|| {
        let lost = run(UdpSocket::bind("127.0.0.1:0")).unwrap();
        run(async {
            let others = spawn(async {
                for _ in 0..4 {
                    yield_now().await;
                }
            });
            while !others.is_finished() {
                lost.recv(&mut [0]).await.unwrap_err();
            }
        });
    });
}

#[cfg(all(unix, feature = "net"))]
#[test]
fn connects_that_fail_at_once_let_others_run() {
    use executor::net::{TcpStream, UnixStream};
    lets_others_run(|| UnixStream::connect("/nowhere/at/all"));
    lets_others_run(|| TcpStream::connect("255.255.255.255:1"));
}

#[cfg(all(unix, feature = "os"))]
#[test]
fn waits_for_a_child_that_has_ended_let_others_run() {
    must_end(|| {
        run(async {
            let mut child = executor::process::Command::new("true").spawn().unwrap();
            child.wait().await.unwrap();
            let others = spawn(async {
                for _ in 0..4 {
                    yield_now().await;
                }
            });
            while !others.is_finished() {
                child.wait().await.unwrap();
            }
        });
    });
}
