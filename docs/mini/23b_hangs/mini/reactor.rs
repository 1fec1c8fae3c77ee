//! Sockets: which are ready, and whom to wake.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mio::event::Source as Registered;
use mio::{Events, Interest, Token};

use super::queue::Unpark;

/// Ends a wait of the poller, from any thread.
pub struct Unparker(mio::Waker);

impl Unpark for Unparker {
    fn unpark(&self) {
        self.0.wake().expect("the poller can be woken");
    }
}

#[derive(Clone, Copy)]
pub enum Direction {
    Read,
    Write,
}

/// One direction of a socket.
#[derive(Default)]
struct Side {
    /// Whether the system said so since the last failed attempt.
    is_ready: bool,
    waiter: Option<Waker>,
}

pub struct Reactor {
    poll: RefCell<mio::Poll>,
    events: RefCell<Events>,
    /// By token. **Invariant:** no token is used twice.
    sources: RefCell<BTreeMap<Token, [Side; 2]>>,
    added: Cell<usize>,
}

const UNPARK: Token = Token(0);

impl Reactor {
    pub fn new() -> io::Result<(Self, Unparker)> {
        let poll = mio::Poll::new()?;
        let unparker = Unparker(mio::Waker::new(poll.registry(), UNPARK)?);
        let reactor = Reactor {
            poll: RefCell::new(poll),
            events: RefCell::new(Events::with_capacity(1024)),
            sources: RefCell::default(),
            added: Cell::new(0),
        };
        Ok((reactor, unparker))
    }

    pub fn add(&self, io: &mut impl Registered) -> io::Result<Token> {
        self.added.set(self.added.get() + 1);
        let token = Token(self.added.get());
        let interest = Interest::READABLE | Interest::WRITABLE;
        let poll = self.poll.borrow();
        poll.registry().register(io, token, interest)?;
        self.sources.borrow_mut().insert(token, Default::default());
        Ok(token)
    }

    pub fn remove(&self, io: &mut impl Registered, token: Token) {
        let sides = self.sources.borrow_mut().remove(&token);
        drop(sides); // wakers, with nothing borrowed
        // An error says that it was not registered: nothing is to be undone.
        let _ = self.poll.borrow().registry().deregister(io);
    }

    pub fn has_waiters(&self) -> bool {
        let sources = self.sources.borrow();
        sources.values().flatten().any(|side| side.waiter.is_some())
    }

    /// Waits until a source may be used in this direction.
    pub fn poll_ready(&self, token: Token, way: Direction, cx: &Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        let mut sources = self.sources.borrow_mut();
        let side = &mut sources.get_mut(&token).expect("it is registered")[way as usize];
        if std::mem::take(&mut side.is_ready) {
            return Poll::Ready(());
        }
        let displaced = side.waiter.replace(waker);
        drop(sources);
        drop(displaced);
        Poll::Pending
    }

    /// Blocks until a source is ready, the unparker is called or `limit` passes.
    /// Returns the wakers to call.
    pub fn wait(&self, limit: Option<Duration>) -> Vec<Waker> {
        let mut events = self.events.borrow_mut();
        if let Err(error) = self.poll.borrow_mut().poll(&mut events, limit) {
            // A signal ends a wait early, which does no harm.
            assert!(error.kind() == io::ErrorKind::Interrupted, "{error}");
            return Vec::new();
        }
        let mut sources = self.sources.borrow_mut();
        let mut woken = Vec::new();
        for event in events.iter() {
            let Some([read, write]) = sources.get_mut(&event.token()) else {
                continue; // the unparker, or a source that is gone
            };
            let failed = event.is_error();
            let ready = [
                (
                    read,
                    event.is_readable() || event.is_read_closed() || failed,
                ),
                (
                    write,
                    event.is_writable() || event.is_write_closed() || failed,
                ),
            ];
            for (side, _) in ready.into_iter().filter(|(_, is_ready)| *is_ready) {
                side.is_ready = true;
                woken.extend(side.waiter.take());
            }
        }
        woken
    }
}
