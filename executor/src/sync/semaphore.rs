//! A number of permits.
//!
//! **Invariant:** permits are neither lost nor made: each is free, with a
//! [`Permit`], or with a waiter that was called; only `forget` and
//! `add_permits` change how many there are.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::permits::Permits;
use super::waiters::{CurrentLoop, Kind, Progress, Waiters};

/// A limit for how many tasks may do something at once (asyncio:
/// `Semaphore`).
///
/// First come, first served. A permit gives itself back when it is dropped,
/// so there is no release that could be forgotten or called twice (asyncio has
/// `BoundedSemaphore` against the latter).
///
/// ```
/// use executor::{gather, run, sleep, sync::Semaphore};
/// use std::{cell::Cell, time::Duration};
///
/// let (limit, busy) = (Semaphore::new(2), Cell::new(0));
/// let call = async || {
///     let _permit = limit.acquire().await;
///     busy.set(busy.get() + 1);
///     assert!(busy.get() <= 2);
///     sleep(Duration::from_millis(1)).await;
///     busy.set(busy.get() - 1);
/// };
/// run(async { gather((call(), call(), call(), call())).await });
/// ```
pub struct Semaphore {
    permits: Permits,
}

impl Semaphore {
    /// A semaphore with this many permits.
    pub const fn new(permits: usize) -> Self {
        Semaphore {
            permits: Permits::new(permits, Waiters::new(Kind::Semaphore)),
        }
    }

    /// A semaphore with a name, which listings and reports show.
    pub fn named(name: impl Into<Rc<str>>, permits: usize) -> Self {
        Semaphore {
            permits: Permits::new(permits, Waiters::named(Kind::Semaphore, &name.into())),
        }
    }

    /// The name it was given.
    pub fn name(&self) -> Option<&str> {
        self.permits.waiters.name()
    }

    /// Waits for a permit (asyncio: `await semaphore.acquire()`, `async with
    /// semaphore`).
    ///
    /// *Cancel safety:* dropping it gives up the place in line, and a permit
    /// that was handed over already goes to the next one.
    #[track_caller]
    pub fn acquire(&self) -> Acquire<'_> {
        self.acquire_many(1)
    }

    /// Waits for several permits at once (asyncio has no such call).
    ///
    /// It keeps its place in line: whoever comes later and wants fewer waits
    /// behind it, so that it cannot starve.
    ///
    /// ```
    /// use executor::{run, sync::Semaphore};
    ///
    /// let megabytes = Semaphore::new(64);
    /// run(async {
    ///     let permit = megabytes.acquire_many(48).await;
    ///     assert_eq!((permit.count(), megabytes.available_permits()), (48, 16));
    /// });
    /// ```
    ///
    /// *Cancel safety:* as [`acquire`](Self::acquire).
    #[track_caller]
    pub fn acquire_many(&self, permits: usize) -> Acquire<'_> {
        Acquire {
            semaphore: self,
            wanted: permits,
            site: Location::caller(),
            progress: Progress::New,
        }
    }

    /// Takes a permit if there is one and nobody waits (asyncio: `locked()`,
    /// then `acquire()`).
    ///
    /// Works outside a loop too.
    ///
    /// ```
    /// let semaphore = executor::sync::Semaphore::new(1);
    /// let permit = semaphore.try_acquire();
    /// assert!(permit.is_some());
    /// assert!(semaphore.try_acquire().is_none());
    /// ```
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.permits.try_take(1).then(|| self.permit(1))
    }

    /// Adds permits (asyncio: `release()` without an `acquire()`).
    ///
    /// # Panics
    ///
    /// If there would be more than `usize::MAX`.
    #[track_caller]
    pub fn add_permits(&self, permits: usize) {
        let fits = self.permits.free().checked_add(permits).is_some();
        assert!(fits, "a semaphore cannot have more than usize::MAX permits");
        self.permits.give_back(permits);
    }

    /// How many permits are free (asyncio: `_value`).
    pub fn available_permits(&self) -> usize {
        self.permits.free()
    }

    fn permit(&self, count: usize) -> Permit<'_> {
        Permit {
            semaphore: self,
            count,
        }
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Semaphore");
        if let Some(name) = self.name() {
            debug.field("name", &name);
        }
        debug
            .field("available_permits", &self.available_permits())
            .finish()
    }
}

/// The future of [`Semaphore::acquire`] and [`Semaphore::acquire_many`].
///
/// # Panics
///
/// When it is polled again after it gave the permit.
#[must_use = "futures do nothing unless awaited"]
pub struct Acquire<'a> {
    semaphore: &'a Semaphore,
    wanted: usize,
    site: &'static Location<'static>,
    progress: Progress,
}

impl<'a> Future for Acquire<'a> {
    type Output = Permit<'a>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let (semaphore, wanted) = (this.semaphore, this.wanted);
        let permits = &semaphore.permits;
        ready!(permits.poll_take(
            &CurrentLoop::now(),
            cx,
            &mut this.progress,
            wanted,
            this.site
        ));
        Poll::Ready(semaphore.permit(wanted))
    }
}

impl Drop for Acquire<'_> {
    #[inline]
    fn drop(&mut self) {
        self.semaphore.permits.give_up(&self.progress, self.wanted);
    }
}

impl fmt::Debug for Acquire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Acquire({} at {})", self.wanted, self.site)
    }
}

/// One or several permits of a [`Semaphore`]; dropping it gives them back
/// (asyncio: `release`).
#[derive(Debug)]
#[must_use = "dropping the permit gives it back at once"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
    count: usize,
}

impl Permit<'_> {
    /// How many permits these are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Never gives them back: the semaphore has fewer from now on.
    ///
    /// ```
    /// let semaphore = executor::sync::Semaphore::new(1);
    /// semaphore.try_acquire().unwrap().forget();
    /// assert_eq!(semaphore.available_permits(), 0);
    /// ```
    pub fn forget(mut self) {
        self.count = 0;
    }
}

impl Drop for Permit<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.count > 0 {
            self.semaphore.permits.give_back(self.count);
        }
    }
}
