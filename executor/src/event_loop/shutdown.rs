//! The end of a loop.
//!
//! In this order: remaining tasks are dropped, the youngest first, with the
//! loop still entered; calls from other threads are refused; thread jobs are
//! waited for; the inbox and the poller are closed. **Invariant:** afterwards
//! no task is alive and no thread of the default pool is left, unless a job
//! outlived the time allowed for it.
//!
//! Called by `run` and `runner`.

use super::look::drain_inbox;
use super::runtime::Runtime;
use crate::base::error::catch_and_report;
use crate::base::hooks::RUN;

/// Ends an entered loop. Returns whether it can run again: only if no other
/// thread ever had access to it, because the inbox is closed for good otherwise.
pub(crate) fn shutdown(runtime: &Runtime) -> bool {
    runtime.emit(RUN, |hook| hook.loop_close());
    let is_reusable = close(runtime);
    runtime.emit(RUN, |hook| hook.loop_closed());
    is_reusable
}

fn close(runtime: &Runtime) -> bool {
    drain_inbox(runtime); // what was sent before the end still arrives
    for task in runtime.start_closing() {
        runtime.drop_now(task);
    }
    let jobs = runtime.jobs.get();
    if runtime.is_unshared() && jobs.is_none() && runtime.driver.poller().is_none() {
        return true; // no message can come, no thread is to be joined
    }
    for call in runtime.inbox().refuse_calls() {
        // Dropping a call tells its sender that the loop is gone.
        catch_and_report("the destructor of a refused call", || drop(call));
    }
    if let Some(jobs) = jobs.filter(|_| !runtime.driver.owner.is_forked_child()) {
        jobs.close(runtime);
    }
    runtime.inbox().close();
    let poller = runtime.driver.take_poller();
    for waiter in poller.map_or_else(Vec::new, |poller| poller.close()) {
        runtime.wake_waiter(waiter);
    }
    false
}
