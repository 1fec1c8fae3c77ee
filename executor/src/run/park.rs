//! What the loop does when nothing is ready: it sleeps until a deadline, a
//! socket or another thread wakes it, or jumps there in virtual time.
//!
//! **Invariant:** it never waits for ever when it is certain that nothing can
//! happen: that is a stall, and the run ends with it.

use std::time::{Duration, Instant};

use super::look_around;
use crate::clock::Nanos;
use crate::error::RunError;
use crate::probe::{self, Event, ParkEndReason};
use crate::runtime::Runtime;

/// How long, in real time, no socket may become ready before virtual time
/// jumps. Both ends of a connection on one machine answer in microseconds;
/// this is a thousand times that.
const QUIET: Duration = Duration::from_millis(10);

/// Sleeps, or jumps, until something may have happened.
pub(super) fn park(runtime: &Runtime) -> Result<(), RunError> {
    runtime.refuse_to_run_in_a_forked_child();
    if runtime.settings.debug {
        runtime.report_deadlock();
    }
    let deadline = runtime.timers.borrow().next_deadline();
    runtime.tell_all_wakers();
    runtime.emit(move |_| Event::ParkStart {
        until: deadline.map(probe::time),
    });
    let mut socket_was_ready = false;
    match deadline {
        _ if runtime.clock.is_virtual() && !is_quiet(runtime) => {}
        Some(deadline) if runtime.clock.is_virtual() => runtime.clock.jump_to(deadline),
        Some(deadline) => {
            let left = deadline.saturating_sub(runtime.clock.now());
            socket_was_ready = runtime.sleep(Some(Duration::from_nanos(left)));
        }
        None if runtime.has_jobs() || runtime.has_socket_waiters() => {
            socket_was_ready = runtime.sleep(None);
        }
        None => wait_for_somebody_else(runtime)?,
    }
    runtime.emit(move |_| Event::ParkEnd {
        reason: cause(runtime, deadline, socket_was_ready),
    });
    look_around(runtime);
    Ok(())
}

/// What ended a park, as a trace tells it.
fn cause(runtime: &Runtime, deadline: Option<Nanos>, socket_was_ready: bool) -> ParkEndReason {
    let is_due = |deadline| runtime.clock.now() >= deadline;
    if runtime.ready.mailbox().has_mail() {
        ParkEndReason::Message
    } else if socket_was_ready || !runtime.ready.is_empty() {
        ParkEndReason::Io
    } else if deadline.is_some_and(is_due) {
        ParkEndReason::Timer
    } else {
        ParkEndReason::Nothing
    }
}

/// May virtual time jump? Not while a thread job runs: it may wake a task when
/// it ends, and what it takes is real time. Not while a socket may be about to
/// become ready: the poller has to be quiet for [`QUIET`] first.
fn is_quiet(runtime: &Runtime) -> bool {
    if runtime.has_jobs() {
        runtime.sleep(None);
        return false;
    }
    if !runtime.has_socket_waiters() {
        return true;
    }
    let began = Instant::now();
    loop {
        let left = QUIET.saturating_sub(began.elapsed());
        let socket_was_ready = runtime.sleep(Some(left));
        if socket_was_ready || runtime.ready.mailbox().has_mail() {
            return false;
        }
        // Judged after the look: a machine that stood still all the time has
        // not looked yet, and a signal may have ended the look before.
        if left.is_zero() {
            return true;
        }
    }
}

/// Nothing of the loop's own will ever happen again. Is there somebody else
/// who might wake a task, another thread or the holder of a handle?
///
/// If there is nobody it is a certain stall, and waiting would be for ever. If
/// there is, a real clock waits as long as it takes; but in virtual time no
/// program waits for long, so there it is a stall too after a second.
fn wait_for_somebody_else(runtime: &Runtime) -> Result<(), RunError> {
    let stalled = || {
        let tasks = runtime.list_tasks();
        Err(RunError::Stalled { tasks })
    };
    if !runtime.may_be_woken_from_outside() {
        return stalled();
    }
    if !runtime.clock.is_virtual() {
        runtime.sleep(None);
        return Ok(());
    }
    let patience = runtime.settings.stall_timeout;
    let started = Instant::now();
    loop {
        // Read before the look, as above.
        let left = patience.saturating_sub(started.elapsed());
        if runtime.ready.mailbox().has_mail() {
            return Ok(());
        }
        if left.is_zero() {
            return stalled();
        }
        runtime.sleep(Some(left));
    }
}
