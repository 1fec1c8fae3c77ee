//! `Semaphore`: a number of permits.
//!
//! **Invariant:** each permit is free, owned by a [`Permit`], or granted to a
//! wait whose future was not polled since. `total` counts all three; only
//! `forget` and `add_permits` change it, and it fits a `usize`.
//!
//! Called by users. Imports `permits`.

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::permits::Permits;
use super::wait_list::Wanted;
use super::waiters::{CurrentLoop, PendingWait, Waiters};

/// A limit on how many tasks may do something at once (asyncio: `Semaphore`).
///
/// First come, first served. A permit is released when it is dropped, so a
/// release cannot be forgotten or made twice (asyncio has `BoundedSemaphore`
/// against the latter).
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
    /// How many permits there are, free or in use.
    total: Cell<usize>,
}

impl Semaphore {
    /// Creates a semaphore with this many permits.
    pub const fn new(permits: usize) -> Self {
        Semaphore {
            permits: Permits::new(permits, Waiters::new()),
            total: Cell::new(permits),
        }
    }

    /// Creates a semaphore with a name, which listings and reports show.
    pub fn named(name: impl Into<Rc<str>>, permits: usize) -> Self {
        Semaphore {
            permits: Permits::new(permits, Waiters::named(name.into())),
            total: Cell::new(permits),
        }
    }

    /// Returns the name given by [`named`](Self::named).
    pub fn name(&self) -> Option<&str> {
        self.permits.waiters.name()
    }

    /// Waits for a permit (asyncio: `await semaphore.acquire()`, `async with
    /// semaphore`).
    ///
    /// *Cancel safety:* dropping it ends the wait; a permit that was granted to
    /// it already goes to the next waiter.
    #[track_caller]
    pub fn acquire(&self) -> Acquire<'_> {
        self.acquire_many(1)
    }

    /// Waits for several permits at once (asyncio has no such call).
    ///
    /// A later request waits behind it, even one for fewer permits, so it
    /// cannot starve.
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
            wait: PendingWait::at_caller(),
        }
    }

    /// Takes a permit if one is free and no task waits (asyncio: `locked()`,
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
        self.permits.try_acquire(1).then(|| self.permit(1))
    }

    /// Adds permits (asyncio: `release()` without an `acquire()`).
    ///
    /// # Panics
    ///
    /// If there would be more than `usize::MAX`, those in use included: each of
    /// them is released at some time. No permit is added then.
    #[track_caller]
    pub fn add_permits(&self, permits: usize) {
        let Some(total) = self.total.get().checked_add(permits) else {
            panic!("a semaphore cannot have more than usize::MAX permits");
        };
        self.total.set(total);
        self.permits.release(permits);
    }

    /// Returns how many permits are free (asyncio: `_value`).
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
    wait: PendingWait,
}

impl<'a> Future for Acquire<'a> {
    type Output = Permit<'a>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let (semaphore, wanted) = (this.semaphore, Wanted::Permits(this.wanted));
        let (permits, current) = (&semaphore.permits, CurrentLoop::now());
        ready!(permits.poll_acquire(&current, cx, &mut this.wait, wanted));
        Poll::Ready(semaphore.permit(this.wanted))
    }
}

impl Drop for Acquire<'_> {
    #[inline]
    fn drop(&mut self) {
        self.semaphore.permits.cancel(&self.wait, self.wanted);
    }
}

impl fmt::Debug for Acquire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Acquire({} at {})", self.wanted, self.wait.site)
    }
}

/// One or several permits of a [`Semaphore`]; dropping it releases them
/// (asyncio: `release`).
#[derive(Debug)]
#[must_use = "dropping the permit releases it at once"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
    count: usize,
}

impl Permit<'_> {
    /// Returns how many permits these are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Drops the permits without releasing them: the semaphore has fewer from
    /// now on.
    ///
    /// ```
    /// let semaphore = executor::sync::Semaphore::new(1);
    /// semaphore.try_acquire().unwrap().forget();
    /// assert_eq!(semaphore.available_permits(), 0);
    /// ```
    pub fn forget(mut self) {
        let total = &self.semaphore.total;
        total.set(total.get() - self.count);
        self.count = 0;
    }
}

impl Drop for Permit<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.count > 0 {
            self.semaphore.permits.release(self.count);
        }
    }
}
