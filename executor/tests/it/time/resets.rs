//! A sleep that is reset or dropped where its loop does not run: between two
//! runs, inside another loop, on another thread. Its task is woken at the new
//! time, and its timer is freed.

#![allow(
    clippy::async_yields_async,
    reason = "a handle is to leave its run unread"
)]

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::thread;
use std::time::Duration;

#[cfg(feature = "observe")]
use executor::instrument::Event;
use executor::{
    JoinHandle, RunError, Runner, Sleep, interval, now, race, run, sleep, spawn, timeout,
    to_thread, yield_now,
};
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use crate::common::{OnDrop, must_end, poll_once, run_to_end, sized, virtual_runner};
#[cfg(feature = "observe")]
use crate::common::{count, recorded_virtual_runner};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// A sleep that a task awaits and any thread can reset.
#[derive(Clone)]
struct Shared(Arc<Mutex<Sleep>>);

impl Shared {
    fn new(duration: Duration) -> Self {
        Shared(Arc::new(Mutex::new(sleep(duration))))
    }

    async fn wait(self) {
        poll_fn(|cx| Pin::new(&mut *self.0.lock().unwrap()).poll(cx)).await;
    }

    fn reset(&self, duration: Duration) {
        self.0.lock().unwrap().reset(duration);
    }

    /// Resets on another thread while this one waits: the loop of this thread
    /// sees it at its next look at the inbox.
    fn reset_on_a_thread(&self, duration: Duration) {
        let shared = self.clone();
        on_a_thread(move || shared.reset(duration));
    }

    /// Starts a task that returns how long it waited.
    fn spawn_waiter(&self) -> JoinHandle<Duration> {
        let shared = self.clone();
        let start = now();
        spawn(async move {
            shared.wait().await;
            now() - start
        })
    }
}

fn on_a_thread(call: impl FnOnce() + Send + 'static) {
    thread::spawn(call).join().unwrap();
}

/// Deadlines before the first one, at it and after it, with the resets that
/// move it there one after the other.
const MOVES: [(Duration, &[Duration]); 6] = [
    (HOUR, &[SECOND]),
    (SECOND, &[HOUR]),
    (SECOND, &[SECOND]),
    (HOUR, &[Duration::ZERO]),
    (HOUR, &[SECOND, HOUR]),
    (SECOND, &[HOUR, SECOND]),
];

#[test]
fn a_reset_between_two_runs_wakes_the_task_at_the_new_time() {
    for (first, moves) in MOVES {
        let mut runner = virtual_runner();
        let shared = Shared::new(first);
        let waiter = runner.run(async {
            let waiter = shared.spawn_waiter();
            yield_now().await;
            waiter
        });
        moves.iter().for_each(|to| shared.reset(*to));
        let waited = runner.try_run(waiter).expect("no stall").unwrap();
        assert_eq!(waited, moves[moves.len() - 1], "{first:?} to {moves:?}");
    }
}

#[test]
fn a_reset_inside_another_loop_wakes_the_task_at_the_new_time() {
    for (first, moves) in MOVES {
        let (mut home, mut other) = (virtual_runner(), virtual_runner());
        let shared = Shared::new(first);
        let waiter = home.run(async {
            let waiter = shared.spawn_waiter();
            yield_now().await;
            waiter
        });
        other.run(async {
            sleep(2 * HOUR).await; // the time of this loop is not that of the sleep's
            moves.iter().for_each(|to| shared.reset(*to));
        });
        let waited = home.try_run(waiter).expect("no stall").unwrap();
        assert_eq!(waited, moves[moves.len() - 1], "{first:?} to {moves:?}");
    }
}

#[test]
fn a_reset_on_another_thread_wakes_the_task_at_the_new_time() {
    for (first, moves) in MOVES {
        let waited = virtual_runner().run(async {
            let shared = Shared::new(first);
            let waiter = shared.spawn_waiter();
            yield_now().await;
            moves.iter().for_each(|to| shared.reset_on_a_thread(*to));
            waiter.await.unwrap()
        });
        assert_eq!(waited, moves[moves.len() - 1], "{first:?} to {moves:?}");
    }
}

#[test]
fn a_reset_on_another_thread_between_two_runs_wakes_the_task_at_the_new_time() {
    for (first, moves) in MOVES {
        let mut runner = virtual_runner();
        let shared = Shared::new(first);
        let waiter = runner.run(async {
            let waiter = shared.spawn_waiter();
            yield_now().await;
            waiter
        });
        moves.iter().for_each(|to| shared.reset_on_a_thread(*to));
        let waited = runner.try_run(waiter).expect("no stall").unwrap();
        assert_eq!(waited, moves[moves.len() - 1], "{first:?} to {moves:?}");
    }
}

/// The real clock, and a loop that is parked when the reset comes.
#[test]
fn a_reset_on_another_thread_ends_the_park_of_a_loop() {
    run_to_end(|| async {
        for duration in [10 * MS, Duration::ZERO] {
            let shared = Shared::new(HOUR);
            let waiter = shared.spawn_waiter();
            let resets = thread::spawn(move || {
                thread::sleep(MS); // so that it is parked, most of the time
                shared.reset(duration);
            });
            assert!(waiter.await.unwrap() >= duration);
            resets.join().unwrap();
        }
    });
}

#[test]
fn a_reset_in_a_thread_job_ends_the_park_of_its_loop() {
    run_to_end(|| async {
        let shared = Shared::new(HOUR);
        let waiter = shared.spawn_waiter();
        yield_now().await;
        to_thread(move || shared.reset(MS)).await;
        assert!(waiter.await.unwrap() >= MS);
    });
}

/// The loop of `run` is entered, and another one in its place while a runner
/// closes.
#[test]
fn a_reset_by_a_destructor_of_a_closing_runner_reaches_the_loop_around_it() {
    run_to_end(|| async {
        let shared = Shared::new(HOUR);
        let waiter = shared.spawn_waiter();
        yield_now().await;
        let inner = Runner::new();
        let resets = OnDrop(move || shared.reset(MS));
        drop(inner.spawn(async move {
            let _resets = resets;
            pending::<()>().await;
        }));
        drop(inner);
        let inner = Runner::new();
        let held = Shared::new(HOUR);
        assert!(poll_once(&mut pin!(held.clone().wait())).await.is_pending());
        drop(inner.spawn(async move {
            let _held = held; // its timer is the outer loop's
            pending::<()>().await;
        }));
        drop(inner);
        assert!(waiter.await.unwrap() >= MS);
    });
}

/// On the real clock the time between the reset and the next run counts.
#[test]
fn a_reset_between_two_runs_counts_from_the_reset() {
    for on_a_thread in [false, true] {
        let mut runner = Runner::new();
        let shared = Shared::new(HOUR);
        let waiter = runner.run(async {
            let waiter = shared.spawn_waiter();
            yield_now().await;
            waiter
        });
        match on_a_thread {
            true => shared.reset_on_a_thread(20 * MS),
            false => shared.reset(20 * MS),
        }
        thread::sleep(25 * MS);
        // It is due: a timer that is armed now for the same duration comes later.
        let first = runner.run(async {
            let nap = async {
                sleep(20 * MS).await;
            };
            let waiter = async {
                waiter.await.unwrap();
            };
            race((nap, waiter)).await.0
        });
        assert_eq!(first, 1, "on another thread: {on_a_thread}");
    }
}

#[test]
fn a_sleep_that_was_reset_before_its_first_poll_takes_its_new_time() {
    virtual_runner().run(async {
        let start = now();
        let shared = Shared::new(HOUR);
        shared.reset_on_a_thread(SECOND);
        shared.wait().await;
        assert_eq!(now() - start, SECOND);
        let mut here = sleep(HOUR);
        here.reset(SECOND);
        here.await;
        assert_eq!(now() - start, 2 * SECOND);
        let mut later = sleep(HOUR);
        later.reset(2 * SECOND);
        sleep(SECOND).await;
        later.await; // from the reset, not from the first poll
        assert_eq!(now() - start, 4 * SECOND);
    });
    let mut outside = sleep(HOUR);
    outside.reset(SECOND);
    virtual_runner().run(async {
        let start = now();
        sleep(SECOND).await;
        outside.await; // no clock was there: from the first poll
        assert_eq!(now() - start, 2 * SECOND);
    });
}

#[test]
fn a_sleep_that_has_fired_can_be_reset_from_anywhere() {
    let mut runner = virtual_runner();
    let shared = Shared::new(SECOND);
    let start = runner.run(async {
        let start = now();
        shared.clone().wait().await;
        shared.reset_on_a_thread(SECOND);
        shared.clone().wait().await;
        assert_eq!(now() - start, 2 * SECOND);
        start
    });
    shared.reset(SECOND);
    runner.run(async {
        shared.clone().wait().await;
        assert_eq!(now() - start, 3 * SECOND);
    });
}

/// The timer is gone and its task is queued when the reset comes.
#[test]
fn a_reset_between_the_fire_and_the_poll_counts() {
    for on_a_thread in [false, true] {
        virtual_runner().run(async {
            let shared = Shared::new(SECOND);
            let resets = {
                let shared = shared.clone();
                spawn(async move {
                    sleep(SECOND).await; // armed first, so this task is polled first
                    match on_a_thread {
                        true => shared.reset_on_a_thread(SECOND),
                        false => shared.reset(SECOND),
                    }
                })
            };
            let waiter = shared.spawn_waiter();
            assert_eq!(waiter.await.unwrap(), 2 * SECOND);
            resets.await.unwrap();
        });
    }
}

#[test]
fn a_reset_to_never_leaves_a_certain_stall() {
    let mut runner = virtual_runner();
    let shared = Shared::new(SECOND);
    let waiter = runner.run(async {
        let waiter = shared.spawn_waiter();
        yield_now().await;
        waiter
    });
    shared.reset(Duration::MAX);
    let stalled = runner.try_run(waiter);
    assert!(matches!(stalled, Err(RunError::Stalled { .. })));
}

#[test]
fn a_reset_wakes_a_task_that_polls_with_a_foreign_waker() {
    virtual_runner().run(async {
        let start = now();
        let sleeps = [HOUR, 2 * HOUR].map(Shared::new);
        let mut set: FuturesUnordered<_> = sleeps.iter().cloned().map(Shared::wait).collect();
        assert!(poll_once(&mut set.next()).await.is_pending());
        sleeps[1].reset_on_a_thread(SECOND);
        set.next().await.unwrap();
        assert_eq!(now() - start, SECOND);
        sleeps[0].reset(SECOND);
        set.next().await.unwrap();
        assert_eq!(now() - start, 2 * SECOND);
    });
}

#[test]
fn a_waker_that_panics_at_a_reset_does_no_harm() {
    struct Rude;
    impl std::task::Wake for Rude {
        fn wake(self: Arc<Self>) {
            panic!("a waker panics");
        }
    }
    let mut runner = virtual_runner();
    let shared = Shared::new(HOUR);
    runner.run(async {
        let waker = Waker::from(Arc::new(Rude));
        let mut cx = std::task::Context::from_waker(&waker);
        assert!(pin!(shared.clone().wait()).poll(&mut cx).is_pending());
    });
    shared.reset(SECOND);
    runner.run(async {
        shared.reset_on_a_thread(SECOND);
        shared.wait().await;
    });
}

#[test]
fn a_sleep_whose_loop_has_ended_can_be_reset_for_another() {
    let shared = Shared::new(HOUR);
    run(async {
        let mut wait = pin!(shared.clone().wait());
        assert!(poll_once(&mut wait).await.is_pending());
    });
    shared.reset(SECOND);
    virtual_runner().run(async {
        let start = now();
        shared.wait().await;
        assert_eq!(now() - start, SECOND);
    });
}

// ---- drops ----------------------------------------------------------------

#[cfg(feature = "observe")]
#[test]
fn a_sleep_dropped_on_another_thread_frees_its_timer_at_the_next_look() {
    let (mut runner, recorder) = recorded_virtual_runner();
    let cancelled = || {
        let events = recorder.take();
        let fired = count(&events, |event| matches!(event, Event::TimerFire { .. }));
        let cancelled = count(&events, |event| matches!(event, Event::TimerCancel { .. }));
        (cancelled, fired)
    };
    const MANY: usize = sized(1_000, 20);
    runner.run(async {
        let mut naps: Vec<_> = (0..MANY).map(|_| sleep(HOUR)).collect();
        for nap in &mut naps {
            assert!(poll_once(nap).await.is_pending());
        }
        on_a_thread(move || drop(naps));
        yield_now().await;
        assert_eq!(cancelled(), (MANY, 0));

        let mut limited = Box::pin(timeout(HOUR, pending::<()>()));
        assert!(poll_once(&mut limited).await.is_pending());
        on_a_thread(move || drop(limited));
        yield_now().await;
        assert_eq!(cancelled(), (1, 0), "that of a timeout");

        let mut every = interval(HOUR);
        every.tick().await;
        let mut tick = Box::pin(async move { every.tick().await });
        assert!(poll_once(&mut tick).await.is_pending());
        on_a_thread(move || drop(tick));
        yield_now().await;
        assert_eq!(cancelled(), (1, 0), "that of an interval");
    });
    // A loop that does not run frees it in its next run.
    let mut nap = sleep(HOUR);
    assert!(runner.run(poll_once(&mut nap)).is_pending());
    on_a_thread(move || drop(nap));
    runner.run(async { yield_now().await });
    assert_eq!(cancelled(), (1, 0));
}

#[test]
fn a_timer_whose_sleep_was_dropped_on_another_thread_holds_up_no_stall() {
    let stalled = virtual_runner().try_run(async {
        let start = now();
        let mut nap = sleep(HOUR);
        assert!(poll_once(&mut nap).await.is_pending());
        on_a_thread(move || drop(nap));
        yield_now().await;
        assert_eq!(now(), start);
        pending::<()>().await;
    });
    assert!(matches!(stalled, Err(RunError::Stalled { .. })));
}

#[test]
fn a_sleep_dropped_on_another_thread_wakes_no_task() {
    virtual_runner().run(async {
        let polls = Rc::new(Cell::new(0));
        let counts = polls.clone();
        let mut nap = Some(sleep(HOUR));
        let (give, take) = std::sync::mpsc::channel();
        let task = spawn(poll_fn(move |cx| {
            counts.set(counts.get() + 1);
            if let Some(mut nap) = nap.take() {
                assert!(Pin::new(&mut nap).poll(cx).is_pending());
                give.send(nap).unwrap();
            }
            std::task::Poll::<()>::Pending
        }));
        yield_now().await;
        let nap = take.recv().unwrap();
        on_a_thread(move || drop(nap));
        sleep(2 * HOUR).await;
        assert_eq!(polls.get(), 1);
        drop(task);
    });
}

#[test]
fn a_sleep_dropped_on_another_thread_leaves_the_timers_of_a_later_loop_alone() {
    let mut old = sleep(HOUR);
    assert!(run(poll_once(&mut old)).is_pending());
    run(async {
        let mut new = sleep(MS);
        assert!(poll_once(&mut new).await.is_pending());
        on_a_thread(move || drop(old));
        new.await;
    });
}

/// Threads drop and reset sleeps while their loop fires, parks and ends.
#[test]
fn sleeps_that_are_dropped_and_reset_while_their_loop_ends_do_no_harm() {
    must_end(|| {
        for round in 0..sized(50, 3) {
            let mut resets = Vec::new();
            run(async {
                for n in 0..4 {
                    let shared = Shared::new(HOUR);
                    drop(shared.spawn_waiter());
                    resets.push(thread::spawn(move || {
                        shared.reset(MS * n);
                        drop(shared);
                    }));
                }
                sleep(Duration::from_micros(50 * round)).await;
            });
            resets.into_iter().for_each(|thread| thread.join().unwrap());
        }
    });
}
