//! Tasks: started and awaited.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use super::queue::TaskWaker;
use super::run::{Loop, current};
use super::slots::Key;
use super::trace;

/// A future of a task, whatever its type. Its output went to the handle.
pub type BoxedFuture = Pin<Box<dyn Future<Output = ()>>>;

pub struct Task {
    /// `None` while it is polled or dropped.
    pub future: Option<BoxedFuture>,
    pub waker: Arc<TaskWaker>,
}

/// Starts a task: a future that runs beside its caller.
pub fn spawn<F: Future + 'static>(future: F) -> JoinHandle<F::Output> {
    let here = current();
    let result = Rc::new(Shared {
        output: Cell::default(),
        has_ended: Cell::default(),
        waiter: Cell::default(),
    });
    let shared = Rc::clone(&result);
    let work = async move {
        shared.output.set(Some(future.await));
        shared.has_ended.set(true);
        shared.waiter.take().into_iter().for_each(Waker::wake);
    };
    let number = here.add_task(Box::pin(work));
    JoinHandle { number, result }
}

impl Loop {
    /// Adds a task, and queues it for its first poll.
    fn add_task(&self, future: BoxedFuture) -> u64 {
        let number = self.spawned.get() + 1;
        self.spawned.set(number);
        let parent = self.current.borrow().as_ref().map(|parent| parent.number);
        trace::spawn(number, parent);
        let key = self.tasks.borrow_mut().insert(|key| Task {
            future: Some(future),
            waker: TaskWaker::new(key, number, &self.ready),
        });
        self.wake(key);
        number
    }

    fn wake(&self, key: Key) {
        let waker = |task: &mut Task| Arc::clone(&task.waker);
        let waker = self.tasks.borrow_mut().get_mut(key).map(waker);
        waker.into_iter().for_each(Wake::wake);
    }
}

/// The output of a task on its way to the handle.
struct Shared<T> {
    output: Cell<Option<T>>,
    has_ended: Cell<bool>,
    waiter: Cell<Option<Waker>>,
}

/// Gives the output of a task. Dropping it detaches the task.
pub struct JoinHandle<T> {
    number: u64,
    result: Rc<Shared<T>>,
}

impl<T> JoinHandle<T> {
    pub fn is_finished(&self) -> bool {
        self.result.has_ended.get()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.is_finished() {
            let output = self.result.output.take();
            return Poll::Ready(output.expect("the output is given once"));
        }
        self.result.waiter.set(Some(cx.waker().clone()));
        trace::join(self.number);
        Poll::Pending
    }
}

/// Lets every other ready task run once.
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
