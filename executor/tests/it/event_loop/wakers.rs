//! Wakers: how many polls a wake causes, stale wakers, wakers on other threads,
//! and user code that a wake or a drop runs while the loop is in use.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

#[cfg(feature = "observe")]
use executor::instrument::{Ending, Event, WakeOutcome};
use executor::{
    JoinHandle, RunError, Runner, TaskInfo, TaskState, current_task, now, run, sleep, spawn,
    spawn_named, tasks, to_thread, try_run, yield_now,
};
use futures::channel::oneshot;

use crate::common::{
    Count, Gate, Log, OnDrop, counted, in_own_process, poll_once, reports, sized, virtual_runner,
};
#[cfg(feature = "observe")]
use crate::common::{count, polls_of, recorded_virtual_runner, wakes_of};

/// The waker of the task that asks.
async fn my_waker() -> Waker {
    poll_fn(|cx| Poll::Ready(cx.waker().clone())).await
}

/// Spawns a task that waits at a gate, and lets its first poll pass.
async fn task_at_gate() -> (JoinHandle<()>, Gate) {
    let gate = Gate::new();
    let task = spawn(gate.clone().wait());
    yield_now().await;
    (task, gate)
}

// ---- stale wakers ---------------------------------------------------------

#[cfg(feature = "observe")]
#[test]
fn c050_a_waker_of_a_task_that_has_completed_does_nothing() {
    let (mut runner, recorder) = recorded_virtual_runner();
    let (old, new) = runner.run(async {
        let task = spawn(my_waker());
        let old = task.id();
        let stale = task.await.unwrap();
        // The next task takes the slot of the first one.
        let (next, gate) = task_at_gate().await;
        stale.wake_by_ref();
        stale.wake();
        yield_now().await;
        gate.open();
        let new = next.id();
        next.await.unwrap();
        (old, new)
    });
    let events = recorder.take();
    assert_eq!(polls_of(&events, old), 1);
    assert_eq!(polls_of(&events, new), 2);
    assert_eq!(wakes_of(&events, new), [WakeOutcome::Queued], "by its gate");
    let effects = wakes_of(&events, old);
    assert!(
        effects
            .iter()
            .all(|outcome| *outcome == WakeOutcome::AfterDone),
        "{effects:?}"
    );
}

#[cfg(feature = "observe")]
#[test]
fn c058_a_waker_that_outlives_its_cancelled_task_does_nothing() {
    let (mut runner, recorder) = recorded_virtual_runner();
    let old = runner.run(async {
        let (task, gate) = task_at_gate().await;
        let stale = gate.last_waker();
        task.cancel();
        // Woken between the request and the drop, and after it.
        stale.wake_by_ref();
        let id = task.id();
        assert!(task.await.unwrap_err().is_cancelled());
        stale.wake();
        yield_now().await;
        id
    });
    let events = recorder.take();
    assert_eq!(polls_of(&events, old), 1);
    let ends = |event: &Event| matches!(event, Event::TaskEnd { task, .. } if *task == old);
    assert_eq!(count(&events, ends), 1);
}

#[test]
fn c059_a_waker_that_outlives_its_loop_does_nothing_on_any_thread() {
    let wakers = run(async {
        let (_task, gate) = task_at_gate().await;
        [my_waker().await, gate.last_waker()]
    });
    for waker in wakers {
        waker.wake_by_ref();
        let clone = waker.clone();
        assert!(clone.will_wake(&waker));
        let elsewhere = thread::spawn(move || {
            clone.wake_by_ref();
            drop(clone.clone());
            clone.wake();
        });
        elsewhere.join().unwrap();
        run(async { waker.wake_by_ref() });
        drop(waker);
    }
}

#[test]
fn c059_a_waker_outlives_the_thread_of_its_loop() {
    let waker = thread::spawn(|| run(my_waker())).join().unwrap();
    waker.wake_by_ref();
    drop(waker.clone());
    waker.wake();
}

// ---- how often ------------------------------------------------------------

#[test]
fn c052_a_timer_is_served_within_61_polls_of_a_task_that_always_wakes_itself() {
    // DESIGN: the clock is looked at 61 polls after the last look at the latest.
    const POLLS_BETWEEN_LOOKS: u32 = 61;
    let late = Count::default();
    let spins = late.clone();
    run(async {
        let deadline = now() + Duration::from_millis(2);
        drop(spawn(async move {
            loop {
                if now() >= deadline {
                    spins.add();
                }
                yield_now().await;
            }
        }));
        executor::sleep_until(deadline).await;
        assert!(now() >= deadline);
    });
    // The last of them is the one in whose turn main is queued again.
    assert!(
        late.get() <= POLLS_BETWEEN_LOOKS + 1,
        "{} polls",
        late.get()
    );
}

#[cfg(feature = "observe")]
#[test]
fn c052_in_one_turn_a_task_that_wakes_itself_is_polled_once() {
    let (mut runner, recorder) = recorded_virtual_runner();
    let spinner = runner.run(async {
        let task = spawn(async {
            loop {
                yield_now().await;
            }
        });
        for _ in 0..10 {
            yield_now().await;
        }
        task.id()
    });
    let events = recorder.take();
    let turns = events.split(|(_, event)| matches!(event, Event::Turn { .. }));
    let polls: Vec<_> = turns.map(|turn| polls_of(turn, spinner)).collect();
    assert_eq!(polls.iter().sum::<usize>(), 10);
    assert_eq!(polls.iter().max(), Some(&1), "{polls:?}");
}

#[cfg(feature = "observe")]
#[test]
fn c053_a_thousand_wakes_between_two_polls_are_one_poll() {
    const WAKES: usize = sized(1000, 50);
    let (mut runner, recorder) = recorded_virtual_runner();
    let task = runner.run(async {
        let (task, gate) = task_at_gate().await;
        let waker = gate.last_waker();
        (0..WAKES).for_each(|_| waker.wake_by_ref());
        yield_now().await;
        yield_now().await;
        task.id()
    });
    let events = recorder.take();
    assert_eq!(polls_of(&events, task), 2, "its first poll, and one more");
    let effects = wakes_of(&events, task);
    assert_eq!(effects[0], WakeOutcome::Queued);
    assert_eq!(effects[1..], [WakeOutcome::AlreadyQueued; WAKES - 1]);
}

#[cfg(feature = "observe")]
#[test]
fn c053_a_thousand_wakes_from_another_thread_are_one_message_and_one_poll() {
    let (mut runner, recorder) = recorded_virtual_runner();
    let task = runner.run(async {
        let (task, gate) = task_at_gate().await;
        let waker = gate.last_waker();
        // The loop blocks within this poll, so it drains no message meanwhile.
        let wakes = thread::spawn(move || (0..sized(1000, 50)).for_each(|_| waker.wake_by_ref()));
        wakes.join().unwrap();
        yield_now().await;
        yield_now().await;
        task.id()
    });
    let events = recorder.take();
    assert_eq!(polls_of(&events, task), 2);
    assert_eq!(
        count(&events, |event| *event
            == Event::InboxDrained { messages: 1 }),
        1
    );
    assert_eq!(
        count(&events, |event| matches!(event, Event::InboxDrained { .. })),
        1
    );
}

#[cfg(feature = "observe")]
#[test]
fn a_wake_during_ones_own_poll_is_a_poll_in_the_next_turn() {
    let (mut runner, recorder) = recorded_virtual_runner();
    let task = runner.run(async {
        let polls = Count::default();
        let task = spawn(poll_fn(move |cx| {
            polls.add();
            match polls.get() {
                1 => {
                    cx.waker().wake_by_ref();
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                _ => Poll::Ready(()),
            }
        }));
        let id = task.id();
        task.await.unwrap();
        id
    });
    let events = recorder.take();
    assert_eq!(polls_of(&events, task), 2);
    assert_eq!(
        wakes_of(&events, task),
        [WakeOutcome::Queued, WakeOutcome::AlreadyQueued]
    );
}

#[cfg(feature = "observe")]
#[test]
fn every_poll_after_the_first_has_a_wake_before_it() {
    let (mut runner, recorder) = recorded_virtual_runner();
    runner.run(async {
        let gate = Gate::new();
        let waiting = spawn(gate.clone().wait());
        let napping = spawn(sleep(Duration::from_secs(1)));
        sleep(Duration::from_secs(2)).await;
        gate.open();
        waiting.await.unwrap();
        napping.await.unwrap();
    });
    let mut queued = std::collections::BTreeSet::new();
    for (_, event) in recorder.take() {
        match event {
            Event::TaskSpawn { task, .. } => assert!(queued.insert(task)),
            Event::Wake {
                task,
                outcome: WakeOutcome::Queued,
                ..
            } => assert!(queued.insert(task)),
            Event::PollStart { task } => {
                assert!(queued.remove(&task), "{task} was polled without a wake")
            }
            _ => {}
        }
    }
    assert!(queued.is_empty(), "woken and never polled: {queued:?}");
}

// ---- cancelled during the poll --------------------------------------------

/// The handle of a task, for the task itself.
type OwnHandle<T> = Rc<RefCell<Option<JoinHandle<T>>>>;

/// Spawns what `make` makes of the handle-to-be.
fn spawn_with_own_handle<F: Future + 'static>(
    make: impl FnOnce(OwnHandle<F::Output>) -> F,
) -> OwnHandle<F::Output> {
    let handle = OwnHandle::default();
    *handle.borrow_mut() = Some(spawn(make(Rc::clone(&handle))));
    handle
}

fn cancel<T>(handle: &OwnHandle<T>) -> bool {
    handle.borrow().as_ref().expect("it is there").cancel()
}

fn take<T>(handle: &OwnHandle<T>) -> JoinHandle<T> {
    handle.take().expect("it is there")
}

#[test]
fn c055_cancelled_and_woken_during_its_own_poll_a_task_is_dropped_after_it() {
    for wake_first in [true, false] {
        let (log, polls) = (Log::new(), Count::default());
        virtual_runner().run(async {
            let task = spawn_with_own_handle(|me| {
                let (log, polls) = (log.clone(), polls.clone());
                async move {
                    let _guard = OnDrop(|| log.push("dropped"));
                    poll_fn(|cx| {
                        polls.add();
                        if wake_first {
                            cx.waker().wake_by_ref();
                        }
                        assert!(cancel(&me));
                        if !wake_first {
                            cx.waker().wake_by_ref();
                        }
                        log.push("end of the poll");
                        Poll::<()>::Pending
                    })
                    .await;
                }
            });
            yield_now().await;
            assert!(take(&task).await.unwrap_err().is_cancelled());
        });
        assert_eq!(polls.get(), 1, "wake first: {wake_first}");
        assert_eq!(log.take(), ["end of the poll", "dropped"]);
    }
}

#[test]
fn c056_a_task_that_is_cancelled_and_returns_in_the_same_poll_keeps_its_output() {
    virtual_runner().run(async {
        let task = spawn_with_own_handle(|me| async move {
            assert!(cancel(&me));
            "output"
        });
        yield_now().await;
        let task = take(&task);
        assert!(task.is_finished());
        assert!(!task.cancel());
        assert_eq!(task.await.unwrap(), "output");
    });
}

#[cfg(feature = "observe")]
#[test]
fn c056_a_task_that_is_cancelled_and_panics_in_the_same_poll_has_panicked() {
    let (mut runner, recorder) = recorded_virtual_runner();
    runner.run(async {
        let task = spawn_with_own_handle(|me| async move {
            assert!(cancel(&me));
            panic!("the panic");
        });
        yield_now().await;
        let error = Result::<(), _>::unwrap_err(take(&task).await);
        assert!(error.is_panic() && !error.is_cancelled());
    });
    let events = recorder.take();
    let ended = |how| {
        count(
            &events,
            |event| matches!(event, Event::TaskEnd { how: end, .. } if *end == how),
        )
    };
    assert_eq!((ended(Ending::Panicked), ended(Ending::Cancelled)), (1, 0));
}

// ---- threads --------------------------------------------------------------

#[test]
fn c061_wakers_of_a_task_that_is_not_send_go_to_any_thread() {
    const THREADS: u32 = 4;
    const WAKES: u32 = sized(1000, 30);
    let done = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let polls = Count::default();
    run(async {
        let mine = polls.clone();
        let done = Arc::clone(&done);
        // `Count` is an `Rc`: the future cannot leave this thread.
        let task = spawn(async move {
            let mut threads = Vec::new();
            poll_fn(|cx| {
                mine.add();
                if threads.is_empty() {
                    // Whatever they have done by the end of this poll, it ends
                    // with Pending: a wake that comes during it must count too.
                    threads.extend((0..THREADS).map(|_| {
                        let (waker, done) = (cx.waker().clone(), Arc::clone(&done));
                        thread::spawn(move || {
                            for _ in 0..WAKES {
                                let clone = waker.clone();
                                clone.wake_by_ref();
                                drop(clone);
                            }
                            done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                            waker.wake();
                        })
                    }));
                    return Poll::Pending;
                }
                match done.load(std::sync::atomic::Ordering::Relaxed) {
                    THREADS => Poll::Ready(()),
                    _ => Poll::Pending,
                }
            })
            .await;
            threads
                .into_iter()
                .for_each(|thread| thread.join().unwrap());
        });
        task.await.unwrap();
    });
    // No wake is lost, or the loop would wait forever; none is counted twice.
    assert!(
        (2..=1 + THREADS * (WAKES + 1)).contains(&polls.get()),
        "{}",
        polls.get()
    );
}

// ---- leaves that move -----------------------------------------------------

/// Polls `leaf` once in the main task and gives it to a task of its own, then
/// waits for a long time. Only the second task may be woken by the leaf.
#[cfg(feature = "observe")]
fn moves_to_another_task<F>(make: impl FnOnce(&Gate) -> F)
where
    F: Future + Unpin + 'static,
{
    let (mut runner, recorder) = recorded_virtual_runner();
    let (a, b) = runner.run(async {
        let gate = Gate::new();
        let mut leaf = make(&gate);
        yield_now().await;
        assert!(poll_once(&mut leaf).await.is_pending());
        let b = spawn(leaf);
        yield_now().await;
        recorder.take();
        sleep(Duration::from_secs(1)).await;
        gate.open();
        sleep(Duration::from_secs(3600)).await;
        assert!(b.is_finished());
        (current_task().unwrap().id(), b.id())
    });
    let events = recorder.take();
    assert_eq!(wakes_of(&events, b), [WakeOutcome::Queued]);
    assert_eq!(
        wakes_of(&events, a),
        [WakeOutcome::Queued; 2],
        "by its own two sleeps"
    );
}

#[cfg(feature = "observe")]
#[test]
fn c062_a_sleep_that_moved_wakes_only_the_task_that_polled_it_last() {
    moves_to_another_task(|_| sleep(Duration::from_secs(60)));
}

#[cfg(feature = "observe")]
#[test]
fn c062_a_handle_that_moved_wakes_only_the_task_that_polled_it_last() {
    moves_to_another_task(|gate| spawn(gate.clone().wait()));
}

#[test]
fn c062_a_thread_job_that_moved_wakes_only_the_task_that_polled_it_last() {
    run(async {
        let polls = Count::default();
        let (send, receive) = std::sync::mpsc::channel::<()>();
        let mut job = Box::pin(to_thread(move || receive.recv().is_ok()));
        let waiting = spawn(counted(&polls, async move {
            assert!(poll_once(&mut job).await.is_pending());
            let b = spawn(job);
            yield_now().await;
            send.send(()).expect("the job waits");
            // `b` stays where it is: this task waits for something else.
            let gate = Gate::new();
            let opener = gate.clone();
            drop(spawn(async move {
                assert!(b.await.unwrap());
                opener.open();
            }));
            gate.wait().await;
        }));
        waiting.await.unwrap();
        assert_eq!(polls.get(), 3, "start, yield, gate");
    });
}

// ---- tasks that can never be woken ----------------------------------------

#[test]
fn c064_a_task_that_kept_no_waker_is_listed_and_dropped_at_the_end() {
    let log = Log::new();
    let mine = log.clone();
    run(async {
        drop(spawn_named("lost", async move {
            let _guard = OnDrop(|| mine.push("dropped"));
            pending::<()>().await;
        }));
        yield_now().await;
        let lost = tasks().pop().expect("it is listed");
        assert_eq!(
            (lost.name(), lost.state()),
            ("lost".into(), TaskState::Unwakeable)
        );
        assert!(lost.waits_for().is_empty());
        let text = lost.to_string();
        assert!(
            text.ends_with("): waits, and nothing can ever wake it"),
            "{text}"
        );
        sleep(Duration::from_millis(1)).await;
        assert!(log.take().is_empty(), "it is kept");
    });
    assert_eq!(log.take(), ["dropped"]);
}

#[test]
fn c064_a_task_whose_last_waker_is_dropped_becomes_unwakeable() {
    run(async {
        let (task, gate) = task_at_gate().await;
        let state = || tasks()[1].state();
        assert_eq!(state(), TaskState::Waiting);
        let clone = gate.last_waker();
        gate.forget_wakers();
        assert_eq!(state(), TaskState::Waiting, "one clone is left");
        drop(clone);
        assert_eq!(state(), TaskState::Unwakeable);
        assert!(task.cancel(), "but a cancel reaches it");
        assert!(task.await.unwrap_err().is_cancelled());
    });
}

/// What both tests of the report do: two tasks are lost, the rest is not.
fn lose_two_tasks(mut runner: Runner) -> u32 {
    let line = line!() + 2;
    runner.run(async {
        drop(spawn_named("lost", pending::<()>()));
        drop(spawn(async {
            yield_now().await;
            sleep(Duration::from_nanos(1)).await;
            pending::<()>().await;
        }));
        let gate = Gate::new();
        drop(spawn(gate.clone().wait()));
        drop(spawn(to_thread(|| ())));
        let ends = spawn(async {});
        sleep(Duration::from_millis(1)).await;
        ends.await.unwrap();
        gate.open();
    });
    line
}

#[track_caller]
fn assert_two_are_reported(reports: &[String], line: u32) {
    let end = "can never be woken: its future returned Pending and kept no waker. A future must \
               store `cx.waker().clone()` and wake it, or poll one that does";
    assert_eq!(reports.len(), 2, "{reports:#?}");
    for (report, (task, line)) in reports.iter().zip([("2 \"lost\"", line), ("3", line + 1)]) {
        let start = format!("task {task} (spawned at {}:{line}:", file!());
        assert!(
            report.starts_with(&start),
            "{start} does not begin {report}"
        );
        assert!(report.ends_with(end), "{report}");
    }
}

#[cfg(feature = "observe")]
#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn c064_debug_mode_reports_once_that_a_task_can_never_be_woken() {
    let test = "event_loop::wakers::c064_debug_mode_reports_once_that_a_task_can_never_be_woken";
    let Some(child) = in_own_process(test, &[]) else {
        let line = lose_two_tasks(Runner::builder().virtual_time().debug(true).build());
        println!("line {line}");
        return;
    };
    assert_two_are_reported(&reports(&child), line_of(&child));
}

#[cfg(feature = "observe")]
#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn c064_the_environment_turns_debug_mode_on() {
    let test = "event_loop::wakers::c064_the_environment_turns_debug_mode_on";
    let Some(child) = in_own_process(test, &[("EXECUTOR_DEBUG", "1")]) else {
        println!("line {}", lose_two_tasks(virtual_runner()));
        return;
    };
    assert_two_are_reported(&reports(&child), line_of(&child));
    for off in [&[][..], &[("EXECUTOR_DEBUG", "0")]] {
        let child = in_own_process(test, off).expect("this is the parent");
        assert!(reports(&child).is_empty(), "{off:?}");
    }
}

/// The number that the child printed after the word "line".
fn line_of(child: &std::process::Output) -> u32 {
    let stdout = String::from_utf8_lossy(&child.stdout);
    let (_, number) = stdout.split_once("line ").expect("the child says it");
    number.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn c064_a_main_future_that_kept_no_waker_is_a_stall() {
    let error = try_run(pending::<()>()).unwrap_err();
    let RunError::Stalled { tasks, .. } = error else {
        panic!("not a stall: {error}");
    };
    assert_eq!(
        tasks.iter().map(TaskInfo::state).collect::<Vec<_>>(),
        [TaskState::Unwakeable]
    );
}

// ---- listings -------------------------------------------------------------

/// A program in which every kind of wait occurs, with a listing in the middle
/// or without.
#[cfg(feature = "observe")]
fn trace_of(listing: bool) -> Vec<(Duration, Event)> {
    let (mut runner, recorder) = recorded_virtual_runner();
    runner.run(async {
        let gate = Gate::new();
        let waiting = spawn(gate.clone().wait());
        let napping = spawn(sleep(Duration::from_secs(1)));
        let joining = spawn(napping);
        let spinning = spawn(async {
            for _ in 0..5 {
                yield_now().await;
            }
        });
        yield_now().await;
        if listing {
            let states: Vec<_> = tasks().iter().map(TaskInfo::state).collect();
            let [w, r] = [TaskState::Waiting, TaskState::Ready];
            assert_eq!(states, [TaskState::Running, w, w, w, r]);
            let _texts: Vec<_> = tasks().iter().map(TaskInfo::to_string).collect();
        }
        gate.open();
        if listing {
            drop(tasks());
        }
        waiting.await.unwrap();
        joining.await.unwrap().unwrap();
        spinning.await.unwrap();
    });
    recorder.take()
}

#[cfg(feature = "observe")]
#[test]
fn c065_a_listing_polls_no_task_and_loses_no_wake() {
    // Timers are numbered alike in both runs, so the traces are equal.
    assert_eq!(trace_of(true), trace_of(false));
}

// ---- foreign code ---------------------------------------------------------

thread_local! {
    /// How often a `Meddler` did its work.
    static MEDDLED: Cell<u32> = const { Cell::new(0) };
}

/// A waker that uses the loop whenever it is woken or dropped.
struct Meddler;

impl Meddler {
    fn meddle() {
        let listed = tasks().len();
        let task = spawn(async {});
        // A loop that ends refuses it, and ended tasks are not listed.
        let is_alive = !task.is_finished();
        assert_eq!(tasks().len(), listed + usize::from(is_alive));
        task.cancel();
        drop(task);
        let mut nap = Box::pin(sleep(Duration::from_secs(1)));
        let _ = nap.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        // At the end: a panic above is contained, and must not count.
        MEDDLED.set(MEDDLED.get() + 1);
    }
}

impl Wake for Meddler {
    fn wake(self: Arc<Self>) {
        Self::meddle();
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        Self::meddle();
    }
}

/// Polls a future with a fresh waker that meddles.
fn poll_meddling<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    let waker = Waker::from(Arc::new(Meddler));
    future.poll(&mut Context::from_waker(&waker))
}

/// How often the loop was used by wakers during `program`.
fn meddled(program: impl Future<Output = ()>) -> u32 {
    MEDDLED.set(0);
    virtual_runner().run(program);
    MEDDLED.get()
}

#[test]
fn c067_a_waker_in_a_join_may_use_the_loop_when_it_is_woken_displaced_or_dropped() {
    let times = meddled(async {
        let gate = Gate::new();
        let mut task = pin!(spawn(gate.clone().wait()));
        assert!(poll_meddling(task.as_mut()).is_pending());
        assert!(poll_meddling(task.as_mut()).is_pending());
        assert_eq!(MEDDLED.get(), 1, "the first waker was displaced");
        gate.open();
        task.as_mut().await.unwrap();
        assert_eq!(MEDDLED.get(), 2, "and the second by the one of main");
        let never = spawn(gate.clone().wait());
        let mut other = Box::pin(spawn(pending::<()>()));
        assert!(poll_meddling(other.as_mut()).is_pending());
        drop(other);
        assert_eq!(MEDDLED.get(), 3, "the third with its handle");
        let mut woken = pin!(never);
        assert!(poll_meddling(woken.as_mut()).is_pending());
        yield_now().await;
        assert_eq!(MEDDLED.get(), 5, "the fourth was woken and dropped");
        woken.await.unwrap();
    });
    assert_eq!(times, 5);
}

#[test]
fn c067_a_waker_in_a_sleep_may_use_the_loop_when_it_is_woken_displaced_or_dropped() {
    let times = meddled(async {
        let mut nap = Box::pin(sleep(Duration::from_secs(1)));
        assert!(poll_meddling(nap.as_mut()).is_pending());
        assert!(poll_meddling(nap.as_mut()).is_pending());
        assert_eq!(MEDDLED.get(), 1, "the first waker was displaced");
        drop(nap);
        assert_eq!(MEDDLED.get(), 2, "the second with the sleep");
        let mut nap = pin!(sleep(Duration::from_secs(1)));
        assert!(poll_meddling(nap.as_mut()).is_pending());
        sleep(Duration::from_secs(2)).await;
        assert_eq!(MEDDLED.get(), 4, "the third was woken and dropped");
        assert!(poll_meddling(nap.as_mut()).is_ready());
    });
    assert_eq!(times, 5);
}

#[test]
fn c067_a_waker_may_use_the_loop_while_the_loop_ends() {
    let times = meddled(async {
        // A task that outlives the one it waits for: the youngest goes first.
        let kept = Rc::new(RefCell::new(None));
        let holder = kept.clone();
        drop(spawn(async move {
            let _kept = holder;
            pending::<()>().await;
        }));
        let mut task = Box::pin(spawn(pending::<()>()));
        assert!(poll_meddling(task.as_mut()).is_pending());
        let mut nap = Box::pin(sleep(Duration::from_secs(1)));
        assert!(poll_meddling(nap.as_mut()).is_pending());
        *kept.borrow_mut() = Some((task, nap));
        yield_now().await;
    });
    assert_eq!(
        times, 3,
        "the join's is woken and dropped, the sleep's is dropped"
    );
}

/// Two tasks, the first of which completes a channel of the second when it is
/// dropped; ended by `end`. Returns the tasks in the order of their drops.
fn dropped_together(sender_first: bool, end: impl FnOnce([JoinHandle<()>; 2])) -> Vec<String> {
    let log = Log::new();
    let mut runner = virtual_runner();
    let (send, receive) = oneshot::channel::<()>();
    let sender = {
        let log = log.clone();
        async move {
            let _send = OnDrop({
                let mut send = Some(send);
                move || {
                    log.push("sender");
                    let _ = send.take().map(|send| send.send(()));
                }
            });
            pending::<()>().await;
        }
    };
    let receiver = {
        let log = log.clone();
        async move {
            let _guard = OnDrop(|| log.push("receiver"));
            let _ = receive.await;
            log.push("received");
        }
    };
    let handles: [JoinHandle<()>; 2] = if sender_first {
        [runner.spawn(sender), runner.spawn(receiver)]
    } else {
        [runner.spawn(receiver), runner.spawn(sender)]
    };
    runner.run(yield_now());
    end(handles);
    runner.run(yield_now());
    drop(runner);
    log.take()
}

#[test]
fn c068_a_task_that_is_dropped_may_wake_another_that_is_dropped_too() {
    let at_the_end = |handles| drop(handles);
    assert_eq!(dropped_together(false, at_the_end), ["sender", "receiver"]);
    assert_eq!(dropped_together(true, at_the_end), ["receiver", "sender"]);
    let cancel = |handles: [JoinHandle<()>; 2]| {
        handles.iter().for_each(|handle| assert!(handle.cancel()));
    };
    assert_eq!(dropped_together(true, cancel), ["sender", "receiver"]);
    assert_eq!(dropped_together(false, cancel), ["receiver", "sender"]);
}

/// Both come while a task blocks the loop, which looks in the middle of the turn.
#[test]
fn a_look_takes_the_messages_before_the_timers_that_are_due() {
    let log = Log::new();
    run(async {
        let gate = Gate::new();
        let told = spawn({
            let (gate, log) = (gate.clone(), log.clone());
            async move {
                gate.wait().await;
                log.push("message");
            }
        });
        yield_now().await;
        let timer = spawn({
            let log = log.clone();
            async move {
                sleep(Duration::from_millis(1)).await;
                log.push("timer");
            }
        });
        let waker = gate.last_waker();
        gate.forget_wakers();
        let gate = gate.clone();
        drop(spawn(async move {
            gate.open();
            thread::spawn(move || waker.wake()).join().unwrap();
            thread::sleep(Duration::from_millis(5));
        }));
        for _ in 0..70 {
            drop(spawn(async {}));
        }
        timer.await.unwrap();
        told.await.unwrap();
    });
    assert_eq!(log.take(), ["message", "timer"]);
}
