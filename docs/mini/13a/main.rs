#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;

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

type Pair = [Signal; 2];

/// Waits for every other pair, and sets the pair after it.
async fn player(pairs: Vec<Pair>, first: usize) {
    for n in (first..pairs.len() - 1).step_by(2) {
        // `Pending` is the greater answer: ready means that both are.
        poll_fn(|cx| pairs[n][0].poll(cx).max(pairs[n][1].poll(cx))).await;
        pairs[n + 1].iter().for_each(Signal::set);
    }
}

/// Two tasks that take turns: `n` turns in all.
fn players(n: usize) -> Vec<BoxedFuture> {
    let pairs: Vec<Pair> = (0..=n).map(|_| Pair::default()).collect();
    pairs[0].iter().for_each(Signal::set);
    let task = |first| -> BoxedFuture { Box::pin(player(pairs.clone(), first)) };
    vec![task(0), task(1)]
}

fn main() {
    let mut tasks = relay(3);
    tasks.extend(players(4));
    println!("{} polls", run_all(tasks));
}
