//! Registered source: the one path from `WouldBlock` to a waiter.
//!
//! **Invariant:** a waiter is registered only after the source returned
//! `WouldBlock`, or is known to be exhausted, or while earlier waiters that an
//! event woke have not tried yet; and only on the source's own loop. A [`Wait`]
//! that is dropped leaves no waiter. Dropping a source deregisters it and wakes
//! its waiters.
//!
//! Used by the sockets of `net` and the pipes of `os`. Imports the reactor.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};

use crate::base::hooks::{Direction, SOURCE};
use crate::base::slab::{SourceKey, TaskKey};
use crate::base::task_info;
use crate::base::waiter::Waiter;
use crate::driver::reactor::Reactor;
use crate::driver::waiters::{Ticket, Turn, Who};
use crate::event_loop::runtime::{Runtime, WaitPoint};

/// A socket or pipe, registered with its loop's reactor.
pub(crate) struct Registered<S: mio::event::Source> {
    io: S,
    key: SourceKey,
    reactor: Rc<Reactor>,
    runtime: Weak<Runtime>,
}

/// Access to a descriptor, for reports.
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
    /// Registers a source with the reactor of the running loop.
    ///
    /// # Panics
    ///
    /// Outside a running loop, at the caller's line.
    #[track_caller]
    pub(crate) fn new(io: S, peer: Option<SocketAddr>) -> io::Result<Self>
    where
        S: Descriptor,
    {
        Self::try_new(io, peer).map_err(|(error, _)| error)
    }

    /// Registers a source as [`new`](Self::new) does; returns it if the reactor
    /// refuses it.
    #[track_caller]
    pub(crate) fn try_new(mut io: S, peer: Option<SocketAddr>) -> Result<Self, (io::Error, S)>
    where
        S: Descriptor,
    {
        let runtime = Runtime::expect_current("a socket");
        let (reactor, key) = match Self::register(&runtime, &mut io, peer) {
            Ok(registered) => registered,
            Err(error) => return Err((error, io)),
        };
        runtime.emit(SOURCE, move |hook| {
            let kind = type_name(std::any::type_name::<S>());
            hook.source_add(key, kind, peer);
        });
        Ok(Registered {
            io,
            key,
            reactor,
            runtime: Rc::downgrade(&runtime),
        })
    }

    fn register(
        runtime: &Runtime,
        io: &mut S,
        peer: Option<SocketAddr>,
    ) -> io::Result<(Rc<Reactor>, SourceKey)>
    where
        S: Descriptor,
    {
        let fd = io.descriptor();
        let is_first = runtime.driver.poller().is_none();
        let reactor = Reactor::of(&runtime.driver)?;
        if is_first {
            let point: Rc<dyn WaitPoint> = reactor.clone();
            runtime.register_wait_point(Rc::downgrade(&point));
        }
        let key = reactor.register(io, fd, peer)?;
        Ok((reactor, key))
    }

    /// Returns the source itself, for calls that never block.
    #[cfg(feature = "net")]
    pub(crate) fn io(&self) -> &S {
        self.reactor.set_active(); // the call may send something
        &self.io
    }

    /// Makes an attempt as soon as the source may be ready for it, for a poll
    /// trait: one waiter is kept for each task, and for each foreign waker.
    #[inline]
    pub(crate) fn poll_io<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        attempt: impl FnMut(&S) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        self.poll_as(cx, direction, None, attempt)
    }

    /// Makes an attempt as soon as the source may be ready for it. `future` is
    /// the ticket of a future that removes its waiter when it is dropped; `None`
    /// is a poll trait.
    #[inline]
    fn poll_as<T>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        future: Option<&mut Option<Ticket>>,
        mut attempt: impl FnMut(&S) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        let Some(runtime) = self.runtime.upgrade() else {
            return poll_spend(cx).map(|()| Err(loop_has_ended()));
        };
        if Runtime::with(|running| Rc::ptr_eq(running, &runtime)) != Some(true) {
            return poll_spend(cx).map(|()| Err(on_another_loop(&runtime)));
        }
        ready!(runtime.poll_budget(cx));
        let key = self.key;
        let who = || match &future {
            Some(ticket) => Who::Future(**ticket),
            None => {
                let is_own = runtime.poll.is_own_waker(cx.waker());
                Who::Poll(runtime.poll.task(), (!is_own).then_some(cx.waker()))
            }
        };
        let turn = self.reactor.turn(key, direction, who);
        if let Turn::Try(ticket) = turn {
            let result = without_interruption(|| attempt(&self.io));
            runtime.hooks.emit(SOURCE, |hook| {
                let failed = result.as_ref().err().map(io::Error::kind);
                hook.source_try(key, direction, failed);
            });
            match result {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.reactor.set_exhausted(key, direction);
                }
                result => {
                    runtime.poll.consume_budget();
                    self.reactor.set_active();
                    if let Some(ticket) = ticket {
                        self.leave(&runtime, direction, ticket);
                    }
                    if let Some(ticket) = future {
                        *ticket = None;
                    }
                    return Poll::Ready(result);
                }
            }
        }
        let waiter = runtime.poll.waiter(cx);
        let (task, is_future) = (waiter.task, future.is_some());
        let polls = task
            .filter(|_| !is_future)
            .and_then(|task| runtime.polls_of(task));
        let polls = polls.unwrap_or_default();
        match self
            .reactor
            .place_alone(key, direction, is_future, waiter, polls)
        {
            Ok(ticket) => {
                if let Some(own) = future {
                    *own = Some(ticket);
                }
                self.announce(&runtime, direction, task);
                Poll::Pending
            }
            Err(waiter) => self.wait_among_others(&runtime, direction, future, waiter, turn),
        }
    }

    #[cold]
    fn wait_among_others<T>(
        &self,
        runtime: &Runtime,
        direction: Direction,
        future: Option<&mut Option<Ticket>>,
        waiter: Waiter,
        turn: Turn,
    ) -> Poll<io::Result<T>> {
        let (key, task) = (self.key, waiter.task);
        let own = future.as_ref().map(|ticket| **ticket);
        let polls_of = |task| runtime.polls_of(task);
        let placed = self.reactor.place(key, direction, own, waiter, &polls_of);
        let Some(placed) = placed else {
            return Poll::Ready(Err(loop_has_ended()));
        };
        if let Some(own) = future {
            *own = Some(placed.ticket);
        }
        drop(placed.displaced);
        for waiter in placed.swept {
            runtime.wake_waiter(waiter);
        }
        if turn == Turn::AfterOthers {
            // They are in the ready queue already, in front of this one.
            let waiter = self.reactor.set_woken(key, direction, placed.ticket);
            runtime.wake_waiter(waiter);
        } else if placed.is_new {
            self.announce(runtime, direction, task);
        }
        Poll::Pending
    }

    /// Reports that a task waits.
    #[inline]
    fn announce(&self, runtime: &Runtime, direction: Direction, task: Option<TaskKey>) {
        let key = self.key;
        runtime
            .hooks
            .emit(SOURCE, move |hook| hook.source_wait(key, direction, task));
    }

    /// Removes a waiter, and reports which ones are left if it was waiting.
    fn leave(&self, runtime: &Runtime, direction: Direction, ticket: Ticket) {
        let key = self.key;
        let removed = self.reactor.remove_waiter(key, direction, ticket);
        let Some((waiter, true)) = removed else {
            return;
        };
        drop(waiter);
        if runtime.hooks.wants(SOURCE) {
            runtime
                .hooks
                .emit(SOURCE, move |hook| hook.source_wait_end(key, direction));
            for task in self.reactor.waiting(key, direction) {
                self.announce(runtime, direction, task);
            }
        }
    }

    /// Makes an attempt that moves at most `capacity` bytes, as
    /// [`poll_io`](Self::poll_io) does.
    ///
    /// An attempt that moves some bytes, but fewer than `capacity`, has exhausted
    /// the source: the next one waits without a system call, which would only
    /// return `WouldBlock`. A `capacity` of 0 never implies this.
    #[inline]
    pub(crate) fn poll_transfer(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        capacity: usize,
        attempt: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let moved = ready!(self.poll_io(cx, direction, attempt))?;
        if (1..capacity).contains(&moved) && cfg!(target_os = "linux") {
            self.reactor.set_exhausted(self.key, direction);
        }
        Poll::Ready(Ok(moved))
    }

    /// Wakes the waiters of the directions that were shut down, as an event does.
    #[cfg(feature = "net")]
    pub(crate) fn wake(&self, shut: std::net::Shutdown) {
        let Some(runtime) = self.runtime.upgrade() else {
            return;
        };
        for waiter in self.reactor.set_shut(self.key, shut) {
            runtime.wake_waiter(waiter);
        }
    }

    /// Makes an attempt as soon as the source may be ready for it, as a future.
    /// Dropping the future ends the wait.
    pub(crate) async fn when_ready<T>(
        &self,
        direction: Direction,
        mut attempt: impl FnMut(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut wait = Wait::new(self, direction);
        std::future::poll_fn(|cx| wait.poll_io(cx, &mut attempt)).await
    }
}

impl<S: mio::event::Source> Drop for Registered<S> {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.upgrade() else {
            return;
        };
        let key = self.key;
        let waiters = self.reactor.deregister(&mut self.io, key);
        runtime
            .hooks
            .emit(SOURCE, move |hook| hook.source_remove(key));
        for waiter in waiters {
            runtime.wake_waiter(waiter);
        }
    }
}

impl<S: mio::event::Source + fmt::Debug> fmt::Debug for Registered<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.fmt(f)
    }
}

/// A wait with a place of its own among the waiters of a source, which it gives
/// up when it is dropped.
pub(crate) struct Wait<'a, S: mio::event::Source> {
    source: &'a Registered<S>,
    direction: Direction,
    /// Set while it may have a waiter.
    ticket: Option<Ticket>,
}

impl<'a, S: mio::event::Source> Wait<'a, S> {
    pub(crate) fn new(source: &'a Registered<S>, direction: Direction) -> Self {
        Wait {
            source,
            direction,
            ticket: None,
        }
    }

    /// Makes an attempt as soon as the source may be ready for it.
    #[inline]
    pub(crate) fn poll_io<T>(
        &mut self,
        cx: &mut Context<'_>,
        attempt: impl FnMut(&S) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        let ticket = Some(&mut self.ticket);
        self.source.poll_as(cx, self.direction, ticket, attempt)
    }
}

impl<S: mio::event::Source> Drop for Wait<'_, S> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        if let Some(runtime) = self.source.runtime.upgrade() {
            self.source.leave(&runtime, self.direction, ticket);
        }
    }
}

/// Returns the last part of a type's path: `TcpStream` of
/// `mio::net::tcp::TcpStream`.
fn type_name(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

/// Makes an attempt, again if a signal interrupts it.
#[inline]
fn without_interruption<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Takes one from the budget of the loop that polls, if one does.
#[cold]
fn poll_spend(cx: &mut Context<'_>) -> Poll<()> {
    if let Some(here) = Runtime::current() {
        ready!(here.poll_budget(cx));
        here.poll.consume_budget();
    }
    Poll::Ready(())
}

#[cold]
fn loop_has_ended() -> io::Error {
    io::Error::other("the loop that this socket belongs to has ended")
}

/// A loop that does not run does not poll its reactor: the wait would never end.
#[cold]
fn on_another_loop(own: &Runtime) -> io::Error {
    if own.driver.poller().is_none() {
        return loop_has_ended();
    }
    io::Error::other("this socket belongs to another loop than the one that runs here")
}

/// Adds to an error what was attempted and with which party, which the kernel's
/// text ("Connection refused") does not contain.
///
/// A call that failed because something is full or in use is not one that may be
/// polled again: `WouldBlock` becomes `ResourceBusy`.
pub(crate) fn explain(error: io::Error, what: &str, party: impl fmt::Display) -> io::Error {
    let kind = match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::ResourceBusy,
        kind => kind,
    };
    io::Error::new(kind, format!("{what} {party}: {error}"))
}

impl WaitPoint for Reactor {
    fn waits(&self, _: &Runtime, add: &mut dyn FnMut(&Waiter, task_info::Wait)) {
        self.each_wait(|waiter, direction, fd, peer| {
            let readable = direction == Direction::Read;
            add(waiter, task_info::Wait::Socket { readable, fd, peer });
        });
    }
}
