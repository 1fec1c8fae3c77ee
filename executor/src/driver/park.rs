//! The driver: the one place where the loop's thread blocks.
//!
//! Without sockets the thread parks as std threads do; from the first socket
//! on it waits in the poller, which also reports which sockets are ready.
//! **Invariant:** every block goes through the inbox's park protocol, so a
//! message from another thread ends it; and waiters of ready sockets are
//! returned to the loop, never woken here.
//!
//! Called by `event_loop::run` and `shutdown`. Imports `base`.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use super::fork::OwnerPid;
use crate::base::hooks::Hooks;
use crate::base::inbox::{Inbox, Unpark};
use crate::base::slab::TaskKey;
use crate::base::sys::Arc;
#[cfg(all(test, executor_loom))]
use crate::base::sys::Parker;
use crate::base::waiter::Waiter;

/// The waiters of sources that are ready.
pub(crate) type Woken = RefCell<VecDeque<Waiter>>;

/// A place to wait for sockets: the reactor, as the driver sees it.
pub(crate) trait Poller {
    /// Waits until a source is ready, the poller is unparked or `timeout`
    /// passes, and moves the waiters of ready sources to `woken`.
    fn wait(&self, timeout: Option<Duration>, woken: &Woken, hooks: &Hooks) -> io::Result<()>;

    /// Returns whether a waiter exists that has not been given up for certain.
    /// `polls_of` says how often a task was polled, unless it has ended.
    fn has_waiters(&self, polls_of: &dyn Fn(TaskKey) -> Option<u32>) -> bool;

    /// Takes a waiter out, to be woken as if its source were ready.
    fn take_waiter(&self) -> Option<Waiter>;

    /// Returns whether nothing has come or gone through a source since
    /// [`set_quiet`](Self::set_quiet).
    fn is_quiet(&self) -> bool;

    /// Records that no answer to what has gone out is to be expected any more.
    fn set_quiet(&self);

    /// Drops all sources and returns their waiters.
    fn close(&self) -> Vec<Waiter>;

    fn as_any(self: Rc<Self>) -> Rc<dyn Any>;
}

/// Blocks a thread until it is unparked.
#[cfg(not(all(test, executor_loom)))]
#[derive(Clone)]
pub(crate) struct Parker(std::thread::Thread);

#[cfg(not(all(test, executor_loom)))]
impl Parker {
    pub(crate) fn for_this_thread() -> Self {
        Parker(std::thread::current())
    }

    /// Blocks until the thread is unparked or `timeout` passes; may return
    /// early.
    fn park(&self, timeout: Option<Duration>) {
        match timeout {
            // A system without threads has no park, and nothing that would unpark.
            Some(limit) if cfg!(target_family = "wasm") => std::thread::sleep(limit),
            Some(limit) => std::thread::park_timeout(limit),
            None => std::thread::park(),
        }
    }
}

#[cfg(not(all(test, executor_loom)))]
impl Unpark for Parker {
    fn unpark(&self) -> io::Result<()> {
        self.0.unpark();
        Ok(())
    }
}

/// Blocks the loop's thread, and owns what it blocks in.
pub(crate) struct Driver {
    inbox: Arc<Inbox>,
    parker: Parker,
    /// From the first socket on.
    poller: RefCell<Option<Rc<dyn Poller>>>,
    /// Set from the first park with a timeout to the end of the run.
    slack: Cell<Option<TimerSlack>>,
    /// The waiters of ready sources, for the loop to wake.
    pub(crate) woken: Woken,
    pub(crate) owner: OwnerPid,
}

impl Default for Driver {
    fn default() -> Self {
        let parker = Parker::for_this_thread();
        Driver {
            inbox: Arc::new(Inbox::new(Box::new(parker.clone()))),
            parker,
            poller: RefCell::default(),
            slack: Cell::default(),
            woken: RefCell::default(),
            owner: OwnerPid::default(),
        }
    }
}

impl Driver {
    pub(crate) fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    pub(crate) fn poller(&self) -> Option<Rc<dyn Poller>> {
        self.poller.borrow().clone()
    }

    pub(crate) fn set_poller(&self, poller: Rc<dyn Poller>, unparker: Box<dyn Unpark>) {
        self.inbox.park_in_poller(unparker);
        self.poller.replace(Some(poller));
    }

    pub(crate) fn take_poller(&self) -> Option<Rc<dyn Poller>> {
        self.poller.take()
    }

    /// Blocks until there is a message, a source is ready or `timeout` passes;
    /// may return early. Moves the waiters of ready sources to `woken`.
    ///
    /// # Errors
    ///
    /// If the poller fails otherwise than by a signal.
    pub(crate) fn park(&self, timeout: Option<Duration>, hooks: &Hooks) -> io::Result<()> {
        if timeout.is_some() {
            self.reduce_slack();
        }
        let poller = self.poller();
        // No panic inside the protocol: senders would take the loop for parked.
        let mut result = Ok(());
        self.inbox.park_with(|| match poller {
            Some(poller) => result = poller.wait(timeout, &self.woken, hooks),
            None => self.parker.park(timeout),
        });
        result
    }

    /// Asks the poller, if there is one, without blocking.
    pub(crate) fn look(&self, hooks: &Hooks) -> io::Result<()> {
        match self.poller() {
            Some(poller) => poller.wait(Some(Duration::ZERO), &self.woken, hooks),
            None => Ok(()),
        }
    }

    /// Two system calls per run, and only in a run that parks with a timeout.
    fn reduce_slack(&self) {
        let slack = self.slack.take().unwrap_or_else(TimerSlack::set_to_least);
        self.slack.set(Some(slack));
    }

    /// Gives the thread its former timer slack back, at the end of a run.
    pub(crate) fn restore_slack(&self) {
        self.slack.take();
    }
}

/// Keeps this thread's timer slack at its minimum while it lives.
///
/// Linux may delay the end of a sleep by the thread's timer slack, 50 µs by
/// default, so that it can wake several sleepers at once. Measured with sleeps
/// of 50 µs: 54 µs late with the default, 4.2 µs with the least slack, 5.0 µs
/// with a timerfd in the poller, which costs more CPU and a descriptor. On
/// other systems, and in Miri, this has no effect: a park is as precise as
/// std's `park_timeout` (about a millisecond on Windows).
pub(crate) struct TimerSlack {
    #[cfg(all(target_os = "linux", not(miri)))]
    before: Option<std::num::NonZeroU64>,
}

#[cfg(all(target_os = "linux", not(miri)))]
impl TimerSlack {
    pub(crate) fn set_to_least() -> Self {
        use rustix::thread::{current_timer_slack, set_current_timer_slack};
        let before = current_timer_slack().unwrap_or(0);
        // If the kernel refuses, parks stay as late as they were.
        let _ = set_current_timer_slack(Some(std::num::NonZeroU64::MIN));
        TimerSlack {
            before: std::num::NonZeroU64::new(before),
        }
    }
}

#[cfg(all(target_os = "linux", not(miri)))]
impl Drop for TimerSlack {
    fn drop(&mut self) {
        // `None` asks for the thread's default.
        let _ = rustix::thread::set_current_timer_slack(self.before);
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
impl TimerSlack {
    pub(crate) fn set_to_least() -> Self {
        TimerSlack {}
    }
}
