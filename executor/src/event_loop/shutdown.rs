//! The end of a loop.
//!
//! In this order: remaining tasks are dropped, the youngest first, with the
//! loop still entered; calls from other threads are refused; thread jobs are
//! waited for; the inbox and the poller are closed. **Invariant:** afterwards
//! no task is alive and no thread of the default pool is left, unless a job
//! outlived the time allowed for it.
//!
//! Called by `run` and `runner`.

use std::thread;
use std::time::{Duration, Instant};

use super::look::{drain_inbox, end_job, park};
use super::runtime::{Runtime, Started};
use crate::base::error::{catch_and_report, report};
use crate::base::hooks::RUN;
use crate::base::inbox::Message;

/// After how long a job that delays the exit is reported: long enough that a
/// job which is just finishing is not, short enough that a person who waits
/// learns why.
const REPORT_JOBS_AFTER: Duration = Duration::from_secs(1);

/// How long the shutdown sleeps at a time if the poller fails, so that nothing
/// can unpark it. Only a wait for a thread job on a broken machine gets here.
const WITHOUT_POLLER: Duration = Duration::from_millis(10);

/// Whether other threads ever had access to the loop.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// They had none: the loop can run again.
    Unshared,
    /// The inbox is closed for good.
    Closed,
}

/// Ends an entered loop.
pub(crate) fn shutdown(runtime: &Runtime) -> Ended {
    runtime.emit(RUN, |hook| hook.loop_close());
    let ended = close(runtime);
    runtime.emit(RUN, |hook| hook.loop_closed());
    ended
}

fn close(runtime: &Runtime) -> Ended {
    drain_inbox(runtime); // what was sent before the end still arrives
    for task in runtime.start_closing() {
        runtime.drop_now(task);
    }
    let has_pool = runtime.jobs.pool.borrow().is_some();
    if runtime.is_unshared() && !has_pool && runtime.driver.poller().is_none() {
        return Ended::Unshared; // no message can come, no thread is to be joined
    }
    for message in runtime.inbox().refuse_calls() {
        match message {
            Message::JobDone(job) => end_job(runtime, job),
            // Dropping a call tells its sender that the loop is gone.
            refused => catch_and_report("the destructor of a refused call", || drop(refused)),
        }
    }
    let all_ended = !runtime.driver.owner.is_forked_child() && {
        abandon_queued_jobs(runtime);
        wait_for_started_jobs(runtime)
    };
    runtime.inbox().close();
    let poller = runtime.driver.take_poller();
    for waiter in poller.map_or_else(Vec::new, |poller| poller.close()) {
        runtime.wake_waiter(waiter);
    }
    let pool = runtime.jobs.pool.take();
    if let Some(pool) = pool.filter(|_| all_ended) {
        pool.join();
    }
    Ended::Closed
}

/// Drops the jobs that no thread has started.
fn abandon_queued_jobs(runtime: &Runtime) {
    let jobs: Vec<_> = {
        let pending = runtime.jobs.pending.borrow();
        pending
            .iter()
            .map(|(key, it)| (key, it.job.clone()))
            .collect()
    };
    for (key, job) in jobs {
        if job.abandon() == Started::No {
            end_job(runtime, key);
        }
    }
}

/// Waits for the started jobs, as long as the settings allow; returns whether
/// all have ended.
fn wait_for_started_jobs(runtime: &Runtime) -> bool {
    let started = Instant::now();
    let limit = runtime.settings.shutdown_timeout.unwrap_or(Duration::MAX);
    let mut reported = false;
    while runtime.jobs.is_any_pending() {
        let waited = started.elapsed();
        if waited >= limit {
            report_jobs(runtime, "the loop ends without waiting longer for");
            return false;
        }
        if waited >= REPORT_JOBS_AFTER && !reported {
            report_jobs(runtime, "the end of the loop still waits for");
            reported = true;
        }
        let next = match reported {
            true => limit,
            false => limit.min(REPORT_JOBS_AFTER),
        };
        let left = next.saturating_sub(waited);
        let timeout = (left < Duration::MAX).then_some(left);
        // No panic, because this may happen in a destructor: the run has said
        // what there is to say about the poller.
        if park(runtime, timeout).is_err() {
            thread::sleep(left.min(WITHOUT_POLLER));
        }
        drain_inbox(runtime);
    }
    true
}

fn report_jobs(runtime: &Runtime, what: &str) {
    for (_, job) in runtime.jobs.pending.borrow().iter() {
        let (site, age) = (job.site, job.since.elapsed().as_secs_f64());
        report(format_args!(
            "{what} the thread job started at {site}, {age:.1} s ago \
             (a thread cannot be stopped; `Runner::builder().shutdown_timeout(..)` limits the wait)"
        ));
    }
}
