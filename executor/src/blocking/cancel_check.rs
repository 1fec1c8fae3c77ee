//! `to_thread_with`: a blocking call that can stop early.
//!
//! **Invariant:** the call learns that its future was dropped at its next look,
//! and never before.
//!
//! Called by users. Imports `to_thread`.

use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use super::to_thread::ToThread;

/// Runs a blocking call that can stop early: its [`CancelCheck`] says whether
/// the result is still wanted (trio: `from_thread.check_cancelled`).
///
/// ```
/// use executor::{run, timeout, to_thread_with};
/// use std::time::Duration;
///
/// run(async {
///     let count = to_thread_with(|check| (0u64..).take_while(|_| check.is_wanted()).count());
///     assert!(timeout(Duration::from_millis(5), count).await.is_err());
///     // The call notices and ends; otherwise the loop could not end.
/// });
/// ```
///
/// # Panics
///
/// Like [`to_thread`](crate::to_thread).
#[track_caller]
pub fn to_thread_with<F, T>(call: F) -> impl Future<Output = T> + Unpin + use<F, T>
where
    F: FnOnce(CancelCheck) -> T + Send + 'static,
    T: Send + 'static,
{
    let check = CancelCheck(Arc::new(AtomicBool::new(true)));
    let wanted = check.clone();
    let call = ToThread::new(None, move || call(check), Location::caller());
    Wanted { call, wanted }
}

/// Tells a call on a thread whether its result is still wanted; see
/// [`to_thread_with`].
#[derive(Clone, Debug)]
pub struct CancelCheck(Arc<AtomicBool>);

impl CancelCheck {
    /// Returns `false` once the future was dropped: by a cancel, a timeout, or
    /// the end of the loop.
    pub fn is_wanted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A call that is wanted until this is dropped.
struct Wanted<C> {
    call: C,
    wanted: CancelCheck,
}

impl<C: Future + Unpin> Future for Wanted<C> {
    type Output = C::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        Pin::new(&mut self.call).poll(cx)
    }
}

impl<C> Drop for Wanted<C> {
    fn drop(&mut self) {
        self.wanted.0.store(false, Ordering::Relaxed);
    }
}
