//! Locks, semaphores, events and queues for tasks of one thread (asyncio:
//! `Lock`, `Semaphore`, `Event`, `Queue`).
//!
//! | asyncio | here |
//! |---|---|
//! | `Lock` | [`Lock<T>`](Lock), which holds what it protects |
//! | `Semaphore` | [`Semaphore`], whose [`Permit`] gives itself back |
//! | `Event` | [`Event`] |
//! | `Queue(maxsize)` | [`Queue::new(maxsize)`](Queue::new) |
//! | `Condition`, `Barrier` | none: an [`Event`] or a [`Queue`] does it |
//!
//! All are for one thread: cheap, without atomics, and not `Send`. Share them
//! with an `Rc`, or borrow them. Between threads, `async-lock` and
//! `async-channel` work on this loop as well.
//!
//! Whoever waits first is served first, and nobody is passed. A future that
//! waits may be dropped at any moment, by a timeout or a cancelled task:
//! nothing is lost, and what it had been given already goes to the next one.
//!
//! Give them names ([`Lock::named`] and so on): [`tasks`](crate::tasks) shows
//! who waits for which, and a deadlock is reported with the names and the
//! lines.
//!
//! **Invariant:** what is free is never waited for: whoever lets something go
//! wakes the first one in line in the same call.
//!
//! A room: calls `runtime` to find out who is polled and to wake it. The
//! primitives also work on another executor of the same thread, and what does
//! not wait works outside every loop.

mod event;
mod wait_list;
mod lock;
mod permits;
mod queue;
mod semaphore;
mod waiters;

pub use event::{Event, WaitForEvent};
pub use lock::{AcquireLock, Guard, Lock};
pub use queue::{Closed, Get, JoinQueue, Put, PutError, Queue, TryGetError, TryPutError};
pub use semaphore::{Acquire, Permit, Semaphore};
