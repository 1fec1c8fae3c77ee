//! Timers and timeouts: exact deadlines, in order, each once; a timer without a
//! waiter costs nothing; a ready future never times out.

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

#[cfg(feature = "observe")]
use executor::instrument::{Event, Recorder};
use executor::{
    Elapsed, Runner, Sleep, gather, interval, now, race, run, sleep, sleep_until, spawn, tasks,
    timeout, timeout_at, yield_now,
};

use crate::common::{Count, Log, OnDrop, counted, panic_text, poll_once, sized, virtual_runner};
#[cfg(feature = "observe")]
use crate::common::{count, recorded_virtual_runner};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// A sleep that several tasks can reach.
#[derive(Clone)]
struct SharedSleep(Rc<RefCell<Sleep>>);

impl SharedSleep {
    fn new(duration: Duration) -> Self {
        SharedSleep(Rc::new(RefCell::new(sleep(duration))))
    }

    async fn wait(&self) {
        poll_fn(|cx| Pin::new(&mut *self.0.borrow_mut()).poll(cx)).await;
    }

    fn reset(&self, duration: Duration) {
        self.0.borrow_mut().reset(duration);
    }
}

// ---- timers ---------------------------------------------------------------

#[test]
fn c142_equal_deadlines_fire_in_registration_order() {
    const MANY: u32 = sized(200, 30);
    let log = Log::new();
    virtual_runner().run(async {
        let deadline = now() + SECOND;
        let sleeper = |n: u32| {
            let log = log.clone();
            spawn(async move {
                if n % 2 == 1 {
                    yield_now().await; // the odd ones register after the even ones
                }
                sleep_until(deadline).await;
                log.push(n);
            })
        };
        for task in (0..MANY).map(sleeper).collect::<Vec<_>>() {
            task.await.unwrap();
        }
    });
    let evens = (0..MANY).step_by(2);
    let expected: Vec<_> = evens.chain((1..MANY).step_by(2)).collect();
    assert_eq!(
        log.take(),
        expected.iter().map(u32::to_string).collect::<Vec<_>>()
    );
}

#[test]
fn c143_deadlines_four_microseconds_apart_fire_in_their_order_though_registered_in_reverse() {
    const MANY: u32 = sized(300, 50);
    let log = Log::new();
    virtual_runner().run(async {
        let start = now();
        let sleeper = |n: u32| {
            let log = log.clone();
            async move {
                sleep_until(start + n * Duration::from_micros(4)).await;
                assert_eq!(now() - start, n * Duration::from_micros(4));
                log.push(n);
            }
        };
        gather((1..=MANY).rev().map(sleeper).collect::<Vec<_>>()).await;
    });
    assert_eq!(
        log.take(),
        (1..=MANY).map(|n| n.to_string()).collect::<Vec<_>>()
    );
}

#[cfg(feature = "observe")]
#[test]
fn c146_a_sleep_that_is_too_long_for_the_clock_costs_nothing_beside_a_short_one() {
    let far = [
        Duration::MAX,
        Duration::MAX - MS,
        Duration::from_secs(u64::MAX),
        Duration::from_nanos(u64::MAX),
        Duration::from_nanos(u64::MAX - 1),
        Duration::from_secs(10 * 365 * 24 * 3600),
    ];
    let (mut runner, recorder) = recorded_virtual_runner();
    runner.run(async {
        let start = now();
        let far = gather(far.map(sleep));
        let near = async {
            sleep(Duration::from_nanos(1)).await;
            now() - start
        };
        let (winner, elapsed) = race((
            async {
                far.await;
                Duration::ZERO
            },
            near,
        ))
        .await;
        assert_eq!((winner, elapsed), (1, Duration::from_nanos(1)));
    });
    let events = recorder.take();
    assert_eq!(
        count(&events, |event| matches!(event, Event::ParkStart { .. })),
        1
    );
    assert_eq!(
        count(&events, |event| matches!(event, Event::TimerCancel { .. })),
        far.len()
    );

    run(async {
        let far = gather(far.map(sleep));
        let near = sleep(Duration::from_nanos(1));
        assert_eq!(
            race((
                async {
                    far.await;
                },
                near
            ))
            .await
            .0,
            1
        );
    });
}

#[test]
fn c146_ten_years_are_exact_and_for_ever_is_named_as_such() {
    let ten_years = Duration::from_secs(10 * 365 * 24 * 3600);
    let mut runner = virtual_runner();
    runner.run(async {
        let start = now();
        sleep(ten_years).await;
        assert_eq!(now() - start, ten_years);
    });
    let error = runner
        .try_run(sleep(Duration::MAX))
        .unwrap_err()
        .to_string();
    assert!(error.contains("waits for sleep forever"), "{error}");
}

#[test]
fn c148_a_million_dropped_sleeps_leave_nothing_beside_one_far_timer() {
    virtual_runner().run(async {
        let mut far = sleep(HOUR);
        assert!(poll_once(&mut far).await.is_pending());
        for _ in 0..sized(1_000_000, 200) {
            assert!(poll_once(&mut sleep(SECOND)).await.is_pending());
        }
        let looks = spawn(async { tasks()[0].waits_for().len() });
        assert_eq!(
            looks.await.unwrap(),
            2,
            "the far timer, and the join of this task"
        );
        drop(far);
    });
}

#[cfg(feature = "observe")]
#[test]
fn c149_the_timer_of_a_cancelled_task_is_gone_and_the_loop_sleeps_past_it() {
    let (mut runner, recorder) = recorded_virtual_runner();
    runner.run(async {
        let short = spawn(sleep(HOUR));
        yield_now().await;
        assert!(short.cancel());
        sleep(3 * HOUR).await;
    });
    let events = recorder.take();
    let parks: Vec<_> = events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::ParkStart { until } => Some(until.unwrap()),
            _ => None,
        })
        .collect();
    assert_eq!(parks, [3 * HOUR]);
    assert_eq!(
        count(&events, |event| matches!(event, Event::TimerFire { .. })),
        1
    );
    assert_eq!(
        count(&events, |event| matches!(event, Event::TimerCancel { .. })),
        1
    );
}

#[test]
fn c151_a_deadline_moved_by_another_task_wakes_at_the_new_time_only() {
    // Earlier, later, and into the past.
    for (moved_to, expected) in [
        (SECOND, 3 * SECOND),
        (HOUR, HOUR + 2 * SECOND),
        (Duration::ZERO, 2 * SECOND),
    ] {
        let polls = Count::default();
        virtual_runner().run(async {
            let start = now();
            let shared = SharedSleep::new(10 * SECOND);
            let waiting = shared.clone();
            let polls = polls.clone();
            let waiter = spawn(async move {
                counted(&polls, waiting.wait()).await;
                now() - start
            });
            sleep(2 * SECOND).await;
            shared.reset(moved_to);
            assert_eq!(waiter.await.unwrap(), expected);
            sleep(2 * HOUR).await; // past the old deadline
        });
        assert_eq!(polls.get(), 2, "no wake at the old time");
    }
}

#[test]
fn c151_a_deadline_moved_to_one_that_is_taken_comes_behind_it() {
    let log = Log::new();
    virtual_runner().run(async {
        let moved = SharedSleep::new(SECOND);
        let first = {
            let (moved, log) = (moved.clone(), log.clone());
            spawn(async move {
                moved.wait().await;
                log.push("moved");
            })
        };
        let second = {
            let log = log.clone();
            spawn(async move {
                sleep(HOUR).await;
                log.push("was there");
            })
        };
        yield_now().await;
        moved.reset(HOUR); // no time has passed
        gather((first, second)).await.0.unwrap();
    });
    assert_eq!(log.take(), ["was there", "moved"]);
}

#[cfg(feature = "observe")]
#[test]
fn c152_a_sleep_takes_one_park_and_no_busy_turns_however_short_it_is() {
    for length in [
        10 * MS,
        Duration::from_micros(100),
        Duration::from_micros(1),
        Duration::from_nanos(10),
    ] {
        let recorder = Recorder::new();
        let mut runner = Runner::builder().instrument(recorder.clone()).build();
        runner.run(sleep(length));
        let events = recorder.take();
        assert_eq!(
            count(&events, |event| matches!(event, Event::PollStart { .. })),
            2
        );
        let turns = count(&events, |event| matches!(event, Event::Turn { .. }));
        assert!(turns <= 3, "{turns} turns for a sleep of {length:?}");
    }
}

#[test]
fn c154_no_sleep_is_shorter_than_asked_for() {
    run(async {
        for nanos in [0, 1, 10, 999, 1_000, 55_000, 100_000, 1_000_001, 3_000_000] {
            let asked = Duration::from_nanos(nanos);
            let (before, before_outside) = (now(), Instant::now());
            sleep(asked).await;
            assert!(now() - before >= asked);
            assert!(before_outside.elapsed() >= asked);
        }
    });
}

/// Time spans from 1 ns to 20 µs in no order: thousands of them are nanoseconds
/// apart, and some are equal.
fn crowded_spans() -> impl Iterator<Item = Duration> {
    let nanos = |n: u64| 1 + n * 7_919 % 20_000;
    (0..5_000).map(nanos).map(Duration::from_nanos)
}

#[test]
fn of_thousands_of_timers_nanoseconds_apart_each_fires_exactly_at_its_deadline() {
    virtual_runner().run(async {
        let start = now();
        let naps = crowded_spans().map(|span| {
            spawn(async move {
                sleep(span).await;
                assert_eq!(now() - start, span);
            })
        });
        for nap in naps.collect::<Vec<_>>() {
            nap.await.unwrap();
        }
        assert_eq!(now() - start, Duration::from_nanos(20_000));
    });
}

#[cfg(feature = "observe")]
#[test]
fn of_thousands_of_timers_on_the_real_clock_none_fires_before_its_deadline() {
    let tracer = executor::instrument::Tracer::with_room(100_000);
    let mut runner = Runner::builder().instrument(tracer.clone()).build();
    runner.run(async {
        let naps = crowded_spans().map(|span| async move {
            let before = now();
            sleep(span).await;
            assert!(now() - before >= span);
        });
        gather(naps.collect::<Vec<_>>()).await;
    });
    drop(runner);
    let trace = tracer.trace();
    let fired =
        |entry: &&executor::instrument::Entry| matches!(entry.event, Event::TimerFire { .. });
    assert_eq!(trace.events.iter().filter(fired).count(), 5_000);
    assert_eq!(executor::instrument::replay::judge(&trace), []);
}

#[cfg(feature = "observe")]
#[test]
fn c155_timers_that_came_due_while_the_thread_was_blocked_all_fire_at_once_in_their_order() {
    let recorder = Recorder::new();
    let mut runner = Runner::builder().instrument(recorder.clone()).build();
    let armed = runner.run(async {
        let naps = [30, 20, 10].map(|ms| spawn(sleep(ms * MS)));
        yield_now().await; // all three are registered
        let blocked = Instant::now();
        while blocked.elapsed() < 31 * MS {
            std::hint::spin_loop();
        }
        let armed = recorder.take();
        for nap in naps {
            nap.await.unwrap();
        }
        armed
    });
    let after = recorder.take();
    let mut deadlines: Vec<_> = armed
        .iter()
        .filter_map(|(_, event)| match event {
            Event::TimerAdd {
                timer, deadline, ..
            } => Some((*deadline, *timer)),
            _ => None,
        })
        .collect();
    deadlines.sort_unstable();
    let fired: Vec<_> = after
        .iter()
        .filter_map(|(_, event)| match event {
            Event::TimerFire { timer } => Some(*timer),
            _ => None,
        })
        .collect();
    assert_eq!(
        fired,
        deadlines
            .iter()
            .map(|(_, timer)| *timer)
            .collect::<Vec<_>>()
    );
    assert_eq!(fired.len(), 3);
    let together = count(&after, |event| matches!(event, Event::Turn { ready: 3 }));
    assert_eq!(together, 1, "one turn polls all three");
}

#[test]
fn c157_a_sleep_built_outside_a_loop_counts_from_its_first_poll() {
    let early = sleep(SECOND);
    virtual_runner().run(async {
        sleep(HOUR).await;
        let start = now();
        early.await;
        assert_eq!(now() - start, SECOND);
    });
}

#[test]
fn c157_a_sleep_polled_outside_a_loop_panics_and_says_what_to_do() {
    let mut cx = std::task::Context::from_waker(Waker::noop());
    for mut outside in [
        sleep(MS),
        sleep(Duration::ZERO),
        sleep_until(Instant::now()),
    ] {
        let text = panic_text(|| Pin::new(&mut outside).poll(&mut cx));
        assert_eq!(
            text,
            "a sleep or timeout was polled where no loop runs: await it inside `executor::run(..)`"
        );
    }
}

#[test]
fn c158_a_sleep_of_one_loop_is_refused_by_another() {
    let (mut first, mut second) = (virtual_runner(), virtual_runner());
    let mut nap = sleep(SECOND);
    assert!(first.run(poll_once(&mut nap)).is_pending());
    let text = panic_text(|| second.run(&mut nap));
    assert!(
        text.contains("a timer belongs to the loop that first polled it"),
        "{text}"
    );
    // With a new deadline it is a new timer, of the loop that polls it next.
    nap.reset(SECOND);
    second.run(nap);
}

#[test]
fn c158_a_sleep_of_one_loop_dropped_on_another_leaves_its_timers_alone() {
    let (mut first, mut second) = (virtual_runner(), virtual_runner());
    let mut of_first = sleep(SECOND);
    assert!(first.run(poll_once(&mut of_first)).is_pending());
    second.run(async {
        let start = now();
        let mut of_second = sleep(SECOND); // the same slot, in the other loop
        assert!(poll_once(&mut of_second).await.is_pending());
        drop(of_first);
        of_second.await;
        assert_eq!(now() - start, SECOND);
    });
}

#[test]
fn a_sleep_of_a_closed_loop_wakes_no_task_and_can_be_dropped() {
    let mut nap = sleep(SECOND);
    // Not judged: its timer is left at the end of the loop, which is the point.
    let mut runner = Runner::builder().virtual_time().build();
    assert!(runner.run(poll_once(&mut nap)).is_pending());
    drop(runner);
    drop(nap);
}

/// A dropped sleep frees its timer at once, so nothing is left to jump to.
#[cfg(feature = "observe")]
#[test]
fn a_sleep_dropped_between_two_runs_leaves_no_timer() {
    let (mut runner, recorder) = recorded_virtual_runner();
    let mut nap = sleep(SECOND);
    assert!(runner.run(poll_once(&mut nap)).is_pending());
    drop(nap);
    recorder.take();
    runner.run(sleep(HOUR));
    let events = recorder.take();
    assert_eq!(
        count(&events, |event| matches!(event, Event::TimerFire { .. })),
        1
    );
}

#[cfg(feature = "observe")]
#[test]
fn a_sleep_of_zero_and_one_whose_moment_has_passed_are_one_turn_each() {
    let log = Log::new();
    let (mut runner, recorder) = recorded_virtual_runner();
    runner.run(async {
        sleep(SECOND).await;
        let past = now() - MS;
        recorder.take();
        for (name, nap) in [("zero", sleep(Duration::ZERO)), ("past", sleep_until(past))] {
            let theirs = log.clone();
            let other = spawn(async move { theirs.push("other") });
            nap.await;
            log.push(name);
            other.await.unwrap();
        }
        sleep_until(now()).await; // exactly now counts as passed
    });
    assert_eq!(log.take(), ["other", "zero", "other", "past"]);
    let events = recorder.take();
    assert_eq!(
        count(&events, |event| matches!(event, Event::TimerAdd { .. })),
        0
    );
}

#[test]
fn a_sleep_awaited_by_a_second_task_wakes_that_one_only() {
    let (first_polls, second_polls) = (Count::default(), Count::default());
    virtual_runner().run(async {
        let shared = SharedSleep::new(SECOND);
        let (one, two) = (shared.clone(), shared.clone());
        let (polls_one, polls_two) = (first_polls.clone(), second_polls.clone());
        let first = spawn(counted(&polls_one, async move { one.wait().await }));
        yield_now().await;
        let second = spawn(counted(&polls_two, async move { two.wait().await }));
        second.await.unwrap();
        yield_now().await;
        assert!(!first.is_finished());
    });
    assert_eq!((first_polls.get(), second_polls.get()), (1, 2));
}

#[test]
fn a_sleep_that_has_fired_can_be_set_again() {
    virtual_runner().run(async {
        let start = now();
        let mut nap = sleep(SECOND);
        (&mut nap).await;
        (&mut nap).await; // over: ready at once
        assert_eq!(now() - start, SECOND);
        nap.reset(SECOND);
        nap.await;
        assert_eq!(now() - start, 2 * SECOND);
    });
}

#[test]
fn an_interval_ticks_at_once_and_keeps_its_pace_without_catching_up() {
    virtual_runner().run(async {
        let start = now();
        let mut every = interval(SECOND);
        assert_eq!(every.tick().await - start, Duration::ZERO);
        assert_eq!(every.tick().await - start, SECOND);
        sleep(3500 * MS).await; // the ticks at 2, 3 and 4 s are missed
        assert_eq!(
            every.tick().await - start,
            2 * SECOND,
            "the first one that was missed"
        );
        assert_eq!(now() - start, 4500 * MS);
        assert_eq!(every.tick().await - start, 5 * SECOND);
        assert_eq!(now() - start, 5 * SECOND);
    });
}

#[test]
fn a_tick_whose_await_was_dropped_stays_due() {
    virtual_runner().run(async {
        let start = now();
        let mut every = interval(SECOND);
        every.tick().await;
        assert!(timeout(500 * MS, every.tick()).await.is_err());
        assert_eq!(every.tick().await - start, SECOND);
        every.reset();
        assert_eq!(every.tick().await - start, 2 * SECOND);
    });
}

#[test]
fn an_interval_may_be_too_long_for_the_clock_but_not_zero() {
    virtual_runner().run(async {
        let mut never = interval(Duration::MAX);
        never.tick().await;
        assert!(timeout(HOUR, never.tick()).await.is_err());
    });
    assert_eq!(
        panic_text(|| interval(Duration::ZERO)),
        "interval(0) would tick without end; give it a period of at least a nanosecond"
    );
}

#[test]
fn a_sleep_may_go_to_other_threads() {
    fn check<T: Send + Sync>() {}
    check::<Sleep>();
    check::<Elapsed>();
    check::<executor::Timeout<Sleep>>();
    check::<executor::Interval>();
    let built_elsewhere = std::thread::spawn(|| sleep(SECOND)).join().unwrap();
    virtual_runner().run(built_elsewhere);
}

// ---- timeouts -------------------------------------------------------------

#[cfg(feature = "observe")]
#[test]
fn c121_a_zero_timeout_gives_what_is_ready() {
    let (mut runner, recorder) = recorded_virtual_runner();
    assert_eq!(runner.run(timeout(Duration::ZERO, async { 7 })), Ok(7));
    let events = recorder.take();
    assert_eq!(
        count(&events, |event| matches!(event, Event::PollStart { .. })),
        1
    );
    assert_eq!(
        count(&events, |event| matches!(event, Event::TimerAdd { .. })),
        0
    );
}

#[cfg(feature = "observe")]
#[test]
fn c122_a_zero_timeout_polls_what_is_pending_exactly_once() {
    let polls = Count::default();
    let (mut runner, recorder) = recorded_virtual_runner();
    runner.run(async {
        let inner = counted(&polls, pending::<()>());
        assert!(timeout(Duration::ZERO, inner).await.is_err());
        assert_eq!(polls.get(), 1);
        let inner = counted(&polls, pending::<()>());
        assert!(timeout_at(now(), inner).await.is_err());
        assert_eq!(polls.get(), 2);
    });
    let events = recorder.take();
    assert_eq!(
        count(&events, |event| matches!(event, Event::PollStart { .. })),
        1
    );
}

#[test]
fn c124_an_endless_timeout_lets_its_future_finish() {
    let endless = [
        Duration::MAX,
        Duration::from_secs(u64::MAX),
        Duration::from_nanos(u64::MAX),
    ];
    virtual_runner().run(async {
        for limit in endless {
            assert_eq!(timeout(limit, sleep(HOUR)).await, Ok(()));
        }
    });
    run(async {
        for limit in endless {
            assert_eq!(timeout(limit, sleep(MS)).await, Ok(()));
        }
    });
}

#[test]
fn c125_of_nested_timeouts_the_earlier_one_fires_and_of_equal_ones_the_inner() {
    type Nested = Result<Result<(), Elapsed>, Elapsed>;
    async fn nested(outer: u32, inner: u32) -> (Nested, Duration) {
        let start = now();
        let result = timeout(outer * MS, timeout(inner * MS, pending())).await;
        (result, now() - start)
    }
    virtual_runner().run(async {
        let text = |error: Elapsed| error.to_string();
        let (result, after) = nested(20, 10).await;
        assert_eq!(
            (text(result.unwrap().unwrap_err()), after),
            ("timed out after 10ms".into(), 10 * MS)
        );
        let (result, after) = nested(10, 20).await;
        assert_eq!(
            (text(result.unwrap_err()), after),
            ("timed out after 10ms".into(), 10 * MS)
        );
        let (result, after) = nested(10, 10).await;
        assert!(matches!(result, Ok(Err(_))), "{result:?}");
        assert_eq!(after, 10 * MS);
    });
}

/// A `Timeout` has no way to move its deadline; a `Sleep` has, and a race
/// against one is the timeout whose deadline moves.
#[test]
fn c127_a_moved_deadline_fires_at_its_new_time_only() {
    for (moved_to, expected) in [
        (SECOND, 3 * SECOND),
        (HOUR, HOUR + 2 * SECOND),
        (Duration::ZERO, 2 * SECOND),
    ] {
        virtual_runner().run(async {
            let start = now();
            let deadline = SharedSleep::new(10 * SECOND);
            let limited = {
                let deadline = deadline.clone();
                spawn(async move {
                    race((pending(), async move { deadline.wait().await }))
                        .await
                        .0
                })
            };
            sleep(2 * SECOND).await;
            deadline.reset(moved_to);
            assert_eq!(limited.await.unwrap(), 1);
            assert_eq!(now() - start, expected);
            // After it has fired: it is a deadline again.
            deadline.reset(SECOND);
            deadline.wait().await;
            assert_eq!(now() - start, expected + SECOND);
        });
    }
}

#[test]
fn c128_a_result_that_comes_with_the_deadline_wins() {
    virtual_runner().run(async {
        let fails = async {
            sleep(10 * MS).await;
            Err::<(), _>("its own error")
        };
        assert_eq!(timeout(10 * MS, fails).await, Ok(Err("its own error")));
        let deadline = now() + 10 * MS;
        assert_eq!(timeout_at(deadline, sleep_until(deadline)).await, Ok(()));
    });
}

#[test]
fn a_timed_out_future_is_dropped_before_the_error_is_given() {
    let log = Log::new();
    virtual_runner().run(async {
        let theirs = log.clone();
        let slow = async move {
            let _gone = OnDrop(move || theirs.push("dropped"));
            pending::<()>().await;
        };
        timeout(SECOND, slow).await.unwrap_err();
        log.push("error");
    });
    assert_eq!(log.take(), ["dropped", "error"]);
}

#[cfg(feature = "observe")]
#[test]
fn a_timeout_that_is_over_or_dropped_leaves_no_timer() {
    let (mut runner, recorder) = recorded_virtual_runner();
    runner.run(async {
        timeout(HOUR, sleep(SECOND)).await.unwrap();
        let mut dropped = Box::pin(timeout(HOUR, pending::<()>()));
        assert!(poll_once(&mut dropped).await.is_pending());
        drop(dropped);
        sleep(2 * HOUR).await;
    });
    let events = recorder.take();
    assert_eq!(
        count(&events, |event| matches!(event, Event::TimerFire { .. })),
        2
    );
    assert_eq!(
        count(&events, |event| matches!(event, Event::TimerCancel { .. })),
        2
    );
}

/// The real clock: a virtual one stands still while a task is ready.
#[test]
fn a_future_that_wakes_itself_for_ever_is_timed_out_all_the_same() {
    run(async {
        let before = now();
        let restless = async {
            loop {
                yield_now().await;
            }
        };
        assert!(timeout(MS, restless).await.is_err());
        assert!(now() - before >= MS);
    });
}

/// Awaited by reference, so that the timeout itself is still there.
#[test]
fn when_a_timeout_gives_its_result_its_future_is_dropped() {
    virtual_runner().run(async {
        let holds = |alive: &Rc<()>, length| {
            let held = Rc::clone(alive);
            async move {
                sleep(length).await;
                drop(held);
            }
        };
        for limit in [Duration::ZERO, 5 * MS] {
            let alive = Rc::new(());
            let mut limited = pin!(timeout(limit, holds(&alive, 10 * MS)));
            assert!(limited.as_mut().await.is_err());
            assert_eq!(Rc::strong_count(&alive), 1, "elapsed after {limit:?}");
        }
        let alive = Rc::new(());
        let mut past = pin!(timeout_at(now(), holds(&alive, 10 * MS)));
        assert!(past.as_mut().await.is_err());
        assert_eq!(Rc::strong_count(&alive), 1, "a deadline that has passed");
        let mut in_time = pin!(timeout(10 * MS, holds(&alive, 5 * MS)));
        assert!(in_time.as_mut().await.is_ok());
        assert_eq!(Rc::strong_count(&alive), 1, "in time");
    });
}

#[test]
fn the_error_of_a_timeout_says_how_long_it_waited() {
    virtual_runner().run(async {
        let error = timeout(1500 * MS, pending::<()>()).await.unwrap_err();
        assert_eq!(error.to_string(), "timed out after 1.5s");
        let io: std::io::Error = error.into();
        assert_eq!(io.kind(), std::io::ErrorKind::TimedOut);
        assert_eq!(io.to_string(), "timed out after 1.5s");
        let error = timeout_at(now() + MS, pending::<()>()).await.unwrap_err();
        assert_eq!(error.to_string(), "timed out: the deadline passed");
    });
}

#[test]
fn a_timeout_polled_after_it_was_ready_says_so() {
    let text = panic_text(|| {
        virtual_runner().run(async {
            let mut over = Box::pin(timeout(SECOND, async {}));
            let _ = (&mut over).await;
            let _ = over.await;
        });
    });
    assert_eq!(text, "a Timeout was polled after it was ready");
}

#[test]
fn a_poll_that_gives_up_its_timer_is_not_woken_again() {
    let polls = Count::default();
    virtual_runner().run(async {
        let mut first = true;
        let task = spawn(counted(&polls, async move {
            let mut nap = Some(sleep(SECOND));
            poll_fn(move |cx| {
                if std::mem::replace(&mut first, false) {
                    let _ = Pin::new(nap.as_mut().unwrap()).poll(cx);
                    nap = None; // dropped in the very poll that armed it
                }
                Poll::<()>::Pending
            })
            .await;
        }));
        sleep(HOUR).await;
        drop(task);
    });
    assert_eq!(polls.get(), 1);
}

#[test]
fn the_debug_text_of_a_sleep_says_armed_only_until_its_deadline() {
    let mut runner = virtual_runner();
    let [nap] = runner.run(async {
        let mut nap = sleep(Duration::from_secs(1));
        assert_eq!(format!("{nap:?}"), "Sleep(for 1s)");
        assert!(poll_once(&mut nap).await.is_pending());
        assert_eq!(format!("{nap:?}"), "Sleep(armed)");
        sleep(Duration::from_secs(2)).await;
        assert_eq!(format!("{nap:?}"), "Sleep(over)");
        nap.reset(Duration::from_secs(1));
        assert!(poll_once(&mut nap).await.is_pending());
        [nap]
    });
    assert_eq!(format!("{nap:?}"), "Sleep(armed)", "between two runs");
    let nap = std::thread::spawn(move || {
        let text = format!("{nap:?}");
        assert_eq!(text, "Sleep(of a loop that is not on this thread)");
        nap
    });
    let nap = nap.join().unwrap();
    runner.run(sleep(Duration::from_secs(2)));
    assert_eq!(format!("{nap:?}"), "Sleep(over)");
}

/// In asyncio, `wait_for` could return the value and forget the cancel.
#[test]
fn r021_a_cancel_that_comes_with_the_value_of_a_timeout_is_not_forgotten() {
    for is_cancelled_first in [false, true] {
        virtual_runner().run(async {
            let (send, receive) = futures::channel::oneshot::channel();
            let log = Log::new();
            let task = spawn({
                let log = log.clone();
                async move {
                    let value = timeout(SECOND, receive).await;
                    log.push(format!("{value:?}"));
                    pending::<()>().await;
                }
            });
            yield_now().await;
            if is_cancelled_first {
                assert!(task.cancel());
                send.send(7).unwrap();
            } else {
                send.send(7).unwrap();
                assert!(task.cancel());
            }
            assert!(task.await.unwrap_err().is_cancelled());
            assert!(log.take().is_empty(), "it was dropped at its next turn");
        });
    }
}

/// Far, and too far for a clock of 64 bits in each usual unit.
#[test]
fn r042_a_sleep_into_the_far_future_neither_panics_nor_ends() {
    let seconds = [
        u64::MAX / 1_000_000_000,
        u64::MAX / 1_000,
        u64::MAX / 10,
        u64::MAX,
    ];
    let others = [Duration::MAX, Duration::from_nanos(u64::MAX)];
    let far = seconds.map(Duration::from_secs).into_iter().chain(others);
    for far in far {
        for sleep_first in [false, true] {
            virtual_runner().run(async {
                let far = async {
                    match sleep_first {
                        true => sleep(far).await,
                        false => drop(timeout(far, pending::<()>()).await),
                    }
                };
                assert_eq!(race((pin!(far), pin!(sleep(HOUR)))).await.0, 1);
            });
        }
    }
}
