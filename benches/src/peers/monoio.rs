//! monoio, on io_uring and on epoll.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use fragile::Fragile;
use monoio::blocking::{BlockingTask, DefaultThreadPool, ThreadPool};
use monoio::buf::IoBuf;
use monoio::io::{AsyncReadRent, AsyncWriteRentExt, IntoPollIo};
use monoio::net::{TcpListener, TcpStream};
use monoio::{IoUringDriver, LegacyDriver, RuntimeBuilder};

use crate::leaf::PendingOnce;
use crate::net::{Sockets, servers};
use crate::side::{Side, Threaded, Timed};

/// monoio on io_uring.
#[derive(Debug)]
pub enum MonoioUring {}

/// monoio on epoll.
#[derive(Debug)]
pub enum MonoioEpoll {}

pub(crate) fn try_uring() -> Result<(), String> {
    if !monoio::utils::detect_uring() {
        return Err("the kernel does not allow io_uring, or not all of it".to_string());
    }
    let runtime = RuntimeBuilder::<IoUringDriver>::new().enable_all().build();
    runtime.map(drop).map_err(|error| error.to_string())
}

pub(crate) fn try_epoll() -> Result<(), String> {
    let runtime = RuntimeBuilder::<LegacyDriver>::new().enable_all().build();
    runtime.map(drop).map_err(|error| error.to_string())
}

/// Two threads, started at the first call that blocks: monoio would start them
/// with each runtime, also for rows that need none.
struct Pool;

impl ThreadPool for Pool {
    fn schedule_task(&self, task: BlockingTask) {
        static THREADS: LazyLock<DefaultThreadPool> = LazyLock::new(|| DefaultThreadPool::new(2));
        THREADS.schedule_task(task);
    }
}

macro_rules! monoio_on {
    ($side:ident, $name:literal, $driver:ident) => {
        impl Side for $side {
            const NAME: &'static str = $name;

            type Error = std::convert::Infallible;
            type Handle<T: Send + 'static> = crate::peers::Sure<monoio::task::JoinHandle<T>>;

            fn run<F: Future>(future: F) -> F::Output {
                RuntimeBuilder::<$driver>::new()
                    .enable_all()
                    .attach_thread_pool(Box::new(Pool))
                    .build()
                    .expect("a monoio runtime starts")
                    .block_on(future)
            }

            fn spawn<F>(future: F) -> Self::Handle<F::Output>
            where
                F: Future + Send + 'static,
                F::Output: Send,
            {
                crate::peers::Sure(monoio::spawn(future))
            }

            /// monoio has none; its users take a future that wakes itself.
            fn yield_now() -> impl Future<Output = ()> + Send {
                PendingOnce::default()
            }
        }

        impl Timed for $side {
            fn sleep_until(deadline: Instant) -> impl Future<Output = ()> + Send {
                Fragile::new(monoio::time::sleep_until(deadline.into()))
            }

            fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
                Fragile::new(monoio::time::sleep(duration))
            }

            fn timeout<F: Future>(
                limit: Duration,
                future: F,
            ) -> impl Future<Output = Result<F::Output, impl Debug>> {
                monoio::time::timeout(limit, future)
            }
        }

        impl Threaded for $side {
            async fn blocking<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
                monoio::spawn_blocking(call)
                    .await
                    .expect("the call returns")
            }

            async fn blocking_all<T: Send + 'static>(
                calls: Vec<impl FnOnce() -> T + Send + 'static>,
            ) {
                let tasks: Vec<_> = calls.into_iter().map(monoio::spawn_blocking).collect();
                for task in tasks {
                    task.await.expect("the call returns");
                }
            }
        }

        impl Sockets for $side {
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
                let (result, buffer) = stream.read(buffer).await;
                (result.unwrap_or(0), buffer)
            }

            async fn write(stream: &mut Self::Stream, bytes: Vec<u8>, count: usize) -> Vec<u8> {
                let (result, slice) = stream.write_all(bytes.slice(..count)).await;
                result.expect("an answer goes out");
                slice.into_inner()
            }

            servers::tasks!(|task| drop(monoio::spawn(task)), |stream: TcpStream| {
                let stream = stream.into_poll_io().expect("a stream for hyper");
                monoio_compat::hyper::MonoioIo::new(stream)
            });
        }
    };
}
monoio_on!(MonoioUring, "monoio uring", IoUringDriver);
monoio_on!(MonoioEpoll, "monoio epoll", LegacyDriver);
