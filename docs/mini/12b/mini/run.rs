//! The loop: polls what is ready, turn after turn.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use super::queue::{ReadyQueue, TaskWaker};

/// A task: a future in a box, whatever its type, that stays where it is.
pub type BoxedFuture = Pin<Box<dyn Future<Output = ()>>>;

/// Runs the tasks to their ends. Returns how many polls that took.
pub fn run_all(tasks: Vec<BoxedFuture>) -> usize {
    let ready = Arc::new(ReadyQueue::new());
    let wakers: Vec<_> = (0..tasks.len())
        .map(|key| TaskWaker::new(key, &ready))
        .collect();
    for waker in &wakers {
        waker.wake_by_ref(); // a new task is ready
    }
    let mut tasks: Vec<_> = tasks.into_iter().map(Some).collect();
    let mut polls = 0;
    while !ready.is_empty() {
        // What is woken during this turn waits for the next one.
        for _ in 0..ready.start_turn() {
            let Some(key) = ready.pop() else { break };
            let Some(task) = &mut tasks[key] else {
                continue; // it has returned
            };
            polls += 1;
            if poll(&wakers[key], task.as_mut()).is_ready() {
                tasks[key] = None;
            }
        }
    }
    let all_returned = tasks.iter().all(Option::is_none);
    assert!(all_returned, "no task can ever continue");
    polls
}

fn poll(own: &Arc<TaskWaker>, future: Pin<&mut dyn Future<Output = ()>>) -> Poll<()> {
    let waker = Waker::from(Arc::clone(own));
    future.poll(&mut Context::from_waker(&waker))
}
