//! The loop: polls what is ready, parks until something is.
//!
//! A *turn* takes the ready queue as it is and polls each task in it once.
//! Tasks that those polls wake go to the back of the queue and wait for the next
//! turn, so no task is polled twice in one. After the turn the loop looks at
//! its inbox (one load if it is empty).
//!
//! When nothing is ready the loop *looks around*: inbox, then the clock and the
//! timers that are due. If still nothing is ready it *parks* until the next
//! deadline, a ready socket, or a message from another thread. With a virtual
//! clock it jumps to the deadline instead.
//!
//! A queue that is never empty must not starve timers, sockets and the inbox, so
//! the loop also looks around after [`POLLS_BETWEEN_LOOKS`] polls.
//!
//! The main future is a task like any other, except that it lives on the stack
//! of `run` and may borrow from there. When it returns, so does the loop.
//!
//! **Invariant:** no task is polled unless it was woken; and
//! [`Runtime::poll_once`] is the only place that polls the future of a task: a
//! spawned one, the main future, and the child of a scope inside its owner's
//! poll.
//!
//! Called by users and by `runner`.

use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::context::{self, ContextMap};
use super::look::{drain_inbox, look_around, look_at_sources, wait_for_something};
use super::runtime::{Compose, Composition, ObserveOptions, Runtime};
use super::shutdown::shutdown;
use super::task::{BoxedWork, State};
use super::waker::{TaskWaker, poll_waker};
use crate::base::error::{Payload, RunError};
use crate::base::hooks::{Ending, POLL, RUN};
use crate::base::slab::TaskKey;

/// How many tasks are polled before the loop looks at clock and sockets though
/// more are ready. A look costs about 50 ns for the clock (and 160 ns for the
/// poller, once there are sockets), so once in 61 polls it adds about 3 ns to
/// each, and a due timer waits for 61 polls at most. The number is tokio's.
pub(crate) const POLLS_BETWEEN_LOOKS: u32 = 61;

/// The main future, as the loop sees it: something to poll.
type Main<'a> = &'a mut dyn FnMut(&mut Context<'_>) -> Poll<()>;

/// Runs a future, and the tasks it spawns, until it returns (asyncio:
/// `asyncio.run`).
///
/// Starts a loop on this thread, polls the future on it, and cleans up when the
/// future has returned: remaining tasks are cancelled and dropped, the last one
/// spawned first, with the loop still running for their destructors; then the
/// loop waits for thread jobs that have started. The future may borrow: it
/// never leaves this call.
///
/// ```
/// use executor::{run, sleep};
/// use std::time::Duration;
///
/// let name = String::from("world");
/// let greeting = run(async {
///     sleep(Duration::from_millis(1)).await;
///     format!("Hello, {}", &name)
/// });
/// assert_eq!(greeting, "Hello, world");
/// ```
///
/// # Panics
///
/// - With the panic of the future, after all tasks were dropped.
/// - If a loop is already running on this thread; [`try_run`] gives an error
///   instead.
/// - If the loop has stalled: the future waits for something that can never
///   happen. The message lists every task and what it waits for.
#[track_caller]
pub fn run<F: Future>(future: F) -> F::Output {
    match try_run(future) {
        Ok(output) => output,
        Err(error) => panic!("{error}"),
    }
}

/// Runs a future like [`run`], but returns an error for misuse and stalls.
///
/// ```
/// use executor::{RunError, run, try_run};
///
/// run(async {
///     let nested = try_run(async { 1 });
///     assert!(matches!(nested, Err(RunError::AlreadyRunning)));
/// });
///
/// let stalled = try_run(std::future::pending::<()>());
/// assert!(matches!(stalled, Err(RunError::Stalled { .. })));
/// ```
///
/// # Errors
///
/// [`RunError::AlreadyRunning`] if a loop runs on this thread;
/// [`RunError::Stalled`] if nothing can ever happen again.
///
/// # Panics
///
/// With the panic of the future.
#[track_caller]
pub fn try_run<F: Future>(future: F) -> Result<F::Output, RunError> {
    let site = Location::caller();
    if Runtime::with(|_| ()).is_some() {
        return Err(RunError::AlreadyRunning);
    }
    let runtime = Runtime::for_one_run();
    Composition::observe(&runtime, ObserveOptions::default());
    let entered = runtime.enter().ok_or(RunError::AlreadyRunning)?;
    let mut context = context::of_thread();
    let result = run_main(&runtime, future, &mut context, site);
    let is_reusable = shutdown(&runtime);
    drop(entered);
    if is_reusable {
        runtime.keep();
    }
    result.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Runs one main future on an entered loop, and drops it there.
///
/// `Err` is a panic, for the caller to resume after it has cleaned up.
pub(crate) fn run_main<F: Future>(
    runtime: &Rc<Runtime>,
    future: F,
    context: &mut ContextMap,
    site: &'static Location<'static>,
) -> Result<Result<F::Output, RunError>, Payload> {
    runtime.emit(RUN, |hook| hook.run_start());
    let main = runtime.add_main_task(std::mem::take(context), site);
    runtime.start_stop();
    let mut output = None;
    let mut future = pin!(Some(future));
    let result = catch_unwind(AssertUnwindSafe(|| {
        turn_until_done(runtime, main, &mut |cx| {
            let future = future.as_mut().as_pin_mut().expect("dropped only below");
            output = Some(ready!(future.poll(cx)));
            Poll::Ready(())
        })
    }));
    runtime.poll.with_current_task(main, || {
        runtime.contain("the destructor of the main future", || future.set(None));
    });
    let result = runtime.end_stop(result);
    let how = match &result {
        Ok(Ok(())) => Ending::Returned,
        Ok(Err(_)) => Ending::Cancelled,
        Err(_) => Ending::Panicked,
    };
    *context = runtime.remove_main_task(main, how);
    if result.is_err() {
        runtime.contain("the destructor of main's output", || drop(output.take()));
    }
    Ok(result?.map(|()| output.expect("the loop ends when there is an output")))
}

/// Turns the loop until the main future returns.
///
/// # Panics
///
/// With the panic of the main future; with that of a task if
/// [`OnPanic::Stop`](crate::OnPanic::Stop) says so.
fn turn_until_done(runtime: &Runtime, main: TaskKey, poll_main: Main<'_>) -> Result<(), RunError> {
    let spare = runtime.spare_waker.take();
    let mut spare = spare.unwrap_or_else(|| TaskWaker::unbound(runtime.inbox()));
    let mut polls = 0;
    loop {
        runtime.ready.borrow_mut().start_turn(&runtime.rng);
        runtime.emit(RUN, |hook| hook.turn_start());
        // A closure, so that the borrow ends before the poll.
        let next = || runtime.ready.borrow_mut().pop();
        while let Some(task) = next() {
            if poll_task(runtime, task, main, &mut spare, poll_main).is_ready() {
                runtime.spare_waker.set(Some(spare));
                return Ok(());
            }
            polls += 1;
            if polls == POLLS_BETWEEN_LOOKS {
                polls = 0;
                look_around(runtime);
                look_at_sources(runtime);
            }
        }
        drain_inbox(runtime);
        if runtime.ready.borrow().is_empty() {
            look_around(runtime);
            runtime.resume_stop();
            if runtime.ready.borrow().is_empty() {
                polls = 0;
                wait_for_something(runtime)?;
            }
        }
        runtime.resume_stop();
    }
}

/// Polls a task, or drops it if it was cancelled. `Ready` if it was the main
/// future and has returned.
#[inline(always)]
fn poll_task(
    runtime: &Runtime,
    task: TaskKey,
    main: TaskKey,
    spare: &mut TaskWaker,
    poll_main: Main<'_>,
) -> Poll<()> {
    let end = ready!(runtime.poll_once(task, spare, |work, cx| match work {
        Some(work) => work.as_mut().poll(cx),
        None => {
            debug_assert!(task == main, "every other task in the queue has its future");
            poll_main(cx)
        }
    }));
    match end {
        Polled::Gone | Polled::Cancelled(None) => return Poll::Pending,
        Polled::Returned(Some(work)) => runtime.finish(task, Some(work), Ending::Returned),
        Polled::Returned(None) => return Poll::Ready(()),
        Polled::Cancelled(Some(work)) => runtime.fail(task, work, None),
        Polled::Panicked(Some(work), panic) => runtime.fail(task, work, Some(panic)),
        Polled::Panicked(None, panic) => resume_unwind(panic),
    }
    runtime.resume_stop();
    Poll::Pending
}

/// How [`Runtime::poll_once`] found or left a task that is not pending, with the
/// task's future where the task has one of its own.
pub(crate) enum Polled {
    /// There is no such task any more.
    Gone,
    /// Cancelled before the poll, which did not happen.
    Cancelled(Option<BoxedWork>),
    Returned(Option<BoxedWork>),
    Panicked(Option<BoxedWork>, Payload),
}

impl Runtime {
    /// Polls a task once, unless a cancel was requested.
    ///
    /// `poll` gets the task's future, or `None` if another owner holds it.
    /// `spare` is the waker for a task without one of its own.
    #[inline(always)] // the call alone was 32 of 300 instructions a poll
    pub(crate) fn poll_once(
        &self,
        key: TaskKey,
        spare: &mut TaskWaker,
        poll: impl FnOnce(Option<&mut BoxedWork>, &mut Context<'_>) -> Poll<()>,
    ) -> Poll<Polled> {
        let (mut work, own) = {
            let mut tasks = self.tasks.borrow_mut();
            let Some(task) = tasks.get_mut(key) else {
                return Poll::Ready(Polled::Gone);
            };
            if task.state >= State::CancelRequested {
                return Poll::Ready(match task.state {
                    State::CancelRequested => Polled::Cancelled(task.work.take()),
                    _ => Polled::Gone,
                });
            }
            // Before the poll, so that a wake during the poll queues it again;
            // a task that has ended keeps the mark, and no wake queues it.
            task.is_woken = false;
            task.polls = task.polls.wrapping_add(1);
            (task.work.take(), task.waker.clone())
        };
        let waker = poll_waker(own.as_deref(), spare, key.to_bits());
        let nested = self.poll.enter(key, waker.waker());
        self.emit(POLL, move |hook| hook.poll_start(key));
        let mut cx = Context::from_waker(waker.waker());
        let result = catch_unwind(AssertUnwindSafe(|| poll(work.as_mut(), &mut cx)));
        let end = |how| self.end_poll(key, how, nested, own, spare);
        // Each outcome ends the poll for itself: a result that was matched
        // later would be stored and loaded (20 of 260 instructions a poll).
        match result {
            Ok(Poll::Pending) => {
                end(None);
                if let Some(task) = self.tasks.borrow_mut().get_mut(key) {
                    task.work = work; // into an empty slot
                }
                Poll::Pending
            }
            Ok(Poll::Ready(())) => {
                end(Some(Ending::Returned));
                Poll::Ready(Polled::Returned(work))
            }
            Err(panic) => {
                end(Some(Ending::Panicked));
                Poll::Ready(Polled::Panicked(work, panic))
            }
        }
    }

    /// Ends a poll. If it kept a clone of the spare waker, that becomes the
    /// task's own. `how` is `None` if the task is pending.
    #[inline(always)]
    fn end_poll(
        &self,
        key: TaskKey,
        how: Option<Ending>,
        nested: bool,
        own: Option<Rc<TaskWaker>>,
        spare: &mut TaskWaker,
    ) {
        if self.hooks.wants(POLL) {
            let clones = own.as_deref().unwrap_or(spare).clones();
            let is_waiter = self.poll.leave(nested);
            self.emit(POLL, move |hook| hook.poll_end(key, how, is_waiter, clones));
        } else {
            self.poll.leave(nested);
        }
        if own.is_none() && spare.is_cloned() {
            let kept = spare.replace_if_cloned().map(Rc::new);
            self.with_task(key, |task| task.waker = kept);
        }
    }
}
