//! Foreign wakers, which act when they are woken and when they are dropped.
//!
//! Invariant: a foreign waker always wakes the task's own waker, so whatever it
//! does besides, no wake is lost. Called by `interpret`, and by programs that
//! `print` printed.

use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Wake, Waker};

use executor::{RunError, Runner};

use crate::program::Act;
use crate::world::{Made, World, told};

/// How often one waker acts: a wake may cause others, and must not do so
/// forever.
const ACTS: u32 = 3;

/// How many other loops a program may close.
const OTHERS: usize = 4;

/// The number of the bodies that wakers spawn.
const SPAWNED: u32 = 1_000_000;

thread_local! {
    /// The world of the program that runs on this thread: a waker is `Send`,
    /// and a world is not.
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// Loops that do not run, each with tasks that wait.
#[derive(Default)]
pub(crate) struct Others(RefCell<Vec<Runner>>);

impl Others {
    fn close_one(&self) {
        let other = self.0.borrow_mut().pop();
        drop(other);
    }

    pub(crate) fn close_all(&self) {
        drop(self.0.take());
    }
}

/// Lets wakers reach the world while it lives.
pub(crate) struct Reachable;

impl Drop for Reachable {
    fn drop(&mut self) {
        WORLD.take();
    }
}

/// Calls `f` with the world of the running program, if there is one.
pub(crate) fn with_world<R>(f: impl FnOnce(&World) -> R) -> Option<R> {
    let world = WORLD.with_borrow(Option::clone);
    world.as_ref().map(f)
}

/// Sets an event of another loop's program when it is dropped: the destructor
/// of a task whose loop is closed wakes tasks of the loop that runs.
struct OpensOnDrop(World);

impl Drop for OpensOnDrop {
    fn drop(&mut self) {
        self.0.shared.events[1].set();
    }
}

impl World {
    /// Lets wakers reach this world.
    pub(crate) fn be_reachable(&self) -> Reachable {
        WORLD.set(Some(self.clone()));
        Reachable
    }

    /// Makes the other loops, each with two tasks that never end.
    pub(crate) fn add_others(&self) {
        for _ in 0..OTHERS {
            let mut other = Runner::builder().virtual_time().build();
            let world = self.clone();
            other.run(async move {
                for _ in 0..2 {
                    let opens = OpensOnDrop(world.clone());
                    executor::spawn(async move {
                        let _opens = opens;
                        pending::<()>().await;
                    });
                }
                executor::yield_now().await;
            });
            self.shared.others.0.borrow_mut().push(other);
        }
    }

    /// Awaits a body with a waker that acts, a new one at each poll.
    pub(crate) async fn foreign(&self, act: Act, mut body: Made) {
        let outcome = poll_fn(|cx| {
            let foreign = Arc::new(Foreign {
                act,
                own: cx.waker().clone(),
                left: AtomicU32::new(ACTS),
                is_in_poll: AtomicBool::new(true),
            });
            let waker = Waker::from(Arc::clone(&foreign));
            let polled = Pin::new(&mut body).poll(&mut Context::from_waker(&waker));
            foreign.is_in_poll.store(false, Ordering::Relaxed);
            polled
        });
        let outcome = outcome.await;
        self.log(format_args!("foreign: {}", told(&outcome)));
    }

    fn act(&self, act: Act) {
        match act {
            Act::Nothing | Act::Panics => {}
            Act::Starts if is_in_loop() => {
                let steps = async |world: World| {
                    world.yield_now().await;
                    Ok(())
                };
                drop(executor::spawn(self.body(SPAWNED, steps)));
            }
            Act::Starts => {}
            Act::Lists => {
                let tasks = executor::tasks().len();
                let lines = executor::task_tree().lines().count();
                let rule = format_args!("{lines} lines for {tasks} tasks");
                self.expect(lines >= tasks, rule);
            }
            Act::Opens => self.shared.events[0].set(),
            Act::Closes => self.shared.others.close_one(),
            Act::Drops => self.drop_a_handle(),
            Act::Nests => drop(executor::try_run(async {})),
        }
    }

    /// Drops the handle of the lowest number that is not awaited. None while
    /// the world itself polls one.
    fn drop_a_handle(&self) {
        let Ok(slots) = self.shared.slots.try_borrow() else {
            return;
        };
        let mut ids: Vec<_> = slots.keys().copied().collect();
        drop(slots);
        ids.sort_unstable();
        let handle = ids.into_iter().find_map(|id| self.take(id).ok());
        drop(handle);
    }
}

/// Returns whether a loop runs on this thread.
fn is_in_loop() -> bool {
    matches!(executor::try_run(async {}), Err(RunError::AlreadyRunning))
}

struct Foreign {
    act: Act,
    own: Waker,
    /// How often it still acts.
    left: AtomicU32,
    /// Whether the body is being polled. A wake that panicked then would be a
    /// panic of the body.
    is_in_poll: AtomicBool,
}

impl Foreign {
    /// Acts, unless it has acted often enough.
    fn act(&self) {
        let left = self.left.load(Ordering::Relaxed);
        if left > 0 && !std::thread::panicking() {
            self.left.store(left - 1, Ordering::Relaxed);
            with_world(|world| world.act(self.act));
        }
    }
}

impl Wake for Foreign {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// Acts before the wake or after it, in turn.
    fn wake_by_ref(self: &Arc<Self>) {
        let is_first = self.left.load(Ordering::Relaxed) % 2 == 1;
        if is_first {
            self.act();
        }
        self.own.wake_by_ref();
        if !is_first {
            self.act();
        }
        let may_panic = !self.is_in_poll.load(Ordering::Relaxed) && !std::thread::panicking();
        if self.act == Act::Panics && may_panic {
            resume_unwind(Box::new("a panic of a waker"));
        }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        self.act();
    }
}
