//! The loop's way to its reactor, which is there from the first socket on.
//!
//! **Invariant:** waiters that the reactor gives back are woken with nothing
//! borrowed; and an error of the poller ends the run, it is never passed over.

use std::io;
use std::time::Duration;

use super::Runtime;
use crate::probe::{Cause, Event, source_number};
use crate::reactor::{Direction, Reactor};
use crate::slab::SourceKey;
use crate::waker::Waiter;

impl Runtime {
    /// Does something with the reactor, which is made if there is none.
    pub(crate) fn with_reactor<R>(&self, f: impl FnOnce(&mut Reactor) -> R) -> io::Result<R> {
        let reactor = &mut *self.reactor.borrow_mut();
        if let Some(reactor) = reactor {
            return Ok(f(reactor));
        }
        self.settle_in_process();
        let mut fresh = Reactor::new()?;
        self.ready.mailbox().move_to_poller(fresh.bell()?);
        let result = f(&mut fresh);
        *reactor = Some(fresh);
        Ok(result)
    }

    /// The reactor, for sources that are in it; `None` once the loop has ended.
    #[inline]
    pub(crate) fn with_sources<R>(&self, f: impl FnOnce(&mut Reactor) -> R) -> Option<R> {
        self.reactor.borrow_mut().as_mut().map(f)
    }

    /// Makes `waiter` the one to be told when a source may be ready.
    pub(crate) fn wait_for_source(
        &self,
        key: SourceKey,
        direction: Direction,
        waiter: Waiter,
    ) -> bool {
        let task = waiter.task;
        let displaced = self.with_sources(|reactor| reactor.wait_for(key, direction, waiter));
        let is_news = |old: &Waiter| old.task != task;
        if self.is_told() && displaced.as_ref().is_some_and(is_news) {
            self.tell_source_wait(key, direction, task);
        }
        displaced.is_some()
    }

    /// Asks the poller without waiting, if there is one.
    pub(crate) fn look_at_sockets(&self) {
        if self.has_reactor() {
            let asked = self.ask_poller(Some(Duration::ZERO));
            asked.unwrap_or_else(|error| give_up(&error));
        }
    }

    pub(crate) fn has_reactor(&self) -> bool {
        self.reactor.borrow().is_some()
    }

    /// Does any task wait for a socket?
    pub(crate) fn has_socket_waiters(&self) -> bool {
        let reactor = self.reactor.borrow();
        let tasks = self.tasks.borrow();
        let is_alive = |key| tasks.get(key).is_some_and(|task| !task.is_finished());
        reactor
            .as_ref()
            .is_some_and(|reactor| reactor.has_waiters(is_alive))
    }

    /// Sleeps until there is mail, a socket is ready, or `timeout` is over; may
    /// return early. Says whether a socket was.
    ///
    /// # Panics
    ///
    /// If the poller fails otherwise than by a signal: the loop would not hear
    /// of its sockets again.
    pub(crate) fn sleep(&self, timeout: Option<Duration>) -> bool {
        self.try_sleep(timeout)
            .unwrap_or_else(|error| give_up(&error))
    }

    /// The same, for who must go on if the poller fails.
    pub(crate) fn try_sleep(&self, timeout: Option<Duration>) -> io::Result<bool> {
        if timeout.is_some() {
            self.sleep_precisely();
        }
        let mailbox = self.ready.mailbox();
        if !self.has_reactor() {
            mailbox.park(timeout);
            return Ok(false);
        }
        // No panic in there: the mail slot would think the loop asleep for ever.
        let mut asked = Ok(false);
        mailbox.park_with(|| asked = self.ask_poller(timeout));
        asked
    }

    fn ask_poller(&self, timeout: Option<Duration>) -> io::Result<bool> {
        let mut due = self.due.take();
        let mut heard = self.is_told().then(Vec::new);
        let asked = self.with_sources(|reactor| reactor.wait(timeout, &mut due, &mut heard));
        asked.unwrap_or(Ok(()))?;
        for heard in heard.into_iter().flatten() {
            self.probe.because(Cause::Io);
            self.emit(move |_| Event::SourceReady {
                source: source_number(heard.source),
                readable: heard.readable,
                writable: heard.writable,
                closed: heard.closed,
            });
        }
        let was_ready = !due.is_empty();
        for waiter in due.drain(..) {
            self.wake(waiter);
        }
        self.due.set(due);
        Ok(was_ready)
    }

    /// Lets the sockets go: whoever still waits on one is told, and finds that
    /// the loop has ended.
    pub(crate) fn close_reactor(&self) {
        let reactor = self.reactor.take();
        for waiter in reactor.map_or_else(Vec::new, Reactor::close) {
            self.wake(waiter);
        }
    }
}

#[cold]
fn give_up(error: &io::Error) -> ! {
    panic!("the loop could not wait for its sockets (mio's Poll::poll): {error}");
}
