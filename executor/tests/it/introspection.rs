//! Seeing inside: what listings and stall reports say about who waits for
//! what, and what an instrument is told.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use executor::instrument::{self, Ending, Event, Instrument, Recorder};
use executor::sync::Lock;
use executor::{
    JoinHandle, RunError, Runner, TaskInfo, TaskState, Wait, current_task, gather, run, sleep,
    spawn, spawn_named, task_tree, tasks, to_thread, try_run, yield_now,
};

use crate::common::{Gate, in_own_process, recorded_virtual_runner, reports, virtual_runner};

/// The tasks that a stalled run lists.
#[track_caller]
fn stalled_tasks<T: std::fmt::Debug>(result: Result<T, RunError>) -> Vec<TaskInfo> {
    match result {
        Err(RunError::Stalled { tasks, .. }) => tasks,
        other => panic!("expected a stall, not {other:?}"),
    }
}

/// Whom the named task waits to join, by name.
#[track_caller]
fn joins(list: &[TaskInfo], name: &str) -> Vec<String> {
    let task = list.iter().find(|task| task.name() == name);
    let waits = task
        .unwrap_or_else(|| panic!("{name} is not in {list:?}"))
        .waits_for();
    let join = |wait: &Wait| match wait {
        Wait::Join { name, .. } => Some(name.clone()),
        _ => None,
    };
    waits.iter().filter_map(join).collect()
}

/// Tasks `a` and `b`, each of which awaits the other's handle.
fn embrace() {
    let handles: [Rc<RefCell<Option<JoinHandle<()>>>>; 2] = Default::default();
    for (n, name) in ["a", "b"].into_iter().enumerate() {
        let other = Rc::clone(&handles[1 - n]);
        let task = spawn_named(name, async move {
            let other = other
                .take()
                .expect("both are spawned before the first poll");
            let _ = other.await;
        });
        *handles[n].borrow_mut() = Some(task);
    }
}

// ---- deadlocks and stalls -------------------------------------------------

#[test]
fn c272_a_listing_shows_two_tasks_that_wait_for_each_other() {
    virtual_runner().run(async {
        embrace();
        sleep(Duration::from_secs(1)).await;
        let list = tasks();
        assert_eq!(joins(&list, "a"), ["b"]);
        assert_eq!(joins(&list, "b"), ["a"]);
        let lines: Vec<_> = list[1..].iter().map(TaskInfo::to_string).collect();
        assert!(
            lines[0].starts_with("task 2 \"a\" (spawned at "),
            "{lines:?}"
        );
        assert!(
            lines[0].ends_with("): waits for join task 3 \"b\""),
            "{lines:?}"
        );
        assert!(
            lines[1].ends_with("): waits for join task 2 \"a\""),
            "{lines:?}"
        );
    });
}

#[test]
fn c272_a_run_that_waits_for_such_a_pair_fails_and_shows_the_cycle() {
    let program = || async {
        embrace();
        pending::<()>().await;
    };
    for result in [virtual_runner().try_run(program()), try_run(program())] {
        let list = stalled_tasks(result);
        assert_eq!(list.len(), 3);
        assert_eq!(joins(&list, "a"), ["b"]);
        assert_eq!(joins(&list, "b"), ["a"]);
    }
}

#[test]
fn c272_a_task_that_awaits_itself_is_a_stall_too() {
    let result = try_run(async {
        let handle: Rc<RefCell<Option<JoinHandle<()>>>> = Rc::default();
        let own = Rc::clone(&handle);
        *handle.borrow_mut() = Some(spawn_named("narcissus", async move {
            let own = own.take().expect("it is put there before the first poll");
            let _ = own.await;
        }));
        pending::<()>().await;
    });
    assert_eq!(joins(&stalled_tasks(result), "narcissus"), ["narcissus"]);
}

#[test]
fn c274_nothing_can_ever_happen_gives_an_error_with_every_task() {
    let result = try_run(async {
        let lost = spawn_named("lost", pending::<()>());
        drop(spawn_named("done", async {}).await);
        let gate = Gate::new();
        drop(spawn_named("left alone", gate.clone().wait()));
        yield_now().await;
        gate.forget_wakers();
        let _ = lost.await;
    });
    let text = result.as_ref().unwrap_err().to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[0],
        "the loop has stalled: nothing is ready, and no timer, thread job or waker is left that \
         could change that"
    );
    let expected = [
        ("  task 1 (spawned at ", "): waits for join task 2 \"lost\""),
        (
            "  task 2 \"lost\" (spawned at ",
            "): waits, and nothing can ever wake it",
        ),
        (
            "  task 4 \"left alone\" (spawned at ",
            "): waits, and nothing can ever wake it",
        ),
    ];
    assert_eq!(lines.len(), 1 + expected.len(), "{text}");
    for (line, (start, end)) in lines[1..].iter().zip(expected) {
        assert!(line.starts_with(start) && line.ends_with(end), "{line}");
        assert!(line.contains(file!()), "{line}");
    }
    assert_eq!(stalled_tasks(result).len(), 3);
}

/// Tells another thread each time the loop goes to sleep.
struct TellParks(mpsc::Sender<()>);

impl Instrument for TellParks {
    fn event(&mut self, _at: Duration, event: &Event) {
        if matches!(event, Event::ParkStart { .. }) {
            let _ = self.0.send(());
        }
    }
}

#[test]
fn c274_one_waker_on_another_thread_and_there_is_no_report() {
    let (tell, parks) = mpsc::channel();
    let mut runner = Runner::builder().instrument(TellParks(tell)).build();
    let result = runner.try_run(async {
        let (give, waker) = mpsc::channel();
        // The wake comes only after the loop has nothing left to do.
        let thread = thread::spawn(move || {
            let waker: Waker = waker.recv().expect("the task sends it");
            parks.recv().expect("the loop parks");
            waker.wake();
        });
        let mut polls = 0;
        poll_fn(|cx| {
            polls += 1;
            if polls == 2 {
                return Poll::Ready(());
            }
            give.send(cx.waker().clone()).expect("the thread listens");
            Poll::Pending
        })
        .await;
        thread.join().unwrap();
        "woken"
    });
    assert_eq!(result.unwrap(), "woken");
}

#[test]
fn c274_a_thread_job_and_there_is_no_report() {
    let (tell, parks) = mpsc::channel();
    let mut runner = Runner::builder()
        .virtual_time()
        .instrument(TellParks(tell))
        .build();
    let job = to_thread(move || parks.recv().is_ok());
    assert!(runner.run(job));
}

thread_local! {
    /// The task that main awaits, for those who come in through a `Handle`.
    static AWAITED: RefCell<Option<JoinHandle<()>>> = const { RefCell::new(None) };
}

#[test]
fn c274_a_handle_on_another_thread_and_there_is_no_report() {
    let (tell, parks) = mpsc::channel();
    let mut runner = Runner::builder().instrument(TellParks(tell)).build();
    let handle = runner.handle();
    AWAITED.set(Some(runner.spawn(pending())));
    let canceller = thread::spawn(move || {
        parks.recv().expect("the loop parks");
        let cancel = |awaited: &RefCell<Option<JoinHandle<()>>>| {
            awaited.borrow().as_ref().is_some_and(JoinHandle::cancel)
        };
        handle
            .spawn(move || async move { AWAITED.with(cancel) })
            .wait()
    });
    // No waker is left anywhere: only the handle keeps the loop waiting.
    let ended = runner.try_run(poll_fn(|cx| {
        AWAITED.with_borrow_mut(|task| Pin::new(task.as_mut().expect("it is there")).poll(cx))
    }));
    assert!(ended.expect("no stall").unwrap_err().is_cancelled());
    let called = canceller.join().unwrap();
    assert!(called.is_ok_and(|cancelled| cancelled));
}

/// In virtual time a stall is reported though somebody has a waker, after this
/// long of real time. The limit is short, so the test has no need to wait.
#[test]
fn c274_in_virtual_time_patience_with_other_threads_ends() {
    let mut runner = Runner::builder()
        .virtual_time()
        .stall_timeout(Duration::from_millis(1))
        .build();
    let gate = Gate::new();
    let waits = gate.clone().wait();
    let list = stalled_tasks(runner.try_run(waits));
    assert_eq!(list[0].waits_for(), [Wait::Waker]);
}

// ---- who waits for what ---------------------------------------------------

#[test]
fn c275_the_waits_of_nested_awaits_are_the_real_ones() {
    virtual_runner().run(async {
        let gate = Gate::new();
        let leaf = spawn_named("leaf", gate.clone().wait());
        let nap = spawn_named("nap", sleep(Duration::from_secs(60)));
        let both = spawn_named("both", async {
            let _ = gather((leaf, nap, sleep(Duration::from_secs(90)))).await;
        });
        let outer = spawn_named("outer", async {
            let inner = async {
                yield_now().await;
                both.await
            };
            let _ = gather((inner, pending::<()>())).await;
        });
        sleep(Duration::from_secs(1)).await;

        let list = tasks();
        let waits = |name: &str| {
            let task = list
                .iter()
                .find(|task| task.name() == name)
                .expect("it is listed");
            assert_eq!(task.state(), TaskState::Waiting, "{name}");
            task.waits_for().to_vec()
        };
        assert_eq!(waits("leaf"), [Wait::Waker]);
        assert_eq!(waits("nap"), [Wait::Sleep(Duration::from_secs(59))]);
        let of_both: BTreeSet<_> = waits("both").iter().map(Wait::to_string).collect();
        let expected = [
            "join task 2 \"leaf\"",
            "join task 3 \"nap\"",
            "sleep until +89s",
        ];
        assert_eq!(of_both, expected.map(String::from).into());
        assert_eq!(joins(&list, "outer"), ["both"]);
        assert_eq!(waits("outer").len(), 1, "what never ends is no wait");
        assert_eq!(list[0].state(), TaskState::Running);
        assert!(list[0].waits_for().is_empty());
        drop(outer);
    });
}

#[test]
fn c275_waits_end_when_they_are_over() {
    virtual_runner().run(async {
        let gate = Gate::new();
        let opened = gate.clone();
        let task = spawn(async move {
            let _ = gather((sleep(Duration::from_secs(1)), gate.wait())).await;
            sleep(Duration::from_secs(10)).await;
        });
        let waits = || tasks()[1].waits_for().to_vec();
        yield_now().await;
        let both = [Wait::Sleep(Duration::from_secs(1)), Wait::Waker];
        assert_eq!(waits(), both);
        sleep(Duration::from_secs(2)).await;
        assert_eq!(waits(), [Wait::Waker]);
        opened.open();
        assert_eq!(tasks()[1].state(), TaskState::Ready);
        assert!(waits().is_empty());
        yield_now().await;
        assert_eq!(waits(), [Wait::Sleep(Duration::from_secs(10))]);
        task.cancel();
        task.await.unwrap_err();
    });
}

#[test]
fn c275_tasks_with_the_same_name_are_told_apart_by_their_numbers() {
    virtual_runner().run(async {
        let [a, b] = [1, 2].map(|n| spawn_named("worker", sleep(Duration::from_secs(n))));
        let joiner = spawn_named("joiner", async {
            let _ = gather((a, b)).await;
        });
        yield_now().await;
        let joiner_info = tasks().pop().expect("it is listed");
        let text = joiner_info.to_string();
        let end = "waits for join task 2 \"worker\", join task 3 \"worker\"";
        assert!(text.ends_with(end), "{text}");
        joiner.await.unwrap();
    });
}

#[test]
fn c275_a_listing_shows_a_thread_job_and_its_line() {
    let (send, receive) = mpsc::channel::<()>();
    run(async {
        let line = line!() + 1;
        let job = spawn(async move { to_thread(move || receive.recv().is_ok()).await });
        yield_now().await;
        let [Wait::Job { site, .. }] = *tasks()[1].waits_for() else {
            panic!("not a job: {:?}", tasks());
        };
        assert_eq!((site.file(), site.line()), (file!(), line));
        let text = tasks()[1].to_string();
        let start = format!("): waits for thread job at {}:{line} for ", file!());
        assert!(text.contains(&start) && text.ends_with(" s"), "{text}");
        send.send(()).expect("the job listens");
        assert!(job.await.unwrap());
    });
}

#[test]
fn c275_parents_form_the_tree_of_spawns() {
    virtual_runner().run(async {
        let main = current_task().unwrap().id();
        let (child, grandchild) = spawn(async {
            let me = current_task().unwrap().id();
            let grandchild = spawn(async { current_task().unwrap().parent() });
            (me, grandchild.await.unwrap())
        })
        .await
        .unwrap();
        assert_eq!(grandchild, Some(child));
        let parents: Vec<_> = tasks().iter().map(TaskInfo::parent).collect();
        assert_eq!(parents, [None], "the others have ended");
        let task = spawn(yield_now());
        assert_eq!(tasks()[1].parent(), Some(main));
        task.await.unwrap();
    });
    let mut runner = Runner::new();
    drop(runner.spawn(pending::<()>()));
    let parents = runner.run(async { tasks().iter().map(TaskInfo::parent).collect::<Vec<_>>() });
    assert_eq!(
        parents,
        [None, None],
        "what comes from outside has no parent"
    );
}

#[test]
fn c275_the_tree_shows_who_spawned_whom_and_what_each_does() {
    let tree = virtual_runner().run(async {
        let lock = Rc::new(Lock::named("cache", ()));
        let wants = lock.clone();
        drop(spawn_named("server", async {
            drop(spawn_named("client", sleep(Duration::from_secs(60))));
            drop(spawn(async { spawn(async {}).await }));
            pending::<()>().await;
        }));
        let line = line!() + 2;
        let holder = spawn_named("holder", async move {
            let _guard = lock.lock().await;
            sleep(Duration::from_secs(2)).await;
        });
        drop(spawn_named(
            "waiter",
            async move { drop(wants.lock().await) },
        ));
        let done = spawn_named("done", async {});
        sleep(Duration::from_secs(1)).await;
        drop(spawn_named("new", async {}));
        let tree = task_tree();
        done.await.unwrap();
        holder.cancel();
        let place = format!("{}:{line}", file!());
        tree.replace(&place, "HERE")
    });
    let expected = "\
task 1: running
|-- task 2 \"server\": can never be woken
|   `-- task 6 \"client\": waits for sleep until +59s
|-- task 3 \"holder\": waits for sleep until +1s
|-- task 4 \"waiter\": waits for lock \"cache\" held by task 3 at HERE
|-- task 5 \"done\": finished
`-- task 9 \"new\": ready
";
    assert_eq!(tree, expected);
    assert_eq!(task_tree(), "", "no loop runs");
}

#[test]
fn a_listing_stays_readable_after_the_loop_is_gone() {
    let list = run(async {
        drop(spawn_named("gone", pending::<()>()));
        tasks()
    });
    assert_eq!(list[1].name(), "gone");
    assert!(list[1].to_string().ends_with("): ready to run"));
}

// ---- instruments ----------------------------------------------------------

/// A program in which tasks return, are cancelled and panic.
fn mixed_program() -> Vec<Event> {
    let (mut runner, recorder) = recorded_virtual_runner();
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
    drop(runner);
    recorder
        .take()
        .into_iter()
        .map(|(_, event)| event)
        .collect()
}

/// An instrument is given with the builder; it cannot come or go while the
/// loop runs.
#[test]
fn c277_every_poll_that_starts_ends_and_polls_never_nest() {
    let mut polled: Option<instrument::TaskId> = None;
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
    let test = "introspection::c278_the_removal_is_reported_once";
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
