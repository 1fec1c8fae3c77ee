//! A queue between tasks.
//!
//! **Invariant:** items leave in the order in which they came in, and each of
//! them is in the queue or with somebody. A getter that was called has an item
//! reserved, a putter that was called has room reserved; the item itself moves
//! only when they are polled, so that a waiter which is dropped takes nothing
//! with it.

mod error;
mod futures;
mod promises;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use super::wait_list::CallOutcome;
use super::waiters::{Kind, Progress, Waiters};
use crate::base::task_info::QueueOperation;

pub use error::{Closed, PutError, TryGetError, TryPutError};
pub use futures::{Get, JoinQueue, Put};

/// A queue from tasks to tasks (asyncio: `Queue`).
///
/// With a limit, [`put`](Self::put) waits while the queue is full: producers
/// go no faster than consumers. Any number of tasks may put and get; whoever
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
///         sum // the queue was closed, and is empty
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
/// - `put` and `get` give a `Result`, an error once the queue is closed
///   (asyncio raises `QueueShutDown`).
/// - [`close`](Self::close) is `shutdown()`, [`close_now`](Self::close_now) is
///   `shutdown(immediate=True)`; the latter gives the items that were left.
/// - A task that waits cannot be passed by one that comes later.
/// - No priority and no last-in first-out queue.
pub struct Queue<T> {
    items: RefCell<VecDeque<T>>,
    /// 0 is no limit.
    maxsize: usize,
    /// Items that getters were called for and have not taken yet.
    reserved_items: Cell<usize>,
    /// Room that putters were called for and have not filled yet.
    reserved_room: Cell<usize>,
    /// Items that came in and are not done.
    unfinished: Cell<usize>,
    is_closed: Cell<bool>,
    getters: Waiters,
    putters: Waiters,
    joiners: Waiters,
}

impl<T> Queue<T> {
    /// A queue for at most `maxsize` items; 0 is no limit (asyncio:
    /// `Queue(maxsize)`).
    pub const fn new(maxsize: usize) -> Self {
        const fn waiters(operation: QueueOperation) -> Waiters {
            Waiters::new(Kind::Queue(operation))
        }
        Self::with(
            maxsize,
            waiters(QueueOperation::Get),
            waiters(QueueOperation::Put),
            waiters(QueueOperation::Join),
        )
    }

    /// A queue with a name, which listings and reports show.
    ///
    /// ```
    /// let queue = executor::sync::Queue::<u8>::named("jobs", 10);
    /// assert_eq!(queue.name(), Some("jobs"));
    /// ```
    pub fn named(name: impl Into<Rc<str>>, maxsize: usize) -> Self {
        let name = name.into();
        let waiters = |operation| Waiters::named(Kind::Queue(operation), &name);
        Self::with(
            maxsize,
            waiters(QueueOperation::Get),
            waiters(QueueOperation::Put),
            waiters(QueueOperation::Join),
        )
    }

    const fn with(maxsize: usize, getters: Waiters, putters: Waiters, joiners: Waiters) -> Self {
        Queue {
            items: RefCell::new(VecDeque::new()),
            maxsize,
            reserved_items: Cell::new(0),
            reserved_room: Cell::new(0),
            unfinished: Cell::new(0),
            is_closed: Cell::new(false),
            getters,
            putters,
            joiners,
        }
    }

    /// The name it was given.
    pub fn name(&self) -> Option<&str> {
        self.getters.name()
    }

    /// Puts an item in, and waits for room first if there is none (asyncio:
    /// `put`).
    ///
    /// # Errors
    ///
    /// [`PutError`], with the item in it, if the queue is closed or is closed
    /// while this waits.
    ///
    /// *Cancel safety:* dropped before it is ready it has put nothing, and the
    /// item is dropped with it.
    #[track_caller]
    pub fn put(&self, item: T) -> Put<'_, T> {
        Put {
            queue: self,
            item: Some(item),
            site: Location::caller(),
            progress: Progress::New,
        }
    }

    /// Takes the oldest item out, and waits for one if there is none (asyncio:
    /// `get`).
    ///
    /// # Errors
    ///
    /// [`Closed`] if the queue is closed and the last item has gone.
    ///
    /// *Cancel safety:* dropped before it is ready it has taken nothing; an
    /// item that was meant for it goes to the next one.
    #[track_caller]
    pub fn get(&self) -> Get<'_, T> {
        Get {
            queue: self,
            site: Location::caller(),
            progress: Progress::New,
        }
    }

    /// Puts an item in if there is room (asyncio: `put_nowait`).
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
    /// [`TryPutError`], with the item in it: the queue is full (also if the
    /// room that there is was promised to somebody who waited) or closed.
    #[inline]
    pub fn try_put(&self, item: T) -> Result<(), TryPutError<T>> {
        if self.is_closed() {
            return Err(TryPutError::Closed(item));
        }
        if !self.has_room() {
            return Err(TryPutError::Full(item));
        }
        self.push(item);
        Ok(())
    }

    /// Takes the oldest item out if there is one (asyncio: `get_nowait`).
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
    /// [`TryGetError::Empty`] if there is no item that was not promised to
    /// somebody who waited; [`TryGetError::Closed`] if there will never be one.
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

    /// Waits until every item that came in is done: until
    /// [`task_done`](Self::task_done) was called for each (asyncio: `join`).
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
    ///     jobs.join().await; // both are done, not only taken
    ///     worker.cancel();
    /// });
    /// ```
    ///
    /// *Cancel safety:* dropping it changes nothing.
    #[track_caller]
    pub fn join(&self) -> JoinQueue<'_, T> {
        JoinQueue {
            queue: self,
            site: Location::caller(),
            progress: Progress::New,
        }
    }

    /// Says that an item which was taken out is done (asyncio: `task_done`).
    ///
    /// # Panics
    ///
    /// If it is called more often than items came in.
    #[track_caller]
    pub fn task_done(&self) {
        let left = self.unfinished.get().checked_sub(1);
        let Some(left) = left else {
            panic!("Queue::task_done was called more often than items came in: once for each `get`")
        };
        self.finish(left);
    }

    /// Takes nothing more in; what is there can still be taken out (asyncio:
    /// `shutdown`).
    ///
    /// Puts that wait get their items back, gets that wait end with
    /// [`Closed`]. A second call changes nothing.
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
        self.putters.call_all(CallOutcome::Refused);
        // If any waits there is no item for it.
        self.getters.call_all(CallOutcome::Refused);
    }

    /// Closes, and gives the items that were left: they count as done
    /// (asyncio: `shutdown(immediate=True)`, which drops them).
    ///
    /// A `get` that was called for one of these and had not its turn yet ends
    /// with [`Closed`].
    ///
    /// ```
    /// let queue = executor::sync::Queue::new(0);
    /// queue.try_put('a').unwrap();
    /// assert_eq!(queue.close_now(), ['a']);
    /// ```
    pub fn close_now(&self) -> Vec<T> {
        let left = Vec::from(self.items.take());
        self.close();
        self.finish(self.unfinished.get().saturating_sub(left.len()));
        left
    }

    /// Was it closed?
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.is_closed.get()
    }

    /// How many items are in it (asyncio: `qsize`).
    #[inline]
    pub fn len(&self) -> usize {
        self.items.borrow().len()
    }

    /// Is nothing in it (asyncio: `empty`)?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Are as many items in it as it may hold (asyncio: `full`)?
    pub fn is_full(&self) -> bool {
        self.maxsize > 0 && self.len() >= self.maxsize
    }

    /// How many items it may hold; 0 is no limit (asyncio: `maxsize`).
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
