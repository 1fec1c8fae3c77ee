//! Panics whose payloads panic: user code that the loop runs may panic, and the
//! payload of that panic may panic when it is dropped.
//!
//! A loop that only catches the first panic lets the second one through: to the
//! caller that dropped a handle, to another task, or out of the run.

use std::panic::panic_any;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Wake, Waker};
use std::time::Duration;

#[cfg(feature = "scope")]
use executor::scope;
use executor::{
    ContextVar, Handle, RemoteHandle, Runner, ThreadPool, run, run_in_executor, sleep, spawn,
    tasks, to_thread, yield_now,
};

use crate::common::{Count, OnDrop, poll_once, virtual_runner};

const MS: Duration = Duration::from_millis(1);

/// A payload that panics when it is dropped.
struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        panic!("a payload panics");
    }
}

/// Panics with a [`PanicsOnDrop`] when it is dropped.
struct PanicsTwice;

impl Drop for PanicsTwice {
    fn drop(&mut self) {
        panic_any(PanicsOnDrop);
    }
}

/// A task that the panics of the others must not affect.
async fn bystander(count: Count) {
    for _ in 0..5 {
        count.add();
        yield_now().await;
    }
}

/// Runs a program with nested panics, then checks the bystander and that the same
/// loop still works.
#[track_caller]
fn survives<F: Future<Output = ()>>(program: impl FnOnce() -> F) {
    let count = Count::default();
    let mut runner = Runner::new();
    runner.run(async {
        let other = spawn(bystander(count.clone()));
        program().await;
        other.await.expect("another task is not hurt");
        assert_eq!(tasks().len(), 1);
    });
    assert_eq!(count.get(), 5);
    assert_eq!(runner.run(async { spawn(async { 7 }).await.unwrap() }), 7);
    runner.close();
}

#[test]
fn of_a_task_that_is_not_awaited() {
    survives(|| async {
        drop(spawn(async { panic_any(PanicsOnDrop) }));
        yield_now().await;
        yield_now().await;
    });
}

#[test]
fn of_a_handle_that_is_dropped_when_the_task_has_panicked() {
    survives(|| async {
        let task = spawn(async { panic_any(PanicsOnDrop) });
        while !task.is_finished() {
            yield_now().await;
        }
        drop(task);
    });
}

#[test]
fn of_the_destructor_of_a_cancelled_task() {
    survives(|| async {
        let task = spawn(async {
            let _fuse = PanicsTwice;
            std::future::pending::<()>().await;
        });
        yield_now().await;
        task.cancel();
        let payload = task.await.unwrap_err().into_panic();
        assert!(payload.is::<PanicsOnDrop>());
        std::mem::forget(payload);

        let unread = spawn(async {
            let _fuse = PanicsTwice;
            std::future::pending::<()>().await;
        });
        yield_now().await;
        unread.cancel();
        yield_now().await;
        drop(unread);
    });
}

#[test]
fn of_the_destructor_of_an_output_that_is_not_read() {
    survives(|| async {
        let task = spawn(async { PanicsTwice });
        yield_now().await;
        yield_now().await;
        drop(task);
    });
}

#[test]
fn of_tasks_that_are_left_at_the_end() {
    let value = run(async {
        for _ in 0..3 {
            spawn(async {
                let _fuse = PanicsTwice;
                std::future::pending::<()>().await;
            });
        }
        yield_now().await;
        7
    });
    assert_eq!(value, 7);
}

#[test]
fn of_the_main_futures_destructor() {
    // A future that returns and keeps its twice until it is dropped.
    let twice = PanicsTwice;
    let main = std::future::poll_fn(move |_| {
        let _kept = &twice;
        std::task::Poll::Ready(7)
    });
    assert_eq!(run(main), 7);
}

#[test]
fn of_a_future_that_a_closing_loop_refuses() {
    run(async {
        spawn(async {
            let _spawns = OnDrop(|| {
                let twice = PanicsTwice;
                spawn(async move { drop(twice) });
            });
            std::future::pending::<()>().await;
        });
        yield_now().await;
    });
}

#[cfg(feature = "sync")]
#[test]
fn of_a_waker() {
    struct Rude;
    impl Wake for Rude {
        fn wake(self: Arc<Self>) {
            panic_any(PanicsOnDrop);
        }
    }
    survives(|| async {
        let waker = Waker::from(Arc::new(Rude));
        let mut cx = std::task::Context::from_waker(&waker);
        let mut nap = Box::pin(sleep(MS));
        assert!(nap.as_mut().poll(&mut cx).is_pending());
        let mut task = spawn(yield_now());
        assert!(std::pin::Pin::new(&mut task).poll(&mut cx).is_pending());
        let mut call = Box::pin(to_thread(|| ()));
        assert!(call.as_mut().poll(&mut cx).is_pending());
        let event = executor::sync::Event::new();
        let mut wait = Box::pin(event.wait());
        assert!(wait.as_mut().poll(&mut cx).is_pending());
        event.set();
        sleep(MS * 2).await;
        call.await;
    });
}

#[test]
fn of_a_wakers_own_destructor() {
    struct Rude;
    impl Wake for Rude {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Rude {
        fn drop(&mut self) {
            panic_any(PanicsOnDrop);
        }
    }
    survives(|| async {
        let mut nap = Box::pin(sleep(MS));
        let mut task = spawn(yield_now());
        {
            let waker = Waker::from(Arc::new(Rude));
            let mut cx = std::task::Context::from_waker(&waker);
            assert!(nap.as_mut().poll(&mut cx).is_pending());
            assert!(std::pin::Pin::new(&mut task).poll(&mut cx).is_pending());
        }
        sleep(MS * 2).await;
        task.await.unwrap();
    });
}

#[test]
fn of_a_thread_jobs_unwanted_value_and_the_thread_is_used_again() {
    survives(|| async {
        let pool = ThreadPool::new(1);
        let (open, gate) = mpsc::channel::<()>();
        let mut call = run_in_executor(&pool, move || {
            let _ = gate.recv();
            PanicsTwice
        });
        assert!(poll_once(&mut call).await.is_pending());
        drop(call);
        drop(open);
        assert_eq!(run_in_executor(&pool, || 7).await, 7);
    });
}

#[test]
fn of_a_thread_job_that_panics_and_is_not_awaited() {
    survives(|| async {
        let pool = ThreadPool::new(1);
        let (open, gate) = mpsc::channel::<()>();
        let mut call = run_in_executor(&pool, move || {
            let _ = gate.recv();
            panic_any(PanicsOnDrop)
        });
        assert!(poll_once(&mut call).await.is_pending());
        drop(call);
        drop(open);
        assert_eq!(run_in_executor(&pool, || 7).await, 7);
    });
}

#[test]
fn of_a_call_from_another_thread() {
    survives(|| async {
        let handle = Handle::current();
        let posts = std::thread::spawn(move || {
            drop(handle.spawn(|| -> std::future::Ready<()> { panic_any(PanicsOnDrop) }));
            let twice = PanicsTwice;
            drop(handle.spawn(move || async move { drop(twice) }));
        });
        while !posts.is_finished() {
            sleep(MS).await;
        }
        posts.join().unwrap();
        // Messages arrive in order: those before this one have arrived.
        let last = Handle::current().spawn(async || ());
        last.await.unwrap();
        while tasks().len() > 2 {
            sleep(MS).await;
        }
    });
}

/// The handle is dropped on a thread of its own after the task has ended, so the
/// unread output panics on that thread.
#[test]
fn of_what_a_handle_on_another_thread_did_not_read() {
    survives(|| async {
        let handle = Handle::current();
        let posts = std::thread::spawn(move || {
            let panics = handle.spawn(|| async { panic_any(PanicsOnDrop) });
            let returns = handle.spawn(|| async { PanicsTwice });
            while !(panics.is_finished() && returns.is_finished()) {
                std::thread::yield_now();
            }
            drop::<(RemoteHandle<()>, _)>((panics, returns));
        });
        while !posts.is_finished() {
            sleep(MS).await;
        }
        posts.join().expect("the other thread is not hurt");
    });
}

#[test]
fn of_a_context_variable() {
    #[derive(Clone)]
    struct Shared(#[allow(dead_code, reason = "it is there to be dropped")] Arc<PanicsTwice>);
    static VARIABLE: ContextVar<Shared> = ContextVar::new("variable");
    survives(|| async {
        let task = spawn(async {
            VARIABLE.set(Shared(Arc::new(PanicsTwice)));
        });
        task.await.unwrap();
    });
}

#[cfg(feature = "scope")]
#[test]
fn of_a_child_in_a_scope() {
    virtual_runner().run(async {
        let value = scope(async |s| {
            let child = s.spawn(async {
                let _fuse = PanicsTwice;
                std::future::pending::<()>().await;
            });
            yield_now().await;
            child.cancel();
            assert!(child.await.unwrap_err().is_cancelled());
            7
        });
        assert_eq!(value.await, 7);
    });
}
