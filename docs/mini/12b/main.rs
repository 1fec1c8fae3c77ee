<<<<<<< HEAD
#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;

fn main() {
    mini::run_all(vec![Box::pin(async {})]);
=======
//! Step 12b: only a task that was woken is polled.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

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

type ReadyQueue = Arc<Mutex<VecDeque<usize>>>;

/// What a waker is made of: a task's name, and the queue to put it into.
struct TaskWaker {
    id: usize,
    ready: ReadyQueue,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.ready.lock().unwrap().push_back(self.id);
    }
}

/// Runs the tasks to their ends, and says how many polls that took.
fn run_all(tasks: Vec<Task>) -> usize {
    let ready = ReadyQueue::default();
    let mut wakers = Vec::new();
    for id in 0..tasks.len() {
        let ready = Arc::clone(&ready);
        wakers.push(Arc::new(TaskWaker { id, ready }));
        wakers[id].wake_by_ref(); // a new task is ready
    }
    let mut tasks: Vec<_> = tasks.into_iter().map(Some).collect();
    let mut polls = 0;
    while tasks.iter().any(Option::is_some) {
        let next = ready.lock().unwrap().pop_front();
        let Some(id) = next else {
            park();
            continue;
        };
        let Some(task) = &mut tasks[id] else { continue };
        let waker = Waker::from(Arc::clone(&wakers[id]));
        polls += 1;
        let polled = task.as_mut().poll(&mut Context::from_waker(&waker));
        if polled.is_ready() {
            tasks[id] = None;
        }
    }
    polls
}

/// Ten times, two sleeps that end at the same time.
async fn pairs() {
    for _ in 0..10 {
        let (mut one, mut two) = (sleep(1), sleep(1));
        let both = |context: &mut Context<'_>| {
            let one = Pin::new(&mut one).poll(context);
            Pin::new(&mut two).poll(context).max(one) // `Pending` is the greater one
        };
        std::future::poll_fn(both).await;
    }
}

fn main() {
    for n in [10, 100, 1_000] {
        let tasks = (1..=n).map(|time| Box::pin(sleep(time)) as Task);
        println!("{n:>5} tasks: {:>7} polls", run_all(tasks.collect()));
    }
    println!("pairs: {} polls", run_all(vec![Box::pin(pairs())]));
>>>>>>> w-18m
}
