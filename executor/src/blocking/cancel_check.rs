//! `to_thread_with`: a blocking call that can stop early.
//!
//! **Invariant:** the call learns that its future was dropped at its next look,
//! and never before.
//!
//! Called by users. Imports `to_thread`.

use std::future::poll_fn;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
    let wanted = Wanted(check.clone());
    let mut call = ToThread::new(None, move || call(check), Location::caller());
    poll_fn(move |cx| {
        let _ = &wanted; // owned by this closure, and dropped with it
        Pin::new(&mut call).poll(cx)
    })
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

/// The result is wanted until this is dropped.
struct Wanted(CancelCheck);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::Relaxed);
    }
}
