//! From `executor/tests/it/spawn/tasks.rs`, as they are there.

use super::common::Count;
use super::common::Gate;
use super::common::Log;
use super::common::OnDrop;
use super::common::panic_text;
use super::common::poll_once;
use super::common::sized;
use super::common::virtual_runner;
#[cfg(feature = "observe")]
use super::common::{polls_of, recorded_virtual_runner, wakes_of};
use crate::mini as executor;
use executor::JoinHandle;
use executor::Runner;
use executor::gather;
#[cfg(feature = "observe")]
use executor::instrument::WakeOutcome;
use executor::run;
use executor::sleep;
use executor::spawn;
use executor::yield_now;
use std::collections::BTreeSet;
use std::future::pending;
use std::future::poll_fn;
use std::future::ready;
use std::panic::AssertUnwindSafe;
use std::panic::Location;
use std::panic::catch_unwind;
use std::panic::panic_any;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Waker;
use std::thread;
use std::time::Duration;

/// The line that calls this.
#[track_caller]
fn here() -> (&'static str, u32) {
    line_of(Location::caller())
}

fn line_of(location: &'static Location<'static>) -> (&'static str, u32) {
    (location.file(), location.line())
}

// ---- order ----------------------------------------------------------------

/// The order of the first polls of eight tasks that are spawned in one poll.
fn first_polls(mut runner: Runner) -> Vec<String> {
    let log = Log::new();
    runner.run(async {
        let tasks: Vec<_> = (0..8)
            .map(|n| {
                let log = log.clone();
                spawn(async move { log.push(n) })
            })
            .collect();
        assert!(
            log.take().is_empty(),
            "a spawned task is not polled at once"
        );
        for task in tasks {
            task.await.unwrap();
        }
    });
    log.take()
}

#[test]
fn c022_first_polls_happen_in_spawn_order() {
    let order = first_polls(virtual_runner());
    assert_eq!(order, ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

#[test]
fn a_task_that_is_spawned_later_runs_after_those_that_are_ready() {
    let log = Log::new();
    run(async {
        let (early, late) = (log.clone(), log.clone());
        let first = spawn(async move {
            early.push("first");
            let second = spawn(async move { late.push("spawned by first") });
            yield_now().await;
            early.push("first again");
            second.await.unwrap();
        });
        let second = log.clone();
        let second = spawn(async move { second.push("second") });
        first.await.unwrap();
        second.await.unwrap();
    });
    let expected = ["first", "second", "spawned by first", "first again"];
    assert_eq!(log.take(), expected);
}

#[test]
fn c023_a_chain_of_ten_thousand_tasks_needs_no_deep_stack() {
    fn nest(depth: u32) -> Pin<Box<dyn Future<Output = u32>>> {
        Box::pin(async move {
            match depth {
                0 => 0,
                _ => spawn(nest(depth - 1)).await.unwrap() + 1,
            }
        })
    }
    const DEPTH: u32 = sized(10_000, 50);
    // If one task ran on the stack of another, this stack would overflow.
    let thread = thread::Builder::new().stack_size(256 << 10);
    let deep = thread.spawn(|| run(nest(DEPTH))).unwrap();
    assert_eq!(deep.join().unwrap(), DEPTH);
    // The same when the chain is cut off in the middle of it.
    let thread = thread::Builder::new().stack_size(256 << 10);
    let cut = thread.spawn(|| {
        run(async {
            let task = spawn(nest(DEPTH));
            for _ in 0..DEPTH / 2 {
                yield_now().await;
            }
            assert!(task.cancel());
            assert!(task.await.unwrap_err().is_cancelled());
        })
    });
    cut.unwrap().join().unwrap();
}

#[test]
fn c025_dropping_a_handle_in_the_middle_detaches_too() {
    let log = Log::new();
    virtual_runner().run(async {
        let mine = log.clone();
        let mut task = spawn(async move {
            sleep(Duration::from_secs(1)).await;
            mine.push("after");
        });
        assert!(poll_once(&mut task).await.is_pending());
        drop(task);
        sleep(Duration::from_secs(2)).await;
    });
    assert_eq!(log.take(), ["after"]);
}

#[test]
fn c026_a_detached_task_on_a_timer_is_kept_alive_by_the_loop() {
    const ROUNDS: u32 = sized(100, 3);
    let log = Log::new();
    virtual_runner().run(async {
        let mine = log.clone();
        drop(spawn(async move {
            sleep(Duration::from_secs(3600)).await;
            mine.push("completed");
        }));
        // Other tasks come and go in the slots beside it.
        for _ in 0..ROUNDS {
            gather((0..20).map(|_| spawn(yield_now())).collect::<Vec<_>>()).await;
            sleep(Duration::from_secs(3000) / ROUNDS).await;
        }
        assert!(log.take().is_empty());
        sleep(Duration::from_secs(600)).await;
    });
    assert_eq!(log.take(), ["completed"]);
}

#[test]
fn c029_dropping_the_handle_of_a_finished_task_drops_the_output_once() {
    let dropped = Count::default();
    let outputs = [dropped.clone(), dropped.clone()];
    let left = run(async {
        let [first, second] = outputs.map(|count| spawn(async { OnDrop(move || count.add()) }));
        yield_now().await;
        drop(first);
        assert_eq!(dropped.get(), 1, "inside the loop");
        second
    });
    assert_eq!(
        dropped.get(),
        1,
        "the end of the loop keeps an output that can be read"
    );
    drop(left);
    assert_eq!(dropped.get(), 2, "after the loop");
}

#[test]
fn c035_a_future_is_dropped_when_spawn_refuses_it() {
    let dropped = Count::default();
    let mine = dropped.clone();
    let guard = OnDrop(move || mine.add());
    panic_text(|| {
        spawn(async move {
            let _guard = guard;
        })
    });
    assert_eq!(dropped.get(), 1);
}

#[test]
fn c046_futures_that_were_taken_are_dropped_when_the_iterator_panics() {
    let dropped = Count::default();
    virtual_runner().run(async {
        let futures = (0..5).map(|n| {
            assert!(n < 3, "the iterator gives up");
            let count = dropped.clone();
            let guard = OnDrop(move || count.add());
            async move { drop(guard) }
        });
        panic_text(|| gather(futures.collect::<Vec<_>>()));
        assert_eq!(dropped.get(), 3);
        assert_eq!(gather(vec![ready(1), ready(2)]).await, [1, 2]);
    });
}

#[test]
fn c049_large_futures_fit_on_a_usual_stack() {
    const LARGE: usize = 1 << sized(20, 10);
    // What a main thread has by default. Passing the future to `spawn` puts
    // some copies on the stack of a debug build; the loop makes no more.
    let usual = thread::Builder::new().stack_size(8 << 20);
    let thread = usual.spawn(|| {
        virtual_runner().run(async {
            let tasks: Vec<_> = (0..16).map(|n| spawn(large(n))).collect();
            for (n, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.unwrap(), LARGE + n);
            }
        })
    });
    thread.unwrap().join().unwrap();

    async fn large(n: usize) -> usize {
        let bytes = [1_u8; LARGE];
        sleep(Duration::from_secs(1)).await;
        bytes.iter().map(|&byte| usize::from(byte)).sum::<usize>() + n
    }
}
