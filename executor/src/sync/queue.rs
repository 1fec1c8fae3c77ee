//! `Queue`: items from tasks to tasks.
//!
//! **Invariant:** items leave in the order in which they were put, and each is
//! either in the queue or owned by a caller. A getter that was granted has an
//! item reserved, a putter that was granted has space reserved; the item itself
//! moves only when the future is polled, so a future that is dropped takes
//! nothing with it.
//!
//! Called by users. Imports `waiters`.

mod error;
mod reservations;
mod futures;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use super::wait_list::Outcome;
use super::waiters::{PendingWait, Waiters};

pub use error::{Closed, PutError, TryGetError, TryPutError};
pub use futures::{Get, JoinQueue, Put};

/// A queue of items from tasks to tasks (asyncio: `Queue`).
///
/// With a limit, [`put`](Self::put) waits while the queue is full, so producers
/// cannot outrun consumers. Any number of tasks may put and get; the one that
/// has waited longest is served first.
///
/// ```
/// use executor::{run, spawn, sync::Queue};
/// use std::rc::Rc;
///
/// run(async {
///     let jobs = Rc::new(Queue::new(2));
///     let inbox = jobs.clone();
///     let worker = spawn(async move {
///         let mut sum = 0;
///         while let Ok(job) = inbox.get().await {
///             sum += job;
///         }
///         sum // the queue is closed and empty
///     });
///     for job in 1..=4 {
///         jobs.put(job).await.unwrap();
///     }
///     jobs.close();
///     assert_eq!(worker.await.unwrap(), 10);
/// });
/// ```
///
/// # Differences from asyncio
///
/// - `put` and `get` return a `Result`, an error once the queue is closed
///   (asyncio raises `QueueShutDown`).
/// - [`close`](Self::close) is `shutdown()`, [`close_now`](Self::close_now) is
///   `shutdown(immediate=True)`; the latter returns the items that were left.
/// - A task that begins to wait later cannot overtake.
/// - There is no priority queue and no last-in first-out queue.
pub struct Queue<T> {
    items: RefCell<VecDeque<T>>,
    /// 0 is no limit.
    maxsize: usize,
    /// How many items were granted to getters and not taken yet.
    reserved_items: Cell<usize>,
    /// Space for how many items was granted to putters and not filled yet.
    reserved_space: Cell<usize>,
    /// How many items were put and are not done.
    unfinished: Cell<usize>,
    is_closed: Cell<bool>,
    getters: Waiters,
    putters: Waiters,
    joiners: Waiters,
}

impl<T> Queue<T> {
    /// Creates a queue for at most `maxsize` items; 0 is no limit (asyncio:
    /// `Queue(maxsize)`).
    pub const fn new(maxsize: usize) -> Self {
        Self::with(maxsize, Waiters::new(), Waiters::new(), Waiters::new())
    }

    /// Creates a queue with a name, which listings and reports show.
    ///
    /// ```
    /// let queue = executor::sync::Queue::<u8>::named("jobs", 10);
    /// assert_eq!(queue.name(), Some("jobs"));
    /// ```
    pub fn named(name: impl Into<Rc<str>>, maxsize: usize) -> Self {
        let name: Rc<str> = name.into();
        let waiters = || Waiters::named(Rc::clone(&name));
        Self::with(maxsize, waiters(), waiters(), waiters())
    }

    const fn with(maxsize: usize, getters: Waiters, putters: Waiters, joiners: Waiters) -> Self {
        Queue {
            items: RefCell::new(VecDeque::new()),
            maxsize,
            reserved_items: Cell::new(0),
            reserved_space: Cell::new(0),
            unfinished: Cell::new(0),
            is_closed: Cell::new(false),
            getters,
            putters,
            joiners,
        }
    }

    /// Returns the name given by [`named`](Self::named).
    pub fn name(&self) -> Option<&str> {
        self.getters.name()
    }

    /// Puts an item into the queue, and waits for space if it is full (asyncio:
    /// `put`).
    ///
    /// # Errors
    ///
    /// [`PutError`], with the item in it, if the queue is closed, or is closed
    /// during the wait.
    ///
    /// *Cancel safety:* a future that is dropped before it is ready has put
    /// nothing; the item is dropped with it.
    #[track_caller]
    pub fn put(&self, item: T) -> Put<'_, T> {
        Put {
            queue: self,
            item: Some(item),
            wait: PendingWait::at_caller(),
        }
    }

    /// Takes the oldest item, and waits for one if there is none (asyncio:
    /// `get`).
    ///
    /// # Errors
    ///
    /// [`Closed`] if the queue is closed and empty.
    ///
    /// *Cancel safety:* a future that is dropped before it is ready has taken
    /// nothing; an item that was granted to it goes to the next one.
    #[track_caller]
    pub fn get(&self) -> Get<'_, T> {
        Get {
            queue: self,
            wait: PendingWait::at_caller(),
        }
    }

    /// Puts an item into the queue if there is space (asyncio: `put_nowait`).
    ///
    /// Works outside a loop too.
    ///
    /// ```
    /// use executor::sync::{Queue, TryPutError};
    ///
    /// let queue = Queue::new(1);
    /// assert_eq!(queue.try_put('a'), Ok(()));
    /// assert_eq!(queue.try_put('b'), Err(TryPutError::Full('b')));
    /// ```
    ///
    /// # Errors
    ///
    /// [`TryPutError`], with the item in it: the queue is closed, or full (also
    /// if the free space is reserved for tasks that waited for it).
    #[inline]
    pub fn try_put(&self, item: T) -> Result<(), TryPutError<T>> {
        if self.is_closed() {
            return Err(TryPutError::Closed(item));
        }
        if !self.has_space() {
            return Err(TryPutError::Full(item));
        }
        self.push(item);
        Ok(())
    }

    /// Takes the oldest item if there is one (asyncio: `get_nowait`).
    ///
    /// Works outside a loop too.
    ///
    /// ```
    /// use executor::sync::{Queue, TryGetError};
    ///
    /// let queue = Queue::new(0);
    /// assert_eq!(queue.try_get(), Err(TryGetError::Empty));
    /// queue.try_put('a').unwrap();
    /// assert_eq!(queue.try_get(), Ok('a'));
    /// ```
    ///
    /// # Errors
    ///
    /// [`TryGetError::Empty`] if there is no item, or if all are reserved for
    /// tasks that waited for them; [`TryGetError::Closed`] if there will never
    /// be one.
    #[inline]
    pub fn try_get(&self) -> Result<T, TryGetError> {
        if self.has_item() {
            return Ok(self.pop());
        }
        Err(match self.is_closed() {
            true => TryGetError::Closed,
            false => TryGetError::Empty,
        })
    }

    /// Waits until every item is done: until [`task_done`](Self::task_done) was
    /// called once for each item that was put (asyncio: `join`).
    ///
    /// ```
    /// use executor::{run, spawn, sync::Queue};
    /// use std::rc::Rc;
    ///
    /// run(async {
    ///     let jobs = Rc::new(Queue::new(0));
    ///     let inbox = jobs.clone();
    ///     let worker = spawn(async move {
    ///         while let Ok(_job) = inbox.get().await {
    ///             executor::yield_now().await; // work
    ///             inbox.task_done();
    ///         }
    ///     });
    ///     jobs.put("a").await.unwrap();
    ///     jobs.put("b").await.unwrap();
    ///     jobs.join().await; // both are done, not just taken
    ///     worker.cancel();
    /// });
    /// ```
    ///
    /// *Cancel safety:* dropping it changes nothing.
    #[track_caller]
    pub fn join(&self) -> JoinQueue<'_, T> {
        JoinQueue {
            queue: self,
            wait: PendingWait::at_caller(),
        }
    }

    /// Marks an item that was taken as done (asyncio: `task_done`).
    ///
    /// # Panics
    ///
    /// If it is called more often than items were put.
    #[track_caller]
    pub fn task_done(&self) {
        let left = self.unfinished.get().checked_sub(1);
        let Some(left) = left else {
            panic!("Queue::task_done was called more often than items came in: once for each `get`")
        };
        self.set_unfinished(left);
    }

    /// Closes the queue: it accepts no more items, and those in it can still be
    /// taken (asyncio: `shutdown`).
    ///
    /// A `put` that waits returns its item in the error, a `get` that waits
    /// returns [`Closed`]. A second call changes nothing.
    ///
    /// ```
    /// use executor::{run, sync::{Closed, Queue}};
    ///
    /// run(async {
    ///     let queue = Queue::new(0);
    ///     queue.put(1).await.unwrap();
    ///     queue.close();
    ///     assert_eq!(queue.put(2).await.unwrap_err().into_inner(), 2);
    ///     assert_eq!(queue.get().await, Ok(1));
    ///     assert_eq!(queue.get().await, Err(Closed));
    /// });
    /// ```
    pub fn close(&self) {
        self.is_closed.set(true);
        self.putters.resolve_all(Outcome::Refused);
        // While a getter waits, every item is reserved for another one.
        self.getters.resolve_all(Outcome::Refused);
    }

    /// Closes the queue and returns the items that were left, which count as
    /// done (asyncio: `shutdown(immediate=True)`, which drops them).
    ///
    /// A `get` that was granted one of these items, and was not polled since,
    /// returns [`Closed`].
    ///
    /// ```
    /// let queue = executor::sync::Queue::new(0);
    /// queue.try_put('a').unwrap();
    /// assert_eq!(queue.close_now(), ['a']);
    /// ```
    pub fn close_now(&self) -> Vec<T> {
        let left = Vec::from(self.items.take());
        self.close();
        self.set_unfinished(self.unfinished.get().saturating_sub(left.len()));
        left
    }

    /// Returns whether the queue was closed.
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.is_closed.get()
    }

    /// Returns how many items the queue holds (asyncio: `qsize`).
    #[inline]
    pub fn len(&self) -> usize {
        self.items.borrow().len()
    }

    /// Returns whether the queue holds no item (asyncio: `empty`).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether the queue holds as many items as it may (asyncio:
    /// `full`).
    pub fn is_full(&self) -> bool {
        self.maxsize > 0 && self.len() >= self.maxsize
    }

    /// Returns how many items the queue may hold; 0 is no limit (asyncio:
    /// `maxsize`).
    pub fn maxsize(&self) -> usize {
        self.maxsize
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Queue");
        if let Some(name) = self.name() {
            debug.field("name", &name);
        }
        debug
            .field("len", &self.len())
            .field("maxsize", &self.maxsize)
            .field("is_closed", &self.is_closed())
            .finish()
    }
}
