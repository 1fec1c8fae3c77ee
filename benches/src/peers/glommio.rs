//! glommio.

use std::convert::Infallible;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use fragile::Fragile;
use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
use glommio::net::{TcpListener, TcpStream};
use glommio::{LocalExecutorBuilder, Task};

use crate::net::{Sockets, servers};
use crate::peers::Sure;
use crate::side::{Side, Threaded, Timed};

/// glommio's local executor.
#[derive(Debug)]
pub enum Glommio {}

pub(crate) fn try_to_start() -> Result<(), String> {
    let executor = LocalExecutorBuilder::default().make();
    executor.map(drop).map_err(|error| error.to_string())
}

impl Side for Glommio {
    const NAME: &'static str = "glommio";

    type Error = Infallible;
    type Handle<T: Send + 'static> = Sure<Task<T>>;

    fn run<F: Future>(future: F) -> F::Output {
        LocalExecutorBuilder::default()
            .make()
            .expect("a glommio executor starts")
            .run(future)
    }

    fn spawn<F>(future: F) -> Self::Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        Sure(glommio::spawn_local(future))
    }

    fn detach<T: Send + 'static>(handle: Self::Handle<T>) {
        handle.0.detach();
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        Fragile::new(async { glommio::executor().yield_now().await })
    }
}

impl Timed for Glommio {
    fn sleep_until(deadline: Instant) -> impl Future<Output = ()> + Send {
        Self::sleep(deadline.saturating_duration_since(Instant::now()))
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        Fragile::new(glommio::timer::sleep(duration))
    }

    async fn timeout<F: Future>(limit: Duration, future: F) -> Result<F::Output, impl Debug> {
        glommio::timer::timeout(limit, async { Ok(future.await) }).await
    }
}

impl Threaded for Glommio {
    async fn blocking<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
        glommio::executor().spawn_blocking(call).await
    }

    /// Its calls start when they are first polled, so each takes a task.
    async fn blocking_all<T: Send + 'static>(calls: Vec<impl FnOnce() -> T + Send + 'static>) {
        let spawn = |call| glommio::spawn_local(Self::blocking(call));
        let tasks: Vec<_> = calls.into_iter().map(spawn).collect();
        for task in tasks {
            task.await;
        }
    }
}

impl Sockets for Glommio {
    type Listener = TcpListener;
    type Stream = TcpStream;

    /// With glommio's own queue of 1024.
    fn listen(connections: usize) -> (Self::Listener, SocketAddr) {
        crate::net::raise_descriptor_limit(connections);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let addr = listener.local_addr().expect("a listener has an address");
        (listener, addr)
    }

    async fn accept(listener: &Self::Listener) -> Self::Stream {
        let stream = listener.accept().await.expect("a connection");
        stream.set_nodelay(true).expect("an option");
        stream
    }

    servers::by_readiness!();
    servers::tasks!(
        |task| glommio::spawn_local(task).detach(),
        smol_hyper::rt::FuturesIo::new
    );
}
