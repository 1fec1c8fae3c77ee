//! Thread pool for calls that block.
//!
//! **Invariant:** a job runs exactly once, or is abandoned before it started
//! and never runs.
//!
//! Fed by `to_thread`; owned by the runtime (the default pool) or by the user.
//! A job carries its own way home: a message to its loop's inbox.
//!
//! # How many threads
//!
//! One number decides, `spare`: idle threads minus queued jobs. A submission
//! takes one from it; a thread that has finished a job adds one. A new thread is
//! started only when a submission found none spare, so a burst of short jobs is
//! served by a few threads (10,000 at once cost about 0.5 µs each; in tokio,
//! where each may start a thread, 12 µs: `cargo bench -- threads`).

#[cfg(all(test, executor_loom))]
mod model;

use std::num::NonZeroUsize;
use std::time::Duration;

#[cfg(not(all(test, executor_loom)))]
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};

use crate::base::sys::{
    Arc, AtomicIsize, AtomicUsize, JoinHandle, Mutex, Ordering, lock, spawn_thread,
};
#[cfg(all(test, executor_loom))]
use crate::base::sys::{Receiver, RecvTimeoutError, Sender, unbounded};

/// How long a thread waits for a job before it ends. trio's and tokio's number:
/// long enough to serve a program that blocks now and then, short enough to
/// return the memory.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// A call on a thread pool.
pub(crate) trait Job: Send + Sync {
    /// Runs the call on the current thread, unless it was abandoned.
    fn run(&self);
    /// Drops the call if it has not started, and returns whether it had not. A
    /// started call cannot be stopped; its result will be dropped.
    fn abandon(&self) -> bool;
}

/// A pool with a maximum number of threads for calls that block, started on
/// demand (asyncio: `concurrent.futures.ThreadPoolExecutor`).
///
/// Cloning it gives another handle to the same threads. They end when the last
/// handle is dropped and their jobs are done, or after ten idle seconds.
///
/// ```
/// use executor::{ThreadPool, gather, run, run_in_executor};
///
/// let pool = ThreadPool::new(2);
/// let sum: u64 = run(async {
///     let jobs = (1..=4).map(|n| run_in_executor(&pool, move || n * n)).collect::<Vec<_>>();
///     gather(jobs).await.into_iter().sum()
/// });
/// assert_eq!(sum, 30);
/// ```
#[derive(Clone)]
pub struct ThreadPool {
    shared: Arc<Shared>,
    /// When the last handle drops its sender, the threads find the queue closed
    /// and end.
    jobs: Sender<Arc<dyn Job>>,
}

struct Shared {
    jobs: Receiver<Arc<dyn Job>>,
    /// Idle threads minus queued jobs.
    spare: AtomicIsize,
    /// Threads that exist, idle or busy.
    threads: AtomicUsize,
    limit: usize,
    /// Joined when the pool is shut down.
    handles: Mutex<Vec<JoinHandle<()>>>,
}

impl ThreadPool {
    /// Creates a pool of at most `threads` threads; none is started yet.
    ///
    /// # Panics
    ///
    /// If `threads` is zero: such a pool could never run anything.
    #[track_caller]
    pub fn new(threads: usize) -> Self {
        assert!(
            threads > 0,
            "ThreadPool::new(0): a pool needs at least one thread"
        );
        let (sender, receiver) = unbounded();
        ThreadPool {
            shared: Arc::new(Shared {
                jobs: receiver,
                spare: AtomicIsize::new(0),
                threads: AtomicUsize::new(0),
                limit: threads,
                handles: Mutex::default(),
            }),
            jobs: sender,
        }
    }

    /// Creates the pool behind `to_thread`: asyncio's size for its default
    /// executor, four more threads than the machine has cores, at most 32.
    pub(crate) fn default_size() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        ThreadPool::new((cores + 4).min(32))
    }

    /// Starts a thread if the limit allows.
    fn grow(&self) -> std::io::Result<()> {
        let shared = &self.shared;
        if !shared.reserve() {
            return Ok(()); // full: a thread takes the job when it has finished one
        }
        let worker = Arc::clone(shared);
        match spawn_thread("executor-pool", move || worker.serve()) {
            Ok(handle) => {
                shared.spare.fetch_add(1, Ordering::AcqRel);
                let mut handles = lock(&shared.handles);
                handles.retain(|old| !old.is_finished());
                handles.push(handle);
                Ok(())
            }
            Err(error) => {
                let others = shared.threads.fetch_sub(1, Ordering::AcqRel) - 1;
                if others > 0 {
                    return Ok(()); // they will take the job in time
                }
                shared.spare.fetch_add(1, Ordering::AcqRel); // no job after all
                Err(error)
            }
        }
    }

    /// Queues a job, and starts a thread for it if none is spare.
    ///
    /// Fails only if the pool has no thread at all and none can be started;
    /// the job is then not queued.
    pub(super) fn submit(&self, job: Arc<dyn Job>) -> std::io::Result<()> {
        let found_spare = self.shared.spare.fetch_sub(1, Ordering::AcqRel) > 0;
        if !found_spare {
            self.grow()?;
        }
        let sent = self.jobs.send(job);
        sent.expect("the pool holds a receiver itself");
        Ok(())
    }

    /// Waits for the threads to end. They must be idle, or this waits for their
    /// jobs.
    pub(super) fn join(self) {
        let ThreadPool { shared, jobs } = self;
        drop(jobs);
        let handles = std::mem::take(&mut *lock(&shared.handles));
        for handle in handles {
            // The panic of a job is caught and travels with its result; the
            // thread itself does not panic.
            let _ = handle.join();
        }
    }
}

impl Shared {
    /// Reserves room for one more thread, if the limit allows.
    fn reserve(&self) -> bool {
        let below_limit = |n: usize| (n < self.limit).then_some(n + 1);
        let threads = &self.threads;
        let reserved = threads.fetch_update(Ordering::AcqRel, Ordering::Acquire, below_limit);
        reserved.is_ok()
    }

    /// Runs jobs: the whole life of one thread.
    fn serve(&self) {
        loop {
            // A wait begins with a look at the clock, which in a burst is a sixth
            // of the cost of a call (perf), so the queue is tried first.
            let next = self.jobs.try_recv();
            match next.or_else(|_| self.jobs.recv_timeout(KEEP_ALIVE)) {
                Ok(job) => {
                    job.run();
                    drop(job);
                    self.spare.fetch_add(1, Ordering::AcqRel);
                }
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) if self.retire() => return,
                Err(RecvTimeoutError::Timeout) => {} // a job is about to be queued
            }
        }
    }

    /// Returns whether an idle thread may end: only if it can take itself out of
    /// `spare`. If a submission has taken it, the job is in the queue or about to
    /// be, and this thread must run it.
    fn retire(&self) -> bool {
        let claim = |n: isize| (n > 0).then_some(n - 1);
        let spare = &self.spare;
        let claimed = spare.fetch_update(Ordering::AcqRel, Ordering::Acquire, claim);
        if claimed.is_err() {
            return false;
        }
        self.threads.fetch_sub(1, Ordering::AcqRel);
        // A job that was submitted in between found no thread spare and the pool
        // full, so this thread takes its room back. `spare` is read by adding
        // nothing to it, because a plain load could miss that job, while the
        // submission missed the freed room.
        let is_needed = spare.fetch_add(0, Ordering::AcqRel) < 0 && self.reserve();
        if is_needed {
            spare.fetch_add(1, Ordering::AcqRel);
        }
        !is_needed
    }
}
