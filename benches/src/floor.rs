//! What the floors have in common: polling without a runtime.
//!
//! A floor is what a row's promise costs when it is written by hand for this
//! one row: no names, no cancel, no panic caught, no other task on the loop. No
//! runtime can be faster and still be one; how near it comes is the measure.

use std::cell::Cell;
use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Polls a future once, with a waker that does nothing.
pub fn poll_now<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// A ready queue and nothing else: boxed futures in order. One that is pending
/// goes to the end.
#[derive(Default)]
pub struct Queue {
    tasks: VecDeque<Pin<Box<dyn Future<Output = ()>>>>,
}

impl Queue {
    /// Adds a future; its output will be in the cell.
    pub fn spawn<F>(&mut self, future: F) -> Rc<Cell<Option<F::Output>>>
    where
        F: Future + 'static,
    {
        let output = Rc::new(Cell::new(None));
        let place = Rc::clone(&output);
        self.tasks
            .push_back(Box::pin(async move { place.set(Some(future.await)) }));
        output
    }

    /// Polls until all are done.
    pub fn run(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        while let Some(mut task) = self.tasks.pop_front() {
            if task.as_mut().poll(&mut cx).is_pending() {
                self.tasks.push_back(task);
            }
        }
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue")
            .field("tasks", &self.tasks.len())
            .finish()
    }
}
