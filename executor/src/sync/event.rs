//! A flag that tasks wait for.
//!
//! **Invariant:** nobody waits while it is set.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::wait_list::CallOutcome;
use super::waiters::{CurrentLoop, Kind, Progress, Waiters};

/// A flag that tasks can wait for (asyncio: `Event`).
///
/// ```
/// use executor::{run, spawn, sync::Event};
/// use std::rc::Rc;
///
/// run(async {
///     let ready = Rc::new(Event::new());
///     let told = ready.clone();
///     let task = spawn(async move {
///         told.wait().await;
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
    /// An event that is not set.
    pub const fn new() -> Self {
        Self::with(Waiters::new(Kind::Event))
    }

    /// An event with a name, which listings and reports show.
    pub fn named(name: impl Into<Rc<str>>) -> Self {
        Self::with(Waiters::named(Kind::Event, &name.into()))
    }

    const fn with(waiters: Waiters) -> Self {
        Event {
            is_set: Cell::new(false),
            waiters,
        }
    }

    /// The name it was given.
    pub fn name(&self) -> Option<&str> {
        self.waiters.name()
    }

    /// Sets it: whoever waits now goes on, even if it is cleared before they
    /// have had their turn; whoever waits later does not wait at all (asyncio:
    /// `set`).
    pub fn set(&self) {
        self.is_set.set(true);
        self.waiters.call_all(CallOutcome::Granted);
    }

    /// Takes it back: who waits from now on, waits (asyncio: `clear`).
    pub fn clear(&self) {
        self.is_set.set(false);
    }

    /// Is it set (asyncio: `is_set`)?
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

    /// Waits until it is set; not at all if it is (asyncio: `wait`).
    ///
    /// *Cancel safety:* dropping it gives up the place in line and nothing
    /// else.
    #[track_caller]
    pub fn wait(&self) -> WaitForEvent<'_> {
        WaitForEvent {
            event: self,
            site: Location::caller(),
            progress: Progress::New,
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
    site: &'static Location<'static>,
    progress: Progress,
}

impl Future for WaitForEvent<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let (event, here) = (this.event, CurrentLoop::now());
        ready!(here.poll_budget(cx));
        match this.progress {
            Progress::New if event.is_set() => {}
            Progress::New => {
                let place = event.waiters.wait(&here, cx, 1, this.site);
                this.progress = Progress::Waiting(place);
                return Poll::Pending;
            }
            Progress::Waiting(place) => {
                ready!(event.waiters.poll(&here, cx, place));
            }
            Progress::Over => panic!("a future was polled after it was ready"),
        }
        this.progress = Progress::Over;
        here.consume_budget();
        Poll::Ready(())
    }
}

impl Drop for WaitForEvent<'_> {
    fn drop(&mut self) {
        if let Progress::Waiting(place) = self.progress {
            self.event.waiters.leave(place);
        }
    }
}

impl fmt::Debug for WaitForEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WaitForEvent({})", self.site)
    }
}
