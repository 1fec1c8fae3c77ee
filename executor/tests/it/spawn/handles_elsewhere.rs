//! Handles where the loop of their task does not run: a finished one can be read
//! anywhere, whatever the last poll of its loop spent; an unfinished one is
//! refused by another loop.

#![allow(
    clippy::async_yields_async,
    clippy::redundant_async_block,
    reason = "a handle is to leave its loop unread"
)]

use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use executor::{JoinError, JoinHandle, Runner, now, run, sleep, spawn, timeout, yield_now};
#[cfg(feature = "scope")]
use executor::{ScopedJoinHandle, scope};
use futures::executor::block_on;

use crate::common::{OnDrop, must_end, panic_text, poll_once, virtual_runner};

/// How much of its budget a poll spends: less than all, all, and one more than
/// that, for which the task has to yield.
const SPENT: [usize; 4] = [0, 127, 128, 129];

/// Spends from the budget of the current poll.
async fn spend(times: usize) {
    let finished: Vec<_> = (0..times).map(|_| spawn(async {})).collect();
    yield_now().await;
    yield_now().await; // all have ended, and this poll has spent nothing yet
    for task in finished {
        task.await.unwrap();
    }
}

/// Gives a future to each place where a finished handle can be read.
fn read_everywhere<F>(make: impl Fn() -> F + Send + 'static)
where
    F: Future<Output = Result<u32, JoinError>>,
{
    must_end(move || {
        assert_eq!(run(make()).unwrap(), 7);
        assert_eq!(Runner::new().run(make()).unwrap(), 7);
        assert_eq!(virtual_runner().run(make()).unwrap(), 7);
        assert_eq!(block_on(make()).unwrap(), 7);
        let finished = make();
        let inside = run(async { finished.await });
        assert_eq!(inside.unwrap(), 7);
    });
}

/// The handle of a finished task, whose loop has ended with a poll that spent
/// this much.
fn finished(spent: usize) -> JoinHandle<u32> {
    run(async {
        let task = spawn(async { 7 });
        spend(spent).await;
        task
    })
}

#[test]
fn a_finished_handle_is_read_after_its_loop_whatever_the_last_poll_spent() {
    for spent in SPENT {
        read_everywhere(move || finished(spent));
    }
}

/// The task of the last poll need not be main.
#[test]
fn a_finished_handle_is_read_whatever_the_poll_of_its_own_task_spent() {
    for spent in SPENT {
        read_everywhere(move || {
            let mut runner = Runner::new();
            let task = runner.spawn(async move {
                spend(spent).await;
                7
            });
            runner.run(async {
                while !task.is_finished() {
                    yield_now().await;
                }
            });
            task
        });
    }
}

/// Between two runs, while the runner of the task is alive.
#[test]
fn a_finished_handle_of_a_runner_is_read_while_that_does_not_run() {
    must_end(|| {
        for spent in SPENT {
            let mut home = Runner::new();
            let mut tasks = home.run(async {
                let tasks: Vec<_> = (0..4).map(|_| spawn(async { 7 })).collect();
                spend(spent).await;
                tasks
            });
            assert_eq!(run(tasks.pop().unwrap()).unwrap(), 7);
            assert_eq!(Runner::new().run(tasks.pop().unwrap()).unwrap(), 7);
            assert_eq!(block_on(tasks.pop().unwrap()).unwrap(), 7);
            assert_eq!(home.run(tasks.pop().unwrap()).unwrap(), 7);
        }
    });
}

#[cfg(feature = "scope")]
#[test]
fn a_finished_handle_of_a_scope_is_read_whatever_the_last_poll_spent() {
    for spent in SPENT {
        read_everywhere(move || -> ScopedJoinHandle<u32> {
            run(async {
                let mut kept = None;
                scope(async |s| kept = Some(s.spawn(async { 7 }))).await;
                spend(spent).await;
                kept.unwrap()
            })
        });
    }
}

/// A destructor runs when its loop closes, with the loop entered and no poll.
#[test]
fn a_destructor_at_the_end_reads_a_finished_handle_whatever_the_last_poll_spent() {
    must_end(|| {
        for spent in SPENT {
            let (tell, told) = std::sync::mpsc::channel();
            run(async move {
                let task = spawn(async { 7 });
                yield_now().await;
                let mut task = Some(task);
                let reads = OnDrop(move || {
                    let task = task.take().unwrap();
                    tell.send(block_on(task).unwrap()).unwrap();
                });
                drop(spawn(async move {
                    let _reads = reads;
                    pending::<()>().await;
                }));
                spend(spent).await;
            });
            assert_eq!(told.recv(), Ok(7));
        }
    });
}

/// The loop that polls pays, so that its other tasks have their turns.
#[test]
fn reading_handles_of_another_loop_spends_the_budget_of_the_loop_that_polls() {
    let mut home = Runner::new();
    let tasks: Vec<_> = (0..1_000).map(|n| home.spawn(async move { n })).collect();
    home.run(async {
        while !tasks.iter().all(JoinHandle::is_finished) {
            yield_now().await;
        }
    });
    let polls = virtual_runner().run(async {
        let mut polls = 0;
        let mut reads = pin!(async {
            for (n, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.unwrap(), n);
            }
        });
        poll_fn(|cx| {
            polls += 1;
            reads.as_mut().poll(cx)
        })
        .await;
        polls
    });
    assert_eq!(polls, 8, "128 in each");
}

fn check_refused(text: &str) {
    assert!(
        text.contains("makes no progress while another loop runs"),
        "{text}"
    );
    assert!(text.contains("Handle::spawn"), "{text}");
}

#[test]
fn another_loop_refuses_the_handle_of_an_unfinished_task() {
    must_end(|| {
        let mut home = virtual_runner();
        let mut task = home.run(async { spawn(async { 7 }) });
        check_refused(&panic_text(|| run(&mut task)));
        check_refused(&panic_text(|| virtual_runner().run(&mut task)));
        check_refused(&panic_text(|| {
            run(async { timeout(std::time::Duration::ZERO, &mut task).await })
        }));
        // Nothing is broken by that.
        assert_eq!(home.run(task).unwrap(), 7);
    });
}

#[cfg(feature = "scope")]
#[test]
fn another_loop_refuses_the_handle_of_an_unfinished_child() {
    must_end(|| {
        let mut home = virtual_runner();
        let (give, mut take) = futures::channel::mpsc::unbounded();
        let main = home.spawn(scope(async move |s| {
            let child = s.spawn(pending::<()>());
            give.unbounded_send(child).unwrap();
        }));
        home.run(yield_now());
        home.run(yield_now());
        let mut child = take.try_recv().unwrap();
        check_refused(&panic_text(|| run(&mut child)));
        drop(main);
    });
}

#[test]
fn a_guard_and_a_grace_are_refused_by_another_loop_too() {
    must_end(|| {
        let mut home = virtual_runner();
        let guard = home.spawn(pending::<()>()).cancel_on_drop();
        check_refused(&panic_text(|| run(guard)));
        let task = home.spawn(pending::<()>());
        let grace = task.cancel_within(std::time::Duration::from_secs(1));
        check_refused(&panic_text(|| run(grace)));
        home.run(yield_now());
    });
}

/// An executor of another kind may poll while the loop of the task does not run.
#[test]
fn a_foreign_executor_is_woken_when_the_loop_of_the_task_has_run() {
    let mut home = virtual_runner();
    let start = home.run(async { now() });
    let mut pool = futures::executor::LocalPool::new();
    let task = home.spawn(async {
        sleep(std::time::Duration::from_secs(1)).await;
        7
    });
    let output = std::rc::Rc::new(std::cell::Cell::new(None));
    let read = output.clone();
    let spawner = pool.spawner();
    futures::task::LocalSpawnExt::spawn_local(&spawner, async move {
        read.set(Some(task.await.unwrap()));
    })
    .unwrap();
    pool.run_until_stalled();
    assert_eq!(output.get(), None);
    let end = home.run(async {
        sleep(std::time::Duration::from_secs(2)).await;
        now()
    });
    assert_eq!((end - start).as_secs(), 2);
    pool.run_until_stalled();
    assert_eq!(output.get(), Some(7));
}

#[test]
fn a_cancelled_task_is_read_on_another_loop_once_its_own_has_closed() {
    let mut home = virtual_runner();
    let task = home.spawn(pending::<()>());
    home.run(yield_now());
    run(async {
        let mut task = task;
        home.close();
        assert!(matches!(
            poll_once(&mut task).await,
            Poll::Ready(Err(error)) if error.is_cancelled()
        ));
    });
    let mut late = Runner::new();
    let task = late.spawn(pending::<()>());
    late.close();
    assert!(
        block_on(Pin::new(&mut { task }))
            .unwrap_err()
            .is_cancelled()
    );
}
