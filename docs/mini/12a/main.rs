#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use mini::{BoxedFuture, run_all};

/// Something that happens once. Tasks can wait for it.
#[derive(Clone, Default)]
struct Signal(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    is_set: bool,
    wakers: Vec<Waker>,
}

impl Signal {
    /// Sets the signal, and wakes the tasks that wait for it.
    fn set(&self) {
        let mut state = self.0.borrow_mut();
        state.is_set = true;
        state.wakers.drain(..).for_each(Waker::wake);
    }

    /// Ready once it is set; until then, keeps the waker of the task that asks.
    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.borrow_mut();
        if state.is_set {
            return Poll::Ready(());
        }
        state.wakers.push(cx.waker().clone());
        Poll::Pending
    }
}

/// Waits until it is called, and calls the next one.
async fn runner(own: Signal, next: Signal) {
    poll_fn(|cx| own.poll(cx)).await;
    next.set();
}

/// A relay of `n` tasks. The last one begins; each calls the one before it.
fn relay(n: usize) -> Vec<BoxedFuture> {
    let signals: Vec<Signal> = (0..=n).map(|_| Signal::default()).collect();
    signals[n].set();
    let task = |k: usize| -> BoxedFuture {
        let (own, next) = (&signals[k + 1], &signals[k]);
        Box::pin(runner(own.clone(), next.clone()))
    };
    (0..n).map(task).collect()
}

fn main() {
    for n in [10, 100, 1_000] {
        println!("{n:>5} tasks: {:>7} polls", run_all(relay(n)));
    }
}
