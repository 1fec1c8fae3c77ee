//! Calls on threads: each runs exactly once or not at all, its outcome is
//! returned or dropped, and a call that delays the end of a loop is reported.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

#[cfg(feature = "observe")]
use executor::instrument::{Cause, Event, Recorder};
use executor::{
    CancelCheck, ContextVar, RunError, Runner, ThreadPool, gather, run, run_in_executor, sleep,
    spawn, timeout, to_thread, to_thread_with, yield_now,
};

#[cfg(feature = "observe")]
use crate::common::count;
use crate::common::{
    in_own_process, must_end, panic_text, poll_once, sized, virtual_runner, without_settings,
};

const MS: Duration = Duration::from_millis(1);

/// Counts its drops, on whichever thread they happen.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

// ---- outcomes -------------------------------------------------------------

#[test]
fn c181_the_panic_of_a_call_comes_out_of_its_await_and_the_thread_is_used_again() {
    let pool = ThreadPool::new(1);
    run(async {
        let (tell, thread_of_panic) = mpsc::channel();
        let call = run_in_executor(&pool, move || {
            tell.send(thread::current().id()).unwrap();
            resume_unwind(Box::new(17)); // prints nothing
        });
        let error = spawn(call).await.unwrap_err();
        assert_eq!(*error.into_panic().downcast::<i32>().unwrap(), 17);
        let next = run_in_executor(&pool, || thread::current().id()).await;
        assert_eq!(next, thread_of_panic.recv().unwrap());
    });
}

/// Each call waits for the two others: one after the other they would wait
/// forever.
#[test]
fn c182_the_calls_of_a_gather_run_at_the_same_time() {
    let together = Arc::new(Barrier::new(3));
    let call = || {
        let together = together.clone();
        move || together.wait().is_leader()
    };
    let pool = ThreadPool::new(3);
    let leaders = run(async {
        let own = gather([call(), call(), call()].map(to_thread)).await;
        let given = gather([call(), call(), call()].map(|call| run_in_executor(&pool, call))).await;
        own.into_iter()
            .chain(given)
            .filter(|leader| *leader)
            .count()
    });
    assert_eq!(leaders, 2);
}

#[test]
fn a_pool_runs_no_more_calls_at_once_than_it_has_threads() {
    let pool = ThreadPool::new(2);
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let threads: HashSet<_> = run(async {
        let call = |_| {
            let (running, most) = (running.clone(), most.clone());
            run_in_executor(&pool, move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
                thread::current().id()
            })
        };
        gather((0..sized(200, 50)).map(call).collect::<Vec<_>>())
            .await
            .into_iter()
            .collect()
    });
    assert!(threads.len() <= 2, "{} threads", threads.len());
    assert!(most.load(Ordering::SeqCst) <= 2);
}

#[test]
fn the_loop_goes_on_while_a_call_blocks() {
    run(async {
        let (open, gate) = mpsc::channel::<()>();
        let call = spawn(to_thread(move || gate.recv().is_err()));
        for _ in 0..10 {
            yield_now().await;
        }
        sleep(MS).await;
        assert!(!call.is_finished());
        drop(open); // only the loop itself can end the call
        assert!(call.await.unwrap());
    });
}

#[test]
fn a_call_that_is_never_awaited_never_runs() {
    let drops = Arc::new(AtomicUsize::new(0));
    let counted = Counted(drops.clone());
    run(async move {
        let call = to_thread(move || {
            let _counted = counted;
            unreachable!("this call is not awaited");
        });
        yield_now().await;
        drop(call);
    });
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

// ---- abandoned ------------------------------------------------------------

#[test]
fn c184_a_call_dropped_before_it_began_never_runs() {
    let pool = ThreadPool::new(1);
    let drops = Arc::new(AtomicUsize::new(0));
    run(async {
        let (open, gate) = mpsc::channel::<()>();
        let mut blocker = run_in_executor(&pool, move || gate.recv());
        assert!(poll_once(&mut blocker).await.is_pending());
        let counted = Counted(drops.clone());
        let mut queued = run_in_executor(&pool, move || {
            let _counted = counted;
            unreachable!("it was dropped before it began");
        });
        assert!(poll_once(&mut queued).await.is_pending());
        drop(queued);
        assert_eq!(
            drops.load(Ordering::SeqCst),
            1,
            "what it holds is dropped at once"
        );
        drop(open);
        assert!(blocker.await.is_err());
        run_in_executor(&pool, || ()).await; // behind the dropped one in the queue
    });
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[cfg(feature = "observe")]
#[test]
fn c184_a_call_dropped_after_it_began_ends_unheard() {
    let drops = Arc::new(AtomicUsize::new(0));
    let recorder = Recorder::new();
    let mut runner = Runner::builder().instrument(recorder.clone()).build();
    runner.run(async {
        let (began, has_begun) = mpsc::channel();
        let (open, gate) = mpsc::channel::<()>();
        let counted = Counted(drops.clone());
        let mut call = to_thread(move || {
            began.send(()).unwrap();
            assert!(gate.recv().is_err());
            counted
        });
        assert!(poll_once(&mut call).await.is_pending());
        has_begun.recv().unwrap();
        drop(call);
        assert_eq!(drops.load(Ordering::SeqCst), 0, "the call still runs");
        drop(open);
    });
    runner.close(); // waits for the call
    assert_eq!(drops.load(Ordering::SeqCst), 1);
    let events = recorder.take();
    assert_eq!(
        count(&events, |event| matches!(event, Event::JobEnd { .. })),
        1
    );
    let woken = |event: &Event| {
        matches!(
            event,
            Event::Wake {
                by: Cause::Job(_),
                ..
            }
        )
    };
    assert_eq!(count(&events, woken), 0, "no task is woken for its result");
}

/// The table of calls must forget it, or the loop waits for it forever.
#[test]
fn c184_a_queued_call_dropped_between_two_runs_holds_up_nothing() {
    must_end(|| {
        let pool = ThreadPool::new(1);
        let (open, gate) = mpsc::channel::<()>();
        let mut runner = virtual_runner();
        let blocker = runner.spawn(run_in_executor(&pool, move || gate.recv().is_err()));
        runner.run(yield_now());
        let mut queued = run_in_executor(&pool, || unreachable!("it was dropped before it began"));
        assert!(runner.run(poll_once(&mut queued)).is_pending());
        drop(queued);
        drop(open);
        assert!(runner.run(blocker).unwrap());
        let stalled = runner.try_run(std::future::pending::<()>());
        assert!(matches!(stalled, Err(RunError::Stalled { .. })));
        runner.close();
    });
}

#[test]
fn c185_an_abandoned_call_is_told_and_can_stop_early() {
    let (tell, told) = mpsc::channel();
    run(async {
        let (began, has_begun) = mpsc::channel();
        let mut call = to_thread_with(move |waited: CancelCheck| {
            assert!(waited.is_wanted());
            began.send(()).unwrap();
            while waited.is_wanted() {
                thread::yield_now();
            }
            tell.send("stopped").unwrap();
        });
        assert!(poll_once(&mut call).await.is_pending());
        has_begun.recv().unwrap();
        assert!(timeout(Duration::ZERO, call).await.is_err());
        // Without the request the call would never end, and neither would `run`.
    });
    assert_eq!(told.recv(), Ok("stopped"));
}

#[test]
fn c185_a_call_that_is_awaited_is_waited_for() {
    const LOOKS: usize = sized(1_000, 50);
    let count = to_thread_with(|waited| (0..LOOKS).take_while(|_| waited.is_wanted()).count());
    assert_eq!(run(count), LOOKS);
}

#[test]
fn c196_a_result_is_dropped_exactly_once_whenever_its_waiter_goes() {
    let pool = ThreadPool::new(1);
    let drops = Arc::new(AtomicUsize::new(0));
    let call = || {
        let counted = Counted(drops.clone());
        run_in_executor(&pool, move || counted)
    };
    run(async {
        drop(call().await);
        assert_eq!(drops.swap(0, Ordering::SeqCst), 1, "read, then dropped");

        let mut unread = call();
        assert!(poll_once(&mut unread).await.is_pending());
        run_in_executor(&pool, || ()).await; // so that the one before has ended
        drop(unread);
        assert_eq!(
            drops.swap(0, Ordering::SeqCst),
            1,
            "ended, then dropped unread"
        );

        drop(call());
        assert_eq!(drops.swap(0, Ordering::SeqCst), 1, "never begun");

        let task = spawn(call());
        yield_now().await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
        run_in_executor(&pool, || ()).await;
        assert_eq!(
            drops.swap(0, Ordering::SeqCst),
            1,
            "cancelled at some point or other"
        );
    });
}

#[test]
fn c196_a_result_whose_destructor_panics_kills_no_thread_and_no_loop() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            resume_unwind(Box::new("in a destructor"));
        }
    }
    let pool = ThreadPool::new(1);
    run(async {
        let mut unread = run_in_executor(&pool, || Panics);
        assert!(poll_once(&mut unread).await.is_pending());
        run_in_executor(&pool, || ()).await;
        drop(unread);
        assert_eq!(run_in_executor(&pool, || 1).await, 1);
    });
}

// ---- the end of the loop --------------------------------------------------

/// A loop that waited for nothing would wait three hours.
#[test]
fn c187_a_long_shutdown_timeout_costs_nothing_when_no_call_runs() {
    must_end(|| {
        let long = Duration::from_secs(3 * 3600);
        let runner = || Runner::builder().shutdown_timeout(long).build();
        runner().run(async {});
        runner().run(to_thread(|| ())); // an idle thread is no running call
        let mut unused = runner();
        unused.close();
    });
}

/// Polls a call in its destructor, and tells whether the call ran.
struct CallsAtTheEnd(mpsc::Sender<Result<(), mpsc::RecvTimeoutError>>);

impl Drop for CallsAtTheEnd {
    fn drop(&mut self) {
        let (ran, has_run) = mpsc::channel();
        let mut call = to_thread(move || ran.send(()).unwrap());
        let mut cx = Context::from_waker(Waker::noop());
        let _ = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut call).poll(&mut cx)));
        self.0
            .send(has_run.recv_timeout(Duration::from_secs(60)))
            .unwrap();
    }
}

#[test]
fn c188_a_call_made_while_the_loop_ends_is_refused_every_time() {
    for _ in 0..sized(20, 5) {
        let (tell, told) = mpsc::channel();
        run(async move {
            drop(spawn(async move {
                let _calls = CallsAtTheEnd(tell);
                std::future::pending::<()>().await;
            }));
            yield_now().await;
        });
        let refused = Err(mpsc::RecvTimeoutError::Disconnected);
        assert_eq!(
            told.recv().unwrap(),
            refused,
            "its closure is dropped unrun"
        );
    }
}

#[test]
fn c188_a_call_made_after_the_end_says_that_there_is_no_loop() {
    let text = panic_text(|| {
        let mut cx = Context::from_waker(Waker::noop());
        let _ = Pin::new(&mut to_thread(|| ())).poll(&mut cx);
    });
    assert!(text.starts_with("to_thread needs a running loop"), "{text}");
}

#[test]
fn the_end_of_the_loop_drops_queued_calls_and_waits_for_the_one_that_began() {
    let pool = ThreadPool::new(1);
    let ended = Arc::new(AtomicBool::new(false));
    let drops = Arc::new(AtomicUsize::new(0));
    let (ends, counted) = (ended.clone(), Counted(drops.clone()));
    let (open, gate) = mpsc::channel::<()>();
    run(async {
        let (began, has_begun) = mpsc::channel();
        let call = run_in_executor(&pool, move || {
            began.send(()).unwrap();
            assert!(gate.recv().is_err());
            ends.store(true, Ordering::SeqCst);
        });
        let queued = run_in_executor(&pool, move || {
            let _counted = counted;
            unreachable!("the loop ended before it began");
        });
        drop((spawn(call), spawn(queued)));
        yield_now().await;
        has_begun.recv().unwrap();
        // Opened from a destructor that runs while the loop ends.
        drop(spawn(async move {
            let _open = open;
            std::future::pending::<()>().await;
        }));
        yield_now().await;
    });
    assert!(ended.load(Ordering::SeqCst));
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

/// The call that runs ends when the queued one is dropped, so that dropping it
/// must come before waiting. Its future outlives the loop and does not help.
#[test]
fn the_end_of_the_loop_drops_a_queued_call_whose_future_lives_on() {
    must_end(|| {
        let pool = ThreadPool::new(1);
        let (held, is_dropped) = mpsc::channel::<()>();
        let mut blocker = run_in_executor(&pool, move || is_dropped.recv().is_err());
        let mut queued = run_in_executor(&pool, move || {
            let _held = held;
            unreachable!("the loop ended before it began");
        });
        run(async {
            assert!(poll_once(&mut blocker).await.is_pending());
            assert!(poll_once(&mut queued).await.is_pending());
        });
    });
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn a_call_that_outlives_the_shutdown_timeout_is_named_on_stderr() {
    let name = "blocking::a_call_that_outlives_the_shutdown_timeout_is_named_on_stderr";
    if let Some(child) = in_own_process(name, &[]) {
        let stderr = String::from_utf8_lossy(&child.stderr);
        let report = stderr.lines().find(|line| line.starts_with("executor: "));
        let report = report.unwrap_or_else(|| panic!("no report in {stderr:?}"));
        let start = "executor: the loop ends without waiting longer for the thread job started at ";
        assert!(report.starts_with(start), "{report}");
        assert!(report[start.len()..].contains("blocking.rs:"), "{report}");
        assert!(child.status.success(), "{stderr}");
        return;
    }
    let (_open, gate) = mpsc::channel::<()>();
    let mut runner = Runner::builder().shutdown_timeout(MS).build();
    runner.run(async {
        let (began, has_begun) = mpsc::channel();
        let mut call = to_thread(move || {
            began.send(()).unwrap();
            gate.recv()
        });
        assert!(poll_once(&mut call).await.is_pending());
        has_begun.recv().unwrap();
    });
    runner.close();
}

/// The call ends when its stdin does, which is when the report was read: no
/// length of time decides anything.
#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn a_call_that_holds_up_the_end_for_a_second_is_named_on_stderr() {
    const CHILD: &str = "EXECUTOR_TEST_HOLDS_UP";
    if std::env::var_os(CHILD).is_some() {
        run(async {
            let (began, has_begun) = mpsc::channel();
            let mut call = to_thread(move || {
                began.send(()).unwrap();
                std::io::stdin().read_to_end(&mut Vec::new())
            });
            assert!(poll_once(&mut call).await.is_pending());
            has_begun.recv().unwrap();
        });
        return;
    }
    let name = "blocking::a_call_that_holds_up_the_end_for_a_second_is_named_on_stderr";
    let mut child = without_settings(&mut Command::new(std::env::current_exe().unwrap()))
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let report = lines.find_map(|line| line.ok().filter(|line| line.starts_with("executor: ")));
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    let report = report.expect("the call is named");
    let start = "executor: the end of the loop still waits for the thread job started at ";
    assert!(report.starts_with(start), "{report}");
    assert!(report[start.len()..].contains("blocking.rs:"), "{report}");
}

// ---- the threads themselves -----------------------------------------------

/// No address space holds a stack that large, so no thread can be started,
/// however much memory the system is ready to promise.
#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
#[cfg_attr(windows, ignore = "there, the harness fails: it starts no thread")]
fn c190_a_refused_thread_is_the_error_of_that_call_and_the_loop_lives() {
    let name = "blocking::c190_a_refused_thread_is_the_error_of_that_call_and_the_loop_lives";
    let huge = (usize::MAX - (usize::MAX >> 16)).to_string();
    if let Some(child) = in_own_process(name, &[("RUST_MIN_STACK", &huge)]) {
        let stderr = String::from_utf8_lossy(&child.stderr);
        assert!(child.status.success(), "{stderr}");
        return;
    }
    run(async {
        for _ in 0..3 {
            let error = spawn(to_thread(|| ())).await.unwrap_err();
            let text = error.to_string();
            assert!(
                text.contains("no thread could be started for the call at "),
                "{text}"
            );
            assert!(text.contains("blocking.rs:"), "{text}");
        }
        sleep(MS).await;
        assert_eq!(spawn(async { 1 }).await.unwrap(), 1);
    });
    let text = panic_text(Runner::background);
    assert!(
        text.starts_with("no thread could be started for a loop: "),
        "{text}"
    );
}

/// Each call is handed over just as the thread goes idle after the one before.
/// (That a thread which goes away after ten idle seconds loses no call is for
/// a model checker: the ten seconds are fixed.)
#[test]
fn c191_a_call_handed_over_as_its_thread_goes_idle_runs_exactly_once() {
    const CALLS: usize = sized(5_000, 20);
    for threads in [1, 2] {
        let pool = ThreadPool::new(threads);
        let runs = Arc::new(AtomicUsize::new(0));
        let used = run(async {
            let mut used = HashSet::new();
            for _ in 0..CALLS {
                let runs = runs.clone();
                let call = run_in_executor(&pool, move || {
                    runs.fetch_add(1, Ordering::SeqCst);
                    thread::current().id()
                });
                used.insert(call.await);
            }
            used
        });
        assert_eq!(runs.load(Ordering::SeqCst), CALLS);
        assert!(used.len() <= threads);
    }
}

#[test]
fn c191_calls_from_several_loops_on_one_pool_run_exactly_once_each() {
    const ROUNDS: usize = sized(100, 3);
    let pool = ThreadPool::new(3);
    let runs = Arc::new(AtomicUsize::new(0));
    let loops = [(); 4].map(|()| {
        let (pool, runs) = (pool.clone(), runs.clone());
        thread::spawn(move || {
            run(async {
                for _ in 0..ROUNDS {
                    let call = |n: usize| {
                        let runs = runs.clone();
                        run_in_executor(&pool, move || {
                            runs.fetch_add(1, Ordering::SeqCst);
                            n
                        })
                    };
                    let calls = (0..10).map(call).collect::<Vec<_>>();
                    assert_eq!(gather(calls).await, (0..10).collect::<Vec<_>>());
                }
            });
        })
    });
    loops.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(runs.load(Ordering::SeqCst), 4 * ROUNDS * 10);
}

/// Each loop has threads of its own, so no cap is shared.
#[test]
fn c193_calls_that_run_loops_that_make_calls_do_not_block_each_other() {
    fn nest(depth: u32) -> u32 {
        match depth {
            0 => 0,
            _ => 1 + run(to_thread(move || nest(depth - 1))),
        }
    }
    must_end(|| assert_eq!(nest(50), 50));
}

#[test]
fn a_pool_outlives_the_loops_that_use_it_and_finishes_what_it_was_given() {
    let pool = ThreadPool::new(1);
    assert_eq!(run(run_in_executor(&pool, || 1)), 1);
    assert_eq!(virtual_runner().run(run_in_executor(&pool, || 2)), 2);
    let last = run_in_executor(&pool, || 3);
    drop(pool); // the future has a handle of its own
    assert_eq!(run(last), 3);
    assert_eq!(
        panic_text(|| ThreadPool::new(0)),
        "ThreadPool::new(0): a pool needs at least one thread"
    );
}

#[test]
fn pools_may_be_used_from_every_thread() {
    fn check<T: Send + Sync>() {}
    check::<ThreadPool>();
    check::<CancelCheck>();
}

// ---- context --------------------------------------------------------------

static NAME: ContextVar<&str> = ContextVar::new("name");

#[test]
fn c194_a_call_sees_the_variables_of_its_task_and_keeps_its_own_to_itself() {
    let pool = ThreadPool::new(1);
    run(async {
        NAME.set("task");
        let look = || {
            let seen = NAME.get();
            NAME.set("call");
            (seen, NAME.get())
        };
        assert_eq!(to_thread(look).await, (Some("task"), Some("call")));
        // asyncio's `run_in_executor` does not carry them.
        assert_eq!(
            run_in_executor(&pool, look).await,
            (Some("task"), Some("call"))
        );
        assert_eq!(NAME.get(), Some("task"));
        // What one call leaves behind, the next on that thread does not see.
        let next = run_in_executor(&pool, || NAME.get());
        let other = spawn(async move {
            NAME.set("other");
            next.await
        });
        assert_eq!(other.await.unwrap(), Some("other"));
    });
    assert_eq!(run(run_in_executor(&pool, || NAME.get())), None);
}

#[test]
fn c194_a_call_sees_the_variables_as_they_are_at_its_first_poll() {
    run(async {
        NAME.set("built");
        let call = to_thread(|| NAME.get());
        NAME.set("awaited");
        assert_eq!(call.await, Some("awaited"));
    });
}

#[test]
fn an_idle_thread_keeps_none_of_the_values_that_its_call_saw() {
    static SHARED: ContextVar<Arc<()>> = ContextVar::new("shared");
    let pool = ThreadPool::new(1);
    let value = Arc::new(());
    run(async {
        SHARED.set(value.clone());
        assert!(run_in_executor(&pool, || SHARED.get().is_some()).await);
    });
    assert_eq!(Arc::strong_count(&value), 1);
}

// ---- misuse ---------------------------------------------------------------

#[test]
fn a_call_polled_after_it_was_ready_says_so() {
    let text = panic_text(|| {
        run(async {
            let mut call = to_thread(|| ());
            (&mut call).await;
            (&mut call).await;
        });
    });
    assert_eq!(text, "a ToThread was polled after it was ready");
}

/// As for a sleep: the other loop never learns of the end.
#[test]
fn a_call_of_one_loop_is_refused_by_another_and_disturbs_nothing_there() {
    must_end(|| {
        let pool = ThreadPool::new(2);
        let (open_first, first_gate) = mpsc::channel::<()>();
        let (open_second, second_gate) = mpsc::channel::<()>();
        let (mut first, mut second) = (Runner::new(), virtual_runner());
        let mut of_first = run_in_executor(&pool, move || first_gate.recv().is_err());
        assert!(first.run(poll_once(&mut of_first)).is_pending());
        // The same place in the other loop's table.
        let of_second = run_in_executor(&pool, move || second_gate.recv().is_err());
        let of_second = second.spawn(of_second);
        second.run(yield_now());
        let text = panic_text(|| {
            second.run(async {
                let poll = poll_once(&mut of_first).await;
                drop(open_first);
                match poll {
                    Poll::Ready(_) => unreachable!("its gate is closed"),
                    Poll::Pending => of_first.await,
                }
            })
        });
        assert!(text.contains("loop"), "{text}");
        drop(open_second);
        assert!(second.run(of_second).unwrap());
    });
}

/// The value of a context variable whose last owner is a call on a thread is
/// dropped there.
#[test]
fn a_destructor_of_a_context_variable_that_panics_does_not_lose_the_end_of_its_call() {
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            resume_unwind(Box::new("a destructor")); // prints nothing
        }
    }

    static VALUE: ContextVar<Arc<Bomb>> = ContextVar::new("value");

    must_end(|| {
        let pool = ThreadPool::new(1);
        run(async {
            let (open, gate) = mpsc::channel::<()>();
            let (begin, has_begun) = mpsc::channel();
            let task = spawn({
                let pool = pool.clone();
                async move {
                    VALUE.set(Arc::new(Bomb));
                    let call = move || {
                        begin.send(()).unwrap();
                        gate.recv().is_err()
                    };
                    run_in_executor(&pool, call).await
                }
            });
            yield_now().await;
            has_begun.recv().unwrap();
            task.cancel();
            assert!(task.await.unwrap_err().is_cancelled());
            drop(open);
            // The one thread of the pool still works.
            assert_eq!(run_in_executor(&pool, || 7).await, 7);
        });
    });
}
