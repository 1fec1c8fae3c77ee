//! How a loop ends.
//!
//! In this order: tasks that are left are dropped, the youngest first, with
//! the loop still entered; then calls from other threads are refused; then
//! thread jobs are waited for; then the mail slot and the reactor are closed. **Invariant:** afterwards no task is alive and no thread of the
//! default pool is left, unless a job outlived the time allowed for it.
//!
//! Called by `run` and `runner`.

use std::thread;
use std::time::{Duration, Instant};

use crate::error::report;
use crate::pool::Started;
use crate::probe::Event;
use crate::ready::Mail;
use crate::runtime::{Runtime, contain};

/// After how long a job that holds up the end is named. Long enough that a
/// job which just finishes its work is not worth a line; short enough that a
/// person who waits is told what for.
const NAME_THE_JOB_AFTER: Duration = Duration::from_secs(1);

/// How long the end sleeps at a time if the poller fails, in which nobody can
/// ring for it then. It is seen by nobody but whoever waits for a thread job on
/// a machine that has gone wrong.
const WITHOUT_POLLER: Duration = Duration::from_millis(10);

/// Was anybody else ever told of the loop?
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// No: it is as good as new.
    Alone,
    /// Yes: its mail slot is closed for ever.
    Closed,
}

/// Ends an entered loop.
pub(crate) fn shutdown(runtime: &Runtime) -> Ended {
    runtime.emit(|_| Event::LoopClose);
    let ended = close(runtime);
    runtime.emit(|_| Event::LoopClosed);
    ended
}

fn close(runtime: &Runtime) -> Ended {
    // What was posted before the end still arrives.
    runtime.take_in_mail();
    for task in runtime.start_closing() {
        runtime.drop_now(task);
    }
    if runtime.is_unshared() && !runtime.has_default_pool() && !runtime.has_reactor() {
        return Ended::Alone; // no letter can come, no thread is to be joined
    }
    for letter in runtime.ready.mailbox().refuse_calls() {
        match letter {
            Mail::JobDone(job) => runtime.end_job(job),
            // Dropping a call is what tells its sender that the loop is gone.
            refused => contain("the destructor of a refused call", || drop(refused)),
        }
    }
    let all_ended = !runtime.is_in_forked_child() && {
        abandon_queued_jobs(runtime);
        wait_for_started_jobs(runtime)
    };
    runtime.ready.mailbox().close();
    runtime.close_reactor();
    if let Some(pool) = runtime.take_default_pool().filter(|_| all_ended) {
        pool.join();
    }
    Ended::Closed
}

/// Drops the jobs that no thread has begun; nobody is left to await them.
fn abandon_queued_jobs(runtime: &Runtime) {
    let jobs: Vec<_> = {
        let jobs = runtime.jobs.borrow();
        jobs.iter()
            .map(|(key, pending)| (key, pending.job.clone()))
            .collect()
    };
    for (key, job) in jobs {
        if job.abandon() == Started::No {
            runtime.end_job(key);
        }
    }
}

/// Waits for the jobs that run, as long as the settings allow; says whether
/// all have ended.
fn wait_for_started_jobs(runtime: &Runtime) -> bool {
    let started = Instant::now();
    let limit = runtime.settings.shutdown_timeout.unwrap_or(Duration::MAX);
    let mut named = false;
    while runtime.has_jobs() {
        let waited = started.elapsed();
        if waited >= limit {
            name_jobs(runtime, "the loop ends without waiting longer for");
            return false;
        }
        if waited >= NAME_THE_JOB_AFTER && !named {
            name_jobs(runtime, "the end of the loop still waits for");
            named = true;
        }
        let next = if named {
            limit
        } else {
            limit.min(NAME_THE_JOB_AFTER)
        };
        let left = next.saturating_sub(waited);
        let nap = (left < Duration::MAX).then_some(left);
        // No panic: this may happen in a destructor. What has to be said of the
        // poller, the run has said.
        if runtime.try_sleep(nap).is_err() {
            thread::sleep(left.min(WITHOUT_POLLER));
        }
        runtime.take_in_mail();
    }
    true
}

fn name_jobs(runtime: &Runtime, what: &str) {
    for (_, job) in runtime.jobs.borrow().iter() {
        let (site, age) = (job.site, job.since.elapsed().as_secs_f64());
        report(format_args!(
            "{what} the thread job started at {site}, {age:.1} s ago \
             (a thread cannot be stopped; `Runner::builder().shutdown_timeout(..)` limits the wait)"
        ));
    }
}
