//! The loop: polls what is ready, turn after turn.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use super::queue::{ReadyQueue, TaskWaker};
use super::slots::Slots;
use super::spawn::{BoxedFuture, Task};
use super::trace;

/// Runs the tasks to their ends. Returns how many polls that took.
pub fn run_all(futures: Vec<BoxedFuture>) -> usize {
    let ready = Arc::new(ReadyQueue::new());
    let mut tasks = Slots::new();
    trace::start();
    for (future, number) in futures.into_iter().zip(1..) {
        trace::spawn(number);
        let key = tasks.insert(|key| Task {
            future: Some(future),
            waker: TaskWaker::new(key, number, &ready),
        });
        let task: &mut Task = tasks.get_mut(key).expect("just added");
        task.waker.wake_by_ref(); // a new task is ready
    }
    let mut polls = 0;
    while !ready.is_empty() {
        // What is woken during this turn waits for the next one.
        for _ in 0..ready.start_turn() {
            let Some(key) = ready.pop() else { break };
            let Some(task) = tasks.get_mut(key) else {
                continue; // it has ended
            };
            let waker = Arc::clone(&task.waker);
            let future = task.future.as_mut().expect("it has not returned");
            polls += 1;
            if poll(&waker, future.as_mut()).is_ready() {
                tasks.remove(key);
                trace::done(waker.number);
            }
        }
    }
    assert!(tasks.values().next().is_none(), "no task can ever continue");
    trace::end();
    polls
}

fn poll<F>(own: &Arc<TaskWaker>, future: Pin<&mut F>) -> Poll<F::Output>
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
