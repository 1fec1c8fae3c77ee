//! The loop: polls what is ready, turn after turn.

use std::cell::{Cell, RefCell};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use super::queue::{ReadyQueue, TaskWaker};
use super::slots::{Key, Slots};
use super::spawn::Task;
use super::trace;

/// Everything that belongs to one loop, each part in a cell of its own.
/// **Invariant:** no borrow is held while a future is polled, dropped or woken.
pub struct Loop {
    pub ready: Arc<ReadyQueue>,
    pub tasks: RefCell<Slots<Task>>,
    /// How many tasks there have been. The main future is number 1.
    pub spawned: Cell<u64>,
    /// The waker of the task that is polled.
    pub current: RefCell<Option<Arc<TaskWaker>>>,
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
    let is_first = CURRENT.with_borrow(Option::is_none);
    assert!(is_first, "a loop is already running on this thread");
    let here = Rc::new(Loop {
        ready: Arc::new(ReadyQueue::new()),
        tasks: RefCell::new(Slots::new()),
        spawned: Cell::new(1),
        current: RefCell::new(None),
    });
    let _entered = Entered::new(&here);
    trace::start();
    let output = here.turn_until_done(pin!(main));
    trace::end();
    output
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
        let waker = TaskWaker::new(MAIN, 1, &self.ready);
        trace::spawn(1, None);
        waker.wake_by_ref();
        loop {
            // What is woken during this turn waits for the next one.
            for _ in 0..self.ready.start_turn() {
                let Some(key) = self.ready.pop() else { break };
                if key != MAIN {
                    self.poll_task(key);
                } else if let Poll::Ready(output) = self.poll(&waker, main.as_mut()) {
                    trace::done(1);
                    return output;
                }
            }
            assert!(!self.ready.is_empty(), "no task can ever continue");
        }
    }

    /// Polls a task once.
    fn poll_task(&self, key: Key) {
        let mut tasks = self.tasks.borrow_mut();
        let Some(task) = tasks.get_mut(key) else {
            return; // it has ended
        };
        let waker = Arc::clone(&task.waker);
        let future = task.future.as_mut().expect("it has not returned");
        if self.poll(&waker, future.as_mut()).is_ready() {
            tasks.remove(key);
            trace::done(waker.number);
        }
    }

    fn poll<F>(&self, own: &Arc<TaskWaker>, future: Pin<&mut F>) -> Poll<F::Output>
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
}
