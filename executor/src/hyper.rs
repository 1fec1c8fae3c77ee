//! Adapters for hyper 1: its streams, its timer and its executor on this loop.
//!
//! **Invariant:** an adapter adds no buffer and no wait of its own: bytes that
//! the stream returns from a poll are in hyper's buffer after that poll; and an
//! idle connection uses no memory of the adapter.
//!
//! Called by users and by hyper. Imports from the root of this crate only.
//!
//! These traits are all that hyper needs of a runtime, and its `http1` client
//! and server need no `Send`: services, their futures and their bodies may
//! hold an `Rc`. (The `Data` of a body must be `Send`; `Bytes` is.)
//!
//! ```
//! use std::cell::Cell;
//! use std::convert::Infallible;
//! use std::rc::Rc;
//!
//! use executor::hyper::{Io, Timer};
//! use executor::net::{TcpListener, TcpStream};
//! use http_body_util::{BodyExt, Empty, Full};
//! use hyper::body::Bytes;
//! use hyper::service::service_fn;
//! use hyper::{Request, Response};
//!
//! executor::run(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let addr = listener.local_addr()?;
//!
//!     let hits = Rc::new(Cell::new(0));
//!     executor::spawn(async move {
//!         let (stream, _peer) = listener.accept().await?;
//!         let service = service_fn(move |_request| {
//!             hits.set(hits.get() + 1);
//!             let text = format!("hit {}", hits.get());
//!             async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(text))) }
//!         });
//!         let mut http = hyper::server::conn::http1::Builder::new();
//!         http.timer(Timer::new());
//!         http.serve_connection(Io::new(stream), service).await?;
//!         Ok::<_, Box<dyn std::error::Error>>(())
//!     });
//!
//!     let stream = Io::new(TcpStream::connect(addr).await?);
//!     let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
//!     executor::spawn(connection);
//!     let request = Request::get("/").header("host", "localhost").body(Empty::<Bytes>::new())?;
//!     let body = sender.send_request(request).await?.into_body().collect().await?;
//!     assert_eq!(body.to_bytes(), "hit 1");
//!     Ok::<_, Box<dyn std::error::Error>>(())
//! })
//! .unwrap();
//! ```

use std::cell::Cell;
use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use ::hyper::rt::{self, ReadBufCursor};
use futures_io::{AsyncRead, AsyncWrite};
use pin_project::pin_project;

use crate::{Sleep, now, sleep, sleep_until, spawn};

/// The largest number of bytes that one read requests from the stream.
///
/// hyper begins with a buffer of 8 KiB and enlarges it, up to 408 KiB, while
/// reads fill it. At 64 KiB a system call costs a few percent of the copy that
/// it makes, so a larger read would gain nothing; and the bytes are still in the
/// processor's second-level cache when they are copied again. A TLS record,
/// 16 KiB at most, fits.
const LARGEST_READ: usize = 64 * 1024;

thread_local! {
    /// The target of reads, from which the bytes are copied to hyper. hyper's
    /// own buffer may be uninitialised, and safe code cannot pass such a buffer
    /// to a stream. A read begins and ends within one poll, so all connections
    /// of a thread share one buffer: it is zeroed once, and an idle connection
    /// needs none.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A stream for hyper: implements the traits of `hyper::rt` for a stream that
/// has those of `futures::io`.
///
/// Wraps a [`TcpStream`](crate::net::TcpStream), a `UnixStream`, a TLS stream
/// on top of one: anything that is `AsyncRead` and `AsyncWrite`. The
/// [module](self) has an example.
///
/// Reports to hyper that vectored writes are supported, and passes them to the
/// stream. For a stream that does not support them, set hyper's
/// `writev(false)`: head and body are then sent in one write.
///
/// *Cancel safety:* that of the wrapped stream.
#[pin_project]
pub struct Io<S> {
    #[pin]
    stream: S,
}

impl<S> Io<S> {
    /// Wraps a stream.
    pub fn new(stream: S) -> Self {
        Io { stream }
    }

    /// Returns the stream.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// Returns the stream, to be changed.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Returns the stream and drops the adapter. No bytes are lost, because the
    /// adapter buffers none.
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: fmt::Debug> fmt::Debug for Io<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Io").field(&self.stream).finish()
    }
}

impl<S: AsyncRead> rt::Read for Io<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut target: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let limit = target.remaining().min(LARGEST_READ);
        // Taken, not borrowed: a stream that itself contains an `Io` finds an
        // empty buffer and allocates its own.
        let mut buffer = BUFFER.take();
        if buffer.len() < limit {
            buffer.resize(LARGEST_READ, 0);
        }
        let result = self.project().stream.poll_read(cx, &mut buffer[..limit]);
        if let Poll::Ready(Ok(length)) = result {
            target.put_slice(&buffer[..length]);
        }
        BUFFER.set(buffer);
        ready!(result)?;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite> rt::Write for Io<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_close(cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write_vectored(cx, slices)
    }
}

/// The loop's clock and sleeps, for hyper's timeouts.
///
/// A server without a timer has no timeout for slow request heads. With this one
/// the timeout is 30 seconds, hyper's default, or that of `header_read_timeout`.
/// It follows virtual time.
///
/// ```
/// let mut http = hyper::server::conn::http1::Builder::new();
/// http.timer(executor::hyper::Timer::new())
///     .header_read_timeout(std::time::Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Timer {}

impl Timer {
    /// Creates a timer. It uses the loop that runs on the thread when hyper calls
    /// it.
    pub fn new() -> Self {
        Timer {}
    }
}

impl rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(sleep(duration))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(sleep_until(deadline))
    }

    fn now(&self) -> Instant {
        now()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn rt::Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Sleep>() {
            // Reuses the box.
            Some(mut old) => old.set(sleep_until(deadline)),
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

/// hyper requires `Send` and `Sync` of its sleeps. A [`Sleep`] has both, because
/// it holds the key of its timer and not the timer.
impl rt::Sleep for Sleep {}

/// Spawns the futures that hyper runs beside a connection; only its `http2` has
/// any. They need not be `Send`.
///
/// ```
/// use hyper::rt::Executor as _;
///
/// executor::run(async {
///     executor::hyper::Executor::new().execute(async { /* a task of its own */ });
/// });
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Executor {}

impl Executor {
    /// Creates an executor. It spawns on the loop that runs on the thread when
    /// hyper calls it.
    pub fn new() -> Self {
        Executor {}
    }
}

impl<F> rt::Executor<F> for Executor
where
    F: Future + 'static,
{
    #[track_caller]
    fn execute(&self, future: F) {
        drop(spawn(future)); // detached
    }
}
