//! `RemoteHandle`: its result is given once, after the future was dropped, and
//! each order of waits, awaits and cancels ends.

use std::future::{pending, ready};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use executor::{
    Background, Handle, JoinError, RemoteHandle, Runner, current_task, run, spawn, yield_now,
};
use futures::executor::block_on;

use crate::common::{must_end, panic_text, poll_once, run_to_end, virtual_runner};

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

// ---- cancel ---------------------------------------------------------------

#[test]
fn c076_only_the_first_cancel_of_a_remote_task_asks() {
    must_end(|| {
        let background = Runner::background();
        let task = background.spawn(pending::<()>);
        background.run(yield_now); // it runs
        let asked = [task.cancel(), task.cancel(), task.cancel()];
        assert_eq!(asked, [true, false, false]);
        assert!(task.wait().unwrap_err().is_cancelled());
    });
    // While it is in the inbox.
    run_to_end(|| async {
        let task = Handle::current().spawn(pending::<()>);
        assert_eq!([task.cancel(), task.cancel()], [true, false]);
        yield_now().await; // it has arrived
        assert!(!task.cancel());
        assert!(task.await.unwrap_err().is_cancelled());
        // After it has arrived, before its turn.
        let task = Handle::current().spawn(pending::<()>);
        yield_now().await;
        yield_now().await;
        assert_eq!([task.cancel(), task.cancel()], [true, false]);
        assert!(task.await.unwrap_err().is_cancelled());
        // After it has ended.
        let mut task = Handle::current().spawn(|| async { 1 });
        while !task.is_finished() {
            yield_now().await;
        }
        assert!(!task.cancel());
        assert_eq!((&mut task).await.unwrap(), 1);
        assert!(!task.cancel());
    });
    let mut runner = virtual_runner();
    let handle = runner.handle();
    let task = handle.spawn(pending::<()>);
    runner.run(yield_now());
    runner.close();
    assert!(!task.cancel(), "its loop has closed");
    assert!(!handle.spawn(pending::<()>).cancel(), "it never started");
}

// ---- the order of the end -------------------------------------------------

/// Blocks until the test thread says that its wait has returned, or for long
/// enough to make a wait that returns too early say so.
struct SlowDrop(mpsc::Receiver<()>, Arc<AtomicBool>);

impl Drop for SlowDrop {
    fn drop(&mut self) {
        let too_early = self.0.recv_timeout(Duration::from_millis(30)).is_ok();
        self.1.store(too_early, Ordering::SeqCst);
    }
}

/// Starts a task with a [`SlowDrop`] and checks that `wait` returns after it.
fn wait_returns_after_the_drop<F>(
    background: &Background,
    make: impl FnOnce(SlowDrop) -> F + Send + 'static,
    wait: impl FnOnce(RemoteHandle<()>),
) where
    F: Future<Output = ()> + 'static,
{
    let (tell, told) = mpsc::channel();
    let too_early = Arc::new(AtomicBool::new(true));
    let slow = SlowDrop(told, too_early.clone());
    let task = background.spawn(move || make(slow));
    background.run(yield_now);
    wait(task);
    let _ = tell.send(());
    assert!(!too_early.load(Ordering::SeqCst), "before the drop");
}

#[test]
fn a_wait_returns_after_the_future_was_dropped() {
    must_end(|| {
        let background = Runner::background();
        let waits: [fn(RemoteHandle<()>); 3] = [
            |task| drop(task.wait()),
            |mut task| drop(task.wait_timeout(PATIENCE).unwrap()),
            |task| drop(run(task)),
        ];
        for wait in waits {
            // Returned: the future keeps it until it is dropped itself.
            wait_returns_after_the_drop(
                &background,
                |slow| {
                    std::future::poll_fn(move |_| {
                        let _kept = &slow;
                        Poll::Ready(())
                    })
                },
                wait,
            );
            let cancels = |task: RemoteHandle<()>| {
                task.cancel();
                wait(task);
            };
            let endless = |slow| async move {
                let _slow = slow;
                pending::<()>().await;
            };
            wait_returns_after_the_drop(&background, endless, cancels);
            wait_returns_after_the_drop(
                &background,
                |slow| {
                    let mut first = true;
                    std::future::poll_fn(move |cx| {
                        let _kept = &slow;
                        assert!(std::mem::take(&mut first), "the second poll panics");
                        cx.waker().wake_by_ref();
                        Poll::Pending
                    })
                },
                wait,
            );
        }
    });
}

#[test]
fn a_wait_for_a_refused_call_returns_after_its_closure_was_dropped() {
    must_end(|| {
        let mut runner = Runner::new();
        let (tell, told) = mpsc::channel();
        let too_early = Arc::new(AtomicBool::new(true));
        let slow = SlowDrop(told, too_early.clone());
        let mut task = runner.handle().spawn(move || {
            drop(slow);
            ready(())
        });
        let waits = thread::spawn(move || {
            let closed = task.wait_timeout(PATIENCE).unwrap();
            let _ = tell.send(());
            closed.is_ok()
        });
        runner.close(); // a call that was sent before the end is still made
        let made = waits.join().unwrap();
        assert!(!made || !too_early.load(Ordering::SeqCst));
        let (tell, told) = mpsc::channel();
        let slow = SlowDrop(told, too_early.clone());
        let closed = run(async { Handle::current() });
        let task = closed.spawn(move || {
            drop(slow);
            ready(())
        });
        assert!(task.wait().unwrap_err().is_closed());
        let _ = tell.send(());
        assert!(!too_early.load(Ordering::SeqCst), "before the drop");
    });
}

// ---- refused calls --------------------------------------------------------

#[test]
fn a_background_run_that_is_refused_never_runs_its_future() {
    must_end(|| {
        let background = Arc::new(Runner::background());
        let calls = Arc::new(AtomicUsize::new(0));
        let (inside, counts) = (background.clone(), calls.clone());
        let text = background.run(move || async move {
            let made = counts.clone();
            let text = panic_text(|| {
                inside.run(move || {
                    made.fetch_add(1, Ordering::SeqCst);
                    async move {
                        made.fetch_add(1, Ordering::SeqCst);
                    }
                })
            });
            for _ in 0..5 {
                yield_now().await;
            }
            drop(inside);
            text
        });
        assert_eq!(
            text,
            "a blocking wait on the loop's own thread would wait forever: `.await` the handle \
             instead (`Background::spawn` gives one)"
        );
        background.run(yield_now);
        assert_eq!(calls.load(Ordering::SeqCst), 0);
    });
}

/// A handle is not a wait: what was spawned runs.
#[test]
fn a_task_whose_wait_was_refused_runs_detached() {
    run_to_end(|| async {
        let ran = Arc::new(AtomicBool::new(false));
        let runs = ran.clone();
        let task = Handle::current().spawn(move || async move {
            runs.store(true, Ordering::SeqCst);
        });
        task.wait().unwrap_err();
        while !ran.load(Ordering::SeqCst) {
            yield_now().await;
        }
    });
}

// ---- foreign wakers -------------------------------------------------------

struct Rude;

impl Wake for Rude {
    fn wake(self: Arc<Self>) {
        panic!("a waker panics");
    }
}

#[test]
fn a_waker_that_panics_does_not_change_the_result() {
    run_to_end(|| async {
        let waker = Waker::from(Arc::new(Rude));
        let mut cx = Context::from_waker(&waker);
        let mut task = Handle::current().spawn(|| async { 7 });
        assert!(Pin::new(&mut task).poll(&mut cx).is_pending());
        let sibling = spawn(async { 8 });
        while !task.is_finished() {
            yield_now().await;
        }
        assert_eq!(task.await.unwrap(), 7);
        assert_eq!(sibling.await.unwrap(), 8);
        assert_eq!(current_task().unwrap().name(), "Task-1");
    });
}

/// The result of a call that is refused is stored by the thread that sent it, or
/// by the end of the loop.
#[test]
fn a_waker_that_panics_when_its_loop_ends_hurts_nobody() {
    must_end(|| {
        let mut runner = Runner::new();
        let waker = Waker::from(Arc::new(Rude));
        let mut cx = Context::from_waker(&waker);
        let mut tasks = [(); 2].map(|()| runner.handle().spawn(pending::<()>));
        assert!(Pin::new(&mut tasks[0]).poll(&mut cx).is_pending());
        runner.run(yield_now());
        assert!(Pin::new(&mut tasks[1]).poll(&mut cx).is_pending());
        runner.close();
        for task in tasks {
            assert!(task.wait().unwrap_err().is_cancelled());
        }
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
