//! The loop: poll what is ready, sleep until something is.
//!
//! # The story
//!
//! A *turn* takes the ready queue as it stands and polls each task in it once.
//! What those polls wake goes to the back of the queue and waits for the next
//! turn, so nobody is polled twice in one. After the turn the loop takes in
//! its mail (one load if there is none).
//!
//! When nothing is ready the loop *looks around*: mail, then the clock and the
//! timers that are due. If still nothing is ready it *parks*: it sleeps until
//! the next deadline or until another thread rings. With a virtual clock it
//! does not sleep but jumps to the deadline.
//!
//! A queue that is never empty must not hide the rest of the world, so the
//! loop also looks around after [`POLLS_BETWEEN_LOOKS`] polls.
//!
//! The main future is a task like any other, except that it lives on the stack
//! of `run` and may borrow from there. It stands in the same queue; when it
//! returns, so does the loop.
//!
//! **Invariant:** the loop never sleeps while a task is ready, and never polls
//! a task that nobody woke.
//!
//! Called by [`run`](crate::run()) and the `runner`; calls everything below.

mod park;

use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use crate::context;
use crate::error::{Payload, RunError};
use crate::instrument::watch_as_asked;
use crate::probe::{self, Ending, Event, poll_result};
use crate::runtime::{Runtime, contain};
use crate::shutdown::{Ended, shutdown};
use crate::slab::TaskKey;
use crate::waker::{self, OwnedWaker};
use park::park;

/// How many tasks are polled before the loop looks at clock and mail though
/// more are ready. A look costs about 50 ns for the clock (and 160 ns for the
/// poller, once there are sockets), so once in 61 polls it adds about 3 ns to
/// each, and a due timer waits for 61 polls at most. The number is tokio's.
pub(crate) const POLLS_BETWEEN_LOOKS: u32 = 61;

/// The main future, as the loop sees it: something to poll.
type Main<'a> = &'a mut dyn FnMut(&mut Context<'_>) -> Poll<()>;

/// Runs a future, and whatever it spawns, until it returns (asyncio:
/// `asyncio.run`).
///
/// Starts a loop on this thread, gives it the future, and cleans up when that
/// has returned: tasks that are left are cancelled and dropped, the last one
/// spawned first, with the loop still there for their destructors; then thread
/// jobs that have started are waited for. The future may borrow: it never
/// leaves this call.
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
///   happen. The text lists every task and what it waits for.
#[track_caller]
pub fn run<F: Future>(future: F) -> F::Output {
    match try_run(future) {
        Ok(output) => output,
        Err(error) => panic!("{error}"),
    }
}

/// Like [`run`], with an error where `run` panics on misuse or on a stall.
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
    watch_as_asked(&runtime);
    let entered = runtime.enter().ok_or(RunError::AlreadyRunning)?;
    let mut context = context::of_thread();
    let result = run_main(&runtime, future, &mut context, site);
    let ended = shutdown(&runtime);
    drop(entered);
    if ended == Ended::Alone {
        runtime.keep();
    }
    result.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Runs one main future on a loop that is entered, and drops it there.
///
/// `Err` is a panic, to be resumed when the caller has cleaned up.
pub(crate) fn run_main<F: Future>(
    runtime: &Rc<Runtime>,
    future: F,
    context: &mut context::Context,
    site: &'static Location<'static>,
) -> Result<Result<F::Output, RunError>, Payload> {
    runtime.emit(move |_| runtime.run_event());
    let main = runtime.admit_main(std::mem::take(context), site);
    let mut output = None;
    let mut future = pin!(Some(future));
    let result = catch_unwind(AssertUnwindSafe(|| {
        turn_until_done(runtime, main, &mut |cx| {
            let future = future.as_mut().as_pin_mut().expect("dropped only below");
            output = Some(ready!(future.poll(cx)));
            Poll::Ready(())
        })
    }));
    runtime.acting_as(main, || {
        contain("the destructor of the main future", || future.set(None));
    });
    let how = match &result {
        Ok(Ok(())) => Ending::Returned,
        Ok(Err(_)) => Ending::Cancelled,
        Err(_) => Ending::Panicked,
    };
    *context = runtime.dismiss_main(main, how);
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
    let mut spare = spare.unwrap_or_else(|| OwnedWaker::unbound(runtime.ready.mailbox()));
    let mut polls = 0;
    loop {
        runtime.ready.start_turn(&runtime.rng);
        let turn = match runtime.is_followed() {
            true => take_turn::<true>(runtime, main, &mut spare, &mut polls, poll_main),
            false => take_turn::<false>(runtime, main, &mut spare, &mut polls, poll_main),
        };
        if turn.is_ready() {
            runtime.spare_waker.set(Some(spare));
            return Ok(());
        }
        runtime.take_in_mail();
        if runtime.ready.is_empty() {
            look_around(runtime);
            if runtime.ready.is_empty() {
                polls = 0;
                park(runtime)?;
            }
        }
    }
}

// ---- polling --------------------------------------------------------------

/// Polls everybody whose turn it is. `Ready` if the main future returned.
///
/// It is compiled twice, so that a poll which nobody follows has no branch for
/// those who might: with the question asked in each poll, a task that yields
/// took 253 instructions a turn, and takes 235 (callgrind). Both copies stand in
/// the loop itself; as functions that are called, they took 291.
#[inline(always)]
fn take_turn<const FOLLOWED: bool>(
    runtime: &Runtime,
    main: TaskKey,
    spare: &mut OwnedWaker,
    polls: &mut u32,
    poll_main: Main<'_>,
) -> Poll<()> {
    if FOLLOWED {
        runtime.tell_turn();
    }
    while let Some(task) = runtime.ready.pop() {
        if task != main {
            poll_task::<FOLLOWED>(runtime, task, spare);
        } else if poll_the_main_future::<FOLLOWED>(runtime, task, spare, poll_main).is_ready() {
            return Poll::Ready(());
        }
        *polls += 1;
        if *polls == POLLS_BETWEEN_LOOKS {
            *polls = 0;
            look_around(runtime);
            runtime.look_at_sockets();
        }
    }
    Poll::Pending
}

/// Polls a task once, or drops it if that was asked for.
#[inline(always)]
fn poll_task<const FOLLOWED: bool>(runtime: &Runtime, task: TaskKey, spare: &mut OwnedWaker) {
    let Some(taken) = runtime.take_out(task) else {
        return;
    };
    let Some(mut work) = taken.work else { return };
    if taken.cancelled {
        return runtime.fail(task, work, None);
    }
    let waker = waker::lend(&taken.own_waker, spare, task);
    runtime.start_poll(task, waker);
    if FOLLOWED {
        runtime.tell_poll(task);
    }
    let result = catch_unwind(AssertUnwindSafe(|| {
        work.as_mut().poll(&mut Context::from_waker(waker.waker()))
    }));
    if FOLLOWED {
        runtime.tell_end_of_poll(poll_result(&result));
    }
    runtime.end_poll();
    match result {
        Ok(Poll::Pending) => {
            let own_waker = waker::keep_if_cloned(taken.own_waker, spare);
            runtime.put_back(task, Some(work), own_waker);
            if FOLLOWED {
                runtime.look_at_pending(task);
            }
        }
        Ok(Poll::Ready(())) => {
            drop(spare.replace_if_cloned());
            runtime.finish(task, Some(work), Ending::Returned);
        }
        Err(panic) => {
            drop(spare.replace_if_cloned());
            runtime.fail(task, work, Some(panic));
        }
    }
}

/// Polls the main future once. Its panic passes through: it is the caller's.
fn poll_the_main_future<const FOLLOWED: bool>(
    runtime: &Runtime,
    main: TaskKey,
    spare: &mut OwnedWaker,
    poll_main: Main<'_>,
) -> Poll<()> {
    let Some(taken) = runtime.take_out(main) else {
        return Poll::Pending;
    };
    let waker = waker::lend(&taken.own_waker, spare, main);
    runtime.start_poll(main, waker);
    if FOLLOWED {
        runtime.tell_poll(main);
    }
    let result = catch_unwind(AssertUnwindSafe(|| {
        poll_main(&mut Context::from_waker(waker.waker()))
    }));
    if FOLLOWED {
        runtime.tell_end_of_poll(poll_result(&result));
    }
    runtime.end_poll();
    let own_waker = waker::keep_if_cloned(taken.own_waker, spare);
    runtime.put_back(main, None, own_waker);
    if FOLLOWED && matches!(result, Ok(Poll::Pending)) {
        runtime.look_at_pending(main);
    }
    result.unwrap_or_else(|payload| resume_unwind(payload))
}

// ---- the rest of the world ------------------------------------------------

/// Takes in what the world has done meanwhile.
fn look_around(runtime: &Runtime) {
    runtime.take_in_mail();
    fire_due_timers(runtime);
    runtime.renew_mirror();
}

/// Wakes whoever waits for a deadline that has come, the earliest first.
fn fire_due_timers(runtime: &Runtime) {
    if runtime.timers.borrow().next_deadline().is_none() {
        return; // and the clock need not be read
    }
    let now = runtime.clock.now();
    loop {
        let due = runtime.timers.borrow_mut().pop_due(now);
        let Some((timer, waiter)) = due else { return };
        runtime.emit(move |_| Event::TimerFire {
            timer: probe::timer_number(timer),
        });
        runtime.wake(waiter);
    }
}
