//! `Lock`: a lock around a value.
//!
//! **Invariant:** the value is borrowed exactly while a guard exists, and at
//! most one guard exists.
//!
//! Called by users. Imports `permits`.

use std::cell::{Cell, RefCell, RefMut};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::permits::Permits;
use super::wait_list::Wanted;
use super::waiters::{CurrentLoop, Holder, PendingWait, Waiters};

/// A value that one task at a time may use, across its awaits (asyncio:
/// `Lock`).
///
/// asyncio's lock protects whatever its users agree on; this one holds the
/// value, so that it cannot be used without the lock. A value that no task
/// borrows across an `.await` needs no lock, because the loop switches tasks
/// only at awaits: a `RefCell` will do.
///
/// First come, first served: dropping the guard gives the lock to the task that
/// has waited longest, and no other task can take it in between.
///
/// ```
/// use executor::{gather, run, sleep, sync::Lock};
/// use std::time::Duration;
///
/// let total = Lock::new(0);
/// let add = async |n: u32| {
///     let mut total = total.lock().await;
///     let before = *total;
///     sleep(Duration::from_millis(1)).await; // still locked
///     *total = before + n;
/// };
/// run(async { gather((add(1), add(2), add(3))).await });
/// assert_eq!(total.into_inner(), 6);
/// ```
///
/// A panic while the guard is held does not poison the lock: the guard is
/// dropped, and the next task gets the value as it was at that moment. asyncio
/// does the same with an exception.
///
/// # Locking twice
///
/// A task that locks what it has locked already would wait for itself. Such a
/// deadlock, and any other cycle of tasks that wait for each other's locks, is
/// described in the text of [`RunError::Stalled`](crate::RunError::Stalled),
/// with the lines that locked and the lines that wait; in debug mode it is
/// reported on stderr as soon as it happens:
///
/// ```
/// use executor::{sync::Lock, try_run};
///
/// let cache = Lock::named("cache", ());
/// let stalled = try_run(async {
///     let _first = cache.lock().await;
///     let _second = cache.lock().await;
/// });
/// let text = stalled.unwrap_err().to_string();
/// assert!(text.contains("for lock \"cache\", which it took itself at"), "{text}");
/// ```
pub struct Lock<T> {
    permits: Permits,
    holder: Cell<Option<Holder>>,
    value: RefCell<T>,
}

impl<T> Lock<T> {
    /// Creates a free lock.
    ///
    /// ```
    /// let lock = executor::sync::Lock::new(5);
    /// assert_eq!(*lock.try_lock().unwrap(), 5);
    /// ```
    pub const fn new(value: T) -> Self {
        Self::with(Waiters::new(), value)
    }

    /// Creates a lock with a name, which listings and reports show.
    ///
    /// ```
    /// let lock = executor::sync::Lock::named("cache", 5);
    /// assert_eq!(lock.name(), Some("cache"));
    /// ```
    pub fn named(name: impl Into<Rc<str>>, value: T) -> Self {
        Self::with(Waiters::named(name.into()), value)
    }

    const fn with(waiters: Waiters, value: T) -> Self {
        Lock {
            permits: Permits::new(1, waiters),
            holder: Cell::new(None),
            value: RefCell::new(value),
        }
    }

    /// Returns the name given by [`named`](Self::named).
    pub fn name(&self) -> Option<&str> {
        self.permits.waiters.name()
    }

    /// Waits for the lock (asyncio: `await lock.acquire()`, `async with
    /// lock`).
    ///
    /// The lock is free again when the guard is dropped. A guard that is moved
    /// to another task is listed under the task that took the lock.
    ///
    /// ```
    /// use executor::{run, sync::Lock};
    ///
    /// let names = Lock::new(vec!["Ada"]);
    /// run(async {
    ///     names.lock().await.push("Grace");
    /// });
    /// assert_eq!(names.into_inner(), ["Ada", "Grace"]);
    /// ```
    ///
    /// *Cancel safety:* dropping it ends the wait; a lock that was granted to
    /// it already goes to the next waiter.
    #[track_caller]
    pub fn lock(&self) -> AcquireLock<'_, T> {
        AcquireLock {
            lock: self,
            wait: PendingWait::at_caller(),
        }
    }

    /// Takes the lock if it is free (asyncio: `locked()`, then `acquire()`).
    ///
    /// Works outside a loop too.
    ///
    /// ```
    /// let lock = executor::sync::Lock::new(());
    /// let guard = lock.try_lock();
    /// assert!(guard.is_some());
    /// assert!(lock.try_lock().is_none());
    /// ```
    #[track_caller]
    pub fn try_lock(&self) -> Option<Guard<'_, T>> {
        let site = Location::caller();
        self.permits
            .try_acquire(1)
            .then(|| self.guard(&CurrentLoop::now(), site))
    }

    /// Returns the value without locking: `&mut self` proves that no guard
    /// exists.
    ///
    /// ```
    /// let mut lock = executor::sync::Lock::new(5);
    /// *lock.get_mut() += 1;
    /// assert_eq!(lock.into_inner(), 6);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Drops the lock and returns the value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    #[inline]
    fn guard(&self, current: &CurrentLoop, site: &'static Location<'static>) -> Guard<'_, T> {
        let holder = Some(current.holder(site));
        self.holder.set(holder);
        self.permits.waiters.set_holder(holder);
        Guard {
            value: self.value.borrow_mut(),
            unlock: Unlock {
                permits: &self.permits,
            },
        }
    }
}

impl<T: Default> Default for Lock<T> {
    fn default() -> Self {
        Lock::new(T::default())
    }
}

impl<T: fmt::Debug> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Lock");
        if let Some(name) = self.name() {
            debug.field("name", &name);
        }
        // Locked meanwhile: the value's `Debug` may run any code.
        match self.try_lock() {
            Some(value) => debug.field("value", &&*value),
            None => debug.field("value", &format_args!("<locked>")),
        };
        debug.finish()
    }
}

/// The future of [`Lock::lock`].
///
/// # Panics
///
/// When it is polled again after it gave the guard.
#[must_use = "futures do nothing unless awaited"]
pub struct AcquireLock<'a, T> {
    lock: &'a Lock<T>,
    wait: PendingWait,
}

impl<'a, T> Future for AcquireLock<'a, T> {
    type Output = Guard<'a, T>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let current = CurrentLoop::now();
        let lock = this.lock;
        let permits = &lock.permits;
        let acquired = permits.poll_acquire(&current, cx, &mut this.wait, Wanted::Lock);
        if acquired.is_pending() {
            // If this is the first wait, the queue did not exist when the
            // holder took the lock.
            permits.waiters.set_holder(lock.holder.get());
            return Poll::Pending;
        }
        Poll::Ready(lock.guard(&current, this.wait.site))
    }
}

impl<T> Drop for AcquireLock<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.permits.cancel(&self.wait, 1);
    }
}

impl<T> fmt::Debug for AcquireLock<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AcquireLock({})", self.wait.site)
    }
}

/// The locked value; dropping it unlocks.
///
/// ```
/// use executor::sync::Lock;
///
/// let lock = Lock::new(String::from("a"));
/// let mut guard = lock.try_lock().unwrap();
/// guard.push('b');
/// drop(guard); // or the end of its block
/// assert_eq!(*lock.try_lock().unwrap(), "ab");
/// ```
#[must_use = "dropping the guard unlocks at once"]
pub struct Guard<'a, T> {
    // In this order: the borrow ends before the next task is woken.
    value: RefMut<'a, T>,
    #[allow(dead_code, reason = "its drop unlocks")]
    unlock: Unlock<'a>,
}

struct Unlock<'a> {
    permits: &'a Permits,
}

impl Drop for Unlock<'_> {
    #[inline]
    fn drop(&mut self) {
        self.permits.release(1);
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Guard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: fmt::Display> fmt::Display for Guard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
