//! Deadlocks: reported when they are certain, with all names and lines, and
//! never otherwise.

use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

use executor::sync::{Event, Lock, Queue, Semaphore};
use executor::{
    JoinHandle, RunError, Runner, gather, race, scope, sleep, spawn, spawn_named, timeout, try_run,
    yield_now,
};

use crate::common::{in_own_process, poll_once, reports, virtual_runner};

/// The lines of the report within the text of a stall; none if it has none.
#[track_caller]
fn report_in<T: std::fmt::Debug>(result: Result<T, RunError>) -> Vec<String> {
    let text = result.expect_err("a stall").to_string();
    let lines = text
        .lines()
        .skip_while(|line| !line.starts_with("deadlock"));
    lines.map(str::to_owned).collect()
}

/// This line, a number of lines further down.
#[track_caller]
fn below(lines: u32) -> String {
    let here = Location::caller();
    format!("{}:{}", here.file(), here.line() + lines)
}

/// A runner in debug mode, with virtual time.
fn debug_runner() -> Runner {
    Runner::builder().virtual_time().debug(true).build()
}

const SECOND: Duration = Duration::from_secs(1);
const ORDER: &str =
    "  remedy: take the locks in the same order everywhere, or let one go before the next";

type Locks = [Rc<Lock<()>>; 2];

fn left_and_right() -> Locks {
    ["left", "right"].map(|name| Rc::new(Lock::named(name, ())))
}

/// A task that takes two locks, and holds the first one for a turn.
#[track_caller]
fn take_both(name: &str, [first, second]: Locks) -> JoinHandle<()> {
    spawn_named(name, async move {
        let _first = first.lock().await;
        yield_now().await;
        let _second = second.lock().await;
    })
}

/// Where `take_both` takes the first lock, and the second.
fn lines_of_take_both() -> (String, String) {
    let line = include_str!("deadlocks.rs")
        .lines()
        .position(|line| line.trim() == "let _first = first.lock().await;")
        .expect("`take_both` has this line");
    let at = |line| format!("{}:{line}", file!());
    (at(line + 1), at(line + 3))
}

/// Two tasks that take two locks in opposite order.
fn opposite_order() -> (JoinHandle<()>, JoinHandle<()>) {
    let [left, right] = left_and_right();
    let a = take_both("a", [left.clone(), right.clone()]);
    let b = take_both("b", [right, left]);
    (a, b)
}

// ---- what is reported -----------------------------------------------------

#[test]
fn two_locks_in_opposite_order_are_a_deadlock_with_names_and_lines() {
    let (first, second) = lines_of_take_both();
    let result = try_run(async {
        let (a, _b) = opposite_order();
        a.await
    });
    let lines = report_in(result);
    assert_eq!(lines[0], "deadlock: 2 tasks wait for each other:");
    let a = format!(" waits at {second} for lock \"right\", which task 3 \"b\" took at {first}");
    let b = format!(" waits at {second} for lock \"left\", which task 2 \"a\" took at {first}");
    assert!(
        lines[1].starts_with("  task 2 \"a\" (spawned at "),
        "{lines:?}"
    );
    assert!(lines[1].ends_with(&a), "{lines:?}");
    assert!(
        lines[2].starts_with("  task 3 \"b\" (spawned at "),
        "{lines:?}"
    );
    assert!(lines[2].ends_with(&b), "{lines:?}");
    assert_eq!(lines[3..], ["  behind them wait: task 1", ORDER]);
}

#[test]
fn c215_a_task_that_locks_twice_is_told_both_lines() {
    let (mut taken, mut waits) = Default::default();
    let cache = Lock::named("cache", ());
    let result = try_run(async {
        (taken, waits) = (below(1), below(2));
        let _first = cache.lock().await;
        let _second = cache.lock().await;
    });
    let lines = report_in(result);
    assert_eq!(lines[0], "deadlock: a task waits for itself:");
    let end = format!(") waits at {waits} for lock \"cache\", which it took itself at {taken}");
    assert!(lines[1].starts_with("  task 1 (spawned at "), "{lines:?}");
    assert!(lines[1].ends_with(&end), "{lines:?}");
    let remedy = "  remedy: let the first guard go before locking again: `drop(guard)`, or a \
                  block around it";
    assert_eq!(lines[2..], [remedy]);
}

#[test]
fn three_tasks_in_a_circle_are_one_deadlock() {
    let result = try_run(async {
        let [a, b, c] = ["a", "b", "c"].map(|name| Rc::new(Lock::named(name, ())));
        let tasks = [
            take_both("one", [a.clone(), b.clone()]),
            take_both("two", [b, c.clone()]),
            take_both("three", [c, a]),
        ];
        gather(tasks).await
    });
    let lines = report_in(result);
    assert_eq!(lines[0], "deadlock: 3 tasks wait for each other:");
    for (line, waits) in lines[1..].iter().zip(["\"b\"", "\"c\"", "\"a\""]) {
        assert!(
            line.contains(&format!("for lock {waits}, which task ")),
            "{line}"
        );
    }
    assert_eq!(lines[4..], ["  behind them wait: task 1", ORDER]);
}

/// Tasks of which each awaits the handle of the next, and the last of the
/// first.
fn ring(names: &[&'static str]) {
    let handles: Rc<RefCell<Vec<Option<JoinHandle<()>>>>> = Rc::default();
    for n in 0..names.len() {
        let (all, next) = (handles.clone(), (n + 1) % names.len());
        let task = spawn_named(names[n], async move {
            let next = all.borrow_mut()[next].take();
            let _ = next.expect("all are spawned before the first poll").await;
        });
        handles.borrow_mut().push(Some(task));
    }
}

#[test]
fn c272_tasks_that_await_each_other_are_a_deadlock() {
    let result = try_run(async {
        ring(&["a", "b"]);
        std::future::pending::<()>().await;
    });
    let lines = report_in(result);
    assert_eq!(lines[0], "deadlock: 2 tasks wait for each other:");
    assert!(
        lines[1].ends_with(") waits for the end of task 3 \"b\""),
        "{lines:?}"
    );
    assert!(
        lines[2].ends_with(") waits for the end of task 2 \"a\""),
        "{lines:?}"
    );
    let remedy = "  remedy: a task must not await one that waits for it: drop the guard, or the \
                  handle, before the await";
    assert_eq!(lines[3..], [remedy]);
}

#[test]
fn c272_a_task_that_awaits_its_own_handle_is_a_deadlock() {
    let result = try_run(async {
        ring(&["narcissus"]);
        std::future::pending::<()>().await;
    });
    let lines = report_in(result);
    assert_eq!(lines[0], "deadlock: a task waits for itself:");
    assert!(lines[1].ends_with(") waits for its own end"), "{lines:?}");
    assert_eq!(lines[2..], ["  remedy: a task cannot await its own handle"]);
}

#[test]
fn a_holder_that_awaits_a_task_which_wants_the_lock_is_a_deadlock() {
    let result = try_run(async {
        let lock = Rc::new(Lock::named("cache", ()));
        let wants = lock.clone();
        let _guard = lock.lock().await;
        let task = spawn_named("wants it", async move { drop(wants.lock().await) });
        task.await
    });
    let lines = report_in(result);
    assert_eq!(lines[0], "deadlock: 2 tasks wait for each other:");
    assert!(
        lines[1].ends_with(") waits for the end of task 2 \"wants it\""),
        "{lines:?}"
    );
    assert!(
        lines[2].contains(" for lock \"cache\", which task 1 took at "),
        "{lines:?}"
    );
}

#[test]
fn a_scope_whose_owner_holds_what_its_task_wants_is_a_deadlock() {
    let lock = Lock::named("cache", ());
    let result = try_run(async {
        let _guard = lock.lock().await;
        scope(async |s| {
            s.spawn_named("child", async { drop(lock.lock().await) });
        })
        .await;
    });
    let lines = report_in(result);
    assert_eq!(lines[0], "deadlock: 2 tasks wait for each other:");
    let end = ") waits for the end of its scope, that is of task 2";
    assert!(lines[1].ends_with(end), "{lines:?}");
    let wants = " for lock \"cache\", which task 1 took at ";
    assert!(lines[2].contains(wants), "{lines:?}");
}

/// A future that was given the lock and is not polled any more keeps it.
#[test]
fn a_lock_that_was_handed_to_a_future_that_is_never_polled_is_seen() {
    let mut asked = String::new();
    let result = try_run(async {
        let lock = Lock::named("cache", ());
        let held = lock.lock().await;
        asked = below(1);
        let mut asks = lock.lock();
        assert!(poll_once(&mut asks).await.is_pending());
        drop(held);
        drop(lock.lock().await);
        drop(asks);
    });
    let lines = report_in(result);
    let end = format!(" for lock \"cache\", which it took itself at {asked}");
    assert!(lines[1].ends_with(&end), "{lines:?}");
}

// ---- in debug mode, while other tasks run -----------------------------------

/// Runs a test in a process of its own and gives the reports on stderr.
macro_rules! reports_of {
    ($test:literal, $program:expr) => {{
        let Some(child) = in_own_process(concat!("observe::deadlocks::", $test), &[]) else {
            debug_runner().run($program);
            return;
        };
        reports(&child)
    }};
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn in_debug_mode_a_deadlock_is_reported_once_while_others_go_on() {
    let reports = reports_of!(
        "in_debug_mode_a_deadlock_is_reported_once_while_others_go_on",
        async {
            let (a, b) = opposite_order();
            for _ in 0..10 {
                sleep(SECOND).await;
                let joins = spawn(yield_now()); // a new wait: another look
                joins.await.unwrap();
            }
            a.cancel();
            b.await.unwrap(); // the cancel of the other releases the lock
        }
    );
    assert_eq!(reports, ["deadlock: 2 tasks wait for each other:"]);
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn in_debug_mode_a_second_deadlock_is_reported_too() {
    let reports = reports_of!("in_debug_mode_a_second_deadlock_is_reported_too", async {
        opposite_order();
        sleep(SECOND).await;
        ring(&["narcissus"]);
        sleep(SECOND).await;
        ring(&["a", "b"]);
        sleep(SECOND).await;
    });
    let expected = [2, 3, 5].map(|n| format!("deadlock: {n} tasks wait for each other:"));
    assert_eq!(reports, expected);
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn c215_in_debug_mode_locking_twice_is_reported_though_others_sleep() {
    let reports = reports_of!(
        "c215_in_debug_mode_locking_twice_is_reported_though_others_sleep",
        async {
            let twice = spawn(async {
                let lock = Lock::new(());
                let _one = lock.lock().await;
                let _two = lock.lock().await;
            });
            sleep(SECOND).await;
            twice.cancel();
            let _ = twice.await;
        }
    );
    assert_eq!(reports, ["deadlock: a task waits for itself:"]);
}

/// The sleep of the other branch ends without a new wait.
#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn in_debug_mode_a_deadlock_that_becomes_certain_later_is_reported_then() {
    let reports = reports_of!(
        "in_debug_mode_a_deadlock_that_becomes_certain_later_is_reported_then",
        async {
            let twice = spawn(async {
                let lock = Lock::new(());
                let _one = lock.lock().await;
                let _both = gather((lock.lock(), sleep(SECOND))).await;
            });
            sleep(10 * SECOND).await;
            twice.cancel();
        }
    );
    assert_eq!(reports, ["deadlock: a task waits for itself:"]);
}

// ---- what is not ------------------------------------------------------------

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn two_children_of_one_task_that_contend_for_a_lock_are_no_deadlock() {
    let reports = reports_of!(
        "two_children_of_one_task_that_contend_for_a_lock_are_no_deadlock",
        async {
            let lock = Lock::new(());
            let child = async || {
                let _guard = lock.lock().await;
                sleep(SECOND).await;
            };
            gather((child(), child())).await;
            // So many that each has a waker of its own.
            gather((0..100).map(|_| child()).collect::<Vec<_>>()).await;
        }
    );
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn a_wait_inside_a_timeout_or_a_race_is_no_deadlock() {
    let reports = reports_of!("a_wait_inside_a_timeout_or_a_race_is_no_deadlock", async {
        let lock = Rc::new(Lock::new(()));
        let held = lock.lock().await;
        assert!(timeout(SECOND, lock.lock()).await.is_err());
        let sleeps = async {
            sleep(SECOND).await;
            None
        };
        let locks = async { Some(lock.lock().await) };
        let either: Vec<std::pin::Pin<Box<dyn Future<Output = _>>>> =
            vec![Box::pin(sleeps), Box::pin(locks)];
        assert_eq!(race(either).await.0, 0);
        // One of two tasks in a circle gives up.
        let [left, right] = left_and_right();
        let patient = take_both("patient", [left.clone(), right.clone()]);
        let gives_up = spawn(async move {
            let _right = right.lock().await;
            yield_now().await;
            timeout(SECOND, left.lock()).await.is_err()
        });
        assert!(gives_up.await.unwrap());
        patient.await.unwrap();
        drop(held);
    });
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn a_foreign_channel_between_two_tasks_is_no_deadlock() {
    let reports = reports_of!(
        "a_foreign_channel_between_two_tasks_is_no_deadlock",
        async {
            let (send, receive) = futures::channel::oneshot::channel();
            let lock = Rc::new(Lock::new(()));
            let holds = lock.clone();
            let holder = spawn(async move {
                let _guard = holds.lock().await;
                receive.await.unwrap()
            });
            yield_now().await;
            // It waits for the lock and has a way to free it.
            let waiter = spawn(async move {
                let tells = async {
                    sleep(SECOND).await;
                    send.send(5).unwrap();
                };
                gather((async { drop(lock.lock().await) }, tells)).await;
            });
            assert_eq!(holder.await.unwrap(), 5);
            waiter.await.unwrap();
        }
    );
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn waits_for_events_queues_and_semaphores_are_no_deadlock() {
    let reports = reports_of!(
        "waits_for_events_queues_and_semaphores_are_no_deadlock",
        async {
            let lock = Rc::new(Lock::new(()));
            let (event, queue) = (Rc::new(Event::new()), Rc::new(Queue::<()>::new(1)));
            let semaphore = Rc::new(Semaphore::new(0));
            let (holds, waits) = (
                lock.clone(),
                (event.clone(), queue.clone(), semaphore.clone()),
            );
            let holder = spawn(async move {
                let _guard = holds.lock().await;
                waits.0.wait().await;
                waits.1.get().await.unwrap();
                waits.2.acquire().await.forget();
            });
            let waiter = spawn(async move { drop(lock.lock().await) });
            sleep(SECOND).await;
            event.set();
            sleep(SECOND).await;
            queue.put(()).await.unwrap();
            sleep(SECOND).await;
            semaphore.add_permits(1);
            holder.await.unwrap();
            waiter.await.unwrap();
        }
    );
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn a_guard_that_a_task_of_the_scope_was_given_is_no_deadlock() {
    let reports = reports_of!(
        "a_guard_that_a_task_of_the_scope_was_given_is_no_deadlock",
        async {
            let lock = Lock::new(());
            scope(async |s| {
                let guard = lock.lock().await;
                s.spawn(async move {
                    sleep(SECOND).await;
                    drop(guard);
                });
                drop(lock.lock().await);
            })
            .await;
        }
    );
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn a_chain_of_waits_that_ends_in_a_sleep_is_no_deadlock() {
    let reports = reports_of!(
        "a_chain_of_waits_that_ends_in_a_sleep_is_no_deadlock",
        async {
            let lock = Rc::new(Lock::new(()));
            let tasks: Vec<_> = (0..5)
                .map(|_| {
                    let lock = lock.clone();
                    spawn(async move {
                        let _guard = lock.lock().await;
                        sleep(SECOND).await;
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        }
    );
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn a_stall_without_a_circle_speaks_of_no_deadlock() {
    let event = Event::named("never set");
    let result = virtual_runner().try_run(event.wait());
    let text = result.unwrap_err().to_string();
    assert!(!text.contains("deadlock:"), "{text}");
    assert!(
        text.contains("): waits for event \"never set\" at "),
        "{text}"
    );
}
