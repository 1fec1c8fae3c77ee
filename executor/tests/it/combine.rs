//! Many futures at once: `gather`, `try_gather`, `race`, `as_completed`. Order
//! is kept, work is linear, nothing is polled after it returned, and nothing is
//! left alive behind a result.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::{pending, poll_fn, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use executor::instrument::Event;
use executor::{
    JoinHandle, Runner, as_completed, gather, now, race, run, sleep, spawn, timeout, try_gather,
    yield_now,
};
use futures::channel::oneshot;
use futures::{FutureExt, Stream, StreamExt};

use crate::common::{
    Count, Gate, Log, OnDrop, count, counted, panic_text, poll_once, recorded_virtual_runner,
    sized, virtual_runner,
};

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

// ---- gather ---------------------------------------------------------------

#[test]
fn c091_a_gather_of_nothing_is_ready_at_the_first_poll() {
    let (mut runner, recorder) = recorded_virtual_runner();
    runner.run(async {
        assert!(
            gather(Vec::<std::future::Ready<()>>::new())
                .await
                .is_empty()
        );
        let none: [std::future::Ready<u8>; 0] = [];
        assert_eq!(gather(none).await, []);
        let none = Vec::<std::future::Ready<Result<(), ()>>>::new();
        assert_eq!(try_gather(none).await, Ok(Vec::new()));
    });
    let polls = count(&recorder.take(), |event| {
        matches!(event, Event::PollStart { .. })
    });
    assert_eq!(polls, 1);
}

#[test]
fn c092_a_gather_of_one_and_of_many_ready_futures_polls_each_once() {
    let mut runner = virtual_runner();
    for n in [1, 32, 33, sized(100_000, 100)] {
        let polls = Count::default();
        let outputs = runner.run(async {
            let children = (0..n).map(|n| counted(&polls, ready(n)));
            gather(children.collect::<Vec<_>>()).await
        });
        assert_eq!(outputs, (0..n).collect::<Vec<_>>());
        assert_eq!(polls.get(), n);
    }
}

#[test]
fn c092_a_large_gather_of_sleeping_futures_polls_each_once_more_than_it_is_woken() {
    let n: u32 = sized(100_000, 200);
    let polls = Count::default();
    virtual_runner().run(async {
        let child = |n: u32| counted(&polls, sleep((1 + n % 100) * MS));
        gather((0..n).map(child).collect::<Vec<_>>()).await;
    });
    assert_eq!(polls.get(), 2 * n);
}

/// A small set is cheaper to poll as a whole: here as many rounds as there are
/// futures, and so a number of polls that the size of the set bounds.
#[test]
fn c092_a_small_gather_may_poll_all_that_are_left_in_each_round() {
    let polls = Count::default();
    virtual_runner().run(async {
        gather(
            (1..=32)
                .map(|n| counted(&polls, sleep(n * MS)))
                .collect::<Vec<_>>(),
        )
        .await;
    });
    let every_round: u32 = (1..=32).sum();
    assert!(
        (64..=32 + every_round).contains(&polls.get()),
        "{} polls",
        polls.get()
    );
}

#[test]
fn a_gather_keeps_the_order_of_its_futures_whoever_returns_first() {
    virtual_runner().run(async {
        for n in [SMALL, LARGE] {
            let child = |index: usize| async move {
                sleep((n - index) as u32 * MS).await;
                index
            };
            let outputs = gather((0..n).map(child).collect::<Vec<_>>()).await;
            assert_eq!(outputs, (0..n).collect::<Vec<_>>());
        }
        assert_eq!(
            gather([3, 1, 2].map(|n| async move {
                sleep(n * MS).await;
                n
            }))
            .await,
            [3, 1, 2]
        );
        let (number, text, unit) = gather((ready(1), ready("two"), sleep(MS))).await;
        assert_eq!((number, text, unit), (1, "two", ()));
    });
}

#[test]
fn a_gather_takes_the_time_of_its_slowest_future() {
    virtual_runner().run(async {
        let start = now();
        gather([20 * MS, 50 * MS, 30 * MS].map(sleep)).await;
        assert_eq!(now() - start, 50 * MS);
    });
}

#[test]
fn the_futures_of_a_gather_may_borrow_and_need_not_be_send() {
    let words = [Rc::new(String::from("a")), Rc::new(String::from("bc"))];
    let total = Cell::new(0);
    run(async {
        let children = words.iter().map(|word| async {
            yield_now().await;
            total.set(total.get() + word.len());
        });
        gather(children.collect::<Vec<_>>()).await;
        let (one, two) = gather((async { &words[0] }, async { total.get() })).await;
        assert_eq!((one.as_str(), two), ("a", 3));
    });
}

#[test]
fn a_gather_takes_futures_and_handles_by_reference() {
    virtual_runner().run(async {
        let mut nap = sleep(MS);
        let mut task = spawn(async { 1 });
        let ((), output) = gather((&mut nap, &mut task)).await;
        assert_eq!(output.unwrap(), 1);
        assert!(task.is_finished());
        let mut tasks = [spawn(async { 2 }), spawn(async { 3 })];
        let outputs = gather(tasks.iter_mut().collect::<Vec<_>>()).await;
        assert_eq!(
            outputs.into_iter().map(Result::unwrap).collect::<Vec<_>>(),
            [2, 3]
        );
    });
}

#[test]
fn a_large_gather_inside_a_large_gather_polls_no_more_than_it_must() {
    const LARGE: usize = sized(self::LARGE, 33);
    let polls = Count::default();
    virtual_runner().run(async {
        let inner = |n: usize| {
            let polls = polls.clone();
            async move {
                let naps =
                    (0..LARGE).map(|m| counted(&polls, sleep(((n * m) % 50 + 1) as u32 * MS)));
                gather(naps.collect::<Vec<_>>()).await.len()
            }
        };
        let lengths = gather((0..LARGE).map(inner).collect::<Vec<_>>()).await;
        assert_eq!(lengths, [LARGE; LARGE]);
    });
    assert_eq!(polls.get() as usize, 2 * LARGE * LARGE);
}

#[test]
fn the_futures_of_a_gather_are_woken_from_other_threads() {
    for n in [SMALL, LARGE] {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..n).map(|_| oneshot::channel()).unzip();
        let (registered, go) = mpsc::channel();
        let sender = std::thread::spawn(move || {
            go.recv().unwrap();
            for (index, sender) in senders.into_iter().enumerate().rev() {
                sender.send(index).unwrap();
            }
        });
        let outputs = run(async {
            let told = async {
                registered.send(()).unwrap(); // the last one: all before it wait
                Ok(n)
            };
            let children = receivers.into_iter().map(FutureExt::boxed_local);
            gather(children.chain([told.boxed_local()]).collect::<Vec<_>>()).await
        });
        let expected: Vec<_> = (0..=n).map(Ok).collect();
        assert_eq!(outputs, expected);
        sender.join().unwrap();
    }
}

#[test]
fn a_gather_that_moves_to_another_task_wakes_that_one() {
    for n in [SMALL, LARGE] {
        virtual_runner().run(async {
            let gate = Gate::new();
            let children = (0..n).map(|_| gate.clone().wait().boxed_local());
            let mut all = gather(children.collect::<Vec<_>>());
            assert!(poll_once(&mut all).await.is_pending());
            let elsewhere = spawn(all);
            yield_now().await;
            gate.open();
            // Nobody polls this task meanwhile: its own wake must do.
            assert_eq!(elsewhere.await.unwrap().len(), n);
        });
    }
}

/// The task that held the gather may be polled for nothing, once.
#[test]
fn a_waker_that_a_future_of_a_gather_left_behind_polls_at_most_its_task() {
    for n in [SMALL, LARGE] {
        let polls = Count::default();
        virtual_runner().run(async {
            let gate = Gate::new();
            let children = (0..n).map(|_| gate.clone().wait().boxed_local());
            let mut all = gather(children.collect::<Vec<_>>());
            let outlives = spawn(counted(&polls, async move {
                assert!(poll_once(&mut all).await.is_pending());
                drop(all);
                pending::<()>().await;
            }));
            yield_now().await;
            gate.open();
            sleep(MS).await;
            drop(outlives);
        });
        assert!(polls.get() <= 2, "{} polls", polls.get());
    }
}

#[test]
fn a_panic_in_one_future_of_a_gather_drops_the_others_and_comes_out() {
    for n in [SMALL, LARGE] {
        let log = Log::new();
        let inner = log.clone();
        let result = virtual_runner().run(async move {
            let task = spawn(async move {
                let child = |index: usize| {
                    let gone = tells_its_drop(&inner, index);
                    async move {
                        let _gone = gone;
                        sleep(MS).await;
                        if index == 1 {
                            std::panic::resume_unwind(Box::new("one"));
                        }
                        pending::<()>().await;
                    }
                };
                gather((0..n).map(child).collect::<Vec<_>>()).await;
            });
            task.await
        });
        assert_eq!(
            *result.unwrap_err().into_panic().downcast::<&str>().unwrap(),
            "one"
        );
        assert_eq!(log.take().len(), n);
    }
}

// ---- errors ---------------------------------------------------------------

/// Unlike asyncio, where the siblings go on.
#[test]
fn c094_the_siblings_of_a_failed_future_are_dropped_before_the_error_is_given() {
    let log = Log::new();
    let child = |index: usize, fails: usize| {
        let gone = tells_its_drop(&log, index);
        async move {
            let _gone = gone;
            if index == fails {
                sleep(MS).await;
                return Err(index);
            }
            pending::<Result<(), usize>>().await
        }
    };
    virtual_runner().run(async {
        let failed = try_gather((child(1, 2), child(2, 2), child(3, 2))).await;
        log.push(format!("failed {}", failed.unwrap_err()));
        assert_eq!(
            log.take(),
            ["dropped 2", "dropped 1", "dropped 3", "failed 2"]
        );

        let failed = try_gather([1, 2, 3].map(|n| child(n, 2))).await;
        log.push(format!("failed {}", failed.unwrap_err()));
        assert_eq!(
            log.take(),
            ["dropped 2", "dropped 1", "dropped 3", "failed 2"]
        );

        let failed = try_gather((0..LARGE).map(|n| child(n, 35)).collect::<Vec<_>>()).await;
        log.push(format!("failed {}", failed.unwrap_err()));
        let others = (0..LARGE)
            .filter(|n| *n != 35)
            .map(|n| format!("dropped {n}"));
        let mut expected = vec!["dropped 35".to_owned()];
        expected.extend(others);
        expected.push("failed 35".into());
        assert_eq!(log.take(), expected);
    });
}

#[test]
fn c094_values_that_were_there_before_the_error_are_dropped_with_it() {
    let drops = Count::default();
    let value = || {
        let drops = drops.clone();
        OnDrop(move || drops.add())
    };
    virtual_runner().run(async {
        let two = [
            ready(Ok(value())).boxed_local(),
            async { Err("late") }.boxed_local(),
        ];
        let mut all = Box::pin(try_gather(two));
        let Poll::Ready(result) = poll_once(&mut all).await else {
            panic!("both are ready");
        };
        assert_eq!(result.err(), Some("late"));
        assert_eq!(drops.get(), 1, "though the gather itself is still there");
        let tuple = try_gather((ready(Ok(value())), async { Err::<(), _>("late") }));
        let mut tuple = Box::pin(tuple);
        assert!(poll_once(&mut tuple).await.is_ready());
        assert_eq!(drops.get(), 2);
    });
}

/// asyncio: `gather(.., return_exceptions=True)`.
#[test]
fn c095_a_gather_of_handles_gives_every_outcome_in_its_order() {
    virtual_runner().run(async {
        let fine = spawn(async { Ok("fine") });
        let error = spawn(async { Err("an error") });
        let panics = spawn(async { std::panic::resume_unwind(Box::new("a panic")) });
        let cancelled = spawn(pending());
        cancelled.cancel();
        let outcomes = gather(vec![panics, error, cancelled, fine]).await;
        let text = outcomes.into_iter().map(|outcome| match outcome {
            Ok(Ok(value)) => value.to_owned(),
            Ok(Err(error)) => error.to_owned(),
            Err(error) if error.is_panic() => "a panic".to_owned(),
            Err(error) if error.is_cancelled() => "cancelled".to_owned(),
            Err(error) => error.to_string(),
        });
        assert_eq!(
            text.collect::<Vec<_>>(),
            ["a panic", "an error", "cancelled", "fine"]
        );
    });
}

/// asyncio refuses the cancel here.
#[test]
fn c097_a_gatherer_cancelled_before_it_saw_the_outputs_drops_each_once() {
    for n in [SMALL, LARGE] {
        let drops = Count::default();
        virtual_runner().run(async {
            let child = |_| {
                let drops = drops.clone();
                spawn(async move {
                    yield_now().await;
                    OnDrop(move || drops.add())
                })
            };
            let children: Vec<_> = (0..n).map(child).collect();
            let gatherer = spawn(async move { gather(children).await.len() });
            yield_now().await; // the children yield, the gatherer waits for them
            yield_now().await; // the children return and wake the gatherer
            assert_eq!(drops.get(), 0);
            assert!(gatherer.cancel());
            assert!(gatherer.await.unwrap_err().is_cancelled());
            assert_eq!(drops.get() as usize, n);
        });
        assert_eq!(drops.get() as usize, n);
    }
}

#[test]
fn c098_of_two_that_fail_in_one_turn_the_first_in_order_counts() {
    for n in [SMALL, LARGE] {
        let drops = Count::default();
        virtual_runner().run(async {
            let (senders, receivers): (Vec<_>, Vec<_>) =
                (0..n).map(|_| oneshot::channel::<()>()).unzip();
            let child = |(index, told): (usize, oneshot::Receiver<()>)| {
                let drops = drops.clone();
                async move {
                    told.await.unwrap();
                    Err::<(), _>((index, OnDrop(move || drops.add())))
                }
            };
            let children = receivers.into_iter().enumerate().map(child);
            let all = spawn(try_gather(children.collect::<Vec<_>>()));
            yield_now().await;
            // The last is woken first.
            let mut senders = senders;
            for sender in senders.drain(1..).rev() {
                sender.send(()).unwrap();
            }
            let Err((index, error)) = all.await.unwrap() else {
                panic!("all but the first fail");
            };
            assert_eq!((index, drops.get()), (1, 0));
            drop(error);
            assert_eq!(
                drops.get(),
                1,
                "the other futures never returned their errors"
            );
        });
    }
    // The same for a tuple, whose second future is woken first.
    virtual_runner().run(async {
        let (first_sender, first) = oneshot::channel::<()>();
        let (second_sender, second) = oneshot::channel::<()>();
        let fails = |told: oneshot::Receiver<()>, name| async move {
            told.await.unwrap();
            Err::<(), _>(name)
        };
        let all = spawn(try_gather((fails(first, "first"), fails(second, "second"))));
        yield_now().await;
        second_sender.send(()).unwrap();
        first_sender.send(()).unwrap();
        assert_eq!(all.await.unwrap(), Err("first"));
    });
}

/// `check` has two meanings for a type that is `Clone`, so that this compiles
/// only because a handle is not.
#[test]
fn c100_a_handle_cannot_be_gathered_twice_because_it_cannot_be_cloned() {
    trait NotClone<Which> {
        fn check() {}
    }
    impl<T> NotClone<()> for T {}
    impl<T: Clone> NotClone<u8> for T {}
    <JoinHandle<u8> as NotClone<_>>::check();
}

// ---- limit ----------------------------------------------------------------

#[test]
fn c101_no_more_than_the_limit_run_at_once_and_the_order_is_kept() {
    let many = sized(1_000, 50);
    for (n, limit) in [(20, 3), (many, 10), (many, 1), (5, 100)] {
        let (running, most) = (Cell::new(0), Cell::new(0));
        let job = |index: usize| {
            let (running, most) = (&running, &most);
            async move {
                running.set(running.get() + 1);
                most.set(most.get().max(running.get()));
                sleep((index % 7) as u32 * MS).await;
                running.set(running.get() - 1);
                index
            }
        };
        let outputs =
            virtual_runner().run(gather((0..n).map(job).collect::<Vec<_>>()).limit(limit));
        assert_eq!(outputs, (0..n).collect::<Vec<_>>());
        assert_eq!(most.get(), limit.min(n));
    }
}

#[test]
fn c101_a_failure_starts_no_new_job() {
    for n in [20, sized(1_000, 50)] {
        let started = RefCell::new(Vec::new());
        let job = |index: usize| {
            let started = &started;
            async move {
                started.borrow_mut().push(index);
                sleep(MS).await;
                if index == 7 { Err(index) } else { Ok(()) }
            }
        };
        let all = try_gather((0..n).map(job).collect::<Vec<_>>()).limit(5);
        assert_eq!(virtual_runner().run(all), Err(7));
        // 0..5 run first; when they return, 5..10 start; 7 fails after 5 and 6
        // have returned, which may have made room for two more.
        let started = started.take();
        assert!(started.len() <= 12, "{started:?}");
        assert_eq!(started, (0..started.len()).collect::<Vec<_>>());
    }
}

#[test]
fn a_limit_of_zero_is_refused() {
    let text = panic_text(|| gather(vec![ready(())]).limit(0));
    assert_eq!(text, "gather(..).limit(0) would never run anything");
    let text = panic_text(|| try_gather(vec![ready(Ok::<(), ()>(()))]).limit(0));
    assert_eq!(text, "try_gather(..).limit(0) would never run anything");
}

// ---- as_completed ---------------------------------------------------------

fn naps(lengths: &[u32]) -> Vec<impl Future<Output = u32> + use<>> {
    let nap = |&ms: &u32| async move {
        sleep(ms * MS).await;
        ms
    };
    lengths.iter().map(nap).collect()
}

/// There is no `wait`: a stream that is read up to the first error is it.
#[test]
fn c103_as_completed_read_up_to_the_first_error_gives_all_that_were_done_before() {
    virtual_runner().run(async {
        let job = |(ms, fails): (u32, bool)| async move {
            sleep(ms * MS).await;
            if fails { Err(ms) } else { Ok(ms) }
        };
        let jobs = [(30, false), (20, true), (10, false)].map(job);
        let mut stream = as_completed(Vec::from(jobs));
        let mut done = Vec::new();
        while let Some((index, result)) = stream.next().await {
            done.push((index, result));
            if result.is_err() {
                break;
            }
        }
        assert_eq!(done, [(2, Ok(10)), (1, Err(20))]);
        assert_eq!(
            stream.next().await,
            Some((0, Ok(30))),
            "the others are still there"
        );
    });
}

#[test]
fn c104_a_wait_that_times_out_leaves_all_that_it_waited_for_running() {
    virtual_runner().run(async {
        let tasks = [40, 50].map(|ms| spawn(sleep(ms * MS)));
        let mut stream = as_completed(Vec::from(tasks));
        assert!(timeout(10 * MS, stream.next()).await.is_err());
        assert_eq!(stream.size_hint(), (2, Some(2)));
        assert!(matches!(stream.next().await, Some((0, Ok(())))));
        let mut slow = spawn(sleep(20 * MS));
        assert!(timeout(10 * MS, gather((&mut slow,))).await.is_err());
        assert!(slow.await.is_ok());
    });
}

#[test]
fn c106_waiting_for_nothing_never_hangs() {
    run(async {
        assert!(
            as_completed(Vec::<std::future::Ready<()>>::new())
                .next()
                .await
                .is_none()
        );
        let text = panic_text(|| race(Vec::<std::future::Ready<()>>::new()));
        assert_eq!(text, "a race of no futures has no winner");
        let none: [std::future::Ready<()>; 0] = [];
        let text = panic_text(|| race(none));
        assert_eq!(text, "a race of no futures has no winner");
    });
}

#[test]
fn c107_the_first_to_be_done_is_given_first() {
    virtual_runner().run(async {
        let order: Vec<_> = as_completed(naps(&[100, 50, 20])).collect().await;
        assert_eq!(order, [(2, 20), (1, 50), (0, 100)]);

        let mut stream = as_completed(naps(&[100, 50, 20]));
        let mut order = Vec::new();
        let reads = async {
            while let Some((index, _)) = stream.next().await {
                order.push(index);
            }
        };
        assert!(timeout(60 * MS, reads).await.is_err());
        assert_eq!(order, [2, 1]);
    });
}

#[test]
fn c107_what_is_done_in_one_turn_comes_in_the_order_of_the_wakes() {
    for n in [LARGE, SMALL] {
        virtual_runner().run(async {
            let (senders, receivers): (Vec<_>, Vec<_>) =
                (0..n).map(|_| oneshot::channel::<()>()).unzip();
            let mut stream = as_completed(receivers);
            assert!(timeout(MS, stream.next()).await.is_err());
            for sender in senders.into_iter().rev() {
                sender.send(()).unwrap();
            }
            let order: Vec<_> = stream.map(|(index, _)| index).collect().await;
            assert_eq!(order, (0..n).rev().collect::<Vec<_>>(), "{n} futures");
        });
    }
}

#[test]
fn c109_a_stream_that_was_left_half_way_goes_on_with_the_rest() {
    virtual_runner().run(async {
        let mut stream = as_completed(naps(&[30, 10, 20]));
        for expected in [Some((1, 10)), Some((2, 20)), Some((0, 30)), None, None] {
            assert_eq!(stream.next().await, expected);
            sleep(5 * MS).await;
        }
    });
}

#[test]
fn c110_dropping_the_set_drops_its_members_in_their_order() {
    let log = Log::new();
    for n in [SMALL, LARGE] {
        let expected: Vec<_> = (0..n).map(|n| format!("dropped {n}")).collect();
        let members = || {
            let member = |index| {
                let gone = tells_its_drop(&log, index);
                async move {
                    let _gone = gone;
                    pending::<Result<(), ()>>().await
                }
            };
            (0..n).map(member).collect::<Vec<_>>()
        };
        virtual_runner().run(async {
            timeout(MS, as_completed(members()).next())
                .await
                .unwrap_err();
            assert_eq!(log.take(), expected);
            timeout(MS, gather(members())).await.unwrap_err();
            assert_eq!(log.take(), expected);
            timeout(MS, try_gather(members())).await.unwrap_err();
            assert_eq!(log.take(), expected);
            timeout(MS, race(members())).await.unwrap_err();
            assert_eq!(log.take(), expected);
        });
    }
}

#[test]
fn c110_tasks_whose_handles_cancel_on_drop_end_with_the_set() {
    let drops = Count::default();
    virtual_runner().run(async {
        let member = |_| {
            let drops = drops.clone();
            let task = spawn(async move {
                let _gone = OnDrop(move || drops.add());
                pending::<()>().await;
            });
            task.cancel_on_drop()
        };
        timeout(MS, gather([(); 3].map(member))).await.unwrap_err();
        yield_now().await;
        assert_eq!(drops.get(), 3);
    });
}

#[test]
fn c112_a_member_that_panics_is_reported_as_itself_and_the_others_go_on() {
    virtual_runner().run(async {
        let member = |ms: u32| {
            spawn(async move {
                sleep(ms * MS).await;
                if ms == 20 {
                    std::panic::resume_unwind(Box::new("twenty"));
                }
                ms
            })
        };
        let mut stream = as_completed([10, 20, 30].map(member).into());
        assert_eq!(stream.next().await.unwrap().1.unwrap(), 10);
        let (index, error) = stream.next().await.unwrap();
        assert_eq!((index, error.unwrap_err().is_panic()), (1, true));
        assert_eq!(stream.next().await.unwrap().1.unwrap(), 30);
        assert!(stream.next().await.is_none());
    });
}

#[test]
fn c113_members_whose_loop_is_gone_are_reported_as_cancelled() {
    for n in [SMALL, LARGE] {
        let mut first = virtual_runner();
        let tasks: Vec<_> = (0..n).map(|_| first.spawn(pending::<()>())).collect();
        let mut stream = as_completed(tasks);
        assert!(first.run(async { timeout(MS, stream.next()).await.is_err() }));
        drop(first);
        let ends: Vec<_> = virtual_runner().run(stream.collect());
        assert_eq!(ends.len(), n);
        assert!(
            ends.into_iter()
                .all(|(_, end)| end.unwrap_err().is_cancelled())
        );
    }
}

// ---- polls ----------------------------------------------------------------

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
fn c115_a_loop_around_a_race_goes_on_with_those_that_are_left() {
    virtual_runner().run(async {
        let (mut one, mut two) = (Box::pin(sleep(MS)).fuse(), Box::pin(sleep(2 * MS)).fuse());
        let mut ticks = executor::interval(MS);
        let mut order = Vec::new();
        for _ in 0..5 {
            let tick = Box::pin(ticks.tick().map(drop));
            order.push(race((&mut one, &mut two, tick)).await.0);
        }
        assert_eq!(order, [2, 0, 2, 1, 2]);
    });
}

#[test]
fn c116_without_a_seed_the_first_in_order_wins_a_tie() {
    let mut runner = virtual_runner();
    for _ in 0..sized(10, 2) {
        assert_eq!(runner.run(race((ready("a"), ready("b")))), (0, "a"));
        assert_eq!(runner.run(race([ready("a"), ready("b")])), (0, "a"));
        let tie = (0..LARGE)
            .map(|n| sleep(MS).map(move |()| n))
            .collect::<Vec<_>>();
        assert_eq!(runner.run(race(tie)), (0, 0));
    }
}

#[test]
fn c116_with_a_seed_ties_are_drawn_and_the_same_seed_draws_the_same() {
    let winners = |seed| {
        let mut runner = Runner::builder().virtual_time().seed(seed).build();
        runner.run(async {
            let mut winners = Vec::new();
            for _ in 0..8 {
                winners.push(race((ready(0), ready(1), ready(2))).await);
                winners.push(race([ready(0), ready(1), ready(2)]).await);
                winners.extend(as_completed(vec![ready(0), ready(1)]).next().await);
            }
            winners
        })
    };
    let seeds = 0..sized(32, 4);
    let all: BTreeSet<_> = seeds.clone().map(winners).collect();
    assert!(
        all.len() > seeds.end as usize / 2,
        "only {} different outcomes",
        all.len()
    );
    assert!(seeds.clone().map(winners).eq(seeds.map(winners)));
    // The index is the place in the user's order, not in the drawn one.
    assert!(all.iter().flatten().all(|(index, output)| index == output));
}

/// Handles of finished tasks are always ready. The budget of a poll makes the
/// greedy branch pause, and the other one has its turn.
#[test]
fn c118_a_branch_that_is_always_ready_does_not_keep_the_other_from_winning() {
    virtual_runner().run(async {
        let greedy = |taken: &Count| {
            let taken = taken.clone();
            let tasks: Vec<_> = (0..sized(10_000, 500)).map(|_| spawn(async {})).collect();
            async move {
                for task in tasks {
                    task.await.unwrap();
                    taken.add();
                }
            }
        };
        let taken = Count::default();
        let branch = greedy(&taken);
        sleep(MS).await; // all are finished
        assert_eq!(race((branch, sleep(Duration::ZERO))).await.0, 1);
        assert!(taken.get() <= 3 * 128, "{} in a row", taken.get());

        let taken = Count::default();
        let branch = greedy(&taken).boxed_local();
        sleep(MS).await;
        assert_eq!(
            race([branch, sleep(Duration::ZERO).boxed_local()]).await.0,
            1
        );
        assert!(taken.get() <= 3 * 128, "{} in a row", taken.get());

        let taken = Count::default();
        let branch = greedy(&taken);
        sleep(MS).await;
        assert!(timeout(Duration::ZERO, branch).await.is_err());
        assert_eq!(taken.get(), 128);
    });
}

#[test]
#[cfg_attr(
    miri,
    ignore = "thousands of recorded tasks are too long for an interpreter"
)]
fn a_gather_stops_polling_once_the_budget_of_the_poll_is_spent() {
    let (mut runner, recorder) = recorded_virtual_runner();
    for n in [2, SMALL, LARGE] {
        runner.run(async {
            // Each child takes the whole budget, and so a poll of its own. The
            // first of them began before the record was emptied.
            let child = |_| {
                let tasks: Vec<_> = (0..128).map(|_| spawn(async {})).collect();
                async move {
                    for task in tasks {
                        task.await.unwrap();
                    }
                }
            };
            let children: Vec<_> = (0..n).map(child).collect();
            sleep(MS).await;
            recorder.take();
            gather(children).await;
        });
        let polls = count(&recorder.take(), |event| {
            matches!(event, Event::PollStart { .. })
        });
        assert!(
            (n - 1..=n + 1).contains(&polls),
            "{polls} polls for {n} greedy children"
        );
    }
}

// ---- race -----------------------------------------------------------------

#[test]
fn the_losers_of_a_race_are_dropped_before_the_winner_is_given() {
    let log = Log::new();
    let runner = |index: usize, wins: usize| {
        let gone = tells_its_drop(&log, index);
        async move {
            let _gone = gone;
            if index != wins {
                pending::<()>().await;
            }
            sleep(MS).await;
            index
        }
    };
    virtual_runner().run(async {
        let (index, output) = race((runner(0, 1), runner(1, 1), runner(2, 1))).await;
        log.push("won");
        assert_eq!((index, output), (1, 1));
        assert_eq!(log.take(), ["dropped 1", "dropped 0", "dropped 2", "won"]);
        let (index, output) = race([0, 1, 2].map(|n| runner(n, 1))).await;
        log.push("won");
        assert_eq!((index, output), (1, 1));
        assert_eq!(log.take(), ["dropped 1", "dropped 0", "dropped 2", "won"]);
        let (index, output) = race((0..LARGE).map(|n| runner(n, 35)).collect::<Vec<_>>()).await;
        assert_eq!((index, output), (35, 35));
        assert_eq!(log.take().len(), LARGE);
    });
}

#[test]
fn a_handle_that_lost_a_race_can_be_awaited_later() {
    virtual_runner().run(async {
        let mut slow = spawn(async {
            sleep(20 * MS).await;
            "slow"
        });
        let mut quick = spawn(async {
            sleep(10 * MS).await;
            "quick"
        });
        let (index, winner) = race((&mut slow, &mut quick)).await;
        assert_eq!((index, winner.unwrap()), (1, "quick"));
        assert_eq!(slow.await.unwrap(), "slow");
    });
}

// ---- misuse ---------------------------------------------------------------

fn poll_twice<F: Future + Unpin>(mut future: F) {
    let mut cx = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut future).poll(&mut cx).is_ready());
    let _ = Pin::new(&mut future).poll(&mut cx);
}

#[test]
fn a_gather_polled_after_it_was_ready_says_so() {
    let expected = "a gather was polled after it was ready";
    assert_eq!(
        panic_text(|| poll_twice(Box::pin(gather((ready(1), ready(2)))))),
        expected
    );
    assert_eq!(
        panic_text(|| poll_twice(gather(vec![ready(1), ready(2)]))),
        expected
    );
    assert_eq!(
        panic_text(|| poll_twice(Box::pin(gather([ready(1), ready(2)])))),
        expected
    );
}

#[test]
fn a_try_gather_polled_after_it_was_ready_says_so() {
    let expected = "a try_gather was polled after it was ready";
    for result in [Ok(1), Err(2)] {
        let two = || [ready(result), ready(result)];
        let [one, other] = two();
        assert_eq!(
            panic_text(|| poll_twice(Box::pin(try_gather((one, other))))),
            expected
        );
        assert_eq!(
            panic_text(|| poll_twice(try_gather(Vec::from(two())))),
            expected
        );
        assert_eq!(
            panic_text(|| poll_twice(Box::pin(try_gather(two())))),
            expected
        );
    }
}

#[test]
fn a_race_polled_after_it_had_its_winner_says_so() {
    let expected = "a race was polled after it had its winner";
    assert_eq!(
        panic_text(|| poll_twice(Box::pin(race((ready(1), ready(2)))))),
        expected
    );
    assert_eq!(
        panic_text(|| poll_twice(race(vec![ready(1), ready(2)]))),
        expected
    );
}

#[test]
fn the_combinators_work_on_an_executor_of_somebody_else() {
    let outputs = futures::executor::block_on(async {
        let large = gather((0..LARGE).map(|n| once(true, n)).collect::<Vec<_>>()).await;
        let first = race((pending::<usize>(), once(true, 1))).await;
        (large.len(), first)
    });
    assert_eq!(outputs, (LARGE, (1, 1)));
}
