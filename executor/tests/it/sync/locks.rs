//! `Lock`: one holder at a time, in the order of the calls, and no waiter is lost.

use std::rc::Rc;
use std::time::Duration;

use executor::sync::Lock;
use executor::{
    LockHolder, TaskState, Wait, current_task, gather, run, sleep, spawn, spawn_named, tasks,
    timeout, yield_now,
};
use futures::executor::block_on;

use crate::common::{Log, OnDrop, assert_waits, ready_now, sized, virtual_runner};

#[test]
fn c211_six_waiters_have_the_lock_in_the_order_of_asking() {
    let log = Log::new();
    virtual_runner().run(async {
        let lock = Rc::new(Lock::new(()));
        let held = lock.lock().await;
        let waiters: Vec<_> = (0..6)
            .map(|n| {
                let (lock, log) = (lock.clone(), log.clone());
                spawn(async move {
                    let _guard = lock.lock().await;
                    log.push(n);
                    sleep(Duration::from_secs(6 - n)).await;
                })
            })
            .collect();
        sleep(Duration::from_secs(1)).await;
        assert!(log.take().is_empty(), "it is held");
        drop(held);
        gather(waiters).await;
    });
    assert_eq!(log.take(), ["0", "1", "2", "3", "4", "5"]);
}

#[test]
fn c179_contenders_that_come_back_at_once_take_turns() {
    let log = Log::new();
    run(async {
        let lock = Rc::new(Lock::new(()));
        let contenders: Vec<_> = ["a", "b", "c"]
            .map(|name| {
                let (lock, log) = (lock.clone(), log.clone());
                spawn(async move {
                    for _ in 0..3 {
                        let _guard = lock.lock().await;
                        log.push(name);
                        yield_now().await;
                    }
                })
            })
            .into();
        gather(contenders).await;
    });
    assert_eq!(log.take(), ["a", "b", "c", "a", "b", "c", "a", "b", "c"]);
}

#[test]
fn a_lock_that_was_handed_over_cannot_be_taken_by_a_quicker_task() {
    run(async {
        let lock = Rc::new(Lock::new(()));
        let held = lock.lock().await;
        let next = lock.clone();
        let next = spawn(async move { drop(next.lock().await) });
        yield_now().await;
        drop(held);
        assert!(lock.try_lock().is_none(), "it is the waiter's already");
        next.await.unwrap();
        assert!(lock.try_lock().is_some());
    });
}

#[test]
fn c212_the_waiter_just_chosen_is_cancelled_and_the_next_one_has_the_lock() {
    let log = Log::new();
    run(async {
        let lock = Rc::new(Lock::new(()));
        let held = lock.lock().await;
        let [first, second] = ["first", "second"].map(|name| {
            let (lock, log) = (lock.clone(), log.clone());
            spawn(async move {
                let _guard = lock.lock().await;
                log.push(name);
            })
        });
        yield_now().await;
        drop(held);
        first.cancel();
        assert!(first.await.unwrap_err().is_cancelled());
        second.await.unwrap();
    });
    assert_eq!(log.take(), ["second"]);
}

#[test]
fn c214_a_waiting_future_dropped_before_it_has_the_lock_is_passed_over() {
    run(async {
        let lock = Lock::new(());
        let held = lock.lock().await;
        let (mut one, mut two, mut three) = (lock.lock(), lock.lock(), lock.lock());
        assert_waits(&mut one).await;
        assert_waits(&mut two).await;
        assert_waits(&mut three).await;
        drop(one);
        drop(held);
        let guard = ready_now(&mut two).await;
        assert_waits(&mut three).await;
        drop(guard);
        drop(three);
        assert!(lock.try_lock().is_some());
    });
}

#[test]
fn c214_a_waiting_future_dropped_after_it_has_the_lock_hands_it_on() {
    run(async {
        let lock = Lock::new(());
        let held = lock.lock().await;
        let (mut one, mut two) = (lock.lock(), lock.lock());
        assert_waits(&mut one).await;
        assert_waits(&mut two).await;
        drop(held);
        drop(one);
        drop(ready_now(&mut two).await);
        assert!(lock.try_lock().is_some());
    });
}

#[test]
fn c214_a_timeout_around_a_lock_leaves_nothing_behind() {
    virtual_runner().run(async {
        let lock = Rc::new(Lock::new(()));
        let held = lock.lock().await;
        let late = timeout(Duration::from_secs(1), lock.lock()).await;
        assert!(late.is_err());
        drop(late);
        drop(held);
        assert!(lock.try_lock().is_some());
    });
}

#[test]
fn a_wait_that_was_begun_in_one_task_and_moved_to_another_wakes_that_one() {
    run(async {
        let lock: &'static Lock<()> = Box::leak(Box::new(Lock::new(())));
        let held = lock.lock().await;
        let mut moved = lock.lock();
        assert_waits(&mut moved).await;
        let task = spawn(async move { drop(moved.await) });
        yield_now().await;
        drop(held);
        task.await.unwrap();
    });
}

#[test]
fn a_panic_in_a_holder_frees_the_lock_and_leaves_the_value() {
    run(async {
        let lock = Rc::new(Lock::new(1));
        let doomed = lock.clone();
        let task = spawn(async move {
            let mut guard = doomed.lock().await;
            *guard = 2;
            yield_now().await;
            panic!("a panic");
        });
        yield_now().await;
        let value = *lock.lock().await;
        assert_eq!(value, 2);
        assert!(Result::<(), _>::unwrap_err(task.await).is_panic());
    });
}

#[test]
fn left_over_waiters_are_dropped_with_their_loop() {
    let lock = Rc::new(Lock::new(()));
    let log = Log::new();
    run(async {
        let held = lock.lock().await;
        for n in 0..3 {
            let (lock, log) = (lock.clone(), log.clone());
            drop(spawn(async move {
                let _gone = OnDrop(|| log.push(n));
                let _guard = lock.lock().await;
                unreachable!("the loop ends before");
            }));
        }
        yield_now().await;
        drop(held);
    });
    assert_eq!(log.take(), ["2", "1", "0"]);
    assert!(lock.try_lock().is_some());
    assert_eq!(Rc::strong_count(&lock), 1);
}

#[test]
fn a_lock_serves_one_loop_after_the_other() {
    let lock = Rc::new(Lock::new(0));
    for round in 1..=3 {
        let lock = &lock;
        run(async {
            let add = async || {
                let mut value = lock.lock().await;
                yield_now().await;
                *value += 1;
            };
            gather((add(), add())).await;
        });
        assert_eq!(*lock.try_lock().unwrap(), 2 * round);
    }
}

#[test]
fn two_runners_on_a_thread_wake_their_own_tasks() {
    let lock = Rc::new(Lock::named("shared", ()));
    let (mut one, mut other) = (virtual_runner(), virtual_runner());
    let guard = lock.try_lock().expect("it is free");
    let waits = lock.clone();
    let waiter = one.spawn(async move { drop(waits.lock().await) });
    one.run(yield_now());
    // A task of the other loop has the same number and must not be woken.
    let bystander = other.spawn(sleep(Duration::from_secs(1)));
    other.run(async {
        yield_now().await;
        drop(guard);
        assert_eq!(tasks()[0].state(), TaskState::Waiting);
        bystander.await.unwrap();
    });
    one.run(async { waiter.await.unwrap() });
}

#[test]
fn a_lock_works_on_another_executor_of_the_thread() {
    let lock = Lock::new(Vec::new());
    let add = async |n| {
        let mut list = lock.lock().await;
        yield_now().await; // the others ask meanwhile
        list.push(n);
    };
    block_on(async { futures::join!(add(1), add(2), add(3)) });
    assert_eq!(lock.into_inner(), [1, 2, 3]);
}

#[test]
fn a_task_that_never_has_to_wait_lets_others_run_all_the_same() {
    run(async {
        let lock = Rc::new(Lock::new(0));
        let (greedy, log) = (lock.clone(), Log::new());
        let told = log.clone();
        let task = spawn(async move {
            for _ in 0..sized(1000, 300) {
                *greedy.lock().await += 1;
            }
            told.push("greedy");
        });
        yield_now().await;
        log.push("main");
        task.await.unwrap();
        assert_eq!(log.take(), ["main", "greedy"]);
    });
}

#[test]
fn a_listing_names_the_lock_its_holder_and_both_lines() {
    virtual_runner().run(async {
        let lock = Rc::new(Lock::named("cache", ()));
        let holds = lock.clone();
        let (taken, waited) = (line!() + 2, line!() + 7);
        let holder = spawn_named("holder", async move {
            let _guard = holds.lock().await;
            sleep(Duration::from_secs(9)).await;
        });
        let waits = lock.clone();
        let waiter = spawn_named("waiter", async move {
            drop(waits.lock().await);
        });
        sleep(Duration::from_secs(1)).await;
        let list = tasks();
        let [
            Wait::Lock {
                name,
                site,
                holder: Some(held),
            },
        ] = list[2].waits_for()
        else {
            panic!("not a lock: {list:?}");
        };
        assert_eq!(name.as_deref(), Some("cache"));
        assert_eq!((site.file(), site.line()), (file!(), waited));
        let LockHolder { task, site } = held;
        assert_eq!(*task, Some((holder.id(), "holder".to_owned())));
        assert_eq!((site.file(), site.line()), (file!(), taken));
        let expected = format!(
            "waits for lock \"cache\" held by task {} at {}:{taken}",
            holder.id(),
            file!(),
        );
        assert!(list[2].to_string().ends_with(&expected), "{}", list[2]);
        holder.await.unwrap();
        waiter.await.unwrap();
    });
}

/// The task that took it stays in the listing, for want of a better answer.
#[test]
fn a_guard_that_was_moved_is_listed_under_the_task_that_took_the_lock() {
    run(async {
        let lock: &'static Lock<()> = Box::leak(Box::new(Lock::new(())));
        let me = current_task().unwrap().id();
        let guard = lock.lock().await;
        let keeper = spawn(async move {
            yield_now().await;
            yield_now().await;
            drop(guard);
        });
        let waiter = spawn(async move { drop(lock.lock().await) });
        yield_now().await;
        let list = tasks();
        let wait = list[2].waits_for()[0].to_string();
        assert!(
            wait.starts_with(&format!("a lock held by task {me} at ")),
            "{wait}"
        );
        keeper.await.unwrap();
        waiter.await.unwrap();
    });
}

#[test]
fn locks_and_guards_show_what_is_in_them() {
    let lock = Lock::named("cache", 5);
    assert_eq!(format!("{lock:?}"), "Lock { name: \"cache\", value: 5 }");
    let guard = lock.try_lock().unwrap();
    assert_eq!(
        (format!("{guard:?}"), guard.to_string()),
        ("5".into(), "5".into())
    );
    assert_eq!(
        format!("{lock:?}"),
        "Lock { name: \"cache\", value: <locked> }"
    );
}
