//! Locks, semaphores, events and queues between tasks.

mod events;
mod locks;
mod queues;
mod semaphores;

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use crate::common::poll_once;

/// Polls a future once, which is to wait.
#[track_caller]
fn assert_waits<F: Future + Unpin>(future: &mut F) -> impl Future<Output = ()> {
    let site = std::panic::Location::caller();
    async move {
        assert!(poll_once(future).await.is_pending(), "ready at {site}");
    }
}

/// Polls a future once, with the waker of the caller, which is to be ready.
async fn ready<F: Future + Unpin>(future: &mut F) -> F::Output {
    let poll = poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await;
    match poll {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}
