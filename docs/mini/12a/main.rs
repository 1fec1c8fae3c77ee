<<<<<<< HEAD
#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;

fn main() {
    mini::run_all(vec![Box::pin(async {})]);
=======
//! Step 12a: many tasks on one thread; after each event, all are polled.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(0) };
    static SLEEPERS: RefCell<BTreeMap<u64, Vec<Waker>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Ready when the clock has come to the deadline.
struct Sleep {
    deadline: u64,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if NOW.get() >= self.deadline {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        SLEEPERS.with_borrow_mut(|all| all.entry(self.deadline).or_default().push(waker));
        Poll::Pending
    }
}

fn sleep(time: u64) -> Sleep {
    let deadline = NOW.get() + time;
    Sleep { deadline }
}

/// The clock jumps to the next deadline, and wakes what waits for it.
fn park() {
    let next = SLEEPERS.with_borrow_mut(BTreeMap::pop_first);
    let (deadline, wakers) = next.expect("no task can ever continue");
    NOW.set(deadline);
    wakers.into_iter().for_each(Waker::wake);
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Runs the tasks to their ends, and says how many polls that took.
fn run_all(mut tasks: Vec<Task>) -> usize {
    let mut context = Context::from_waker(Waker::noop());
    let mut polls = 0;
    loop {
        tasks.retain_mut(|task| {
            polls += 1;
            task.as_mut().poll(&mut context).is_pending()
        });
        if tasks.is_empty() {
            return polls;
        }
        park();
    }
}

fn main() {
    for n in [10, 100, 1_000] {
        let tasks = (1..=n).map(|time| Box::pin(sleep(time)) as Task);
        println!("{n:>5} tasks: {:>7} polls", run_all(tasks.collect()));
    }
>>>>>>> w-18m
}
