//! Futures that several groups use. They belong to neither runtime, so the
//! work in them is the same on both.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use crate::side::Side;

/// Wakes itself by reference, is pending once, then ready. No runtime sees
/// this coming, unlike its own `yield_now`.
#[derive(Debug, Default)]
pub struct PendingOnce {
    woken: bool,
}

impl Future for PendingOnce {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.woken {
            return Poll::Ready(());
        }
        self.woken = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Polls a future once, in the calling task, and drops it.
///
/// # Panics
///
/// If the future is ready: the caller wants one that waits.
pub async fn poll_once_and_drop(future: impl Future<Output = ()>) {
    let mut future = Some(future);
    poll_fn(|cx| {
        let future = pin!(future.take().expect("polled once"));
        assert!(future.poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
}

/// Returns when every task that was spawned before has been polled.
pub async fn poll_spawned<S: Side>() {
    S::yield_now().await;
    // A task that is spawned now is polled after all the others.
    S::spawn(async {}).await.expect("the task returns");
}
