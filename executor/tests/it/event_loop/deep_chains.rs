//! Chains without a limit: outputs that hold handles, destructors that spawn. The
//! stack of a thread has a limit, so none of them recurses to its end.

use std::cell::Cell;
use std::future::pending;
use std::pin::Pin;
use std::rc::Rc;

#[cfg(feature = "scope")]
use executor::scope;
use executor::{
    Handle, JoinHandle, RemoteHandle, Runner, current_task, gather, run, spawn, tasks, yield_now,
};

use crate::common::{Count, Log, OnDrop, must_end, sized, virtual_runner};

/// Many times what the stack of a test's thread has room for.
const LONG: usize = sized(40_000, 200);

/// Counts its drops, and holds the handle of the task before.
struct Link {
    drops: Count,
    #[allow(dead_code, reason = "it is there to be dropped")]
    before: Option<JoinHandle<Link>>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.drops.add();
    }
}

fn chain(length: usize, drops: &Count) -> Option<JoinHandle<Link>> {
    let mut last = None;
    for _ in 0..length {
        let link = Link {
            drops: drops.clone(),
            before: last.take(),
        };
        last = Some(spawn(async move { link }));
    }
    last
}

#[test]
fn a_chain_of_unread_outputs_that_are_handles_is_dropped_without_recursion() {
    must_end(|| {
        let drops = Count::default();
        run(async {
            let last = chain(LONG, &drops);
            yield_now().await;
            yield_now().await;
            assert_eq!(drops.get(), 0);
            drop(last);
            assert_eq!(drops.get() as usize, LONG, "all at once");
            assert_eq!(tasks().len(), 1);
        });
    });
}

#[test]
fn such_a_chain_may_be_detached_from_the_start_or_left_to_the_end() {
    must_end(|| {
        let drops = Count::default();
        run(async {
            drop(chain(LONG, &drops));
            yield_now().await;
            yield_now().await;
            assert_eq!(drops.get() as usize, LONG);
        });
        let drops = Count::default();
        let kept = run(async {
            let last = chain(LONG, &drops);
            yield_now().await;
            yield_now().await;
            last
        });
        assert_eq!(drops.get(), 0, "outputs outlive the loop");
        drop(kept);
        assert_eq!(drops.get() as usize, LONG);
    });
}

#[test]
fn a_chain_of_unread_remote_outputs_is_dropped_without_recursion() {
    struct Remote(
        #[allow(dead_code, reason = "it is there to be dropped")] Option<RemoteHandle<Remote>>,
    );
    must_end(|| {
        run(async {
            let mut last = None;
            for _ in 0..LONG {
                let before = last.take();
                last = Some(Handle::current().spawn(move || async move { Remote(before) }));
            }
            while last.as_ref().is_some_and(|last| !last.is_finished()) {
                yield_now().await;
            }
            drop(last);
        });
    });
}

/// Up to 32 deep, destructors run inside each other, as everywhere in Rust.
#[test]
fn a_short_chain_is_dropped_from_the_inside() {
    let log = Log::new();
    virtual_runner().run(async {
        let inner = {
            let log = log.clone();
            spawn(async move { OnDrop(move || log.push(current_task().unwrap().name())) })
        };
        let outer = {
            let log = log.clone();
            spawn(async move {
                let after = OnDrop(move || log.push("after the inner one"));
                (inner, after)
            })
        };
        yield_now().await;
        yield_now().await;
        drop(outer);
    });
    assert_eq!(log.take(), ["Task-2", "after the inner one"]);
}

/// Spawns another in its destructor, as deep as `left` says.
struct SpawnsInDrop {
    left: usize,
    ends: Rc<Cell<usize>>,
}

impl Drop for SpawnsInDrop {
    fn drop(&mut self) {
        self.ends.set(self.ends.get() + 1);
        if self.left == 0 {
            return;
        }
        let next = SpawnsInDrop {
            left: self.left - 1,
            ends: Rc::clone(&self.ends),
        };
        drop(spawn(async move {
            let _next = next;
            pending::<()>().await;
        }));
    }
}

#[test]
fn destructors_that_spawn_at_the_end_of_a_loop_do_not_recurse() {
    must_end(|| {
        let ends = Rc::new(Cell::new(0));
        let first = SpawnsInDrop {
            left: LONG,
            ends: Rc::clone(&ends),
        };
        let mut runner = Runner::new();
        runner.run(async {
            drop(spawn(async move {
                let _first = first;
                pending::<()>().await;
            }));
            yield_now().await;
        });
        runner.close();
        assert_eq!(ends.get(), LONG + 1);
    });
}

/// A refused task ends within the spawn: its handle says so at once.
#[test]
fn a_task_that_a_closing_loop_refuses_has_ended_when_spawn_returns() {
    let log = Log::new();
    let told = log.clone();
    virtual_runner().run(async move {
        drop(spawn(async move {
            let _spawns = OnDrop(move || {
                let inner = told.clone();
                let inner = OnDrop(move || inner.push("it is dropped"));
                let task = spawn(async move {
                    let _inner = inner;
                    pending::<()>().await;
                });
                told.push(format!("has ended: {}", task.is_finished()));
            });
            pending::<()>().await;
        }));
        yield_now().await;
    });
    assert_eq!(log.take(), ["it is dropped", "has ended: true"]);
}

#[cfg(feature = "scope")]
#[test]
fn destructors_that_spawn_into_a_scope_that_ends_do_not_recurse() {
    use executor::Scope;
    struct Spawns<'a> {
        left: usize,
        scope: Scope<'a>,
        ends: &'a Cell<usize>,
    }
    impl Drop for Spawns<'_> {
        fn drop(&mut self) {
            self.ends.set(self.ends.get() + 1);
            if self.left == 0 {
                return;
            }
            let next = Spawns {
                left: self.left - 1,
                scope: self.scope.clone(),
                ends: self.ends,
            };
            drop(self.scope.spawn(async move {
                let _next = next;
                pending::<()>().await;
            }));
        }
    }
    must_end(|| {
        let ends = Cell::new(0);
        run(async {
            scope(async |s| {
                let first = Spawns {
                    left: LONG,
                    scope: s.clone(),
                    ends: &ends,
                };
                s.spawn(async move {
                    let _first = first;
                    pending::<()>().await;
                });
                yield_now().await;
                s.cancel();
            })
            .await;
        });
        assert_eq!(ends.get(), LONG + 1);
    });
}

/// The nesting of futures is the program's: the documentation names its limit.
#[test]
fn a_gather_in_a_gather_may_be_some_hundreds_deep() {
    type Boxed = Pin<Box<dyn Future<Output = usize>>>;
    let mut nested: Boxed = Box::pin(async {
        yield_now().await;
        1
    });
    for _ in 0..sized(300, 50) {
        let inner = nested;
        nested = Box::pin(async move { gather(vec![inner]).await[0] + 1 });
    }
    assert_eq!(virtual_runner().run(nested), sized(301, 51));
}
