//! `LocalPool` of the crate `futures`: an executor and nothing else, so it has
//! no part in rows with timers, threads or sockets.

use std::cell::RefCell;
use std::convert::Infallible;

use futures::executor::{self, LocalSpawner};
use futures::future::RemoteHandle;
use futures::task::LocalSpawnExt;

use crate::leaf::PendingOnce;
use crate::peers::Sure;
use crate::side::Side;

/// The executor of the crate `futures`.
#[derive(Debug)]
pub enum LocalPool {}

thread_local! {
    /// Its users hold a spawner in a variable; the rows have none.
    static CURRENT: RefCell<Option<LocalSpawner>> = const { RefCell::new(None) };
}

impl Side for LocalPool {
    const NAME: &'static str = "LocalPool";

    type Error = Infallible;
    type Handle<T: Send + 'static> = Sure<RemoteHandle<T>>;

    fn run<F: Future>(future: F) -> F::Output {
        let mut pool = executor::LocalPool::new();
        CURRENT.set(Some(pool.spawner()));
        let output = pool.run_until(future);
        CURRENT.set(None);
        output
    }

    fn spawn<F>(future: F) -> Self::Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        CURRENT.with_borrow(|spawner| {
            let spawner = spawner.as_ref().expect("inside `run`");
            Sure(
                spawner
                    .spawn_local_with_handle(future)
                    .expect("the pool lives"),
            )
        })
    }

    fn detach<T: Send + 'static>(handle: Self::Handle<T>) {
        handle.0.forget();
    }

    /// It has none; its users take a future that wakes itself.
    fn yield_now() -> impl Future<Output = ()> + Send {
        PendingOnce::default()
    }
}
