//! The loop: polls all tasks, round after round.

use std::pin::Pin;
use std::task::{Context, Waker};

/// A task: a future in a box, whatever its type, that stays where it is.
pub type BoxedFuture = Pin<Box<dyn Future<Output = ()>>>;

/// Runs the tasks to their ends. Returns how many polls that took.
pub fn run_all(mut tasks: Vec<BoxedFuture>) -> usize {
    let mut cx = Context::from_waker(Waker::noop());
    let mut polls = 0;
    while !tasks.is_empty() {
        tasks.retain_mut(|task| {
            polls += 1;
            task.as_mut().poll(&mut cx).is_pending()
        });
    }
    polls
}
