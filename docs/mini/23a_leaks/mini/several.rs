//! Several futures in one task.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::time::sleep;

/// Which children of a gather were woken, and the waker of its task.
struct Woken {
    children: Mutex<VecDeque<usize>>,
    parent: Mutex<Waker>,
}

/// The waker of one child: notes the child, and wakes the task.
struct ChildWaker {
    index: usize,
    woken: Arc<Woken>,
}

impl Wake for ChildWaker {
    fn wake(self: Arc<Self>) {
        self.woken.children.lock().unwrap().push_back(self.index);
        let parent = self.woken.parent.lock().unwrap().clone();
        parent.wake();
    }
}

/// Futures that are polled together, each until it has returned.
struct Children<F> {
    futures: Vec<Option<(Pin<Box<F>>, Waker)>>,
    woken: Arc<Woken>,
}

impl<F: Future> Children<F> {
    fn new(futures: impl IntoIterator<Item = F>) -> Self {
        let woken = Arc::new(Woken {
            children: Mutex::default(),
            parent: Mutex::new(Waker::noop().clone()),
        });
        let child = |(index, future)| {
            let woken = Arc::clone(&woken);
            let waker = Waker::from(Arc::new(ChildWaker { index, woken }));
            Some((Box::pin(future), waker))
        };
        let futures: Vec<_> = futures.into_iter().enumerate().map(child).collect();
        *woken.children.lock().unwrap() = (0..futures.len()).collect();
        Children { futures, woken }
    }

    /// Polls the next woken child that returns; `Pending` if none does.
    fn poll_next(&mut self, cx: &Context<'_>) -> Poll<(usize, F::Output)> {
        *self.woken.parent.lock().unwrap() = cx.waker().clone();
        // One that wakes itself meanwhile waits for the next poll.
        let round = self.woken.children.lock().unwrap().len();
        for _ in 0..round {
            let index = self.woken.children.lock().unwrap().pop_front();
            let index = index.expect("only this takes indices");
            let Some((future, waker)) = &mut self.futures[index] else {
                continue; // it has returned, and must not be polled again
            };
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(waker)) {
                self.futures[index] = None;
                return Poll::Ready((index, output));
            }
        }
        Poll::Pending
    }
}

/// Runs futures together and gives all outputs, in the order of the futures.
pub async fn gather<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut children = Children::new(futures);
    let mut outputs: Vec<_> = children.futures.iter().map(|_| None).collect();
    for _ in 0..outputs.len() {
        let (index, output) = poll_fn(|cx| children.poll_next(cx)).await;
        outputs[index] = Some(output);
    }
    outputs.into_iter().flatten().collect()
}

/// Runs futures together and gives the first output, and whose it is.
pub async fn race<F: Future>(futures: impl IntoIterator<Item = F>) -> (usize, F::Output) {
    let mut children = Children::new(futures);
    poll_fn(|cx| children.poll_next(cx)).await
}

#[derive(Debug, PartialEq)]
pub struct Elapsed;

/// Runs a future, but not longer than `limit`.
pub async fn timeout<F: Future>(limit: Duration, future: F) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    let mut limit = sleep(limit);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Ok(output)),
        Poll::Pending => Pin::new(&mut limit).poll(cx).map(|()| Err(Elapsed)),
    })
    .await
}
