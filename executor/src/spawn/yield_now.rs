//! `yield_now`: one turn for the others.
//!
//! **Invariant:** the task is queued behind everything that is ready, once.
//!
//! Called by users; `spend_budget` by `interval`, `scope`, `net` and `os`.

use std::pin::Pin;
use std::task::{Context, Poll};

use crate::event_loop::runtime::Runtime;

/// Lets every other ready task run once before this one continues (asyncio:
/// `sleep(0)`).
///
/// ```
/// use std::{cell::RefCell, rc::Rc};
///
/// let order = Rc::new(RefCell::new(Vec::new()));
/// let log = order.clone();
/// executor::run(async move {
///     let other = log.clone();
///     let task = executor::spawn(async move { other.borrow_mut().push("task") });
///     log.borrow_mut().push("main");
///     executor::yield_now().await;
///     log.borrow_mut().push("main again");
///     task.await.unwrap();
/// });
/// assert_eq!(*order.borrow(), ["main", "task", "main again"]);
/// ```
///
/// *Cancel safety:* dropping it does nothing.
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// Takes one from the budget of the poll, after a turn for the others if nothing
/// is left: for calls that may complete at once.
pub(crate) async fn spend_budget() {
    let exhausted = Runtime::with(|runtime| runtime.poll.is_budget_exhausted());
    if exhausted == Some(true) {
        yield_now().await;
    }
    Runtime::with(|runtime| runtime.poll.consume_budget());
}

/// The future of [`yield_now`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        match Runtime::current() {
            Some(runtime) => runtime.wake_current(cx),
            None => cx.waker().wake_by_ref(), // on another executor
        }
        Poll::Pending
    }
}
