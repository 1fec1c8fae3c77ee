//! What the loop does between polls: it looks at the inbox, the clock and the
//! sockets, and parks when nothing is ready.
//!
//! **Invariant:** the loop never parks while a task is ready, and never without
//! a deadline when it is certain that nothing can happen: that is a stall, and
//! the run ends with it.
//!
//! Called by `run` and `shutdown`, and by the end of thread jobs.

#[cfg(all(test, executor_loom))]
mod model;

use std::collections::HashSet;
use std::io;
use std::time::{Duration, Instant};

use super::runtime::{Compose, Composition, Runtime};
use crate::base::error::{RunError, catch_and_report};
use crate::base::hooks::{INBOX, PARK, TIMER};
use crate::base::inbox::Message;

/// How long, in real time, no socket may become ready before virtual time
/// jumps, once something has gone through one. The two ends of a connection on
/// one machine answer in microseconds; this is a thousand times that.
const QUIET: Duration = Duration::from_millis(10);

/// How long a loop with virtual time waits for other threads, by default: long
/// for a thread that is about to answer, short for a person who waits.
const STALL_TIMEOUT: Duration = Duration::from_secs(1);

/// Handles what has happened outside of polls.
pub(super) fn look_around(runtime: &Runtime) {
    drain_inbox(runtime);
    fire_due_timers(runtime);
}

/// Handles the messages in the inbox, in order of arrival. One load if there
/// are none.
#[inline]
pub(crate) fn drain_inbox(runtime: &Runtime) {
    if runtime.inbox().has_messages() {
        handle_messages(runtime);
    }
}

fn handle_messages(runtime: &Runtime) {
    let messages = &runtime.messages;
    runtime.inbox().drain(&mut messages.borrow_mut());
    runtime.handles_at_home.take(); // a task that is woken may give its handle away
    let n = messages.borrow().len();
    runtime.emit(INBOX, move |hook| hook.inbox_drained(n));
    let next = || messages.borrow_mut().pop_front();
    while let Some(message) = next() {
        runtime.emit(INBOX, |hook| hook.inbox_message());
        match message {
            Message::Wake(task) => runtime.wake(task),
            Message::Cancel(task) => drop(runtime.request_cancel(task)),
            Message::JobDone(job) => {
                if let Some(jobs) = runtime.jobs.get() {
                    jobs.end(runtime, job);
                }
            }
            Message::Run(call) => catch_and_report("a call from another thread", call),
            Message::Nudge => {}
        }
    }
}

/// Wakes the waiters of all deadlines that have passed, the earliest first.
fn fire_due_timers(runtime: &Runtime) {
    if runtime.timers.borrow().next_deadline().is_none() {
        return; // and the clock need not be read
    }
    let now = runtime.clock.now();
    loop {
        let due = runtime.timers.borrow_mut().pop_due(now);
        let Some((timer, waiter)) = due else { return };
        runtime.emit(TIMER, move |hook| hook.timer_fire(timer));
        runtime.wake_waiter(waiter);
    }
}

/// Asks the poller, if there is one, without blocking.
pub(super) fn look_at_sources(runtime: &Runtime) {
    or_panic(runtime.driver.look(&runtime.hooks));
    wake_sources(runtime);
}

/// Parks until there is a message, a source is ready or `timeout` passes, and
/// wakes the waiters of sources; may return early. Returns whether a source was
/// ready.
pub(crate) fn park(runtime: &Runtime, timeout: Option<Duration>) -> io::Result<bool> {
    runtime.driver.park(timeout, &runtime.hooks)?;
    Ok(wake_sources(runtime))
}

fn wake_sources(runtime: &Runtime) -> bool {
    let next = || runtime.driver.woken.borrow_mut().pop_front();
    let mut io = false;
    while let Some(waiter) = next() {
        io = true;
        runtime.wake_waiter(waiter);
    }
    io
}

/// # Panics
///
/// If the poller failed: the loop would not learn of its sockets any more.
fn or_panic<T>(asked: io::Result<T>) -> T {
    asked.unwrap_or_else(|error| {
        panic!("the loop could not wait for its sockets (mio's Poll::poll): {error}")
    })
}

/// Parks, or advances virtual time, until something may have happened.
pub(super) fn wait_for_something(runtime: &Runtime) -> Result<(), RunError> {
    runtime.driver.owner.refuse_forked_child();
    let deadline = runtime.timers.borrow().next_deadline();
    runtime.emit(PARK, move |hook| hook.park_start(deadline));
    let handles_at_home = runtime.handles_at_home.take();
    let mut io = false;
    match deadline {
        _ if runtime.clock.is_virtual() && !is_quiet(runtime) => {}
        Some(deadline) if runtime.clock.is_virtual() => runtime.clock.jump_to(deadline),
        Some(deadline) => {
            let left = deadline.saturating_sub(runtime.clock.now());
            io = or_panic(park(runtime, Some(Duration::from_nanos(left))));
        }
        None if runtime.has_jobs() || has_source_waiters(runtime) => {
            io = or_panic(park(runtime, None));
        }
        None if wake_unsure_waiter(runtime) => {}
        None => wait_for_other_threads(runtime, handles_at_home)?,
    }
    runtime.emit(PARK, move |hook| hook.park_end(io));
    look_around(runtime);
    Ok(())
}

/// Returns whether virtual time may jump: not while a thread job runs, which
/// takes real time and may wake a task at its end; and not while a socket may
/// be about to become ready, that is, until the poller has been quiet for
/// [`QUIET`] since something last went through a socket. With nothing since the
/// last quiet time there is no answer to wait for, and one look is enough.
fn is_quiet(runtime: &Runtime) -> bool {
    if runtime.has_jobs() {
        or_panic(park(runtime, None));
        return false;
    }
    let Some(poller) = runtime.driver.poller() else {
        return true;
    };
    if !has_source_waiters(runtime) {
        return !wake_unsure_waiter(runtime);
    }
    let limit = match poller.is_quiet() {
        true => Duration::ZERO,
        false => QUIET,
    };
    let began = Instant::now();
    loop {
        let left = limit.saturating_sub(began.elapsed());
        if or_panic(park(runtime, Some(left))) || runtime.inbox().has_messages() {
            return false;
        }
        // Computed before the park: a machine that stood still has not looked
        // at the sockets yet, and a signal may have ended the park early.
        if left.is_zero() {
            poller.set_quiet();
            return true;
        }
    }
}

fn has_source_waiters(runtime: &Runtime) -> bool {
    let poller = runtime.driver.poller();
    poller.is_some_and(|poller| poller.has_waiters(&|task| runtime.polls_of(task)))
}

/// Wakes a waiter of a source, if one is left, where each may have been given up: a
/// live one waits again. Returns whether there was one.
#[cold]
fn wake_unsure_waiter(runtime: &Runtime) -> bool {
    let poller = runtime.driver.poller();
    let waiter = poller.and_then(|poller| poller.take_waiter());
    waiter.map(|waiter| runtime.wake_waiter(waiter)).is_some()
}

/// Waits when nothing of the loop's own will happen again, but another thread,
/// or the holder of a waker, may still wake a task.
///
/// If neither exists, the stall is certain: the wait would last forever. If one
/// does, a real clock waits as long as it takes; but in virtual time no program
/// waits for long, so it is a stall after `stall_timeout`. So it is where there
/// are no other threads.
fn wait_for_other_threads(
    runtime: &Runtime,
    handles_at_home: Option<HashSet<usize>>,
) -> Result<(), RunError> {
    if Composition::is_stall_certain(runtime, handles_at_home) {
        return Err(Composition::explain_stall(runtime, true));
    }
    if !runtime.ready.borrow().is_empty() {
        return Ok(()); // tasks were woken to find out
    }
    if !runtime.clock.is_virtual() && !cfg!(target_family = "wasm") {
        or_panic(park(runtime, None));
        return Ok(());
    }
    let limit = runtime.settings.stall_timeout.unwrap_or(STALL_TIMEOUT);
    let started = Instant::now();
    loop {
        // Computed before the look, as above.
        let left = limit.saturating_sub(started.elapsed());
        if runtime.inbox().has_messages() {
            return Ok(());
        }
        if left.is_zero() {
            return Err(Composition::explain_stall(runtime, false));
        }
        or_panic(park(runtime, Some(left)));
    }
}

#[cfg(all(test, not(executor_loom)))]
mod tests {
    use std::any::Any;
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;
    use crate::base::hooks::Hooks;
    use crate::base::inbox::Unpark;
    use crate::base::slab::TaskKey;
    use crate::base::waiter::Waiter;
    use crate::driver::park::{Parker, Poller, Woken};

    /// A poller with a source that never becomes ready, which counts the waits.
    #[derive(Default)]
    struct Silent {
        is_quiet: Cell<bool>,
        waits: Cell<u32>,
        looks: Cell<u32>,
    }

    impl Poller for Silent {
        fn wait(&self, timeout: Option<Duration>, _: &Woken, _: &Hooks) -> io::Result<()> {
            let timeout = timeout.expect("a deadline is set");
            let count = if timeout.is_zero() {
                &self.looks
            } else {
                &self.waits
            };
            count.set(count.get() + 1);
            std::thread::sleep(timeout);
            Ok(())
        }

        fn has_waiters(&self, _: &dyn Fn(TaskKey) -> Option<u32>) -> bool {
            true
        }

        fn take_waiter(&self) -> Option<Waiter> {
            None
        }

        fn is_quiet(&self) -> bool {
            self.is_quiet.get()
        }

        fn set_quiet(&self) {
            self.is_quiet.set(true);
        }

        fn close(&self) -> Vec<Waiter> {
            Vec::new()
        }

        fn as_any(self: Rc<Self>) -> Rc<dyn Any> {
            self
        }
    }

    #[test]
    fn virtual_time_waits_for_sockets_only_after_something_went_through_one() {
        let sleeps = async |number: u32| {
            for _ in 0..number {
                crate::sleep(Duration::from_millis(1)).await;
            }
        };
        let mut runner = crate::Runner::builder().virtual_time().build();
        runner.run(async {
            let poller = Rc::new(Silent::default());
            let runtime = Runtime::expect_current("a test");
            let unparker: Box<dyn Unpark> = Box::new(Parker::for_this_thread());
            runtime.driver.set_poller(poller.clone(), unparker);
            sleeps(1).await;
            let first = poller.waits.get();
            assert!(first > 0, "a new poller is not known to be quiet");
            poller.looks.set(0);
            sleeps(1_000).await;
            assert_eq!(poller.waits.get(), first);
            assert!(poller.looks.get() >= 1_000, "each jump looks once");
            poller.is_quiet.set(false);
            sleeps(1).await;
            let second = poller.waits.get();
            assert!(second > first);
            sleeps(1_000).await;
            assert_eq!(poller.waits.get(), second);
        });
    }
}
