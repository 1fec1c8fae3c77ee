//! The loop: polls what is ready, waits until something is.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::queue::{ReadyQueue, TaskWaker};
use super::reactor::{Reactor, Unparker};
use super::slots::{Key, Slots};
use super::spawn::Task;
use super::threads::Pool;
use super::time::{Clock, Timers};
use super::trace::{self, By};

pub type LoopWaker = TaskWaker<Unparker>;

/// A busy loop looks at its sockets once in so many turns.
const TURNS_BETWEEN_LOOKS: u32 = 61;

/// How long sockets may take to answer before a virtual clock jumps.
const QUIET: Duration = Duration::from_millis(10);

/// Everything that belongs to one loop, each part in a cell of its own.
/// **Invariant:** no borrow is held while a future is polled, dropped or woken.
pub struct Loop {
    pub ready: Arc<ReadyQueue<Unparker>>,
    pub tasks: RefCell<Slots<Task>>,
    /// How many tasks there have been. The main future is number 1.
    pub spawned: Cell<u64>,
    /// The waker of the task that is polled.
    pub current: RefCell<Option<Arc<LoopWaker>>>,
    pub clock: Clock,
    pub timers: RefCell<Timers>,
    pub pool: Pool,
    pub reactor: Reactor,
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<Loop>>> = const { RefCell::new(None) };
}

/// The loop that runs on this thread.
pub fn current() -> Rc<Loop> {
    let current = CURRENT.with_borrow(Clone::clone);
    current.expect("this needs a running loop: call it inside `run`")
}

/// The main future has no slot. Its waker has this key.
const MAIN: Key = Key {
    index: usize::MAX,
    generation: 0,
};

/// Runs a future, and the tasks that it spawns, until it returns.
pub fn run<F: Future>(main: F) -> F::Output {
    Runner::new().run(main)
}

/// A loop.
pub struct Runner {
    here: Rc<Loop>,
}

impl Runner {
    pub fn new() -> Self {
        Runner::with_clock(Clock::new(false))
    }

    /// A loop whose clock jumps instead of waiting.
    pub fn virtual_time() -> Self {
        Runner::with_clock(Clock::new(true))
    }

    fn with_clock(clock: Clock) -> Self {
        let (reactor, unparker) = Reactor::new().expect("the system has a poller");
        let ready = Arc::new(ReadyQueue::new(unparker));
        let here = Rc::new(Loop {
            tasks: RefCell::new(Slots::new()),
            spawned: Cell::new(1),
            current: RefCell::new(None),
            clock,
            timers: RefCell::default(),
            pool: Pool::new(&ready),
            ready,
            reactor,
        });
        Runner { here }
    }

    pub fn run<F: Future>(&mut self, main: F) -> F::Output {
        let is_first = CURRENT.with_borrow(Option::is_none);
        assert!(is_first, "a loop is already running on this thread");
        let _entered = Entered::new(&self.here);
        trace::start();
        let output = self.here.turn_until_done(pin!(main));
        trace::end(self.here.clock.is_virtual());
        output
    }
}

/// Makes a loop the current one of its thread.
struct Entered;

impl Entered {
    fn new(here: &Rc<Loop>) -> Self {
        CURRENT.set(Some(Rc::clone(here)));
        Entered
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(None);
    }
}

impl Loop {
    fn turn_until_done<F: Future>(&self, mut main: Pin<&mut F>) -> F::Output {
        let waker = LoopWaker::new(MAIN, 1, &self.ready);
        trace::spawn(1, None);
        waker.wake_by_ref();
        let mut turns = 0;
        loop {
            // What is woken during this turn waits for the next one.
            for _ in 0..self.ready.start_turn() {
                let Some(key) = self.ready.pop() else { break };
                if key != MAIN {
                    self.poll_task(key);
                } else if let Poll::Ready(output) = self.poll(&waker, main.as_mut()) {
                    trace::done(1, false);
                    return output;
                }
            }
            self.fire_timers();
            turns += 1;
            if self.ready.is_empty() {
                self.wait();
            } else if turns % TURNS_BETWEEN_LOOKS == 0 {
                wake_all(self.reactor.wait(Some(Duration::ZERO)));
            }
        }
    }

    /// Polls a task once; drops it if it was cancelled.
    fn poll_task(&self, key: Key) {
        // The future leaves its slot, because it may do anything to the slots.
        let taken = self.tasks.borrow_mut().get_mut(key).and_then(|task| {
            let future = task.future.take_if(|_| !task.cancelled)?;
            Some((future, Arc::clone(&task.waker)))
        });
        let Some((mut future, waker)) = taken else {
            return self.end_task(key, true); // or it has ended before
        };
        let polled = self.poll(&waker, future.as_mut());
        self.tasks.borrow_mut().get_mut(key).expect("alive").future = Some(future);
        if polled.is_ready() {
            self.end_task(key, false);
        }
    }

    fn poll<F>(&self, own: &Arc<LoopWaker>, future: Pin<&mut F>) -> Poll<F::Output>
    where
        F: Future + ?Sized,
    {
        own.clear();
        self.current.replace(Some(Arc::clone(own)));
        trace::poll_start(own.number);
        let waker = Waker::from(Arc::clone(own));
        let polled = future.poll(&mut Context::from_waker(&waker));
        drop(waker);
        self.current.take();
        trace::poll_end(own, polled.is_ready());
        polled
    }

    /// Drops a task's future, which may do anything to the loop, and frees its slot.
    pub fn end_task(&self, key: Key, cancelled: bool) {
        let take = |task: &mut Task| task.future.take();
        let future = self.tasks.borrow_mut().get_mut(key).and_then(take);
        if catch_unwind(AssertUnwindSafe(|| drop(future))).is_err() {
            eprintln!("the destructor of a task panicked");
        }
        if let Some(task) = self.tasks.borrow_mut().remove(key) {
            trace::done(task.waker.number, cancelled);
        }
    }

    /// Nothing is ready: waits for a deadline, a socket or another thread.
    fn wait(&self) {
        let next = self.timers.borrow().next();
        let (is_busy, has_waiters) = (self.pool.is_busy(), self.reactor.has_waiters());
        trace::park_start(next.map(|deadline| self.clock.nanos(deadline)));
        let jump = next.filter(|_| self.clock.is_virtual() && !is_busy);
        let limit = match jump {
            Some(_) => Some(QUIET),
            None => next.map(|at| at.saturating_duration_since(self.clock.now())),
        };
        let mut woken = Vec::new();
        if jump.is_none() || has_waiters {
            self.ready.park(|| {
                // Looked at again after the flag is set: a job may have ended.
                if self.pool.is_busy() == is_busy {
                    woken = self.reactor.wait(limit);
                }
            });
        }
        if woken.is_empty() && self.ready.is_empty() {
            jump.into_iter()
                .for_each(|deadline| self.clock.jump_to(deadline));
        }
        self.clock.now();
        trace::park_end(!woken.is_empty(), !self.ready.is_empty());
        wake_all(woken);
        self.fire_timers();
    }

    fn fire_timers(&self) {
        if self.timers.borrow().next().is_none() {
            return; // and the clock need not be read
        }
        let now = self.clock.now();
        // A closure, so that the borrow ends before the wake.
        let next = || self.timers.borrow_mut().pop_due(now);
        while let Some((number, waker)) = next() {
            trace::emit("timer.fire", format_args!(r#","timer":{number}"#));
            trace::by(By::Timer(number));
            waker.wake();
            trace::by(By::Loop);
        }
    }
}

fn wake_all(wakers: Vec<Waker>) {
    wakers.into_iter().for_each(Waker::wake);
}
