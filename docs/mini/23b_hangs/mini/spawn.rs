//! Tasks: started, awaited, cancelled.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use super::run::{Loop, LoopWaker, current};
use super::slots::Key;
use super::trace;

/// A future of a task, whatever its type. Its output went to the handle.
pub type BoxedFuture = Pin<Box<dyn Future<Output = ()>>>;

pub struct Task {
    /// `None` while it is polled or dropped.
    pub future: Option<BoxedFuture>,
    pub waker: Arc<LoopWaker>,
    pub cancelled: bool,
}

/// Starts a task: a future that runs beside its caller.
pub fn spawn<F: Future + 'static>(future: F) -> JoinHandle<F::Output> {
    let here = current();
    let result = Rc::new(Shared {
        output: Cell::default(),
        has_ended: Cell::default(),
        waiter: Cell::default(),
    });
    let end = End(Rc::clone(&result));
    let work = async move {
        let output = contained(future).await;
        end.give(output);
    };
    let (key, number) = here.add_task(Box::pin(work));
    JoinHandle {
        here,
        key,
        number,
        result,
    }
}

impl Loop {
    /// Adds a task, and queues it for its first poll.
    fn add_task(&self, future: BoxedFuture) -> (Key, u64) {
        let number = self.spawned.get() + 1;
        self.spawned.set(number);
        let parent = self.current.borrow().as_ref().map(|parent| parent.number);
        trace::spawn(number, parent);
        let key = self.tasks.borrow_mut().insert(|key| Task {
            future: Some(future),
            waker: LoopWaker::new(key, number, &self.ready),
            cancelled: false,
        });
        match self.closing.get() {
            true => self.end_task(key, true), // refused: dropped before its first poll
            false => self.wake(key),
        }
        (key, number)
    }

    fn wake(&self, key: Key) {
        let waker = |task: &mut Task| Arc::clone(&task.waker);
        let waker = self.tasks.borrow_mut().get_mut(key).map(waker);
        waker.into_iter().for_each(Wake::wake);
    }
}

/// Turns a panic of a future into an error.
async fn contained<F: Future>(future: F) -> Result<F::Output, JoinError> {
    let mut future = pin!(future);
    let poll = |cx: &mut Context<'_>| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(JoinError::Panicked(panic))),
        }
    };
    poll_fn(poll).await
}

/// The output of a task on its way to the handle.
struct Shared<T> {
    output: Cell<Option<Result<T, JoinError>>>,
    has_ended: Cell<bool>,
    waiter: Cell<Option<Waker>>,
}

/// The task's end of it. Dropped without an output, it says "cancelled".
struct End<T>(Rc<Shared<T>>);

impl<T> End<T> {
    fn give(self, output: Result<T, JoinError>) {
        self.0.output.set(Some(output));
    }
}

impl<T> Drop for End<T> {
    fn drop(&mut self) {
        let result = &self.0;
        let cancelled = Some(Err(JoinError::Cancelled));
        result.output.set(result.output.take().or(cancelled));
        result.has_ended.set(true);
        result.waiter.take().into_iter().for_each(Waker::wake);
    }
}

/// Gives the output of a task. Dropping it detaches the task.
pub struct JoinHandle<T> {
    here: Rc<Loop>,
    key: Key,
    number: u64,
    result: Rc<Shared<T>>,
}

impl<T> JoinHandle<T> {
    /// Asks for the task to be dropped at its next turn. Returns whether this is
    /// the first request and the task has not ended.
    pub fn cancel(&self) -> bool {
        let mut tasks = self.here.tasks.borrow_mut();
        let Some(task) = tasks.get_mut(self.key).filter(|task| !task.cancelled) else {
            return false;
        };
        task.cancelled = true;
        drop(tasks);
        trace::emit("task.cancel", format_args!(r#","task":{}"#, self.number));
        self.here.wake(self.key);
        true
    }

    pub fn is_finished(&self) -> bool {
        self.result.has_ended.get()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

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

/// Why a task gave no output.
pub enum JoinError {
    Cancelled,
    Panicked(Box<dyn Any + Send>),
}

impl JoinError {
    pub fn is_cancelled(&self) -> bool {
        matches!(self, JoinError::Cancelled)
    }

    pub fn is_panic(&self) -> bool {
        matches!(self, JoinError::Panicked(_))
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            JoinError::Cancelled => "cancelled",
            JoinError::Panicked(_) => "panicked",
        })
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
