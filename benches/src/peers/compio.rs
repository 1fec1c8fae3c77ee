//! compio, on the driver that it chooses itself: io_uring, or polling where
//! the kernel does not allow that.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use compio::BufResult;
use compio::buf::{IntoInner, IoBuf};
use compio::io::compat::AsyncStream;
use compio::io::{AsyncRead, AsyncWriteExt};
use compio::net::{TcpListener, TcpStream};
use compio::runtime::{self, JoinHandle, Runtime};
use fragile::Fragile;

use crate::leaf::PendingOnce;
use crate::net::{Sockets, servers};
use crate::side::{Side, Threaded, Timed};

/// compio's runtime.
#[derive(Debug)]
pub enum Compio {}

pub(crate) fn try_to_start() -> Result<(), String> {
    Runtime::new().map(drop).map_err(|error| error.to_string())
}

impl Side for Compio {
    const NAME: &'static str = "compio";

    type Error = runtime::JoinError;
    type Handle<T: Send + 'static> = JoinHandle<T>;

    fn run<F: Future>(future: F) -> F::Output {
        Runtime::new()
            .expect("a compio runtime starts")
            .block_on(future)
    }

    fn spawn<F>(future: F) -> Self::Handle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        runtime::spawn(future)
    }

    fn detach<T: Send + 'static>(handle: Self::Handle<T>) {
        handle.detach();
    }

    /// compio has none; its users take a future that wakes itself.
    fn yield_now() -> impl Future<Output = ()> + Send {
        PendingOnce::default()
    }
}

impl Timed for Compio {
    fn sleep_until(deadline: Instant) -> impl Future<Output = ()> + Send {
        Fragile::new(compio::time::sleep_until(deadline))
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        Fragile::new(compio::time::sleep(duration))
    }

    fn timeout<F: Future>(
        limit: Duration,
        future: F,
    ) -> impl Future<Output = Result<F::Output, impl Debug>> {
        compio::time::timeout(limit, future)
    }
}

impl Threaded for Compio {
    async fn blocking<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
        runtime::spawn_blocking(call)
            .await
            .expect("the call returns")
    }

    async fn blocking_all<T: Send + 'static>(calls: Vec<impl FnOnce() -> T + Send + 'static>) {
        let tasks: Vec<_> = calls.into_iter().map(runtime::spawn_blocking).collect();
        for task in tasks {
            task.await.expect("the call returns");
        }
    }
}

impl Sockets for Compio {
    type Listener = TcpListener;
    type Stream = TcpStream;

    fn listen(connections: usize) -> (Self::Listener, SocketAddr) {
        let (listener, addr) = crate::net::listen(connections);
        (TcpListener::from_std(listener).expect("a listener"), addr)
    }

    async fn accept(listener: &Self::Listener) -> Self::Stream {
        let (stream, _peer) = listener.accept().await.expect("a connection");
        stream.set_nodelay(true).expect("an option");
        stream
    }

    async fn read(stream: &mut Self::Stream, buffer: Vec<u8>) -> (usize, Vec<u8>) {
        let BufResult(result, buffer) = stream.read(buffer).await;
        (result.unwrap_or(0), buffer)
    }

    async fn write(stream: &mut Self::Stream, bytes: Vec<u8>, count: usize) -> Vec<u8> {
        let BufResult(result, slice) = stream.write_all(bytes.slice(..count)).await;
        result.expect("an answer goes out");
        slice.into_inner()
    }

    servers::tasks!(|task| runtime::spawn(task).detach(), |stream| {
        smol_hyper::rt::FuturesIo::new(Box::pin(AsyncStream::new(stream)))
    });
}
