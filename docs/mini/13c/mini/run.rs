//! The loop: polls what is ready, turn after turn.

use std::cell::RefCell;
use std::pin::{Pin, pin};
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
}

/// The main future has no slot. Its waker has this key.
const MAIN: Key = Key {
    index: usize::MAX,
    generation: 0,
};

/// Runs a future until it returns.
pub fn run<F: Future>(main: F) -> F::Output {
    let here = Loop {
        ready: Arc::new(ReadyQueue::new()),
        tasks: RefCell::new(Slots::new()),
    };
    trace::start();
    let output = here.turn_until_done(pin!(main));
    trace::end();
    output
}

impl Loop {
    fn turn_until_done<F: Future>(&self, mut main: Pin<&mut F>) -> F::Output {
        let waker = TaskWaker::new(MAIN, 1, &self.ready);
        trace::spawn(1);
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
        // The future leaves its slot, because it may do anything to the slots.
        let taken = self.tasks.borrow_mut().get_mut(key).and_then(|task| {
            let future = task.future.take()?;
            Some((future, Arc::clone(&task.waker)))
        });
        let Some((mut future, waker)) = taken else {
            return; // it has ended
        };
        let polled = self.poll(&waker, future.as_mut());
        self.tasks.borrow_mut().get_mut(key).expect("alive").future = Some(future);
        if polled.is_ready() {
            let task = self.tasks.borrow_mut().remove(key);
            drop(task); // with nothing borrowed
            trace::done(waker.number);
        }
    }

    fn poll<F>(&self, own: &Arc<TaskWaker>, future: Pin<&mut F>) -> Poll<F::Output>
    where
        F: Future + ?Sized,
    {
        own.clear();
        trace::poll_start(own.number);
        let waker = Waker::from(Arc::clone(own));
        let polled = future.poll(&mut Context::from_waker(&waker));
        drop(waker);
        trace::poll_end(own, polled.is_ready());
        polled
    }
}
