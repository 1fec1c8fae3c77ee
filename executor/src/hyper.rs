//! hyper 1 on this loop: its streams, its timer, its executor.
//!
//! **Invariant:** an adapter adds no buffer and no waiting of its own: what
//! the stream gives at one poll, hyper has after that poll; and an idle
//! connection holds no memory here.
//!
//! On top of `time` and `spawn`; nothing calls it but users.
//!
//! hyper asks nothing of its runtime but these traits, and its `http1` client
//! and server ask for no `Send`: services, their futures and their bodies may
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

use crate::spawn;
use crate::{Sleep, now, sleep, sleep_until};

/// How many bytes one read asks the stream for at most.
///
/// hyper begins with room for 8 KiB and asks for more, up to 408 KiB, while
/// reads fill what it offers. At 64 KiB a system call costs a few percent of
/// the copying that it does, so more room would gain nothing; and the bytes
/// are still in the processor's second cache when they are copied once more.
/// A TLS record, 16 KiB at most, fits.
const MOST_AT_ONCE: usize = 64 * 1024;

thread_local! {
    /// Where a read puts its bytes on their way to hyper, whose own buffer may
    /// be uninitialised and so cannot be lent to a stream in safe code. A read
    /// begins and ends within one poll, so one buffer does for all connections
    /// of a thread: it is zeroed once, and an idle connection needs none.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A stream as hyper wants it: `futures::io` inside, `hyper::rt` outside.
///
/// Takes a [`TcpStream`](crate::net::TcpStream), a `UnixStream`, a TLS stream
/// on top of one: anything that is `AsyncRead` and `AsyncWrite`. The
/// [module](self) has an example.
///
/// It tells hyper that vectored writes pay, and passes them on. For a stream
/// that has none of its own, hyper's `writev(false)` is the better choice:
/// head and body then go out in one write.
///
/// *Cancel safety:* that of the stream inside.
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

    /// The stream inside.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream inside, to be changed.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Gives the stream back. Nothing is lost: no bytes stay here.
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
        let room = target.remaining().min(MOST_AT_ONCE);
        // Taken, not borrowed: a stream that is itself built on an `Io` finds
        // an empty one and makes its own.
        let mut buffer = BUFFER.take();
        if buffer.len() < room {
            buffer.resize(MOST_AT_ONCE, 0);
        }
        let result = self.project().stream.poll_read(cx, &mut buffer[..room]);
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

/// The loop's clock and sleeps, for hyper's time-outs.
///
/// A server without a timer has no time-out for slow request heads; with this
/// one it has hyper's 30 seconds, or what `header_read_timeout` says. Virtual
/// time holds for them too.
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
    /// A timer of whichever loop runs when it is used.
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
            // The box is used again.
            Some(mut ours) => ours.set(sleep_until(deadline)),
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

/// Possible because a [`Sleep`] names its timer and does not hold it: hyper
/// wants `Send` and `Sync` here and nowhere else.
impl rt::Sleep for Sleep {}

/// Spawns what hyper wants to run beside a connection; only its `http2` does.
///
/// The futures need not be `Send`.
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
    /// An executor that spawns on whichever loop runs when it is used.
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
