//! Asks the operating system which sockets are ready.
//!
//! **Invariant:** it returns the waiters of what is ready and calls none of
//! them; and an event reaches only the source that it was meant for, because
//! the token in the kernel is the source's key with its generation. An event
//! for a source that was dropped in the same batch, or whose descriptor was
//! given to another socket meanwhile, finds nobody.
//!
//! Owned by `runtime`, made at the first socket; asked by `run` when it looks
//! around and when it parks. Calls nobody but mio.
//!
//! # Ready until told otherwise
//!
//! Sources are registered once, for both directions, and edge-triggered: the
//! kernel says when a socket *becomes* ready. So for each direction a source
//! has a bit, "may be ready": set by an event, cleared when the socket said
//! `WouldBlock` (or gave less than was asked for, which spares that call).
//! Whoever wants to read while the bit is clear waits without asking the
//! kernel. One thread means that no event can come between the answer and the
//! registration: it stays with the kernel until the loop looks.
//!
//! mio's rules that this file keeps: events may be spurious (a waiter tries
//! again and waits again); hints are hints; `Interrupted` is not an error.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use mio::{Events, Interest, Poll, Token};

use crate::probe;
use crate::slab::{Key, Slab, SourceKey, TaskKey, of};
use crate::waker::Waiter;

/// How many events one look at the poller takes in. More stay with the kernel
/// for the next look.
const EVENTS_PER_LOOK: usize = 1024;

/// The token of the bell that other threads ring.
const BELL: Token = Token(usize::MAX);

/// Which way data goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Direction {
    Read,
    Write,
}

impl Direction {
    /// As traces name it.
    pub(crate) fn traced(self) -> probe::Direction {
        match self {
            Direction::Read => probe::Direction::Read,
            Direction::Write => probe::Direction::Write,
        }
    }
}

/// One socket, as the reactor knows it.
struct Source {
    /// By direction.
    ends: [End; 2],
    /// The other side, for reports.
    /// Its descriptor, where there are any: for reports.
    fd: Option<i32>,
    peer: Option<SocketAddr>,
}

struct End {
    /// May an attempt succeed?
    may_be_ready: bool,
    /// Is every attempt to be made? The peer has closed this direction, or has
    /// sent a byte out of band, at which reads end early: what follows is there
    /// already, and no event will say so again.
    try_always: bool,
    /// Who is to be told when it may.
    waiter: Waiter,
}

impl End {
    /// An event: gives whoever waits for it.
    #[inline]
    fn is_ready(&mut self, try_always: bool) -> Option<Waiter> {
        self.may_be_ready = true;
        self.try_always |= try_always;
        self.waiter.is_somebody().then(|| self.waiter.take())
    }
}

/// A task that waits for a source, for reports.
pub(crate) struct SourceWait {
    pub(crate) task: TaskKey,
    pub(crate) direction: Direction,
    pub(crate) fd: Option<i32>,
    pub(crate) peer: Option<SocketAddr>,
}

/// What the poller said of a source, for traces.
pub(crate) struct Heard {
    pub(crate) source: SourceKey,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    pub(crate) closed: bool,
}

/// The poller, and who waits for what.
pub(crate) struct Reactor {
    poll: Poll,
    events: Events,
    sources: Slab<of::Source, Source>,
}

impl Reactor {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Reactor {
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS_PER_LOOK),
            sources: Slab::default(),
        })
    }

    /// A bell that ends a [`wait`](Self::wait) from any thread.
    pub(crate) fn bell(&self) -> io::Result<mio::Waker> {
        mio::Waker::new(self.poll.registry(), BELL)
    }

    /// Takes a socket in. If the kernel refuses it, nothing is left behind.
    pub(crate) fn register(
        &mut self,
        io: &mut impl mio::event::Source,
        fd: Option<i32>,
        peer: Option<SocketAddr>,
    ) -> io::Result<SourceKey> {
        let end = || End {
            may_be_ready: true,
            try_always: false,
            waiter: Waiter::NOBODY,
        };
        let key = self.sources.insert(Source {
            ends: [end(), end()],
            fd,
            peer,
        });
        let registered = self.poll.registry().register(io, token(key), interest());
        if let Err(error) = registered {
            self.sources.remove(key);
            return Err(error);
        }
        Ok(key)
    }

    /// Lets a socket go; gives back who waited on it, to be told.
    pub(crate) fn deregister(
        &mut self,
        io: &mut impl mio::event::Source,
        key: SourceKey,
    ) -> [Waiter; 2] {
        // It fails only if the descriptor is not registered any more, which is
        // what is wanted.
        let _ = self.poll.registry().deregister(io);
        let source = self.sources.remove(key);
        source.map_or([Waiter::NOBODY, Waiter::NOBODY], |source| {
            source.ends.map(|end| end.waiter)
        })
    }

    /// May an attempt succeed?
    #[inline]
    pub(crate) fn may_be_ready(&self, key: SourceKey, direction: Direction) -> bool {
        let source = self.sources.get(key);
        source.is_none_or(|source| source.ends[direction as usize].may_be_ready)
    }

    /// The socket has nothing more for now: the next attempt waits.
    #[inline]
    pub(crate) fn exhausted(&mut self, key: SourceKey, direction: Direction) {
        if let Some(source) = self.sources.get_mut(key) {
            let end = &mut source.ends[direction as usize];
            end.may_be_ready = end.try_always;
        }
    }

    /// Makes `waiter` the one that is told when an attempt may succeed; gives
    /// back the one before, to be dropped outside any borrow.
    #[inline]
    pub(crate) fn wait_for(
        &mut self,
        key: SourceKey,
        direction: Direction,
        waiter: Waiter,
    ) -> Waiter {
        match self.sources.get_mut(key) {
            Some(source) => std::mem::replace(&mut source.ends[direction as usize].waiter, waiter),
            None => waiter,
        }
    }

    /// A wait was given up; gives back whoever was to be told.
    pub(crate) fn forget(&mut self, key: SourceKey, direction: Direction) -> Waiter {
        match self.sources.get_mut(key) {
            Some(source) => source.ends[direction as usize].waiter.take(),
            None => Waiter::NOBODY,
        }
    }

    /// Asks the kernel once, waiting for at most `timeout` (`None`: without
    /// end), and moves the waiters of what is ready to `due`; and what it heard
    /// to `heard`, if somebody wants to know.
    pub(crate) fn wait(
        &mut self,
        timeout: Option<Duration>,
        due: &mut Vec<Waiter>,
        heard: &mut Option<Vec<Heard>>,
    ) -> io::Result<()> {
        match self.poll(timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            result => result?,
        }
        for event in &self.events {
            let Some(source) = key(event.token()).and_then(|key| self.sources.get_mut(key)) else {
                continue; // the bell, or a source that is gone
            };
            if let (Some(heard), Some(source)) = (&mut *heard, key(event.token())) {
                heard.push(Heard {
                    source,
                    readable: event.is_readable(),
                    writable: event.is_writable(),
                    closed: event.is_error() || event.is_read_closed() || event.is_write_closed(),
                });
            }
            let failed = event.is_error();
            let [read, write] = &mut source.ends;
            if failed || event.is_readable() || event.is_read_closed() {
                due.extend(read.is_ready(event.is_read_closed() || event.is_priority()));
            }
            if failed || event.is_writable() || event.is_write_closed() {
                due.extend(write.is_ready(event.is_write_closed()));
            }
        }
        Ok(())
    }

    /// mio rounds a time-out *up* to a millisecond, because epoll counts in
    /// those: a sleep of 50 µs would take a millisecond. So whole milliseconds
    /// go to mio, rounded down, and what is left is waited for with a call
    /// that counts in nanoseconds, after which the loop looks again.
    fn poll(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        const MILLISECOND: Duration = Duration::from_millis(1);
        let rest = timeout.filter(|timeout| !timeout.is_zero() && *timeout < MILLISECOND);
        if let Some(rest) = rest.filter(|_| cfg!(target_os = "linux")) {
            wait_precisely(self.poll.registry(), rest)?;
            return self.poll.poll(&mut self.events, Some(Duration::ZERO));
        }
        let whole = timeout.map(|timeout| match rest {
            Some(rest) => rest,
            None => Duration::from_millis(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)),
        });
        self.poll.poll(&mut self.events, whole)
    }

    /// Which task waits for which socket, for reports.
    pub(crate) fn waits(&self) -> impl Iterator<Item = SourceWait> {
        let directions = [Direction::Read, Direction::Write];
        self.sources.iter().flat_map(move |(_, source)| {
            directions.into_iter().filter_map(|direction| {
                let task = source.ends[direction as usize].waiter.task?;
                Some(SourceWait {
                    task,
                    direction,
                    fd: source.fd,
                    peer: source.peer,
                })
            })
        })
    }

    /// Does anybody wait for a socket? A task that has ended does not, though
    /// a read that it gave up may still stand here.
    pub(crate) fn has_waiters(&self, is_alive: impl Fn(TaskKey) -> bool) -> bool {
        let waits = |end: &End| match end.waiter.task {
            Some(task) => is_alive(task),
            None => end.waiter.waker.is_some(),
        };
        let mut sources = self.sources.iter();
        sources.any(|(_, source)| source.ends.iter().any(&waits))
    }

    /// Lets everybody go who still waits.
    pub(crate) fn close(self) -> Vec<Waiter> {
        let mut waiters = Vec::new();
        for source in self.sources.into_values() {
            waiters.extend(source.ends.map(|end| end.waiter));
        }
        waiters
    }
}

/// Sleeps until the poller has something, or for `rest`, which is less than a
/// millisecond.
#[cfg(target_os = "linux")]
fn wait_precisely(registry: &mio::Registry, rest: Duration) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let timeout = Timespec {
        tv_sec: 0,
        tv_nsec: rest.subsec_nanos().into(),
    };
    let mut poller = [PollFd::new(registry, PollFlags::IN)];
    poll(&mut poller, Some(&timeout))?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn wait_precisely(_: &mio::Registry, _: Duration) -> io::Result<()> {
    Ok(())
}

/// Both directions, and to be told of a byte out of band.
fn interest() -> Interest {
    let both = Interest::READABLE | Interest::WRITABLE;
    #[cfg(target_os = "linux")]
    return both | Interest::PRIORITY;
    #[cfg(not(target_os = "linux"))]
    both
}

fn token(key: SourceKey) -> Token {
    Token(key.to_bits() as usize)
}

fn key(token: Token) -> Option<SourceKey> {
    Key::from_bits(token.0 as u64).filter(|_| token != BELL)
}

// A token must hold a whole key, or stale events could not be told apart.
const _: () = assert!(usize::BITS >= 64, "executor needs a 64-bit system");
