//! `RemoteHandle`: its result is given once, and each order of waits and awaits
//! ends.

use std::future::pending;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use executor::{Handle, JoinError, RemoteHandle, Runner, run, yield_now};
use futures::executor::block_on;

use crate::common::{must_end, panic_text, poll_once, run_to_end};

/// Long enough for any machine; only a test that fails waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

const TWICE: &str = "the result of a RemoteHandle is given once, and this one has given it";

/// Ways to take the result through a reference.
type Take = fn(&mut RemoteHandle<u32>) -> Result<u32, JoinError>;

fn takes() -> [(&'static str, Take); 4] {
    [
        ("wait_timeout", |task| task.wait_timeout(PATIENCE).unwrap()),
        ("run", |task| run(task)),
        ("block_on", |task| block_on(task)),
        ("await", |task| run(async { (&mut *task).await })),
    ]
}

/// A second use, which must panic with the same sentence.
type Use = fn(RemoteHandle<u32>);

fn uses() -> [(&'static str, Use); 6] {
    [
        ("wait", |task| drop(task.wait())),
        ("wait_timeout", |mut task| drop(task.wait_timeout(PATIENCE))),
        ("wait_timeout(0)", |mut task| {
            drop(task.wait_timeout(Duration::ZERO));
        }),
        ("run", |task| drop(run(task))),
        ("block_on", |task| drop(block_on(task))),
        ("poll", |mut task| {
            let mut cx = Context::from_waker(Waker::noop());
            let _ = Pin::new(&mut task).poll(&mut cx);
        }),
    ]
}

#[test]
fn a_result_that_was_taken_is_never_waited_for() {
    must_end(|| {
        let background = Runner::background();
        for (first, take) in takes() {
            for (second, again) in uses() {
                let mut task = background.spawn(|| async { 7 });
                assert_eq!(take(&mut task).unwrap(), 7, "{first}");
                assert!(task.is_finished(), "after {first}");
                assert!(!task.cancel(), "after {first}");
                let text = panic_text(|| again(task));
                assert_eq!(text, TWICE, "{first}, then {second}");
            }
        }
    });
}

/// An error is a result, too.
#[test]
fn an_error_that_was_taken_is_never_waited_for() {
    must_end(|| {
        let background = Runner::background();
        let closed = run(async { Handle::current() });
        let makes: [&dyn Fn() -> RemoteHandle<u32>; 3] = [
            &|| {
                let task = background.spawn(pending);
                task.cancel();
                task
            },
            &|| background.spawn(|| async { std::panic::resume_unwind(Box::new("no luck")) }),
            &|| closed.spawn(|| async { 7 }),
        ];
        for (n, make) in makes.into_iter().enumerate() {
            for (first, take) in takes() {
                for (second, again) in uses() {
                    let mut task = make();
                    take(&mut task).unwrap_err();
                    let text = panic_text(|| again(task));
                    assert_eq!(text, TWICE, "case {n}: {first}, then {second}");
                }
            }
        }
    });
}

/// On the loop's own thread as well, where a wait is refused otherwise.
#[test]
fn a_wait_on_the_own_thread_is_refused_until_the_result_was_taken() {
    run_to_end(|| async {
        let mut task = Handle::current().spawn(|| async { 7 });
        for _ in 0..2 {
            let refused = task.wait_timeout(PATIENCE).unwrap().unwrap_err();
            assert!(refused.to_string().contains("own thread"), "{refused}");
        }
        assert_eq!((&mut task).await.unwrap(), 7);
        assert_eq!(panic_text(|| task.wait_timeout(PATIENCE)), TWICE);
        assert_eq!(panic_text(|| task.wait()), TWICE);

        let mut task = Handle::current().spawn(|| async { 8 });
        while !task.is_finished() {
            yield_now().await;
        }
        assert_eq!(
            task.wait_timeout(PATIENCE).unwrap().unwrap(),
            8,
            "it is there"
        );
        assert_eq!(panic_text(|| task.wait()), TWICE);
    });
}

#[test]
fn a_limit_that_passes_takes_nothing() {
    must_end(|| {
        let background = Runner::background();
        let (open, gate) = futures::channel::oneshot::channel();
        let mut task = background.spawn(|| async { gate.await.unwrap() });
        assert!(task.wait_timeout(Duration::ZERO).is_none());
        assert!(task.wait_timeout(Duration::from_millis(1)).is_none());
        assert!(run(poll_once(&mut task)).is_pending());
        assert!(task.wait_timeout(Duration::from_millis(1)).is_none());
        open.send(7).unwrap();
        assert_eq!(task.wait().unwrap(), 7);
    });
}

/// A poll leaves a waker; a wait after it does not need it.
#[test]
fn a_wait_after_a_pending_await_ends() {
    must_end(|| {
        let background = Runner::background();
        let (open, gate) = futures::channel::oneshot::channel::<u32>();
        let mut task = background.spawn(|| async { gate.await.unwrap() });
        assert!(run(poll_once(&mut task)).is_pending());
        let waits = thread::spawn(move || task.wait().unwrap());
        open.send(7).unwrap();
        assert_eq!(waits.join().unwrap(), 7);
    });
}

/// Ready remote handles are like other ready handles: after 128 the task yields.
#[test]
fn awaiting_finished_remote_handles_spends_budget() {
    run_to_end(|| async {
        let handle = Handle::current();
        let tasks: Vec<_> = (0..1_000)
            .map(|n| handle.spawn(move || async move { n }))
            .collect();
        while !tasks.iter().all(RemoteHandle::is_finished) {
            yield_now().await;
        }
        let mut polls = 0;
        let mut reads = Box::pin(async {
            for (n, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.unwrap(), n);
            }
        });
        std::future::poll_fn(|cx| {
            polls += 1;
            reads.as_mut().poll(cx)
        })
        .await;
        assert_eq!(polls, 8);
    });
}
