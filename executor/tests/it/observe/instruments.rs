//! Instruments: which events they get, in which order, and how they fail.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use executor::instrument::{Ending, Event, Instrument, Interest, Recorder, WakeOutcome, mark};
use executor::{Runner, current_task, gather, sleep, spawn, tasks, to_thread, yield_now};

use crate::common::{Gate, in_own_process, recorded_virtual_runner, reports, wakes_of};

/// The events of a program in which tasks return, are cancelled and panic.
fn mixed_program() -> Vec<Event> {
    let (runner, recorder) = recorded_virtual_runner();
    run_mixed_program(runner);
    events_of(&recorder)
}

fn events_of(recorder: &Recorder) -> Vec<Event> {
    let events = recorder.take().into_iter();
    events.map(|(_, event)| event).collect()
}

fn run_mixed_program(mut runner: Runner) {
    runner.run(async {
        let returned = spawn(sleep(Duration::from_secs(1)));
        let cancelled = spawn(sleep(Duration::from_secs(3600)));
        let unpolled = spawn(pending::<()>());
        let panicked = spawn(async {
            yield_now().await;
            panic!("a panic");
        });
        unpolled.cancel();
        yield_now().await;
        cancelled.cancel();
        returned.await.unwrap();
        cancelled.await.unwrap_err();
        unpolled.await.unwrap_err();
        Result::<(), _>::unwrap_err(panicked.await);
        drop(spawn(pending::<()>()));
        yield_now().await;
    });
}

/// An instrument is given with the builder; it cannot come or go while the
/// loop runs.
#[test]
fn c277_every_poll_that_starts_ends_and_polls_never_nest() {
    let mut polled: Option<executor::instrument::TaskId> = None;
    let mut polls = 0;
    for event in mixed_program() {
        match event {
            Event::PollStart { task } => {
                assert_eq!(polled.replace(task), None);
                polls += 1;
            }
            Event::PollEnd { task, .. } => assert_eq!(polled.take(), Some(task)),
            Event::Turn { .. } | Event::ParkStart { .. } | Event::ParkEnd { .. } => {
                assert_eq!(polled, None, "{event:?} during a poll");
            }
            _ => {}
        }
    }
    assert_eq!(polled, None);
    assert!(polls > 0);
}

#[test]
fn c277_a_task_is_spawned_then_polled_then_ended_and_each_ends_once() {
    let (mut alive, mut ended) = (BTreeSet::new(), Vec::new());
    for event in mixed_program() {
        match event {
            Event::TaskSpawn { task, .. } => assert!(alive.insert(task), "spawned twice"),
            Event::PollStart { task } => assert!(alive.contains(&task), "{event:?}"),
            Event::TaskEnd { task, how, .. } => {
                assert!(alive.remove(&task), "{event:?}");
                ended.push(how);
            }
            _ => {}
        }
    }
    let number = |how| ended.iter().filter(|end| **end == how).count();
    assert_eq!(number(Ending::Panicked), 1);
    assert_eq!(number(Ending::Cancelled), 3);
    // The main future and the one that slept.
    assert_eq!(number(Ending::Returned), 2);
    assert!(alive.is_empty(), "never ended: {alive:?}");
}

#[test]
fn c277_every_park_that_starts_ends_and_every_timer_fires_or_is_cancelled() {
    let (mut parked, mut timers) = (false, BTreeSet::new());
    for event in mixed_program() {
        match event {
            Event::ParkStart { .. } => assert!(!std::mem::replace(&mut parked, true)),
            Event::ParkEnd { .. } => assert!(std::mem::replace(&mut parked, false)),
            Event::TimerAdd { timer, .. } => assert!(timers.insert(timer)),
            Event::TimerFire { timer } | Event::TimerCancel { timer } => {
                assert!(timers.remove(&timer));
            }
            _ => {}
        }
    }
    assert!(!parked);
    assert!(timers.is_empty(), "{timers:?}");
}

#[test]
fn c277_events_come_with_the_loop_time_at_which_they_happened() {
    let (mut runner, recorder) = recorded_virtual_runner();
    let main = runner.run(async {
        sleep(Duration::from_secs(2)).await;
        executor::println!("after {} s", 2);
        current_task().unwrap().id()
    });
    let events = recorder.take();
    assert!(events.is_sorted_by_key(|(at, _)| *at));
    let print = Event::Print {
        task: Some(main.into()),
        text: "after 2 s".into(),
    };
    assert!(
        events.contains(&(Duration::from_secs(2), print)),
        "{events:?}"
    );
}

/// Panics at the first poll; before that it counts.
struct Fragile(Recorder);

impl Instrument for Fragile {
    fn event(&mut self, at: Duration, event: &Event) {
        assert!(
            !matches!(event, Event::PollStart { .. }),
            "a hook that fails"
        );
        self.0.event(at, event);
    }
}

#[test]
fn c278_an_instrument_that_panics_is_removed_and_the_loop_goes_on() {
    let recorder = Recorder::new();
    let mut runner = Runner::builder()
        .instrument(Fragile(recorder.clone()))
        .build();
    let value = runner.run(async { spawn(async { "value" }).await.unwrap() });
    assert_eq!(value, "value");
    let seen = recorder.take().len();
    assert!(seen > 0, "it saw what came before");
    runner.run(yield_now());
    assert!(recorder.take().is_empty(), "and nothing after");
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn c278_the_removal_is_reported_once() {
    let test = "observe::instruments::c278_the_removal_is_reported_once";
    let Some(child) = in_own_process(test, &[]) else {
        let mut runner = Runner::builder()
            .instrument(Fragile(Recorder::new()))
            .build();
        runner.run(yield_now());
        return;
    };
    let expected = "the instrument panicked at PollStart { task: TaskId(1) } and was removed: a \
                    hook that fails";
    assert_eq!(reports(&child), [expected]);
}

#[test]
fn an_instrument_may_use_the_loop_and_what_it_does_is_not_recorded() {
    struct Spawns(Recorder);
    impl Instrument for Spawns {
        fn event(&mut self, at: Duration, event: &Event) {
            if matches!(event, Event::PollStart { .. }) && tasks().len() == 1 {
                drop(spawn(async {}));
            }
            self.0.event(at, event);
        }
    }
    let recorder = Recorder::new();
    let mut runner = Runner::builder()
        .instrument(Spawns(recorder.clone()))
        .build();
    runner.run(async { assert_eq!(tasks().len(), 2) });
    let spawned = |(_, event): &(Duration, Event)| matches!(event, Event::TaskSpawn { .. });
    assert_eq!(
        recorder.take().into_iter().filter(spawned).count(),
        1,
        "main"
    );
}

// ---- interest --------------------------------------------------------------

const KINDS: [Interest; 12] = [
    Interest::RUNS,
    Interest::TASKS,
    Interest::POLLS,
    Interest::CHILDREN,
    Interest::WAKES,
    Interest::WAITS,
    Interest::TIMERS,
    Interest::PARKS,
    Interest::MESSAGES,
    Interest::SOURCES,
    Interest::JOBS,
    Interest::PRINTS,
];

fn kind_of(event: &Event) -> Interest {
    match event {
        Event::RunStart { .. } | Event::RunEnd { .. } => Interest::RUNS,
        Event::LoopClose | Event::LoopClosed => Interest::RUNS,
        Event::Turn { .. } | Event::TurnOrder { .. } => Interest::RUNS,
        Event::TaskSpawn { .. } | Event::TaskCancel { .. } => Interest::TASKS,
        Event::TaskEnd { .. } => Interest::TASKS,
        Event::PollStart { .. } | Event::PollEnd { .. } => Interest::POLLS,
        Event::ChildPoll { .. } | Event::ChildDone { .. } => Interest::CHILDREN,
        Event::Wake { .. } | Event::WakerCount { .. } => Interest::WAKES,
        Event::ReadyPush { .. } | Event::ScopePush { .. } => Interest::WAKES,
        Event::Await { .. } | Event::AwaitEnd { .. } => Interest::WAITS,
        Event::TimerAdd { .. } | Event::TimerMove { .. } => Interest::TIMERS,
        Event::TimerFire { .. } | Event::TimerCancel { .. } => Interest::TIMERS,
        Event::ParkStart { .. } | Event::ParkEnd { .. } => Interest::PARKS,
        Event::MessageSent { .. } | Event::InboxDrained { .. } => Interest::MESSAGES,
        Event::SourceAdd { .. } | Event::SourceRemove { .. } => Interest::SOURCES,
        Event::SourceTry { .. } | Event::SourceWait { .. } => Interest::SOURCES,
        Event::SourceReady { .. } => Interest::SOURCES,
        Event::JobSubmit { .. } | Event::JobStart { .. } => Interest::JOBS,
        Event::JobFinish { .. } | Event::JobEnd { .. } => Interest::JOBS,
        Event::JobCancel { .. } => Interest::JOBS,
        Event::Print { .. } | Event::Mark { .. } => Interest::PRINTS,
        other => panic!("no kind for {other:?}"),
    }
}

/// Records the kinds of events that it wants, and counts how often it was asked
/// for them.
#[derive(Clone)]
struct Narrow {
    interest: Interest,
    asked: Rc<Cell<u32>>,
    recorder: Recorder,
}

impl Narrow {
    fn new(interest: Interest) -> Self {
        Narrow {
            interest,
            asked: Rc::default(),
            recorder: Recorder::new(),
        }
    }
}

impl Instrument for Narrow {
    fn event(&mut self, at: Duration, event: &Event) {
        self.recorder.event(at, event);
    }

    fn interest(&self) -> Interest {
        self.asked.set(self.asked.get() + 1);
        self.interest
    }
}

fn only(wanted: Interest, events: &[Event]) -> Vec<Event> {
    let is_wanted = |event: &&Event| wanted.contains(kind_of(event));
    events.iter().filter(is_wanted).cloned().collect()
}

/// Causes events of every kind.
async fn cause_every_kind() {
    let sleeper = spawn(sleep(Duration::from_secs(1)));
    gather((yield_now(), sleep(Duration::from_millis(1)))).await;
    assert_eq!(to_thread(|| 7).await, 7);
    sleeper.await.unwrap();
    mark("a mark");
    #[cfg(feature = "net")]
    {
        let socket = executor::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        socket.send_to(b"to itself", address).await.unwrap();
        socket.recv_from(&mut [0; 16]).await.unwrap();
    }
}

#[test]
fn an_instrument_receives_the_kinds_of_events_that_it_wants_and_no_others() {
    for wanted in KINDS {
        let (narrow, all) = (Narrow::new(wanted), Recorder::new());
        let builder = Runner::builder().virtual_time();
        let builder = builder.instrument(narrow.clone());
        let mut runner = builder.instrument(all.clone()).build();
        runner.run(cause_every_kind());
        drop(runner);
        let received = events_of(&narrow.recorder);
        assert_eq!(received, only(wanted, &events_of(&all)), "{wanted:?}");
        let is_caused = wanted != Interest::SOURCES || cfg!(feature = "net");
        assert_eq!(!received.is_empty(), is_caused, "{wanted:?}");
        assert_eq!(narrow.asked.get(), 1, "{wanted:?}");
    }
}

/// The ids of tasks and the causes of wakes come from other kinds of events, so
/// they must be right without an instrument that wants those.
#[test]
fn an_instrument_alone_receives_the_same_events_as_beside_others() {
    let all = mixed_program();
    let pair = Interest::WAKES | Interest::TIMERS;
    let sets = [Interest::NONE, pair, Interest::ALL];
    for wanted in KINDS.into_iter().chain(sets) {
        let narrow = Narrow::new(wanted);
        let builder = Runner::builder().virtual_time();
        run_mixed_program(builder.instrument(narrow.clone()).build());
        let received = events_of(&narrow.recorder);
        assert_eq!(received, only(wanted, &all), "{wanted:?}");
    }
}

#[test]
fn an_instrument_with_a_narrow_interest_changes_nothing_for_the_others() {
    let alone = mixed_program();
    for wanted in KINDS.into_iter().chain([Interest::NONE]) {
        let (before, after) = (Recorder::new(), Recorder::new());
        let builder = Runner::builder().virtual_time().instrument(before.clone());
        let builder = builder.instrument(Narrow::new(wanted));
        run_mixed_program(builder.instrument(after.clone()).build());
        assert_eq!(events_of(&before), alone, "{wanted:?}");
        assert_eq!(events_of(&after), alone, "{wanted:?}");
    }
}

/// A late wake of a task that ended is reported with its id; the memory of the
/// ids is checked beside them, in `events`.
#[test]
fn a_wake_after_the_end_of_a_task_is_reported_with_its_id() {
    let (mut runner, recorder) = recorded_virtual_runner();
    let id = runner.run(async {
        let gate = Gate::new();
        let task = spawn(gate.clone().wait());
        let id = task.id();
        yield_now().await;
        let waker = gate.last_waker();
        gate.open();
        task.await.unwrap();
        waker.wake();
        id
    });
    let wakes = wakes_of(&recorder.take(), id);
    assert_eq!(wakes, [WakeOutcome::Queued, WakeOutcome::AfterDone]);
}
