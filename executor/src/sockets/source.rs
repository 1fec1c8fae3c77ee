//! The one path from `WouldBlock` to a waker.
//!
//! **Invariant:** try first, wait only when the socket said `WouldBlock` (or
//! is known to have nothing), and only on the loop that the socket belongs to;
//! and a socket that is dropped leaves the reactor and tells whoever waited on
//! it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};

use crate::probe::{Attempt, Event, source_number};
use crate::reactor::Direction;
use crate::runtime::Runtime;
use crate::slab::SourceKey;

/// A socket that the reactor watches.
pub(crate) struct Registered<S: mio::event::Source> {
    io: S,
    key: SourceKey,
    runtime: Weak<Runtime>,
}

/// What has a descriptor, for reports.
pub(crate) trait Descriptor {
    fn descriptor(&self) -> Option<i32>;
}

#[cfg(unix)]
impl<S: std::os::fd::AsRawFd> Descriptor for S {
    fn descriptor(&self) -> Option<i32> {
        Some(self.as_raw_fd())
    }
}

#[cfg(not(unix))]
impl<S> Descriptor for S {
    fn descriptor(&self) -> Option<i32> {
        None
    }
}

impl<S: mio::event::Source> Registered<S> {
    /// Puts a socket under the eyes of the running loop's reactor.
    ///
    /// # Panics
    ///
    /// Outside a running loop, at the caller's line.
    #[track_caller]
    pub(crate) fn new(mut io: S, peer: Option<SocketAddr>) -> io::Result<Self>
    where
        S: Descriptor,
    {
        let runtime = Runtime::expect_current("a socket");
        let fd = io.descriptor();
        let key = runtime.with_reactor(|reactor| reactor.register(&mut io, fd, peer))??;
        runtime.emit(move |_| Event::SourceAdd {
            source: source_number(key),
            kind: last_word(std::any::type_name::<S>()).to_owned(),
            addr: peer.map(|peer| peer.to_string()),
        });
        Ok(Registered {
            io,
            key,
            runtime: Rc::downgrade(&runtime),
        })
    }

    /// The socket itself, for calls that never block.
    pub(crate) fn io(&self) -> &S {
        &self.io
    }

    /// Does `attempt` as soon as the socket lets it.
    ///
    /// One task may wait in each direction; if a second one asks, it is the
    /// one that will be woken.
    #[inline]
    pub(crate) fn poll_io<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut attempt: impl FnMut(&S) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        let Some(runtime) = self.runtime.upgrade() else {
            return Poll::Ready(Err(loop_has_ended()));
        };
        if Runtime::with(|running| Rc::ptr_eq(running, &runtime)) != Some(true) {
            return Poll::Ready(Err(elsewhere(&runtime)));
        }
        ready!(runtime.afford(cx));
        let may_be_ready = runtime.with_sources(|r| r.may_be_ready(self.key, direction));
        if may_be_ready == Some(true) {
            let result = without_interruption(|| attempt(&self.io));
            runtime.emit(|_| Event::SourceTry {
                source: source_number(self.key),
                direction: direction.traced(),
                result: outcome(&result),
            });
            match result {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.exhausted(direction);
                }
                result => {
                    runtime.spend();
                    return Poll::Ready(result);
                }
            }
        }
        let waiter = runtime.waiter(cx);
        if !runtime.wait_for_source(self.key, direction, waiter) {
            return Poll::Ready(Err(loop_has_ended()));
        }
        Poll::Pending
    }

    /// Like [`poll_io`](Self::poll_io) for an attempt that moves bytes. One
    /// that moves fewer than it could, but some, has exhausted the socket: the
    /// next one waits at once, and the call that would only have said
    /// `WouldBlock` is spared. With no `room` at all nothing is concluded.
    #[inline]
    pub(crate) fn poll_transfer(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        room: usize,
        attempt: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let moved = ready!(self.poll_io(cx, direction, attempt))?;
        if (1..room).contains(&moved) && cfg!(target_os = "linux") {
            self.exhausted(direction);
        }
        Poll::Ready(Ok(moved))
    }

    /// Waits for `attempt`, as a future. If it is dropped before that, it
    /// leaves nobody behind who would seem to wait.
    pub(crate) async fn when_ready<T>(
        &self,
        direction: Direction,
        mut attempt: impl FnMut(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut wait = Wait {
            source: self,
            direction,
            goes_on: false,
        };
        std::future::poll_fn(|cx| {
            let result = self.poll_io(cx, direction, &mut attempt);
            wait.goes_on = result.is_pending();
            result
        })
        .await
    }

    fn exhausted(&self, direction: Direction) {
        if let Some(runtime) = self.runtime.upgrade() {
            runtime.with_sources(|reactor| reactor.exhausted(self.key, direction));
        }
    }
}

impl<S: mio::event::Source> Drop for Registered<S> {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.upgrade() else {
            return;
        };
        let waiters = runtime.with_sources(|reactor| reactor.deregister(&mut self.io, self.key));
        runtime.emit(move |_| Event::SourceRemove {
            source: source_number(self.key),
        });
        for waiter in waiters.into_iter().flatten() {
            runtime.wake(waiter);
        }
    }
}

impl<S: mio::event::Source + fmt::Debug> fmt::Debug for Registered<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.fmt(f)
    }
}

/// A wait of [`Registered::when_ready`].
struct Wait<'a, S: mio::event::Source> {
    source: &'a Registered<S>,
    direction: Direction,
    goes_on: bool,
}

impl<S: mio::event::Source> Drop for Wait<'_, S> {
    fn drop(&mut self) {
        if !self.goes_on {
            return;
        }
        let Some(runtime) = self.source.runtime.upgrade() else {
            return;
        };
        let forgotten = runtime.with_sources(|r| r.forget(self.source.key, self.direction));
        if let Some(waiter) = forgotten {
            runtime.emit(move |_| Event::SourceWait {
                source: source_number(self.source.key),
                task: None,
                direction: self.direction.traced(),
            });
            // It may stand for somebody else who waits as well: the same task
            // in another branch, or a task that came later. A wake for nothing
            // makes whoever it is wait again.
            runtime.wake(waiter);
        }
    }
}

/// `mio::net::tcp::TcpStream` is a `TcpStream`.
fn last_word(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

fn outcome<T>(result: &io::Result<T>) -> Attempt {
    match result {
        Ok(_) => Attempt::Done,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Attempt::WouldBlock,
        Err(_) => Attempt::Failed,
    }
}

/// A signal is no reason to fail.
#[inline]
fn without_interruption<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cold]
fn loop_has_ended() -> io::Error {
    io::Error::other("the loop that this socket belongs to has ended")
}

/// Nobody asks the poller of a loop that does not run: to wait for it here
/// would be to wait in silence.
#[cold]
fn elsewhere(home: &Runtime) -> io::Error {
    if !home.has_reactor() {
        return loop_has_ended();
    }
    io::Error::other("this socket belongs to another loop than the one that runs here")
}

/// Adds to an error what was tried and with whom: the kernel's words alone
/// ("Connection refused") do not say.
pub(crate) fn explain(error: io::Error, what: &str, whom: impl fmt::Display) -> io::Error {
    io::Error::new(error.kind(), format!("{what} {whom}: {error}"))
}
