//! The poller of the system, in which the loop sleeps.

use std::cell::RefCell;
use std::io;
use std::time::Duration;

use mio::{Events, Token};

use super::queue::Unpark;

/// Ends a wait of the poller, from any thread.
pub struct Unparker(mio::Waker);

impl Unpark for Unparker {
    fn unpark(&self) {
        self.0.wake().expect("the poller can be woken");
    }
}

pub struct Reactor {
    poll: RefCell<mio::Poll>,
    events: RefCell<Events>,
}

const UNPARK: Token = Token(0);

impl Reactor {
    pub fn new() -> io::Result<(Self, Unparker)> {
        let poll = mio::Poll::new()?;
        let unparker = Unparker(mio::Waker::new(poll.registry(), UNPARK)?);
        let reactor = Reactor {
            poll: RefCell::new(poll),
            events: RefCell::new(Events::with_capacity(1024)),
        };
        Ok((reactor, unparker))
    }

    /// Blocks until the unparker is called or `limit` passes.
    pub fn wait(&self, limit: Option<Duration>) {
        let mut events = self.events.borrow_mut();
        if let Err(error) = self.poll.borrow_mut().poll(&mut events, limit) {
            // A signal ends a wait early, which does no harm.
            assert!(error.kind() == io::ErrorKind::Interrupted, "{error}");
        }
    }
}
