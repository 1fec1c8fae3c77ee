//! A future that a test polls by hand, without a loop.
//!
//! **Invariant:** the future is polled only by [`ByHand::poll`]; its wakes are
//! counted and have no other effect.
//!
//! Called by users. Imports nothing of the runtime but `base::sys`.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker};

use crate::base::sys::{Arc, AtomicUsize, Ordering};

/// Wraps a future so that a test can poll it by hand, without a loop.
///
/// For futures that need no loop, such as one's first own futures, or those of a
/// channel: the test sees the result of each poll, and each wake.
///
/// ```
/// use executor::testing::by_hand;
/// use futures::channel::oneshot;
/// use std::task::Poll;
///
/// let (send, receive) = oneshot::channel();
/// let mut future = by_hand(receive);
/// assert!(future.poll().is_pending());
/// assert_eq!(future.wakes(), 0);
/// send.send(7).unwrap();
/// assert_eq!(future.wakes(), 1);
/// assert_eq!(future.poll(), Poll::Ready(Ok(7)));
/// ```
pub fn by_hand<F: Future>(future: F) -> ByHand<F> {
    let wakes = Arc::new(Wakes::default());
    ByHand {
        future: Some(Box::pin(future)),
        waker: Waker::from(Arc::clone(&wakes)),
        wakes,
    }
}

/// A future that is polled by hand; see [`by_hand`].
pub struct ByHand<F> {
    /// `None` once the future has returned.
    future: Option<Pin<Box<F>>>,
    wakes: Arc<Wakes>,
    waker: Waker,
}

/// Counts wakes.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

impl<F: Future> ByHand<F> {
    /// Polls the future once, and drops it if it returns.
    ///
    /// # Panics
    ///
    /// Panics if the future has returned before.
    #[track_caller]
    pub fn poll(&mut self) -> Poll<F::Output> {
        let future = self.future.as_mut();
        let future = future.expect("a future must not be polled after it has returned");
        let poll = future.as_mut().poll(&mut Context::from_waker(&self.waker));
        if poll.is_ready() {
            self.future = None;
        }
        poll
    }

    /// Returns how many times the future was woken.
    pub fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::Acquire)
    }

    /// Returns whether a clone of the future's waker exists, so that the future
    /// can still be woken.
    ///
    /// ```
    /// use executor::testing::by_hand;
    ///
    /// let mut lost = by_hand(std::future::pending::<()>());
    /// assert!(lost.poll().is_pending());
    /// assert!(!lost.can_be_woken(), "it kept no waker");
    /// ```
    pub fn can_be_woken(&self) -> bool {
        // One reference is `wakes`, another is in `waker`.
        Arc::strong_count(&self.wakes) > 2
    }
}

impl<F> fmt::Debug for ByHand<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByHand")
            .field("returned", &self.future.is_none())
            .field("wakes", &self.wakes.0.load(Ordering::Acquire))
            .finish()
    }
}
