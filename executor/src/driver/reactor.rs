//! Reactor: asks the operating system which sockets are ready.
//!
//! **Invariant:** the reactor returns the waiters of what is ready and wakes
//! none of them; and an event reaches only the source it was meant for (see
//! `token`).
//!
//! Created at the first socket; waited on by `park`; used by `net` and `os`.
//! Imports `base` and `park`.
//!
//! # Ready until proven otherwise
//!
//! A source is registered once, for both directions, and edge-triggered: the
//! kernel reports when a socket *becomes* ready. So each direction of a source
//! has a bit, "may be ready": set by an event, cleared when the socket returned
//! `WouldBlock` (or less than was asked for, which spares that call). A read
//! while the bit is clear waits without a system call. There is one thread, so
//! no event can come between the answer and the registration: it stays with
//! the kernel until the loop looks.
//!
//! An event wakes all waiters of its direction (see `waiters`): the kernel does
//! not report again what the first of them leaves.
//!
//! mio's rules that this file keeps: events may be spurious (a waiter tries
//! again and waits again); hints are hints; `Interrupted` is not an error.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
#[cfg(feature = "net")]
use std::net::Shutdown;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use mio::{Events, Interest, Poll};

use super::park::{Driver, Poller, Woken};
use super::token::{UNPARK, source_of, token};
use super::waiters::{Placed, PollsOf, Ticket, Turn, Waiters, Who};
use crate::base::hooks::{Direction, Hooks, Readiness, SOURCE};
use crate::base::inbox::Unpark;
use crate::base::slab::{Slab, SourceKey, TaskKey, kind};
use crate::base::waiter::Waiter;

/// How many events one look at the poller returns. More stay with the kernel
/// for the next look.
const EVENTS_PER_LOOK: usize = 1024;

/// One socket, as the reactor knows it.
struct Source {
    /// By direction.
    ends: [End; 2],
    /// The descriptor, on systems that have descriptors; for reports.
    fd: Option<i32>,
    /// The peer's address, for reports.
    peer: Option<SocketAddr>,
}

struct End {
    /// Whether an attempt may succeed.
    may_be_ready: bool,
    /// Whether every attempt must be made: the peer has closed this direction,
    /// or has sent a byte out of band, at which reads end early. What follows
    /// has arrived already, and no event will report it again.
    try_always: bool,
    waiters: Waiters,
}

impl Source {
    fn new(fd: Option<i32>, peer: Option<SocketAddr>) -> Self {
        let end = || End {
            may_be_ready: true,
            try_always: false,
            waiters: Waiters::default(),
        };
        let ends = [end(), end()];
        Source { ends, fd, peer }
    }

    fn into_waiters(mut self) -> VecDeque<Waiter> {
        let [mut waiters, mut write] = self.ends.each_mut().map(|end| end.waiters.take());
        waiters.append(&mut write);
        waiters
    }
}

impl End {
    #[inline]
    fn turn<'a>(&mut self, who: impl FnOnce() -> Who<'a>) -> Turn {
        if !self.may_be_ready {
            return Turn::Wait;
        }
        if self.waiters.is_empty() {
            return Turn::Try(None);
        }
        match self.waiters.find(who()) {
            Some(ticket) => {
                self.waiters.pass(ticket);
                Turn::Try(Some(ticket))
            }
            None if self.waiters.is_first_woken() => Turn::AfterOthers,
            None => Turn::Try(None),
        }
    }

    /// Handles an event; moves the waiters to `woken`.
    #[inline]
    fn set_ready(&mut self, try_always: bool, woken: &mut VecDeque<Waiter>) {
        self.may_be_ready = true;
        self.try_always |= try_always;
        if !self.waiters.is_empty() {
            self.waiters.wake_all(woken);
        }
    }
}

/// The poller, its sources and their waiters.
pub(crate) struct Reactor {
    /// `None` once the loop has ended.
    kernel: RefCell<Option<Kernel>>,
    sources: RefCell<Slab<{ kind::SOURCE }, Source>>,
    /// How many tickets waiters were given.
    tickets: Cell<u64>,
    /// See [`Poller::is_quiet`].
    is_quiet: Cell<bool>,
}

struct Kernel {
    poll: Poll,
    events: Events,
}

/// Unparks a loop that waits in its poller.
impl Unpark for mio::Waker {
    fn unpark(&self) -> io::Result<()> {
        self.wake()
    }
}

impl Reactor {
    /// Returns the reactor of a driver, creating it at the first call.
    pub(crate) fn of(driver: &Driver) -> io::Result<Rc<Self>> {
        if let Some(reactor) = Self::existing(driver) {
            return Ok(reactor);
        }
        driver.owner.claim();
        let poll = Poll::new()?;
        let unparker = mio::Waker::new(poll.registry(), UNPARK)?;
        let events = Events::with_capacity(EVENTS_PER_LOOK);
        let reactor = Rc::new(Reactor {
            kernel: RefCell::new(Some(Kernel { poll, events })),
            sources: RefCell::default(),
            tickets: Cell::default(),
            is_quiet: Cell::default(),
        });
        driver.set_poller(reactor.clone(), Box::new(unparker));
        Ok(reactor)
    }

    /// Returns the reactor of a driver; `None` before the first socket, and
    /// once the loop has ended.
    pub(crate) fn existing(driver: &Driver) -> Option<Rc<Self>> {
        driver.poller()?.as_any().downcast().ok()
    }

    /// Registers a source. If the kernel refuses it, nothing is left behind.
    pub(crate) fn register(
        &self,
        io: &mut impl mio::event::Source,
        fd: Option<i32>,
        peer: Option<SocketAddr>,
    ) -> io::Result<SourceKey> {
        self.set_active();
        let key = self.sources.borrow_mut().insert(Source::new(fd, peer));
        let kernel = self.kernel.borrow();
        let kernel = kernel.as_ref().expect("the loop has not ended");
        let registry = kernel.poll.registry();
        let registered = token(key).and_then(|token| registry.register(io, token, interest()));
        if let Err(error) = registered {
            self.sources.borrow_mut().remove(key);
            // Without optimisation, mio takes it for registered.
            let _ = registry.deregister(io);
            return Err(error);
        }
        Ok(key)
    }

    /// Deregisters a source; returns its waiters, to be woken.
    pub(crate) fn deregister(
        &self,
        io: &mut impl mio::event::Source,
        key: SourceKey,
    ) -> VecDeque<Waiter> {
        if let Some(kernel) = &*self.kernel.borrow() {
            // Fails only if the descriptor is not registered any more, which is
            // the desired state.
            let _ = kernel.poll.registry().deregister(io);
        }
        self.set_active();
        let source = self.sources.borrow_mut().remove(key);
        source.map(Source::into_waiters).unwrap_or_default()
    }

    /// Records that something went through a source, to which its other end may
    /// answer.
    #[inline]
    pub(crate) fn set_active(&self) {
        self.is_quiet.set(false);
    }

    /// Returns what an attempt must do first; `Wait` once the loop has ended.
    ///
    /// `who` is asked for only if there are waiters.
    #[inline]
    pub(crate) fn turn<'a>(
        &self,
        key: SourceKey,
        direction: Direction,
        who: impl FnOnce() -> Who<'a>,
    ) -> Turn {
        let mut sources = self.sources.borrow_mut();
        match sources.get_mut(key) {
            Some(source) => source.ends[direction as usize].turn(who),
            None => Turn::Wait,
        }
    }

    /// Records that the source has nothing more for now: the next attempt
    /// waits.
    #[inline]
    pub(crate) fn set_exhausted(&self, key: SourceKey, direction: Direction) {
        if let Some(source) = self.sources.borrow_mut().get_mut(key) {
            let end = &mut source.ends[direction as usize];
            end.may_be_ready = end.try_always;
        }
    }

    /// Records that directions of a source are shut down: attempts there no longer
    /// wait. Returns their waiters, to be woken.
    #[cfg(feature = "net")]
    pub(crate) fn set_shut(&self, key: SourceKey, shut: Shutdown) -> VecDeque<Waiter> {
        let mut woken = VecDeque::new();
        if let Some(Source { ends, .. }) = self.sources.borrow_mut().get_mut(key) {
            let [read, write] = ends;
            if shut != Shutdown::Write {
                read.set_ready(true, &mut woken);
            }
            if shut != Shutdown::Read {
                write.set_ready(true, &mut woken);
            }
        }
        woken
    }

    /// Stores the waiter of a direction that has none, which is the usual case;
    /// otherwise returns it.
    #[inline]
    pub(crate) fn place_alone(
        &self,
        key: SourceKey,
        direction: Direction,
        is_future: bool,
        waiter: Waiter,
        polls: u32,
    ) -> Result<Ticket, Waiter> {
        let mut sources = self.sources.borrow_mut();
        let Some(source) = sources.get_mut(key) else {
            return Err(waiter);
        };
        let ticket = Ticket(self.tickets.get() + 1);
        let waiters = &mut source.ends[direction as usize].waiters;
        waiters.place_alone(ticket, is_future, waiter, polls)?;
        self.tickets.set(ticket.0);
        Ok(ticket)
    }

    /// Sets the waiter of one party in one direction, or adds it as the last;
    /// `None` if the source is gone. `future` is the ticket of a future, if it
    /// has one yet; `None` is a poll trait.
    pub(crate) fn place(
        &self,
        key: SourceKey,
        direction: Direction,
        future: Option<Option<Ticket>>,
        waiter: Waiter,
        polls_of: &PollsOf<'_>,
    ) -> Option<Placed> {
        let mut sources = self.sources.borrow_mut();
        let end = &mut sources.get_mut(key)?.ends[direction as usize];
        self.tickets.set(self.tickets.get() + 1);
        let next = Ticket(self.tickets.get());
        Some(end.waiters.place(future, waiter, next, polls_of))
    }

    /// Marks a waiter as woken, as an event does; returns it, to be woken.
    pub(crate) fn set_woken(&self, key: SourceKey, direction: Direction, ticket: Ticket) -> Waiter {
        let mut sources = self.sources.borrow_mut();
        let source = sources.get_mut(key);
        let end = source.map(|source| &mut source.ends[direction as usize]);
        end.map(|end| end.waiters.set_woken(ticket))
            .unwrap_or_default()
    }

    /// Removes a waiter, if it has not been removed; returns it, to be dropped
    /// with nothing borrowed, and whether it was waiting.
    pub(crate) fn remove_waiter(
        &self,
        key: SourceKey,
        direction: Direction,
        ticket: Ticket,
    ) -> Option<(Waiter, bool)> {
        let mut sources = self.sources.borrow_mut();
        let end = &mut sources.get_mut(key)?.ends[direction as usize];
        end.waiters.remove(ticket)
    }

    /// Returns the tasks that wait for one direction of a source, in order.
    pub(crate) fn waiting(&self, key: SourceKey, direction: Direction) -> Vec<Option<TaskKey>> {
        let sources = self.sources.borrow();
        let end = sources
            .get(key)
            .map(|source| &source.ends[direction as usize]);
        let waiting = end.into_iter().flat_map(|end| end.waiters.waiting());
        waiting.map(|waiter| waiter.task).collect()
    }

    /// Lists which waiter waits for which source, with the source's descriptor and
    /// peer.
    pub(crate) fn each_wait(
        &self,
        mut add: impl FnMut(&Waiter, Direction, Option<i32>, Option<SocketAddr>),
    ) {
        for (_, source) in self.sources.borrow().iter() {
            for direction in [Direction::Read, Direction::Write] {
                for waiter in source.ends[direction as usize].waiters.waiting() {
                    add(waiter, direction, source.fd, source.peer);
                }
            }
        }
    }
}

impl Poller for Reactor {
    fn wait(&self, timeout: Option<Duration>, woken: &Woken, hooks: &Hooks) -> io::Result<()> {
        let mut reported = Vec::new();
        {
            let mut kernel = self.kernel.borrow_mut();
            let kernel = kernel.as_mut().expect("the loop has not ended");
            match kernel.poll(timeout) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
                result => result?,
            }
            let mut sources = self.sources.borrow_mut();
            let mut woken = woken.borrow_mut();
            for event in &kernel.events {
                let Some((key, source)) = source_of(&mut sources, event.token()) else {
                    continue; // the unparker, or a source dropped in the meantime
                };
                self.set_active();
                if hooks.wants(SOURCE) {
                    reported.push(readiness(key, event));
                }
                let failed = event.is_error();
                let [read, write] = &mut source.ends;
                if failed || event.is_readable() || event.is_read_closed() {
                    let try_always = event.is_read_closed() || event.is_priority();
                    read.set_ready(try_always, &mut woken);
                }
                if failed || event.is_writable() || event.is_write_closed() {
                    write.set_ready(event.is_write_closed(), &mut woken);
                }
            }
        }
        for readiness in reported {
            hooks.emit(SOURCE, |hook| hook.source_ready(readiness));
        }
        Ok(())
    }

    fn has_waiters(&self, polls_of: &PollsOf<'_>) -> bool {
        for (_, source) in self.sources.borrow().iter() {
            for End { waiters, .. } in &source.ends {
                if !waiters.is_empty() && waiters.is_any_waiting(polls_of) {
                    return true;
                }
            }
        }
        false
    }

    fn take_waiter(&self) -> Option<Waiter> {
        let mut sources = self.sources.borrow_mut();
        let keys: Vec<_> = sources.iter().map(|(key, _)| key).collect();
        keys.into_iter().find_map(|key| {
            let ends = &mut sources.get_mut(key)?.ends;
            ends.iter_mut().find_map(|end| end.waiters.wake_first())
        })
    }

    fn is_quiet(&self) -> bool {
        self.is_quiet.get()
    }

    fn set_quiet(&self) {
        self.is_quiet.set(true);
    }

    fn close(&self) -> Vec<Waiter> {
        self.kernel.take();
        let sources = self.sources.take();
        sources
            .into_values()
            .flat_map(Source::into_waiters)
            .collect()
    }

    fn as_any(self: Rc<Self>) -> Rc<dyn Any> {
        self
    }
}

impl Kernel {
    /// mio rounds a timeout *up* to a millisecond, because epoll counts in
    /// those: a sleep of 50 µs would take a millisecond. So whole milliseconds
    /// go to mio, rounded down, and the rest is waited for with a call that
    /// counts in nanoseconds, after which the loop looks again.
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
}

fn readiness(source: SourceKey, event: &mio::event::Event) -> Readiness {
    Readiness {
        source,
        readable: event.is_readable(),
        writable: event.is_writable(),
        closed: event.is_error() || event.is_read_closed() || event.is_write_closed(),
    }
}

/// Waits until the poller has an event, or for `rest`, which is less than a
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

/// Both directions, and bytes out of band.
fn interest() -> Interest {
    let both = Interest::READABLE | Interest::WRITABLE;
    #[cfg(target_os = "linux")]
    return both | Interest::PRIORITY;
    #[cfg(not(target_os = "linux"))]
    both
}
