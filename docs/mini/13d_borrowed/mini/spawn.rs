//! Tasks, and how one starts another.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, Wake};

use super::queue::TaskWaker;
use super::run::{Loop, current};
use super::slots::Key;
use super::trace;

/// A future of a task, whatever its type.
pub type BoxedFuture = Pin<Box<dyn Future<Output = ()>>>;

pub struct Task {
    /// `None` while it is polled or dropped.
    pub future: Option<BoxedFuture>,
    pub waker: Arc<TaskWaker>,
}

/// Starts a task: a future that runs beside its caller.
pub fn spawn(future: impl Future<Output = ()> + 'static) {
    current().add_task(Box::pin(future));
}

impl Loop {
    /// Adds a task, and queues it for its first poll.
    fn add_task(&self, future: BoxedFuture) {
        let number = self.spawned.get() + 1;
        self.spawned.set(number);
        let parent = self.current.borrow().as_ref().map(|parent| parent.number);
        trace::spawn(number, parent);
        let key = self.tasks.borrow_mut().insert(|key| Task {
            future: Some(future),
            waker: TaskWaker::new(key, number, &self.ready),
        });
        self.wake(key);
    }

    fn wake(&self, key: Key) {
        let waker = |task: &mut Task| Arc::clone(&task.waker);
        let waker = self.tasks.borrow_mut().get_mut(key).map(waker);
        waker.into_iter().for_each(Wake::wake);
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
