//! `gather` and `try_gather`: outputs in order, linear work, and the siblings of a
//! failed future.

use std::cell::{Cell, RefCell};
use std::future::{pending, ready};
use std::rc::Rc;
use std::sync::mpsc;
use std::task::Poll;

#[cfg(feature = "observe")]
use executor::instrument::Event;
use executor::{JoinHandle, gather, now, run, sleep, spawn, try_gather, yield_now};
use futures::FutureExt;
use futures::channel::oneshot;

use super::{LARGE, MS, SMALL, poll_twice, tells_its_drop};
use crate::common::{
    Count, Gate, Log, OnDrop, counted, panic_text, poll_once, sized, sized_by_build, virtual_runner,
};
#[cfg(feature = "observe")]
use crate::common::{count, recorded_virtual_runner};

#[cfg(feature = "observe")]
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
    for n in [1, 32, 33, sized_by_build(100_000, 20_000, 100)] {
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
    let n: u32 = sized_by_build(100_000, 3_000, 200);
    let polls = Count::default();
    virtual_runner().run(async {
        let child = |n: u32| counted(&polls, sleep((1 + n % 100) * MS));
        gather((0..n).map(child).collect::<Vec<_>>()).await;
    });
    assert_eq!(polls.get(), 2 * n);
}

/// A small set is cheaper to poll as a whole: at most one round for each future,
/// so the size of the set bounds the number of polls.
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
fn a_gather_keeps_the_order_of_its_futures_whichever_returns_first() {
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
    const LARGE: usize = sized_by_build(super::LARGE, 40, 33);
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
            // This task is not polled meanwhile, so the wake of the other must suffice.
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

/// In asyncio the siblings continue.
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

/// asyncio refuses the cancel in this case.
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

#[cfg(feature = "observe")]
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
