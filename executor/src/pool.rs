//! Threads for calls that block.
//!
//! **Invariant:** a job runs exactly once, or it is abandoned before it
//! started and never runs; whichever it is, whoever handed it in is told.
//!
//! Fed by the `threads` room; owned by `runtime` (the default pool) or by the
//! user. A job carries its own way home: a letter in its loop's mail slot.
//!
//! # How many threads
//!
//! One number decides, `spare`: idle threads minus queued jobs. Whoever hands
//! in a job takes one from it; a thread that is done adds one. A new thread is
//! started only when the job found nothing spare, so a burst of short jobs is
//! served by a few threads (10,000 at once cost about 0.5 µs each; in tokio,
//! where each may start a thread, 12 µs: `cargo bench -- threads`).

#[cfg(all(test, executor_loom))]
mod model;

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::context::{self, Context};
use crate::error::{Payload, caught, report};
use crate::probe::Far;
use crate::ready::{Mail, Mailbox};
use crate::slab::JobKey;
use crate::sys::{
    Arc, AtomicIsize, AtomicUsize, JoinHandle, Mutex, Ordering, Receiver, RecvTimeoutError, Sender,
    lock, spawn_thread, unbounded,
};

/// How long a thread waits for a job before it goes away. Ten seconds is what
/// trio and tokio use: long enough to serve a program that blocks now and
/// then, short enough to give the memory back.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// A job: what a thread runs, or what is dropped instead.
pub(crate) trait Job: Send + Sync {
    /// Runs it, unless it was abandoned.
    fn run(&self);
    /// Drops it if it has not started, and says whether it had: a job that has
    /// started cannot be stopped, and its result will be dropped.
    fn abandon(&self) -> Started;
}

/// Had the job started?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Started {
    No,
    Yes,
}

/// A fixed upper number of threads for calls that block, started when they are
/// needed (asyncio: `concurrent.futures.ThreadPoolExecutor`).
///
/// Cloning it gives another handle to the same threads. They end when the last
/// handle is gone and their jobs are done, or after ten idle seconds.
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
    /// The pool's end of the queue. When the last handle is dropped the
    /// threads find the queue closed and go.
    jobs: Sender<Arc<dyn Job>>,
}

struct Shared {
    jobs: Receiver<Arc<dyn Job>>,
    /// Idle threads minus queued jobs.
    spare: AtomicIsize,
    /// Threads that exist, idle or busy.
    threads: AtomicUsize,
    limit: usize,
    /// To be joined when the pool is shut down.
    handles: Mutex<Vec<JoinHandle<()>>>,
}

impl ThreadPool {
    /// A pool of at most `threads` threads; none is started yet.
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

    /// The pool behind `to_thread`: asyncio's size for its default executor,
    /// four more threads than the machine has cores, and at most 32.
    pub(crate) fn default_size() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        ThreadPool::new((cores + 4).min(32))
    }

    /// Queues a job, and starts a thread for it if none is spare.
    ///
    /// Fails only if the pool has no thread at all and none can be started;
    /// the job is then abandoned.
    pub(crate) fn submit(&self, job: Arc<dyn Job>) -> std::io::Result<()> {
        let found_spare = self.shared.spare.fetch_sub(1, Ordering::AcqRel) > 0;
        if !found_spare {
            self.grow()?;
        }
        self.jobs
            .send(job)
            .expect("the pool holds a receiver itself");
        Ok(())
    }

    /// Starts a thread if the limit allows.
    fn grow(&self) -> std::io::Result<()> {
        let shared = &self.shared;
        if !shared.claim_place() {
            return Ok(()); // full: a thread that is done will come for the job
        }
        let worker = Worker(Arc::clone(shared));
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
                    return Ok(()); // they will come for the job in time
                }
                shared.spare.fetch_add(1, Ordering::AcqRel); // no job after all
                Err(error)
            }
        }
    }

    /// Closes the queue and waits for the threads to go. They must be idle, or
    /// this waits for their jobs.
    pub(crate) fn join(self) {
        let ThreadPool { shared, jobs } = self;
        drop(jobs);
        let handles = std::mem::take(&mut *lock(&shared.handles));
        for handle in handles {
            // A job's panic is caught and travels with its result; the thread
            // itself has no way to fail.
            let _ = handle.join();
        }
    }
}

impl Shared {
    /// Takes a place for one more thread, if the limit allows.
    fn claim_place(&self) -> bool {
        let below_limit = |n: usize| (n < self.limit).then_some(n + 1);
        self.threads
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, below_limit)
            .is_ok()
    }
}

/// One thread of a pool.
struct Worker(Arc<Shared>);

impl Worker {
    fn serve(&self) {
        loop {
            match self.next_job() {
                Ok(job) => {
                    job.run();
                    drop(job);
                    self.0.spare.fetch_add(1, Ordering::AcqRel);
                }
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) if self.retire() => return,
                Err(RecvTimeoutError::Timeout) => {} // a job is on its way
            }
        }
    }

    /// Waits for a job only if none is there: a wait begins with a look at the
    /// clock, which in a burst is a sixth of what a call costs here (perf).
    fn next_job(&self) -> Result<Arc<dyn Job>, RecvTimeoutError> {
        let jobs = &self.0.jobs;
        jobs.try_recv().or_else(|_| jobs.recv_timeout(KEEP_ALIVE))
    }

    /// May this idle thread go? Only if it can take its own place out of
    /// `spare`: if a job has claimed it, the job is in the queue or about to
    /// be, and this thread must come for it.
    fn retire(&self) -> bool {
        let claim = |n: isize| (n > 0).then_some(n - 1);
        let unclaimed = self
            .0
            .spare
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, claim)
            .is_ok();
        if !unclaimed {
            return false;
        }
        self.0.threads.fetch_sub(1, Ordering::AcqRel);
        !self.is_needed_after_all()
    }

    /// Takes the place again that this thread has just given up, if a job has
    /// come in between: it found nothing spare, and the pool still full.
    ///
    /// `spare` is read by adding nothing to it, because a plain load could miss
    /// that job, while the job missed that the place was given up.
    fn is_needed_after_all(&self) -> bool {
        let spare = self.0.spare.fetch_add(0, Ordering::AcqRel);
        let needed = spare < 0 && self.0.claim_place();
        if needed {
            self.0.spare.fetch_add(1, Ordering::AcqRel);
        }
        needed
    }
}

/// A call on its way through a pool, and its result on the way back.
pub(crate) struct Call<F, T> {
    stage: Mutex<Stage<F, T>>,
    /// The loop that wants the result, and what it calls this job.
    home: Arc<Mailbox>,
    key: JobKey,
}

enum Stage<F, T> {
    /// Waiting for a thread, with the caller's context variables.
    Queued(F, Context),
    Running,
    Done(Result<T, Payload>),
    /// The result was taken, or nobody wants it any more.
    Over,
}

impl<F, T> Call<F, T> {
    pub(crate) fn new(call: F, context: Context, home: Arc<Mailbox>, key: JobKey) -> Self {
        Call {
            stage: Mutex::new(Stage::Queued(call, context)),
            home,
            key,
        }
    }

    /// The result, once.
    pub(crate) fn take(&self) -> Option<Result<T, Payload>> {
        let stage = &mut *lock(&self.stage);
        match std::mem::replace(stage, Stage::Over) {
            Stage::Done(result) => Some(result),
            other => {
                *stage = other;
                None
            }
        }
    }
}

impl<F, T> Job for Call<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn run(&self) {
        let queued = {
            let stage = &mut *lock(&self.stage);
            match std::mem::replace(stage, Stage::Running) {
                Stage::Queued(call, context) => Some((call, context)),
                other => {
                    *stage = other;
                    None
                }
            }
        };
        let Some((call, context)) = queued else {
            return; // abandoned: the loop knows
        };
        self.home.note(|| Far::JobStart(self.key));
        let outer = context::replace_thread(context);
        let result = catch_unwind(AssertUnwindSafe(call));
        context::replace_thread(outer);
        let panicked = result.is_err();
        self.settle(result);
        self.home.note(|| Far::JobFinish {
            job: self.key,
            panicked,
        });
        self.tell_home();
    }

    fn abandon(&self) -> Started {
        self.abandon_any()
    }
}

impl<F, T> Call<F, T> {
    /// Tells the loop that it need not wait for this job any more.
    pub(crate) fn tell_home(&self) {
        // A closed loop has stopped waiting: nobody to tell.
        let _ = self.home.post(Mail::JobDone(self.key));
    }

    /// [`Job::abandon`], for destructors, which cannot ask for bounds.
    pub(crate) fn abandon_any(&self) -> Started {
        // What is taken out is dropped after the lock is gone: it is the
        // user's, and its destructor may do anything.
        let (old, started) = {
            let stage = &mut *lock(&self.stage);
            let started = match stage {
                Stage::Queued(..) => Started::No,
                _ => Started::Yes,
            };
            (std::mem::replace(stage, Stage::Over), started)
        };
        drop_quietly(old);
        started
    }

    /// Leaves the result for whoever awaits it, or drops it if nobody does.
    fn settle(&self, result: Result<T, Payload>) {
        let unwanted = {
            let stage = &mut *lock(&self.stage);
            match stage {
                Stage::Running => {
                    *stage = Stage::Done(result);
                    None
                }
                _ => Some(result),
            }
        };
        drop_quietly(unwanted);
    }
}

/// Drops somebody's value; a panic in its destructor is reported and ends
/// there, because neither a pool thread nor the loop is the one to unwind.
fn drop_quietly<T>(value: T) {
    if let Err(text) = caught(|| drop(value)) {
        report(format_args!(
            "a value of an abandoned thread job panicked while it was dropped: {text}"
        ));
    }
}
