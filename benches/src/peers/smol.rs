//! smol's parts for one thread: async-executor's `LocalExecutor`, driven by
//! async-io's `block_on`.

use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt::Debug;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::time::{Duration, Instant};

use async_executor::{LocalExecutor, Task};
use async_io::{Async, Timer};
use futures::future::{Either, select};
use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::leaf::PendingOnce;
use crate::net::{Sockets, servers};
use crate::peers::Sure;
use crate::side::{Side, Threaded, Timed};

/// smol on one thread.
#[derive(Debug)]
pub enum Smol {}

thread_local! {
    /// smol's users hold their executor in a variable; the rows have none.
    static CURRENT: RefCell<Option<Rc<LocalExecutor<'static>>>> = const { RefCell::new(None) };
}

impl Side for Smol {
    const NAME: &'static str = "smol";

    type Error = Infallible;
    type Handle<T: Send + 'static> = Sure<Task<T>>;

    fn run<F: Future>(future: F) -> F::Output {
        let executor = Rc::new(LocalExecutor::new());
        CURRENT.set(Some(Rc::clone(&executor)));
        let output = async_io::block_on(executor.run(future));
        CURRENT.set(None);
        output
    }

    fn spawn<F>(future: F) -> Self::Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        Sure(spawn_local(future))
    }

    fn detach<T: Send + 'static>(handle: Self::Handle<T>) {
        handle.0.detach();
    }

    /// What `smol::future::yield_now` does.
    fn yield_now() -> impl Future<Output = ()> + Send {
        PendingOnce::default()
    }
}

fn spawn_local<T: 'static>(future: impl Future<Output = T> + 'static) -> Task<T> {
    CURRENT.with_borrow(|executor| {
        let executor = executor.as_ref().expect("inside `run`");
        executor.spawn(future)
    })
}

impl Timed for Smol {
    async fn sleep_until(deadline: Instant) {
        Timer::at(deadline).await;
    }

    async fn sleep(duration: Duration) {
        Timer::after(duration).await;
    }

    /// smol has none; its users race the future against a timer.
    async fn timeout<F: Future>(limit: Duration, future: F) -> Result<F::Output, impl Debug> {
        match select(std::pin::pin!(future), Timer::after(limit)).await {
            Either::Left((output, _)) => Ok(output),
            Either::Right((late, _)) => Err(late),
        }
    }
}

impl Threaded for Smol {
    async fn blocking<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
        blocking::unblock(call).await
    }

    async fn blocking_all<T: Send + 'static>(calls: Vec<impl FnOnce() -> T + Send + 'static>) {
        let tasks: Vec<_> = calls.into_iter().map(blocking::unblock).collect();
        for task in tasks {
            task.await;
        }
    }
}

impl Sockets for Smol {
    type Listener = Async<TcpListener>;
    type Stream = Async<TcpStream>;

    fn listen(connections: usize) -> (Self::Listener, SocketAddr) {
        let (listener, addr) = crate::net::listen(connections);
        (Async::new(listener).expect("a listener"), addr)
    }

    async fn accept(listener: &Self::Listener) -> Self::Stream {
        let (stream, _peer) = listener.accept().await.expect("a connection");
        stream.get_ref().set_nodelay(true).expect("an option");
        stream
    }

    servers::by_readiness!();
    servers::tasks!(
        |task| spawn_local(task).detach(),
        smol_hyper::rt::FuturesIo::new
    );
}
