//! Scopes: children that borrow, and how they end.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

#[cfg(feature = "observe")]
use executor::instrument::Event;
use executor::{
    ContextVar, JoinError, Scope, TaskState, TryScope, Wait, current_task, gather, now, run, scope,
    sleep, spawn, spawn_named, tasks, timeout, try_scope, yield_now,
};
use futures::StreamExt;
use futures::channel::oneshot;
use futures::stream::FuturesUnordered;

use crate::common::{
    Count, Log, OnDrop, counted, panic_text, poll_once, sized, sized_by_build, virtual_runner,
};
#[cfg(feature = "observe")]
use crate::common::{count, recorded_virtual_runner};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn children_borrow_what_the_caller_has_and_give_values() {
    let mut words = vec![String::from("a"), String::from("b")];
    let seen = RefCell::new(Vec::new());
    let joined = run(async {
        scope(async |s| {
            let handles: Vec<_> = words
                .iter_mut()
                .map(|word| {
                    let seen = &seen;
                    s.spawn(async move {
                        yield_now().await;
                        word.push('!');
                        seen.borrow_mut().push(word.clone());
                        word.len()
                    })
                })
                .collect();
            let mut sum = 0;
            for handle in handles {
                sum += handle.await.unwrap();
            }
            sum
        })
        .await
    });
    assert_eq!(joined, 4);
    assert_eq!(words, ["a!", "b!"]);
    assert_eq!(*seen.borrow(), ["a!", "b!"]);
}

#[test]
fn c130_a_scope_waits_for_children_that_outlive_its_body() {
    let log = Log::new();
    virtual_runner().run(async {
        let began = now();
        let output = scope(async |s| {
            for seconds in [3, 1, 2] {
                let log = &log;
                s.spawn(async move {
                    sleep(seconds * SECOND).await;
                    log.push(seconds);
                });
            }
            log.push("body");
            "output"
        })
        .await;
        assert_eq!(output, "output");
        assert_eq!(now() - began, 3 * SECOND);
    });
    assert_eq!(log.take(), ["body", "1", "2", "3"]);
}

#[test]
fn a_scope_without_children_ends_with_its_body_in_one_poll() {
    run(async {
        let polls = Count::default();
        counted(&polls, scope(async |_| 1)).await;
        assert_eq!(polls.get(), 1);
    });
}

#[test]
fn a_child_is_first_polled_in_a_later_turn_after_what_is_ready() {
    let log = Log::new();
    run(async {
        let other = spawn({
            let log = log.clone();
            async move { log.push("task") }
        });
        scope(async |s| {
            s.spawn(async { log.push("child 1") });
            s.spawn(async { log.push("child 2") });
            log.push("body");
        })
        .await;
        other.await.unwrap();
    });
    assert_eq!(log.take(), ["body", "task", "child 1", "child 2"]);
}

#[test]
fn a_child_that_yields_goes_on_in_the_next_turn() {
    let log = Log::new();
    run(async {
        let task = spawn({
            let log = log.clone();
            async move {
                for n in 0..3 {
                    log.push(format!("task {n}"));
                    yield_now().await;
                }
            }
        });
        scope(async |s| {
            s.spawn(async {
                for n in 0..3 {
                    log.push(format!("child {n}"));
                    yield_now().await;
                }
            });
        })
        .await;
        task.await.unwrap();
    });
    assert_eq!(
        log.take(),
        [
            "task 0", "child 0", "task 1", "child 1", "task 2", "child 2"
        ]
    );
}

#[test]
fn c131_the_first_error_drops_the_body_and_the_siblings_before_it_is_given() {
    let log = Log::new();
    virtual_runner().run(async {
        let began = now();
        let result: Result<(), &str> = try_scope(async |s: TryScope<'_, &str>| {
            let log = &log;
            s.spawn(async move {
                let _gone = OnDrop(|| log.push("sibling dropped"));
                pending::<Result<(), &str>>().await
            });
            s.spawn(async {
                sleep(SECOND).await;
                Err::<(), _>("no luck")
            });
            let _gone = OnDrop(|| log.push("body dropped"));
            pending().await
        })
        .await;
        log.push("given");
        assert_eq!(result, Err("no luck"));
        assert_eq!(now() - began, SECOND);
    });
    assert_eq!(log.take(), ["body dropped", "sibling dropped", "given"]);
}

#[test]
fn the_error_of_the_body_drops_the_children() {
    let log = Log::new();
    let result: Result<(), u32> = run(try_scope(async |s: TryScope<'_, u32>| {
        let log = &log;
        for n in 0..2 {
            s.spawn(async move {
                let _gone = OnDrop(|| log.push(n));
                pending::<Result<(), u32>>().await
            });
        }
        yield_now().await;
        yield_now().await;
        Err(7)
    }));
    assert_eq!(result, Err(7));
    assert_eq!(log.take(), ["1", "0"], "the youngest first");
}

#[test]
fn the_value_of_a_child_that_may_fail_is_what_its_handle_gives() {
    let result: Result<u32, String> = run(try_scope(async |s: TryScope<'_, String>| {
        let child = s.spawn(async { Ok(41) });
        Ok(child.await.unwrap() + 1)
    }));
    assert_eq!(result, Ok(42));
}

#[test]
fn c133_an_error_in_an_inner_scope_that_is_handled_leaves_the_outer_one_alone() {
    let log = Log::new();
    let result: Result<u32, &str> =
        virtual_runner().run(try_scope(async |outer: TryScope<'_, &str>| {
            let log = &log;
            outer.spawn(async move {
                sleep(2 * SECOND).await;
                log.push("outer child");
                Ok(())
            });
            let inner: Result<(), &str> = try_scope(async |inner: TryScope<'_, &str>| {
                inner.spawn(async move {
                    let _gone = OnDrop(|| log.push("inner sibling dropped"));
                    pending::<Result<(), &str>>().await
                });
                inner.spawn(async {
                    sleep(SECOND).await;
                    Err::<(), _>("inner")
                });
                Ok(())
            })
            .await;
            assert_eq!(inner, Err("inner"));
            Ok(1)
        }));
    assert_eq!(result, Ok(1));
    assert_eq!(log.take(), ["inner sibling dropped", "outer child"]);
}

#[test]
fn c133_an_error_in_the_outer_scope_drops_each_child_of_the_inner_once() {
    let log = Log::new();
    let result: Result<(), &str> =
        virtual_runner().run(try_scope(async |outer: TryScope<'_, &str>| {
            let log = &log;
            outer.spawn(async {
                sleep(SECOND).await;
                Err::<(), _>("outer")
            });
            scope(async |inner: Scope<'_>| {
                for n in 0..3 {
                    inner.spawn(async move {
                        let _gone = OnDrop(|| log.push(n));
                        pending::<()>().await;
                    });
                }
            })
            .await;
            Ok(())
        }));
    assert_eq!(result, Err("outer"));
    assert_eq!(log.take(), ["2", "1", "0"]);
}

#[test]
fn c134_a_spawn_into_a_scope_that_has_ended_is_refused_and_the_future_dropped_unpolled() {
    let log = Log::new();
    run(async {
        let kept: RefCell<Option<Scope<'_>>> = RefCell::new(None);
        scope(async |s| {
            *kept.borrow_mut() = Some(s.clone());
        })
        .await;
        let late = kept.borrow().as_ref().unwrap().spawn({
            let guard = OnDrop(|| log.push("dropped"));
            async {
                let _guard = guard;
                panic!("never polled");
            }
        });
        assert_eq!(log.take(), ["dropped"]);
        let error: JoinError = late.await.unwrap_err();
        assert!(error.is_cancelled());
    });
}

#[test]
fn c134_a_spawn_into_a_scope_that_fails_is_refused() {
    let log = Log::new();
    let result: Result<(), &str> = run(try_scope(async |s: TryScope<'_, &str>| {
        let (log, inner) = (&log, s.clone());
        s.spawn(async move {
            let _gone = OnDrop(|| {
                let late = inner.spawn(async { Ok(()) });
                log.push(format!("late child finished: {}", late.is_finished()));
            });
            pending::<Result<(), &str>>().await
        });
        s.spawn(async { Err::<(), _>("fails") });
        Ok(())
    }));
    assert_eq!(result, Err("fails"));
    assert_eq!(log.take(), ["late child finished: true"]);
}

#[test]
fn c136_a_child_may_spawn_siblings_while_the_scope_only_waits() {
    let count = Cell::new(0);
    run(async {
        scope(async |s| {
            fn plant<'env>(s: Scope<'env>, depth: u32, count: &'env Cell<u32>) {
                let inner = s.clone();
                s.spawn(async move {
                    yield_now().await;
                    count.set(count.get() + 1);
                    if depth > 0 {
                        plant(inner.clone(), depth - 1, count);
                        plant(inner, depth - 1, count);
                    }
                });
            }
            plant(s, 6, &count);
        })
        .await;
    });
    assert_eq!(count.get(), (1 << 7) - 1);
}

#[test]
fn c137_a_child_that_fails_before_it_says_that_it_is_up_ends_the_scope_with_its_error() {
    let log = Log::new();
    let result: Result<(), &str> = run(try_scope(async |s: TryScope<'_, &str>| {
        let (up, is_up) = oneshot::channel::<()>();
        s.spawn(async {
            let _up = up;
            yield_now().await;
            Err::<(), _>("the port is taken")
        });
        if is_up.await.is_err() {
            log.push("it did not come up");
        }
        log.push("the server serves");
        Ok(())
    }));
    assert_eq!(result, Err("the port is taken"));
    // The sender and the error went in one poll; the body saw neither.
    assert_eq!(log.take(), Vec::<String>::new());
}

#[test]
fn c139_a_scope_that_is_dropped_halfway_drops_its_children_before_what_they_borrow() {
    let log = Log::new();
    run(async {
        let local = OnDrop(|| log.push("local"));
        {
            let mut halfway = Box::pin(scope(async |s| {
                let (log, local) = (&log, &local);
                for n in 0..3 {
                    s.spawn(async move {
                        let _gone = OnDrop(|| {
                            let _still_there = &local;
                            log.push(format!("child {n}"));
                        });
                        pending::<()>().await;
                    });
                }
            }));
            assert!(poll_once(&mut halfway).await.is_pending());
            yield_now().await;
            assert!(poll_once(&mut halfway).await.is_pending());
            assert_eq!(tasks().len(), 4);
        }
        assert_eq!(tasks().len(), 1);
        log.push("scope gone");
    });
    assert_eq!(
        log.take(),
        ["child 2", "child 1", "child 0", "scope gone", "local"]
    );
}

#[test]
fn c139_a_scope_that_is_forgotten_never_runs_again_and_the_loop_ends() {
    let polls = Count::default();
    run(async {
        let mut forgotten = Box::pin(scope(async |s| {
            let polls = polls.clone();
            s.spawn(async move {
                loop {
                    polls.add();
                    yield_now().await;
                }
            });
        }));
        assert!(poll_once(&mut forgotten).await.is_pending());
        yield_now().await;
        assert!(poll_once(&mut forgotten).await.is_pending());
        std::mem::forget(forgotten);
        let before = polls.get();
        for _ in 0..5 {
            yield_now().await;
        }
        assert_eq!(polls.get(), before);
    });
    // The thread is fit for another run.
    assert_eq!(run(async { tasks().len() }), 1);
}

#[test]
fn c140_a_task_that_borrows_a_local_lives_in_a_scope_or_does_not_compile() {
    // That it does not compile with `spawn`, nor for a local of the body, is
    // pinned by the examples of `spawn` and `scope` that must fail to.
    let local = Cell::new(1);
    run(async {
        scope(async |s| {
            s.spawn(async { local.set(2) });
        })
        .await;
    });
    assert_eq!(local.get(), 2);
}

#[test]
fn a_panic_in_a_child_drops_the_siblings_and_comes_out_of_the_scope() {
    let log = Log::new();
    let text = panic_text(|| {
        run(async {
            scope(async |s| {
                let log = &log;
                s.spawn(async move {
                    let _gone = OnDrop(|| log.push("sibling dropped"));
                    pending::<()>().await;
                });
                s.spawn(async { panic!("no luck") });
                let _gone = OnDrop(|| log.push("body dropped"));
                pending::<()>().await;
            })
            .await;
        });
    });
    assert_eq!(text, "no luck");
    assert_eq!(log.take(), ["body dropped", "sibling dropped"]);
    assert_eq!(run(async { 1 }), 1);
}

#[test]
fn a_panic_in_a_childs_destructor_is_reported_and_the_scope_goes_on() {
    run(async {
        let done = Cell::new(false);
        scope(async |s| {
            let child = s.spawn(async {
                let _bad = OnDrop(|| panic!("in a destructor"));
                pending::<()>().await;
            });
            yield_now().await;
            yield_now().await;
            child.cancel();
            assert!(child.await.unwrap_err().is_cancelled());
            done.set(true);
        })
        .await;
        assert!(done.get());
    });
}

#[test]
fn cancelling_a_child_drops_it_in_its_own_name_and_leaves_its_siblings() {
    let log = Log::new();
    virtual_runner().run(async {
        scope(async |s| {
            let log = &log;
            let doomed = s.spawn_named("doomed", async move {
                let _gone = OnDrop(|| log.push(current_task().unwrap().name()));
                pending::<()>().await;
            });
            s.spawn(async move {
                sleep(SECOND).await;
                log.push("sibling");
            });
            sleep(SECOND / 2).await;
            assert!(doomed.cancel());
            assert!(!doomed.cancel(), "asked before");
            assert!(doomed.await.unwrap_err().is_cancelled());
            log.push("handle");
        })
        .await;
    });
    assert_eq!(log.take(), ["doomed", "handle", "sibling"]);
}

#[test]
fn a_child_that_is_cancelled_before_its_first_poll_never_starts() {
    run(async {
        scope(async |s| {
            let child = s.spawn(async { panic!("started") });
            child.cancel();
            let error = child.await.unwrap_err();
            assert!(error.is_cancelled());
        })
        .await;
    });
}

#[test]
fn cancelling_a_scope_drops_its_children_and_refuses_more() {
    let log = Log::new();
    run(async {
        scope(async |s| {
            let log = &log;
            for n in 0..3 {
                s.spawn(async move {
                    let _gone = OnDrop(|| log.push(n));
                    pending::<()>().await;
                });
            }
            yield_now().await;
            yield_now().await;
            s.cancel();
            assert!(s.spawn(async {}).await.is_err());
            log.push("the body continues");
        })
        .await;
    });
    let mut log = log.take();
    log.sort();
    assert_eq!(log, ["0", "1", "2", "the body continues"]);
}

#[test]
fn a_value_that_is_not_read_is_dropped_in_the_name_of_its_task() {
    let log = Log::new();
    run(async {
        scope(async |s| {
            let value = OnDrop(|| log.push(current_task().unwrap().name()));
            let child = s.spawn_named("maker", async { value });
            while !child.is_finished() {
                yield_now().await;
            }
            drop(child);
        })
        .await;
    });
    assert_eq!(log.take(), ["maker"]);
}

#[test]
fn a_child_has_a_name_a_parent_a_line_and_variables_of_its_own() {
    static LEVEL: ContextVar<u32> = ContextVar::new("level");
    run(async {
        LEVEL.set(1);
        scope(async |s| {
            let line = line!() + 1;
            let child = s.spawn_named("child", async {
                let me = current_task().unwrap();
                assert_eq!(LEVEL.get(), Some(1));
                LEVEL.set(2);
                yield_now().await;
                assert_eq!(LEVEL.get(), Some(2));
                (me.name(), me.parent(), me.spawned_at().line())
            });
            let (id, name) = (child.id(), child.name());
            let (own_name, parent, own_line) = child.await.unwrap();
            assert_eq!((own_name.as_str(), own_line), ("child", line));
            assert_eq!(name, "child");
            let owner = current_task().unwrap();
            assert_eq!(parent, Some(owner.id()));
            assert_ne!(id, owner.id());
            assert_eq!(LEVEL.get(), Some(1));
        })
        .await;
        assert_eq!(current_task().unwrap().name(), "Task-1");
    });
}

#[test]
fn children_and_owner_are_listed_with_what_they_wait_for() {
    virtual_runner().run(async {
        let owner = spawn_named("owner", async {
            scope(async |s| {
                s.spawn_named("sleeper", sleep(SECOND));
                s.spawn_named("lost", pending::<()>());
            })
            .await;
        });
        sleep(SECOND / 2).await;
        let list = tasks();
        let find = |name: &str| list.iter().find(|task| task.name() == name).unwrap();
        let children = ["sleeper", "lost"].map(|name| find(name).id());
        assert_eq!(find("owner").waits_for(), [Wait::Scope(children.into())]);
        assert_eq!(find("sleeper").waits_for(), [Wait::Sleep(SECOND / 2)]);
        assert_eq!(find("lost").state(), TaskState::Unwakeable);
        owner.cancel();
        assert!(owner.await.is_err());
        assert_eq!(tasks().len(), 1);
    });
}

#[test]
fn the_owner_is_running_while_a_child_is() {
    run(async {
        scope(async |s| {
            s.spawn(async {
                let states: Vec<_> = tasks().iter().map(|task| task.state()).collect();
                assert_eq!(states, [TaskState::Running, TaskState::Running]);
            });
        })
        .await;
    });
}

#[test]
fn a_scope_in_a_race_is_dropped_with_its_children_by_a_timeout() {
    virtual_runner().run(async {
        let dropped = Count::default();
        let result = timeout(
            SECOND,
            scope(async |s| {
                for _ in 0..3 {
                    let dropped = dropped.clone();
                    s.spawn(async move {
                        let _gone = OnDrop(move || dropped.add());
                        pending::<()>().await;
                    });
                }
            }),
        )
        .await;
        assert!(result.is_err());
        assert_eq!(dropped.get(), 3);
    });
}

#[test]
fn scopes_work_under_wakers_that_are_not_the_loops_own() {
    virtual_runner().run(async {
        let began = now();
        let one = |n: u32| async move {
            scope(async |s| {
                let child = s.spawn(async {
                    sleep(n * SECOND).await;
                    n
                });
                child.await.unwrap()
            })
            .await
        };
        let all: FuturesUnordered<_> = [3, 1, 2].map(one).into_iter().collect();
        assert_eq!(all.collect::<Vec<_>>().await, [1, 2, 3]);
        let many = gather((0..100).map(one).collect::<Vec<_>>()).await;
        assert_eq!(many.iter().sum::<u32>(), 4950);
        assert_eq!(now() - began, 102 * SECOND);
    });
}

#[test]
fn a_child_that_is_woken_from_another_thread_goes_on() {
    run(async {
        scope(async |s| {
            let child = s.spawn(async {
                let (send, receive) = oneshot::channel();
                let thread = std::thread::spawn(move || send.send(5).unwrap());
                let five = receive.await.unwrap();
                thread.join().unwrap();
                five
            });
            assert_eq!(child.await.unwrap(), 5);
        })
        .await;
    });
}

#[cfg(feature = "observe")]
#[test]
fn a_thousand_sleeping_children_cost_polls_in_proportion() {
    let (mut runner, recorder) = recorded_virtual_runner();
    let polls = |n: u32| {
        let (mut runner, recorder) = recorded_virtual_runner();
        runner.run(async {
            scope(async |s| {
                for i in 0..n {
                    s.spawn(sleep(i * SECOND));
                }
            })
            .await;
        });
        count(&recorder.take(), |event| {
            matches!(event, Event::PollStart { .. })
        })
    };
    // Two polls of each child, and two of the owner for each at most.
    for n in [100, 1000].map(|n| n / sized(1, 20)) {
        let polls = polls(n);
        assert!(polls <= 4 * n as usize + 4, "{polls} for {n}");
    }
    runner.run(async {});
    recorder.take();
}

#[test]
fn children_that_are_always_ready_do_not_hold_up_the_loop() {
    let log = Log::new();
    run(async {
        let done = Rc::new(Cell::new(false));
        let other = spawn({
            let done = done.clone();
            async move {
                for _ in 0..10 {
                    yield_now().await;
                }
                done.set(true);
            }
        });
        scope(async |s| {
            for _ in 0..sized(1000, 50) {
                let done = &done;
                s.spawn(async move {
                    while !done.get() {
                        yield_now().await;
                    }
                });
            }
        })
        .await;
        other.await.unwrap();
        log.push("done");
    });
    assert_eq!(log.take(), ["done"]);
}

#[test]
fn the_seed_varies_the_order_of_children_and_repeats_it() {
    let order = |seed| {
        let log = Log::new();
        let mut runner = executor::Runner::builder()
            .virtual_time()
            .seed(seed)
            .build();
        runner.run(async {
            scope(async |s| {
                for n in 0..8 {
                    let log = &log;
                    s.spawn(async move { log.push(n) });
                }
            })
            .await;
        });
        log.take()
    };
    assert_eq!(order(1), order(1));
    assert!((2..20).any(|seed| order(seed) != order(1)));
}

#[test]
fn a_scope_whose_children_can_never_go_on_is_a_stall_that_names_them() {
    let error = virtual_runner()
        .try_run(async {
            scope(async |s| {
                s.spawn_named("lost", pending::<()>());
            })
            .await;
        })
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("\"lost\""), "{text}");
    assert!(text.contains("waits for the task of its scope"), "{text}");
}

#[test]
fn a_scope_outside_a_loop_panics_and_names_its_line() {
    let text = panic_text(|| {
        let scope = scope(async |_| ());
        futures::executor::block_on(scope);
    });
    assert!(text.contains("scope.rs:"), "{text}");
    assert!(text.contains("needs a running loop"), "{text}");
}

/// Runs a loop up to the middle of a scope whose child waits, and counts the
/// drop of the child.
fn halfway(
    dropped: &Count,
    waits: impl Future<Output = ()> + 'static,
) -> Pin<Box<dyn Future<Output = ()>>> {
    let dropped = dropped.clone();
    let (halfway,) = run(async move {
        let mut halfway = Box::pin(scope(async move |s: Scope<'static>| {
            s.spawn(async move {
                let _gone = OnDrop(move || dropped.add());
                waits.await;
            });
        }));
        assert!(poll_once(&mut halfway).await.is_pending());
        yield_now().await;
        assert!(poll_once(&mut halfway).await.is_pending());
        (halfway,)
    });
    halfway
}

#[test]
fn a_scope_that_outlives_its_run_is_dropped_in_order() {
    let dropped = Count::default();
    let kept = halfway(&dropped, pending());
    assert_eq!(dropped.get(), 0);
    drop(kept);
    assert_eq!(dropped.get(), 1);
}

#[test]
fn a_scope_that_is_polled_in_another_loop_says_so_instead_of_waiting_for_ever() {
    let dropped = Count::default();
    let mut kept = halfway(&dropped, async { sleep(SECOND).await });
    let text = panic_text(|| run(&mut kept));
    assert!(
        text.contains("polled outside of the loop in which it began"),
        "{text}"
    );
    drop(kept);
    assert_eq!(dropped.get(), 1);
}

#[test]
fn a_scope_goes_on_in_the_next_run_of_its_runner() {
    let mut runner = virtual_runner();
    let seen = Cell::new(0);
    let mut halfway = Box::pin(scope(async |s: Scope<'_>| {
        let seen = &seen;
        for n in 1..=3 {
            s.spawn(async move {
                sleep(n * SECOND).await;
                seen.set(seen.get() + n);
            });
        }
        "done"
    }));
    runner.run(async {
        assert!(timeout(SECOND + SECOND / 2, &mut halfway).await.is_err());
    });
    assert_eq!(seen.get(), 1);
    assert_eq!(runner.run(&mut halfway), "done");
    assert_eq!(seen.get(), 6);
}

#[test]
fn a_panic_in_a_child_leaves_the_thread_ready_for_the_next_run() {
    for _ in 0..3 {
        let text = panic_text(|| {
            run(async {
                scope(async |s| {
                    s.spawn(async {
                        scope(async |s| {
                            s.spawn(async { panic!("deep inside") });
                            sleep(SECOND).await;
                        })
                        .await;
                    });
                    pending::<()>().await;
                })
                .await;
            });
        });
        assert_eq!(text, "deep inside");
        assert!(current_task().is_none());
    }
    assert_eq!(run(async { current_task().unwrap().name() }), "Task-1");
}

#[test]
fn after_the_panic_of_a_child_its_owner_is_itself_again() {
    virtual_runner().run(async {
        let me = current_task().unwrap().id();
        let caught =
            futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(scope(async |s| {
                s.spawn(async { panic!("a child") });
                pending::<()>().await;
            })))
            .await;
        assert!(caught.is_err());
        assert_eq!(current_task().unwrap().id(), me);
        sleep(SECOND).await; // with its own waker
        yield_now().await;
        assert_eq!(tasks().len(), 1);
    });
}

#[test]
fn a_destructor_of_the_body_that_panics_still_drops_the_children() {
    let log = Log::new();
    let text = panic_text(|| {
        run(try_scope(async |s: TryScope<'_, &str>| {
            let _gone = OnDrop(|| panic!("the body's destructor"));
            s.spawn(async {
                let _gone = OnDrop(|| log.push("a child was dropped"));
                pending::<Result<(), _>>().await
            });
            s.spawn(async {
                yield_now().await;
                Err::<(), _>("no")
            });
            pending::<Result<(), _>>().await
        }))
    });
    assert_eq!(text, "the body's destructor");
    assert_eq!(log.take(), ["a child was dropped"]);
}

#[test]
fn a_destructor_may_spawn_cancel_and_ask_while_its_scope_ends() {
    let log = Log::new();
    virtual_runner().run(async {
        let ended = timeout(
            SECOND,
            scope(async |s: Scope<'_>| {
                for name in ["a", "b"] {
                    let (inner, log) = (s.clone(), log.clone());
                    s.spawn_named(name, async move {
                        let again = inner.clone();
                        let _gone = OnDrop(move || {
                            let name = current_task().unwrap().name();
                            let late = again.spawn(async {});
                            again.cancel();
                            log.push(format!("{name} {} {}", late.is_finished(), tasks().len()));
                        });
                        pending::<()>().await;
                    });
                }
                pending::<()>().await;
            }),
        )
        .await;
        assert!(ended.is_err());
        assert_eq!(tasks().len(), 1);
    });
    assert_eq!(log.take(), ["b true 3", "a true 2"]);
}

#[test]
fn children_that_wake_each_other_in_a_scope_within_a_gather_within_a_timeout() {
    virtual_runner().run(async {
        let one = async |n: u32| {
            timeout(
                n * SECOND,
                scope(async |s: Scope<'_>| {
                    let (there, mut back) = futures::channel::mpsc::unbounded::<u32>();
                    let (send, mut receive) = futures::channel::mpsc::unbounded::<u32>();
                    let ping = s.spawn(async move {
                        for round in 0..n {
                            there.unbounded_send(round).unwrap();
                            assert_eq!(receive.next().await, Some(round));
                        }
                        n
                    });
                    s.spawn(async move {
                        while let Some(round) = back.next().await {
                            send.unbounded_send(round).unwrap();
                        }
                    });
                    ping.await.unwrap()
                }),
            )
            .await
            .unwrap()
        };
        let many = sized(50, 6);
        let all: Vec<_> = (1..=many).map(one).collect();
        assert_eq!(gather(all).await, (1..=many).collect::<Vec<_>>());
        assert_eq!(tasks().len(), 1);
    });
}

#[cfg(feature = "observe")]
#[test]
fn thousands_of_children_end_in_a_few_polls_each() {
    let (mut runner, recorder) = recorded_virtual_runner();
    let n = sized_by_build(20_000, 5_000, 50);
    let done = Cell::new(0);
    runner.run(scope(async |s| {
        for _ in 0..n {
            s.spawn(async {
                yield_now().await;
                done.set(done.get() + 1);
            });
        }
    }));
    assert_eq!(done.get(), n);
    let events = recorder.take();
    let polls = count(&events, |event| matches!(event, Event::PollStart { .. }));
    assert!(polls < 3 * n, "{polls} polls");
}

#[test]
fn a_waker_of_a_child_that_is_used_after_the_scope_does_nothing() {
    let waker = RefCell::new(None);
    let mut kept = None;
    run(async {
        scope(async |s: Scope<'_>| {
            kept = Some(s.spawn(async {
                std::future::poll_fn(|cx| {
                    *waker.borrow_mut() = Some(cx.waker().clone());
                    std::task::Poll::Ready(7)
                })
                .await
            }));
        })
        .await;
        waker.borrow().as_ref().unwrap().wake_by_ref();
        yield_now().await;
    });
    let handle = kept.unwrap();
    let waker = waker.take().unwrap();
    waker.wake_by_ref();
    std::thread::spawn(move || waker.wake()).join().unwrap();
    assert!(handle.is_finished());
    assert!(!handle.cancel());
    assert_eq!(handle.name(), "Task-2");
    let value = futures::executor::block_on(handle).unwrap();
    assert_eq!(value, 7);
    assert_eq!(run(async { tasks().len() }), 1);
}

#[test]
fn a_scope_that_moves_between_tasks_wakes_the_task_that_polled_it_last() {
    virtual_runner().run(async {
        let mut halfway = Box::pin(scope(async |s: Scope<'static>| {
            s.spawn(sleep(SECOND)).await.unwrap();
            s.spawn(sleep(SECOND)).await.unwrap();
            7
        }));
        let first = spawn(async move {
            assert!(timeout(SECOND / 2, &mut halfway).await.is_err());
            (halfway,)
        });
        let (mut halfway,) = first.await.unwrap();
        let second = spawn(async move {
            assert!(timeout(SECOND, &mut halfway).await.is_err());
            (halfway,)
        });
        let (halfway,) = second.await.unwrap();
        let mut all = FuturesUnordered::from_iter([halfway]);
        assert_eq!(all.next().await, Some(7));
    });
}

#[cfg(feature = "observe")]
#[test]
fn an_instrument_that_panics_in_the_poll_of_a_child_is_removed_and_the_scope_goes_on() {
    struct Breaks;
    impl executor::instrument::Instrument for Breaks {
        fn event(&mut self, _: Duration, event: &Event) {
            if let Event::Print { .. } = event {
                panic!("an instrument");
            }
        }
    }
    let mut runner = executor::Runner::builder().instrument(Breaks).build();
    let value = runner.run(scope(async |s| {
        let child = s.spawn(async {
            executor::println!("a child prints");
            yield_now().await;
            current_task().unwrap().name()
        });
        child.await.unwrap()
    }));
    assert_eq!(value, "Task-2");
}
