//! `Event`: a flag that tasks wait for.
//!
//! **Invariant:** while the flag is set, no future waits.
//!
//! Called by users. Imports `waiters`.

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::wait_list::{Outcome, Wanted};
use super::waiters::{CurrentLoop, PendingWait, Waiters};

/// A flag that tasks can wait for (asyncio: `Event`).
///
/// ```
/// use executor::{run, spawn, sync::Event};
/// use std::rc::Rc;
///
/// run(async {
///     let ready = Rc::new(Event::new());
///     let signal = ready.clone();
///     let task = spawn(async move {
///         signal.wait().await;
///         "go"
///     });
///     ready.set();
///     assert_eq!(task.await.unwrap(), "go");
/// });
/// ```
pub struct Event {
    is_set: Cell<bool>,
    waiters: Waiters,
}

impl Event {
    /// Creates an event that is not set.
    pub const fn new() -> Self {
        Self::with(Waiters::new())
    }

    /// Creates an event with a name, which listings and reports show.
    pub fn named(name: impl Into<Rc<str>>) -> Self {
        Self::with(Waiters::named(name.into()))
    }

    const fn with(waiters: Waiters) -> Self {
        Event {
            is_set: Cell::new(false),
            waiters,
        }
    }

    /// Returns the name given by [`named`](Self::named).
    pub fn name(&self) -> Option<&str> {
        self.waiters.name()
    }

    /// Sets the flag (asyncio: `set`).
    ///
    /// All tasks that wait now continue, even if the flag is cleared before
    /// they are polled. Later waits complete at once.
    pub fn set(&self) {
        self.is_set.set(true);
        self.waiters.resolve_all(Outcome::Granted);
    }

    /// Clears the flag; later waits block (asyncio: `clear`).
    pub fn clear(&self) {
        self.is_set.set(false);
    }

    /// Returns whether the flag is set (asyncio: `is_set`).
    ///
    /// ```
    /// let event = executor::sync::Event::new();
    /// assert!(!event.is_set());
    /// event.set();
    /// assert!(event.is_set());
    /// event.clear();
    /// assert!(!event.is_set());
    /// ```
    pub fn is_set(&self) -> bool {
        self.is_set.get()
    }

    /// Waits until the flag is set; completes at once if it is (asyncio:
    /// `wait`).
    ///
    /// *Cancel safety:* dropping it ends the wait and changes nothing else.
    #[track_caller]
    pub fn wait(&self) -> WaitForEvent<'_> {
        WaitForEvent {
            event: self,
            wait: PendingWait::at_caller(),
        }
    }
}

impl Default for Event {
    fn default() -> Self {
        Event::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Event");
        if let Some(name) = self.name() {
            debug.field("name", &name);
        }
        debug.field("is_set", &self.is_set()).finish()
    }
}

/// The future of [`Event::wait`].
///
/// # Panics
///
/// When it is polled again after it was ready.
#[must_use = "futures do nothing unless awaited"]
pub struct WaitForEvent<'a> {
    event: &'a Event,
    wait: PendingWait,
}

impl Future for WaitForEvent<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let (event, current) = (this.event, CurrentLoop::now());
        let set = event
            .waiters
            .poll(&current, cx, &mut this.wait, Wanted::Event, || {
                event.is_set()
            });
        set.map(|_| ())
    }
}

impl Drop for WaitForEvent<'_> {
    fn drop(&mut self) {
        self.event.waiters.cancel(&self.wait);
    }
}

impl fmt::Debug for WaitForEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WaitForEvent({})", self.wait.site)
    }
}
