//! The two runtimes that are always measured, behind one trait for each thing
//! that a runtime may or may not have. The others are in `peers`.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;

/// A runtime, as far as the rows need it.
///
/// All methods are thin: they add nothing to what a user of the runtime would
/// write. The `Send` bounds are tokio's; most others do not ask for them.
pub trait Side: 'static {
    /// What the tables call it.
    const NAME: &'static str;
    /// Whether tasks run on the thread that called [`run`](Side::run), and
    /// nowhere else. If not, a row that counts the time of the processor has to
    /// ask for the whole process.
    const ONE_THREAD: bool = true;

    /// What awaiting a handle may give instead of the output.
    type Error: Debug;
    /// The way to a spawned task's output.
    type Handle<T: Send + 'static>: Future<Output = Result<T, Self::Error>>;

    /// Starts a runtime, runs the future on it, ends it.
    fn run<F: Future>(future: F) -> F::Output;

    /// Starts a task.
    fn spawn<F>(future: F) -> Self::Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send;

    /// Lets a task run without its handle. Dropping the handle does that on
    /// most runtimes; on some it cancels the task.
    fn detach<T: Send + 'static>(handle: Self::Handle<T>) {
        drop(handle);
    }

    /// The runtime's own way to let others run; where it has none, a future
    /// that wakes itself.
    fn yield_now() -> impl Future<Output = ()> + Send;

    /// Many futures at once, in the way that users of the runtime write it:
    /// where it has no way of its own, `join_all` of the crate `futures`.
    fn gather<F: Future>(futures: Vec<F>) -> impl Future<Output = Vec<F::Output>> {
        futures::future::join_all(futures)
    }
}

/// A runtime with timers.
pub trait Timed: Side {
    /// A timer for a point in time.
    fn sleep_until(deadline: Instant) -> impl Future<Output = ()> + Send;

    /// A timer for a length of time.
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send;

    /// Bounds the time that a future may take; whether it made it.
    fn timeout<F: Future>(
        limit: Duration,
        future: F,
    ) -> impl Future<Output = Result<F::Output, impl Debug>>;
}

/// A runtime with threads for calls that block.
pub trait Threaded: Side {
    /// A call that blocks, on a thread.
    fn blocking<T: Send + 'static>(
        call: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T>;

    /// Many calls that block, all handed over before the first is awaited.
    fn blocking_all<T: Send + 'static>(
        calls: Vec<impl FnOnce() -> T + Send + 'static>,
    ) -> impl Future<Output = ()>;
}

/// The executor of this workspace, as `executor::run` gives it.
#[derive(Debug)]
pub enum Executor {}

impl Side for Executor {
    const NAME: &'static str = "executor";

    type Error = executor::JoinError;
    type Handle<T: Send + 'static> = executor::JoinHandle<T>;

    fn run<F: Future>(future: F) -> F::Output {
        executor::run(future)
    }

    fn spawn<F>(future: F) -> Self::Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        executor::spawn(future)
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        executor::yield_now()
    }

    fn gather<F: Future>(futures: Vec<F>) -> impl Future<Output = Vec<F::Output>> {
        executor::gather(futures)
    }
}

impl Timed for Executor {
    fn sleep_until(deadline: Instant) -> impl Future<Output = ()> + Send {
        executor::sleep_until(deadline)
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        executor::sleep(duration)
    }

    fn timeout<F: Future>(
        limit: Duration,
        future: F,
    ) -> impl Future<Output = Result<F::Output, impl Debug>> {
        executor::timeout(limit, future)
    }
}

impl Threaded for Executor {
    fn blocking<T: Send + 'static>(
        call: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> {
        executor::to_thread(call)
    }

    /// `to_thread` starts when it is polled, so it takes a `gather` to have
    /// all of them handed over at once.
    async fn blocking_all<T: Send + 'static>(calls: Vec<impl FnOnce() -> T + Send + 'static>) {
        executor::gather(
            calls
                .into_iter()
                .map(executor::to_thread)
                .collect::<Vec<_>>(),
        )
        .await;
    }
}

/// tokio on one thread, as `#[tokio::main(flavor = "current_thread")]` gives
/// it: with its I/O and time drivers on.
#[derive(Debug)]
pub enum Tokio {}

impl Side for Tokio {
    const NAME: &'static str = "tokio";

    type Error = tokio::task::JoinError;
    type Handle<T: Send + 'static> = tokio::task::JoinHandle<T>;

    fn run<F: Future>(future: F) -> F::Output {
        Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a tokio runtime starts")
            .block_on(future)
    }

    fn spawn<F>(future: F) -> Self::Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        tokio::spawn(future)
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        tokio::task::yield_now()
    }

    /// tokio has `join!` for a fixed number of futures and none for a `Vec`;
    /// its users take this one.
    fn gather<F: Future>(futures: Vec<F>) -> impl Future<Output = Vec<F::Output>> {
        futures::future::join_all(futures)
    }
}

impl Timed for Tokio {
    fn sleep_until(deadline: Instant) -> impl Future<Output = ()> + Send {
        tokio::time::sleep_until(deadline.into())
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
    }

    fn timeout<F: Future>(
        limit: Duration,
        future: F,
    ) -> impl Future<Output = Result<F::Output, impl Debug>> {
        tokio::time::timeout(limit, future)
    }
}

impl Threaded for Tokio {
    async fn blocking<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
        tokio::task::spawn_blocking(call)
            .await
            .expect("the call does not panic")
    }

    /// `spawn_blocking` starts at once, so its handles need no `join_all`:
    /// awaiting them one after another is tokio's cheapest way.
    async fn blocking_all<T: Send + 'static>(calls: Vec<impl FnOnce() -> T + Send + 'static>) {
        let handles: Vec<_> = calls.into_iter().map(tokio::task::spawn_blocking).collect();
        for handle in handles {
            handle.await.expect("the call does not panic");
        }
    }
}
