//! tokio's two other ways: two worker threads, and `spawn_local`.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::task::{JoinError, JoinHandle};

use crate::side::{Side, Threaded, Timed, Tokio};

/// tokio with two worker threads. The main future runs on the thread that
/// called, as in `#[tokio::main]`.
#[derive(Debug)]
pub enum TokioTwo {}

impl Side for TokioTwo {
    const NAME: &'static str = "tokio mt 2";
    const ONE_THREAD: bool = false;

    type Error = JoinError;
    type Handle<T: Send + 'static> = JoinHandle<T>;

    fn run<F: Future>(future: F) -> F::Output {
        Builder::new_multi_thread()
            .worker_threads(2)
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
}

/// tokio's current-thread runtime, with the main future in a `LocalSet` and
/// all tasks spawned there: the way to futures that are not `Send`.
#[derive(Debug)]
pub enum LocalSet {}

impl Side for LocalSet {
    const NAME: &'static str = "tokio LocalSet";

    type Error = JoinError;
    type Handle<T: Send + 'static> = JoinHandle<T>;

    fn run<F: Future>(future: F) -> F::Output {
        Tokio::run(async { tokio::task::LocalSet::new().run_until(future).await })
    }

    fn spawn<F>(future: F) -> Self::Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        tokio::task::spawn_local(future)
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        tokio::task::yield_now()
    }
}

/// What belongs to tokio's drivers and pool is the same on all its schedulers.
macro_rules! as_tokio_does {
    ($side:ident) => {
        impl Timed for $side {
            fn sleep_until(deadline: Instant) -> impl Future<Output = ()> + Send {
                Tokio::sleep_until(deadline)
            }

            fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
                Tokio::sleep(duration)
            }

            fn timeout<F: Future>(
                limit: Duration,
                future: F,
            ) -> impl Future<Output = Result<F::Output, impl Debug>> {
                Tokio::timeout(limit, future)
            }
        }

        impl Threaded for $side {
            async fn blocking<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
                Tokio::blocking(call).await
            }

            async fn blocking_all<T: Send + 'static>(
                calls: Vec<impl FnOnce() -> T + Send + 'static>,
            ) {
                Tokio::blocking_all(calls).await;
            }
        }
    };
}
as_tokio_does!(TokioTwo);
as_tokio_does!(LocalSet);

crate::net::servers::tokio!(TokioTwo, tokio::spawn);
crate::net::servers::tokio!(LocalSet, tokio::task::spawn_local);
