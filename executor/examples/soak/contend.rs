//! Contention for the runtime's locks, semaphores, queues and events, by tasks
//! that are cancelled at any moment.
//!
//! **Invariant:** no lock or permit has two holders, and none is lost or held
//! forever.
//!
//! Called by `load`.

use std::cell::Cell;
use std::time::Duration;

use executor::sync::{Event, Lock, Queue, Semaphore};
use executor::{gather, sleep, timeout};

use crate::counts::Counts;

/// How many tasks may hold a permit at once.
const PERMITS: usize = 3;

/// What the tasks of a round contend for.
pub(crate) struct Contended {
    lock: Lock<u64>,
    permits: Semaphore,
    inside: Cell<usize>,
    queue: Queue<u64>,
    event: Event,
}

/// Counts a task with a permit, until the task releases it or is dropped.
struct Inside<'a>(&'a Cell<usize>);

impl<'a> Inside<'a> {
    fn enter(count: &'a Cell<usize>) -> Self {
        count.set(count.get() + 1);
        assert!(count.get() <= PERMITS, "{} are inside", count.get());
        Inside(count)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Contended {
    pub(crate) fn new() -> Self {
        Contended {
            lock: Lock::new(0),
            permits: Semaphore::new(PERMITS),
            inside: Cell::new(0),
            queue: Queue::new(4),
            event: Event::new(),
        }
    }

    /// Uses each of them in turn; `nap` draws the time limits.
    pub(crate) async fn contend(&self, counts: &Counts, nap: impl Fn() -> Duration) {
        for _ in 0..5 {
            let mut number = self.lock.lock().await;
            let before = *number;
            sleep(nap() / 100).await;
            assert_eq!(*number, before, "no other task has the lock");
            *number += 1;
            drop(number);
            counts.add("locks taken", 1);

            let permit = self.permits.acquire().await;
            let inside = Inside::enter(&self.inside);
            sleep(nap() / 100).await;
            drop(inside);
            drop(permit);

            let put = timeout(nap(), self.queue.put(1)).await;
            if put.is_ok_and(|put| put.is_ok()) {
                counts.add("items put", 1);
            }
            self.event.set();
            self.event.clear();
            // A task that misses this event waits for the next, or times out.
            let _ = timeout(nap(), self.event.wait()).await;
        }
    }

    /// Takes items until the queue is closed: one future waits without a limit,
    /// the other times out again and again.
    pub(crate) async fn consume(&self, counts: &Counts, nap: impl Fn() -> Duration) {
        let patient = async {
            while self.queue.get().await.is_ok() {
                self.count(counts);
            }
        };
        let impatient = async {
            loop {
                match timeout(nap() / 10, self.queue.get()).await {
                    Ok(Ok(_)) => self.count(counts),
                    Ok(Err(_closed)) => return,
                    Err(_elapsed) => {}
                }
            }
        };
        gather((patient, impatient)).await;
    }

    fn count(&self, counts: &Counts) {
        counts.add("items got", 1);
        self.queue.task_done();
    }

    /// Closes the queue after the last put, when all its items are taken.
    pub(crate) async fn close(&self) {
        self.queue.join().await;
        self.queue.close();
    }

    pub(crate) fn assert_nothing_is_held(&self) {
        assert!(self.lock.try_lock().is_some(), "the lock is free");
        let permits: Vec<_> = (0..=PERMITS)
            .map_while(|_| self.permits.try_acquire())
            .collect();
        assert_eq!(permits.len(), PERMITS, "no permit is lost and none is new");
        assert_eq!(self.inside.get(), 0);
    }
}
