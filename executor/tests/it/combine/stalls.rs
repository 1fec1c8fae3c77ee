//! Stalls and deadlocks behind sets of futures: reported when they are certain,
//! and never while another party holds a waker of a member.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use executor::sync::{Event, Lock, Queue, Semaphore};
use executor::{
    Handle, RemoteHandle, RunError, Runner, TaskInfo, TaskState, Wait, as_completed, gather, race,
    scope, sleep, spawn, spawn_named, tasks, timeout, try_gather, try_run, yield_now,
};

use crate::common::{Gate, joins, must_end, poll_once, stalled_tasks, virtual_runner};

/// More than a set polls in each round.
const MANY: usize = 40;
const SECOND: Duration = Duration::from_secs(1);

type Boxed = Pin<Box<dyn Future<Output = ()>>>;
type Make = fn() -> Vec<Boxed>;
/// A way to wait for many futures in one task, with its name.
type NamedSet = (&'static str, fn(Make) -> Boxed);

/// Runs a program on the real clock that must stall, and returns the error.
#[track_caller]
fn stall<F: Future<Output = ()>>(program: impl FnOnce() -> F + Send + 'static) -> Stall {
    let (send, receive) = mpsc::channel();
    must_end(move || {
        let error = try_run(program()).expect_err("a stall");
        let text = error.to_string();
        let RunError::Stalled { tasks, .. } = error else {
            panic!("no stall: {text}");
        };
        // The waits of each task, as text: a listing stays on its thread.
        let waits = |task: &TaskInfo| task.waits_for().iter().map(Wait::to_string).collect();
        let states = tasks.iter().map(TaskInfo::state).collect();
        let _ = send.send((text, tasks.iter().map(waits).collect(), states));
    });
    let (text, waits, states) = receive.recv().expect("the program sent them");
    Stall {
        text,
        waits,
        states,
    }
}

struct Stall {
    text: String,
    /// By task.
    waits: Vec<Vec<String>>,
    states: Vec<TaskState>,
}

impl Stall {
    /// The first line of the report about the deadlock.
    fn deadlock(&self) -> Option<&str> {
        self.text.lines().find(|line| line.starts_with("deadlock"))
    }
}

/// All ways to wait for many futures in one task.
fn each_set() -> [NamedSet; 6] {
    [
        ("gather", |make| {
            Box::pin(async move {
                gather(make()).await;
            })
        }),
        ("gather with a limit", |make| {
            Box::pin(async move {
                gather(make()).limit(3).await;
            })
        }),
        ("try_gather", |make| {
            Box::pin(async move {
                let fallible = make().into_iter().map(|it| async {
                    it.await;
                    Ok::<_, ()>(())
                });
                try_gather(fallible.collect::<Vec<_>>()).await.unwrap();
            })
        }),
        ("race", |make| {
            Box::pin(async move {
                race(make()).await;
            })
        }),
        ("as_completed", |make| {
            Box::pin(async move {
                let mut all = as_completed(make().into_iter().take(3).collect());
                while all.next().await.is_some() {}
            })
        }),
        ("a gather in a gather", |make| {
            Box::pin(async move {
                let inner = || gather(make());
                let outer: Vec<_> = (0..MANY).map(|_| inner()).collect();
                gather(outer).await;
            })
        }),
    ]
}

#[test]
fn nothing_that_can_happen_is_a_stall_behind_each_set() {
    fn make() -> Vec<Boxed> {
        (0..MANY).map(|_| Box::pin(pending()) as Boxed).collect()
    }
    for (name, set) in each_set() {
        let stall = stall(move || set(make));
        assert_eq!(stall.states, [TaskState::Unwakeable], "{name}");
        assert_eq!(stall.deadlock(), None, "{name}");
    }
}

#[test]
fn an_event_that_is_never_set_is_a_stall_behind_each_set() {
    fn make() -> Vec<Boxed> {
        let event = Rc::new(Event::new());
        let wait = move || {
            let event = event.clone();
            Box::pin(async move { event.wait().await }) as Boxed
        };
        (0..MANY).map(|_| wait()).collect()
    }
    for (name, set) in each_set() {
        let stall = stall(move || set(make));
        let waits = &stall.waits[0];
        assert!(!waits.is_empty(), "{name}");
        let is_event = |wait: &String| wait.starts_with("an event at ");
        assert!(waits.iter().all(is_event), "{name}: {waits:?}");
    }
}

#[test]
fn a_lock_taken_twice_by_one_member_is_a_deadlock_behind_each_set() {
    fn make() -> Vec<Boxed> {
        let lock = Rc::new(Lock::named("cache", ()));
        let twice = move || {
            let lock = lock.clone();
            Box::pin(async move {
                let _first = lock.lock().await;
                let _second = lock.lock().await;
            }) as Boxed
        };
        (0..MANY).map(|_| twice()).collect()
    }
    for (name, set) in each_set() {
        let stall = stall(move || set(make));
        let told = Some("deadlock: a task waits for itself:");
        assert_eq!(stall.deadlock(), told, "{name}: {}", stall.text);
    }
}

#[test]
fn two_tasks_whose_sets_take_two_locks_in_opposite_order_are_a_deadlock() {
    fn crossed([first, second]: [Rc<Lock<()>>; 2]) -> Vec<Boxed> {
        let mut all: Vec<_> = (1..MANY).map(|_| Box::pin(pending()) as Boxed).collect();
        all.push(Box::pin(async move {
            let _first = first.lock().await;
            yield_now().await;
            let _second = second.lock().await;
        }));
        all
    }
    let stall = stall(|| async {
        let [left, right] = ["left", "right"].map(|name| Rc::new(Lock::named(name, ())));
        let a = crossed([left.clone(), right.clone()]);
        let b = crossed([right, left]);
        let a = spawn_named("a", async { race(a).await });
        let b = spawn_named("b", async { race(b).await });
        let _ = (a.await, b.await);
    });
    let told = Some("deadlock: 2 tasks wait for each other:");
    assert_eq!(stall.deadlock(), told, "{}", stall.text);
    assert_eq!(stall.waits[0], ["join task 2 \"a\""]);
    let left = "lock \"left\" held by task 2 at ";
    assert!(stall.waits[2][0].starts_with(left), "{:?}", stall.waits);
    assert!(stall.waits[1..].iter().all(|waits| waits.len() == 1));
}

#[test]
fn a_set_in_a_task_that_main_awaits_is_a_stall() {
    let stall = stall(|| async {
        let jobs: Rc<Queue<u8>> = Rc::new(Queue::named("jobs", 0));
        let task = spawn_named("worker", async move {
            let get = (0..MANY).map(|_| jobs.get()).collect::<Vec<_>>();
            race(get).await.1.is_ok()
        });
        let _ = task.await;
    });
    assert_eq!(stall.waits[0], ["join task 2 \"worker\""]);
    assert_eq!(stall.waits[1].len(), MANY);
    let is_item = |wait: &String| wait.starts_with("an item of queue \"jobs\" at ");
    assert!(stall.waits[1].iter().all(is_item), "{:?}", stall.waits);
}

#[test]
fn sets_of_scopes_and_sets_in_the_tasks_of_a_scope_are_stalls() {
    let stall_1 = stall(|| async {
        let event = Event::new();
        scope(async |s| {
            s.spawn(async {
                gather((0..MANY).map(|_| event.wait()).collect::<Vec<_>>()).await;
            });
        })
        .await;
    });
    assert_eq!(stall_1.waits[0], ["the task of its scope"]);
    assert_eq!(stall_1.waits[1].len(), MANY);
    let stall_2 = stall(|| async {
        let scopes = (0..MANY).map(|_| {
            scope(async |s| {
                s.spawn(pending::<()>());
            })
        });
        gather(scopes.collect::<Vec<_>>()).await;
    });
    assert_eq!(stall_2.waits[0], vec!["the task of its scope"; MANY]);
    let never = [TaskState::Unwakeable; MANY];
    assert_eq!(stall_2.states[1..], never);
}

#[test]
fn handles_and_permits_in_a_set_are_listed_without_a_foreign_waker() {
    let stall = stall(|| async {
        let semaphore = Semaphore::new(0);
        let mut all: Vec<_> = (0..MANY)
            .map(|_| {
                Box::pin(async { drop(semaphore.acquire().await) })
                    as Pin<Box<dyn Future<Output = ()> + '_>>
            })
            .collect();
        let lost = spawn_named("lost", pending::<()>());
        all.push(Box::pin(async { drop(lost.await) }));
        gather(all).await;
    });
    let waits = &stall.waits[0];
    assert_eq!(waits.len(), MANY + 1, "{waits:?}");
    assert_eq!(waits[0], "join task 2 \"lost\"");
    let is_permit = |wait: &String| wait.starts_with("a permit of a semaphore at ");
    assert!(waits[1..].iter().all(is_permit), "{waits:?}");
}

#[test]
fn a_stall_is_found_after_some_members_have_completed() {
    let stall = stall(|| async {
        let event = Rc::new(Event::new());
        let member = |n: u64| {
            let event = event.clone();
            async move {
                sleep(Duration::from_micros(n)).await;
                if n % 2 == 1 {
                    event.wait().await;
                }
            }
        };
        gather((0..MANY as u64).map(member).collect::<Vec<_>>()).await;
    });
    assert_eq!(stall.waits[0].len(), MANY / 2);
}

#[test]
fn a_member_that_sleeps_delays_the_report_until_it_is_done() {
    let mut runner = virtual_runner();
    let lock = Lock::named("cache", ());
    let seen = std::cell::Cell::new(None);
    let result = runner.try_run(async {
        let started = executor::now();
        let _guard = lock.lock().await;
        let seen = &seen;
        let sleeps = async {
            sleep(SECOND * 3).await;
            seen.set(Some(executor::now() - started));
        };
        let mut all: Vec<Pin<Box<dyn Future<Output = ()> + '_>>> = vec![Box::pin(sleeps)];
        all.extend((0..MANY).map(|_| Box::pin(async { drop(lock.lock().await) }) as Pin<Box<_>>));
        gather(all).await;
    });
    assert_eq!(seen.get(), Some(SECOND * 3));
    let waits = stalled_tasks(result)[0].waits_for().len();
    assert_eq!(waits, MANY);
}

/// A member whose waker another thread holds makes every report uncertain: the
/// loop waits, and the member completes.
#[test]
fn a_waker_of_a_member_on_another_thread_prevents_the_report() {
    fn is_released(nested: bool) -> impl FnOnce() + Send + 'static {
        move || {
            let (send, wakers) = mpsc::channel::<Waker>();
            let waits = thread::spawn(move || {
                let waker = wakers.recv().expect("a member sends it");
                // Long enough for the loop to find nothing to do.
                thread::sleep(Duration::from_millis(30));
                waker.wake();
            });
            let mut polls = 0;
            let woken = poll_fn(move |cx: &mut Context<'_>| {
                polls += 1;
                if polls == 2 {
                    return Poll::Ready(());
                }
                send.send(cx.waker().clone()).expect("the thread listens");
                Poll::Pending
            });
            let event = Rc::new(Event::new());
            let opens = event.clone();
            let mut all: Vec<Boxed> = vec![Box::pin(async move {
                woken.await;
                opens.set();
            })];
            for _ in 0..MANY {
                let event = event.clone();
                all.push(Box::pin(async move { event.wait().await }));
            }
            let done = try_run(async move {
                if nested {
                    let mut outer: Vec<Boxed> = vec![Box::pin(async { drop(gather(all).await) })];
                    outer.extend((0..MANY).map(|_| Box::pin(async {}) as Boxed));
                    gather(outer).await;
                } else {
                    gather(all).await;
                }
            });
            assert!(done.is_ok(), "{done:?}");
            waits.join().unwrap();
        }
    }
    must_end(is_released(false));
    must_end(is_released(true));
}

#[test]
fn a_listing_shows_a_foreign_waker_of_a_member_and_no_other() {
    let mut runner = Runner::builder()
        .virtual_time()
        .stall_timeout(Duration::from_millis(1))
        .build();
    let gate = Gate::new();
    let held = gate.clone();
    let result = runner.try_run(async move {
        let event = Event::new();
        let mut all: Vec<Pin<Box<dyn Future<Output = ()> + '_>>> = vec![Box::pin(held.wait())];
        all.extend((0..MANY).map(|_| Box::pin(event.wait()) as Pin<Box<_>>));
        gather(all).await;
    });
    let waits = stalled_tasks(result)[0].waits_for().to_vec();
    assert_eq!(waits.len(), MANY + 1);
    assert_eq!(waits.last(), Some(&Wait::Waker));
    // When the waker is gone, the same program is a certain stall.
    let mut runner = virtual_runner();
    let gate = Gate::new();
    let held = gate.clone();
    let result = runner.try_run(async move {
        let event = Event::new();
        let mut all: Vec<Pin<Box<dyn Future<Output = ()> + '_>>> = vec![Box::pin(held.wait())];
        all.extend((0..MANY).map(|_| Box::pin(event.wait()) as Pin<Box<_>>));
        let forget = async {
            sleep(SECOND).await;
            gate.forget_wakers();
        };
        gather((gather(all), forget)).await;
    });
    let waits = stalled_tasks(result)[0].waits_for().to_vec();
    assert_eq!(waits.len(), MANY);
    assert!(!waits.contains(&Wait::Waker), "{waits:?}");
}

#[test]
fn a_waker_of_a_set_that_was_dropped_wakes_nothing_and_hides_no_stall() {
    let mut runner = virtual_runner();
    let gate = Gate::new();
    let held = gate.clone();
    let result = runner.try_run(async move {
        let mut all: Vec<Boxed> = vec![Box::pin(held.wait())];
        all.extend((0..MANY).map(|_| Box::pin(pending()) as Boxed));
        assert!(timeout(SECOND, gather(all)).await.is_err());
        pending::<()>().await;
    });
    let left = gate.last_waker();
    assert_eq!(stalled_tasks(result)[0].state(), TaskState::Unwakeable);
    left.wake();
}

#[test]
fn a_set_in_a_foreign_combinator_hides_a_stall() {
    use futures::stream::{FuturesUnordered, StreamExt};
    let mut runner = Runner::builder()
        .virtual_time()
        .stall_timeout(Duration::from_millis(1))
        .build();
    let result = runner.try_run(async {
        let event = Event::new();
        let set = || gather((0..MANY).map(|_| event.wait()).collect::<Vec<_>>());
        let mut all: FuturesUnordered<_> = [set(), set()].into_iter().collect();
        all.next().await;
    });
    let waits = stalled_tasks(result)[0].waits_for().to_vec();
    assert_eq!(waits.len(), 2 * MANY + 1);
    assert_eq!(
        waits.last(),
        Some(&Wait::Waker),
        "it holds the task's waker"
    );
}

#[test]
fn a_foreign_combinator_in_a_set_hides_a_stall() {
    use futures::stream::{FuturesUnordered, StreamExt};
    let mut runner = Runner::builder()
        .virtual_time()
        .stall_timeout(Duration::from_millis(1))
        .build();
    let result = runner.try_run(async {
        let one = || async {
            let mut all: FuturesUnordered<_> = [pending::<()>()].into_iter().collect();
            all.next().await;
        };
        gather((0..MANY).map(|_| one()).collect::<Vec<_>>()).await;
    });
    assert_eq!(stalled_tasks(result)[0].waits_for(), [Wait::Waker]);
}

#[test]
fn a_set_that_moves_to_another_run_is_a_stall_in_each() {
    let mut runner = virtual_runner();
    let event = Event::new();
    let mut set = pin!(gather((0..MANY).map(|_| event.wait()).collect::<Vec<_>>()));
    for _ in 0..2 {
        let waits = stalled_tasks(runner.try_run(set.as_mut()))[0]
            .waits_for()
            .len();
        assert_eq!(waits, MANY);
    }
    let mut other = virtual_runner();
    event.set();
    assert_eq!(other.run(set).len(), MANY);
}

// ---- in debug mode ---------------------------------------------------------

#[test]
fn debug_mode_reports_a_deadlock_behind_a_set_while_the_program_continues() {
    use crate::common::{in_own_process, reports};
    const TEST: &str =
        "combine::stalls::debug_mode_reports_a_deadlock_behind_a_set_while_the_program_continues";
    if let Some(child) = in_own_process(TEST, &[]) {
        let reports = reports(&child);
        assert_eq!(reports, ["deadlock: a task waits for itself:"]);
        return;
    }
    let mut runner = Runner::builder().virtual_time().debug(true).build();
    runner.run(async {
        spawn(async {
            let lock = Lock::new(());
            let twice = async || {
                let _first = lock.lock().await;
                let _second = lock.lock().await;
            };
            gather((0..MANY).map(|_| twice()).collect::<Vec<_>>()).await;
        });
        sleep(SECOND).await;
    });
}

// ---- a handle for other threads, awaited on its own loop -------------------

#[test]
fn a_remote_handle_awaited_on_its_own_loop_is_a_wait_for_its_task() {
    for turns in 0..3 {
        let stall = stall(move || async move {
            let task = Handle::current().spawn(pending::<()>);
            for _ in 0..turns {
                yield_now().await;
            }
            let _ = task.await;
        });
        assert_eq!(stall.waits[0], ["join task 2 \"Task-2\""]);
        assert_eq!(stall.states[1], TaskState::Unwakeable);
    }
}

#[test]
fn a_deadlock_through_a_remote_handle_is_reported() {
    thread_local! {
        static LOCK: Rc<Lock<()>> = Rc::new(Lock::named("cache", ()));
    }
    let stall = stall(|| async {
        let lock = LOCK.with(Rc::clone);
        let _guard = lock.lock().await;
        let task = Handle::current().spawn(|| async {
            let lock = LOCK.with(Rc::clone);
            drop(lock.lock().await);
        });
        let _ = task.await;
    });
    let told = Some("deadlock: 2 tasks wait for each other:");
    assert_eq!(stall.deadlock(), told, "{}", stall.text);
}

#[test]
fn remote_handles_in_a_set_are_waits_for_their_tasks() {
    let stall = stall(|| async {
        let task = |n: usize| {
            Handle::current().spawn(move || async move {
                if n % 2 == 1 {
                    pending::<()>().await;
                }
            })
        };
        gather((0..MANY).map(task).collect::<Vec<_>>()).await;
    });
    let joins: Vec<_> = (0..MANY / 2)
        .map(|n| format!("join task {0} \"Task-{0}\"", 2 * n + 3))
        .collect();
    assert_eq!(stall.waits[0], joins);
}

#[test]
fn a_remote_handle_awaited_on_its_own_loop_gives_the_output() {
    virtual_runner().run(async {
        for late in [false, true] {
            let task = Handle::current().spawn(move || async move {
                if late {
                    sleep(SECOND).await;
                }
                7
            });
            assert_eq!(task.await.unwrap(), 7);
            let mut task = Handle::current().spawn(|| async {
                sleep(SECOND).await;
                8
            });
            assert!(poll_once(&mut task).await.is_pending());
            yield_now().await;
            assert!(poll_once(&mut task).await.is_pending());
            assert!(timeout(SECOND / 2, &mut task).await.is_err());
            assert_eq!(task.await.unwrap(), 8);
        }
        let task = Handle::current().spawn(pending::<()>);
        yield_now().await;
        let mut waits = Box::pin(task);
        assert!(poll_once(&mut waits).await.is_pending());
        assert_eq!(joins(&tasks(), "Task-1"), Vec::<String>::new(), "it runs");
        drop(waits);
        assert_eq!(tasks().len(), 2, "dropping it detaches");
    });
}

#[test]
fn a_task_that_is_cancelled_wakes_its_own_loops_remote_handle() {
    virtual_runner().run(async {
        let task = Handle::current().spawn(pending::<()>);
        let waits = spawn(async move {
            let mut task = task;
            assert!(timeout(SECOND, &mut task).await.is_err());
            assert!(task.cancel());
            task.await.unwrap_err().is_cancelled()
        });
        assert!(waits.await.unwrap());
    });
}

/// The task may be cancelled from the other thread, so that nothing is certain.
#[test]
fn a_remote_handle_that_went_to_another_thread_prevents_the_report() {
    must_end(|| {
        let (send, handles) = mpsc::channel::<RemoteHandle<()>>();
        let cancels = thread::spawn(move || {
            let task = handles.recv().expect("the loop sends it");
            thread::sleep(Duration::from_millis(30));
            assert!(task.cancel());
            task.wait()
        });
        let ended = try_run(async move {
            let event = Rc::new(Event::new());
            let mut task = spawn_remote_waiting(&event);
            // The await ends before the task does.
            assert!(timeout(Duration::from_millis(1), &mut task).await.is_err());
            send.send(task).expect("the thread listens");
            event.wait().await;
        });
        assert!(ended.is_ok(), "{ended:?}");
        assert!(cancels.join().unwrap().unwrap_err().is_cancelled());
    });
}

/// Two are awaited, and one of them goes to another thread: the stall is certain
/// once that thread has dropped it, and the loop looks again then.
#[test]
fn a_stall_is_reported_once_the_last_handle_elsewhere_is_dropped() {
    let stall = stall(|| async {
        let (send, handles) = mpsc::channel::<RemoteHandle<()>>();
        let drops = thread::spawn(move || {
            let task = handles.recv().expect("the loop sends it");
            thread::sleep(Duration::from_millis(30));
            drop(task);
        });
        let mut lost = Handle::current().spawn(pending::<()>);
        let kept = Handle::current().spawn(pending::<()>);
        assert!(timeout(Duration::from_millis(1), &mut lost).await.is_err());
        send.send(lost).expect("the thread listens");
        let _ = kept.await;
        drop(drops);
    });
    assert_eq!(stall.waits[0], ["join task 3 \"Task-3\""]);
}

#[test]
fn a_remote_handle_whose_task_has_ended_is_no_reason_to_wait() {
    let stall = stall(|| async {
        let mut read = Handle::current().spawn(|| async { 1 });
        assert_eq!((&mut read).await.unwrap(), 1);
        let unread = Handle::current().spawn(|| async {});
        while !unread.is_finished() {
            yield_now().await;
        }
        pending::<()>().await;
        drop((read, unread));
    });
    assert_eq!(stall.states, [TaskState::Unwakeable]);
}

/// Sets an event when it is dropped.
struct SetOnDrop(Rc<Event>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.set();
    }
}

/// Starts a task that waits forever, and sets an event when it is cancelled.
fn spawn_remote_waiting(event: &Rc<Event>) -> RemoteHandle<()> {
    thread_local! {
        static EVENTS: RefCell<VecDeque<Rc<Event>>> = const { RefCell::new(VecDeque::new()) };
    }
    EVENTS.with_borrow_mut(|events| events.push_back(Rc::clone(event)));
    Handle::current().spawn(|| {
        let event = EVENTS.with_borrow_mut(VecDeque::pop_front);
        let guard = SetOnDrop(event.expect("it was pushed"));
        async move {
            let _guard = guard;
            pending::<()>().await;
        }
    })
}

/// The loop asks where the handles are, and while it does, another thread lets the
/// owner of one give it away.
#[test]
fn a_remote_handle_that_goes_away_while_the_loop_asks_prevents_the_report() {
    must_end(|| {
        let (ask, asked) = mpsc::channel::<()>();
        let (answer, answered) = mpsc::channel::<()>();
        let (send, handles) = mpsc::channel::<RemoteHandle<()>>();
        let other = thread::spawn(move || {
            let first = handles.recv().unwrap();
            asked.recv().unwrap();
            assert!(first.cancel());
            drop(first);
            answer.send(()).unwrap();
            let second = handles.recv().unwrap();
            thread::sleep(Duration::from_millis(30));
            assert!(second.cancel());
        });
        let ended = try_run(async move {
            let (first, second) = (Rc::new(Event::new()), Rc::new(Event::new()));
            let owner = spawn({
                let (first, second, send) = (first.clone(), second.clone(), send.clone());
                async move {
                    let mut kept = spawn_remote_waiting(&second);
                    let woken = async { first.wait().await };
                    let ended = async { drop((&mut kept).await) };
                    race((pin!(woken), pin!(ended))).await;
                    send.send(kept).unwrap();
                }
            });
            let mut given = spawn_remote_waiting(&first);
            assert!(timeout(Duration::from_millis(1), &mut given).await.is_err());
            send.send(given).unwrap();
            let mut is_asked = false;
            poll_fn(move |_| {
                // The second poll is by the loop, which has nothing to do.
                if std::mem::replace(&mut is_asked, true) {
                    ask.send(()).unwrap();
                    answered.recv().unwrap();
                    return Poll::Ready(());
                }
                Poll::Pending
            })
            .await;
            second.wait().await;
            owner.await.unwrap();
        });
        assert!(ended.is_ok(), "{ended:?}");
        other.join().unwrap();
    });
}

#[test]
fn another_handle_still_prevents_the_report() {
    let mut runner = Runner::builder()
        .virtual_time()
        .stall_timeout(Duration::from_millis(1))
        .build();
    let other = runner.handle();
    let started = std::time::Instant::now();
    let result = runner.try_run(async {
        let _ = Handle::current().spawn(pending::<()>).await;
    });
    assert_eq!(joins(&stalled_tasks(result), "Task-1"), ["Task-2"]);
    assert!(started.elapsed() >= Duration::from_millis(1));
    drop(other);
}
