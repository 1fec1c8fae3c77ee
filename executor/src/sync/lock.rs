//! A lock around a value.
//!
//! **Invariant:** the value is borrowed exactly while there is a guard, and
//! there is at most one.

use std::cell::{Cell, RefCell, RefMut};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::permits::Permits;
use super::waiters::{CurrentLoop, Holder, Kind, Progress, Waiters};

/// A value that one task at a time may use, across its awaits (asyncio:
/// `Lock`).
///
/// asyncio's lock protects whatever its users agree on; this one holds the
/// value, so that it cannot be used without the lock. A value that nobody
/// keeps across an `.await` needs no lock here, because tasks change only at
/// awaits: a `RefCell` will do.
///
/// First come, first served: the guard's drop hands the lock to the task that
/// has waited longest, and nobody can take it in between.
///
/// ```
/// use executor::{gather, run, sleep, sync::Lock};
/// use std::time::Duration;
///
/// let total = Lock::new(0);
/// let add = async |n: u32| {
///     let mut total = total.lock().await;
///     let before = *total;
///     sleep(Duration::from_millis(1)).await; // nobody else is in here
///     *total = before + n;
/// };
/// run(async { gather((add(1), add(2), add(3))).await });
/// assert_eq!(total.into_inner(), 6);
/// ```
///
/// A panic while the guard is held does not poison the lock: the guard is
/// dropped, and the next task finds the value as it was left. asyncio does the
/// same with an exception.
///
/// # Locking twice
///
/// A task that locks what it has locked already would wait for itself. That,
/// and any other circle of tasks that wait for each other's locks, is in the
/// text of [`RunError::Stalled`](crate::RunError::Stalled), and in debug mode
/// it is reported on stderr as soon as it happens, with the lines that took
/// and the lines that wait:
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
    /// A lock that is free.
    ///
    /// ```
    /// let lock = executor::sync::Lock::new(5);
    /// assert_eq!(*lock.try_lock().unwrap(), 5);
    /// ```
    pub const fn new(value: T) -> Self {
        Self::with(Waiters::new(Kind::Lock), value)
    }

    /// A lock with a name, which listings and reports show.
    ///
    /// ```
    /// let lock = executor::sync::Lock::named("cache", 5);
    /// assert_eq!(lock.name(), Some("cache"));
    /// ```
    pub fn named(name: impl Into<Rc<str>>, value: T) -> Self {
        Self::with(Waiters::named(Kind::Lock, &name.into()), value)
    }

    const fn with(waiters: Waiters, value: T) -> Self {
        Lock {
            permits: Permits::new(1, waiters),
            holder: Cell::new(None),
            value: RefCell::new(value),
        }
    }

    /// The name it was given.
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
    /// *Cancel safety:* dropping it gives up the place in line, and a lock
    /// that was handed over already goes to the next one.
    #[track_caller]
    pub fn lock(&self) -> AcquireLock<'_, T> {
        AcquireLock {
            lock: self,
            site: Location::caller(),
            progress: Progress::New,
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
            .try_take(1)
            .then(|| self.guard(&CurrentLoop::now(), site))
    }

    /// The value, without a lock: whoever has `&mut` is alone with it.
    ///
    /// ```
    /// let mut lock = executor::sync::Lock::new(5);
    /// *lock.get_mut() += 1;
    /// assert_eq!(lock.into_inner(), 6);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// The value, and the lock is no more.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    #[inline]
    fn guard(&self, here: &CurrentLoop, site: &'static Location<'static>) -> Guard<'_, T> {
        self.note_holder(Some(here.holder(site)));
        Guard {
            value: self.value.borrow_mut(),
            unlock: Unlock {
                permits: &self.permits,
            },
        }
    }

    #[inline]
    fn note_holder(&self, holder: Option<Holder>) {
        self.holder.set(holder);
        self.permits.waiters.note_holder(holder);
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
        match self.value.try_borrow() {
            Ok(value) => debug.field("value", &value),
            Err(_) => debug.field("value", &format_args!("<locked>")),
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
    site: &'static Location<'static>,
    progress: Progress,
}

impl<'a, T> Future for AcquireLock<'a, T> {
    type Output = Guard<'a, T>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let here = CurrentLoop::now();
        let lock = this.lock;
        let taken = lock
            .permits
            .poll_take(&here, cx, &mut this.progress, 1, this.site);
        if taken.is_pending() {
            // The holder took it before anybody waited, perhaps.
            lock.permits.waiters.note_holder(lock.holder.get());
            return Poll::Pending;
        }
        Poll::Ready(lock.guard(&here, this.site))
    }
}

impl<T> Drop for AcquireLock<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.permits.give_up(&self.progress, 1);
    }
}

impl<T> fmt::Debug for AcquireLock<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AcquireLock({})", self.site)
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
    // In this order: the value is free before the next task is told.
    value: RefMut<'a, T>,
    #[allow(dead_code, reason = "it is there to be dropped")]
    unlock: Unlock<'a>,
}

struct Unlock<'a> {
    permits: &'a Permits,
}

impl Drop for Unlock<'_> {
    #[inline]
    fn drop(&mut self) {
        self.permits.give_back(1);
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
