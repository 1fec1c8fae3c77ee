//! Locks, semaphores, events and queues for tasks of one thread (asyncio:
//! `Lock`, `Semaphore`, `Event`, `Queue`).
//!
//! | asyncio | this module |
//! |---|---|
//! | `Lock` | [`Lock<T>`](Lock), which holds what it protects |
//! | `Semaphore` | [`Semaphore`], whose [`Permit`] is released when it is dropped |
//! | `Event` | [`Event`] |
//! | `Queue(maxsize)` | [`Queue::new(maxsize)`](Queue::new) |
//! | `Condition`, `Barrier` | none: use an [`Event`] or a [`Queue`] |
//!
//! All are for one thread: cheap, without atomics, and not `Send`. Share them
//! with an `Rc`, or borrow them. Between threads, `async-lock` and
//! `async-channel` work on this loop as well.
//!
//! Waits are served in the order in which they began; a later one cannot
//! overtake. A future that waits may be dropped at any moment, by a timeout or
//! with a cancelled task: nothing is lost, and what was granted to it goes to
//! the next waiter.
//!
//! Give them names ([`Lock::named`] and so on): [`tasks`](crate::tasks) shows
//! which task waits for which, and a deadlock is reported with the names and
//! the lines.
//!
//! **Invariant:** no future waits for what is available: a release grants the
//! first wait in the same call.
//!
//! Layer 2. Imports layer 0, to learn which task is polled and to wake it. The
//! types also work on another executor of the same thread, and operations that
//! do not wait work outside every loop.

mod wait_list;
mod waiters;
mod permits;
mod lock;
mod semaphore;
mod event;
mod queue;

pub use event::{Event, WaitForEvent};
pub use lock::{AcquireLock, Guard, Lock};
pub use queue::{Closed, Get, JoinQueue, Put, PutError, Queue, TryGetError, TryPutError};
pub use semaphore::{Acquire, Permit, Semaphore};
