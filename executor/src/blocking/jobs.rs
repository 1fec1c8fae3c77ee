//! The thread jobs of one loop: which have not ended, and the loop's own pool.
//!
//! **Invariant:** a job stays in the table until its end has reached the loop,
//! whether or not a task still awaits it; so no loop ends, jumps in virtual time
//! or reports a stall while one of its jobs runs.
//!
//! Made by the first call of `to_thread`; asked by the loop as [`Jobs`]. Imports
//! `pool`.

use std::any::Any;
use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use super::pool::{Job, ThreadPool};
use crate::base::error::report;
use crate::base::hooks::JOB;
use crate::base::slab::{JobKey, Slab, kind};
use crate::base::sys::Arc;
use crate::base::task_info::Wait;
use crate::base::waiter::Waiter;
use crate::event_loop::look::{drain_inbox, park};
use crate::event_loop::runtime::{Jobs, Runtime, WaitPoint};

/// After how long a job that delays the exit is reported: long enough that a
/// job which is just finishing is not, short enough that a person who waits
/// learns why.
const REPORT_AFTER: Duration = Duration::from_secs(1);

/// How long the shutdown sleeps at a time if the poller fails, so that nothing
/// can unpark it. Only a wait for a thread job on a broken machine gets here.
const WITHOUT_POLLER: Duration = Duration::from_millis(10);

/// See the [module](self).
#[derive(Default)]
pub(super) struct ThreadJobs {
    pub(super) pending: RefCell<Slab<{ kind::JOB }, PendingJob>>,
    /// The pool behind `to_thread`, from the first call on.
    pub(super) pool: RefCell<Option<ThreadPool>>,
}

pub(super) struct PendingJob {
    pub(super) job: Arc<dyn Job>,
    /// The task that awaits it.
    pub(super) waiter: Waiter,
    pub(super) site: &'static Location<'static>,
    pub(super) since: Instant,
}

impl ThreadJobs {
    /// Returns the jobs of a loop, creating the table at the first call.
    pub(super) fn of(runtime: &Runtime) -> Rc<Self> {
        let jobs = runtime.jobs.get_or_init(|| {
            let jobs = Rc::new(ThreadJobs::default());
            let point: Rc<dyn WaitPoint> = jobs.clone();
            runtime.register_wait_point(Rc::downgrade(&point));
            jobs
        });
        let jobs = Rc::clone(jobs).as_any().downcast();
        jobs.unwrap_or_else(|_| unreachable!("no other type implements `Jobs`"))
    }

    /// Drops the jobs that no thread has started.
    fn abandon_queued(&self, runtime: &Runtime) {
        let jobs: Vec<_> = {
            let pending = self.pending.borrow();
            let jobs = pending.iter().map(|(key, it)| (key, it.job.clone()));
            jobs.collect()
        };
        for (key, job) in jobs {
            if job.abandon() {
                self.end(runtime, key);
            }
        }
    }

    /// Waits for the started jobs, as long as the settings allow; returns
    /// whether all have ended.
    fn wait_for_started(&self, runtime: &Runtime) -> bool {
        let started = Instant::now();
        let limit = runtime.settings.shutdown_timeout.unwrap_or(Duration::MAX);
        let mut report_at = REPORT_AFTER;
        while self.is_any_pending() {
            let waited = started.elapsed();
            if waited >= limit {
                self.report("the loop ends without waiting longer for");
                return false;
            }
            if waited >= report_at {
                self.report("the end of the loop still waits for");
                report_at = Duration::MAX;
            }
            let left = limit.min(report_at).saturating_sub(waited);
            let timeout = (left < Duration::MAX).then_some(left);
            // No panic, because this may happen in a destructor: the run has
            // said what there is to say about the poller.
            if park(runtime, timeout).is_err() {
                thread::sleep(left.min(WITHOUT_POLLER));
            }
            drain_inbox(runtime);
        }
        true
    }

    fn report(&self, what: &str) {
        for (_, job) in self.pending.borrow().iter() {
            let (site, age) = (job.site, job.since.elapsed().as_secs_f64());
            report(format_args!(
                "{what} the thread job started at {site}, {age:.1} s ago (a thread cannot be \
                 stopped; `Runner::builder().shutdown_timeout(..)` limits the wait)"
            ));
        }
    }
}

impl Jobs for ThreadJobs {
    fn is_any_pending(&self) -> bool {
        self.pending.borrow().len() > 0
    }

    fn end(&self, runtime: &Runtime, key: JobKey) {
        let job = self.pending.borrow_mut().remove(key);
        runtime.emit(JOB, move |hook| hook.job_end(key));
        if let Some(job) = job {
            runtime.wake_waiter(job.waiter);
        }
    }

    fn close(&self, runtime: &Runtime) {
        self.abandon_queued(runtime);
        let all_ended = self.wait_for_started(runtime);
        let pool = self.pool.take();
        if let Some(pool) = pool.filter(|_| all_ended) {
            pool.join();
        }
    }

    fn as_any(self: Rc<Self>) -> Rc<dyn Any> {
        self
    }
}

impl WaitPoint for ThreadJobs {
    fn waits(&self, _: &Runtime, add: &mut dyn FnMut(&Waiter, Wait)) {
        for (_, job) in self.pending.borrow().iter() {
            let (site, since) = (job.site, job.since.elapsed());
            add(&job.waiter, Wait::Job { site, since });
        }
    }
}
