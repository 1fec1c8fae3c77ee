//! A join handle that gives the output of a task, if it is polled again.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use docs::Exercise;

type BoxedFuture = Pin<Box<dyn Future<Output = ()>>>;

/// The output of a task on its way to the handle.
struct Shared<T> {
    output: Cell<Option<T>>,
    waiter: Cell<Option<Waker>>,
}

struct JoinHandle<T>(Rc<Shared<T>>);

/// A task, and the handle that gives its output.
fn with_handle<T: 'static>(
    future: impl Future<Output = T> + 'static,
) -> (BoxedFuture, JoinHandle<T>) {
    let shared = Rc::new(Shared {
        output: Cell::new(None),
        waiter: Cell::new(None),
    });
    let handle = JoinHandle(Rc::clone(&shared));
    let task = async move {
        shared.output.set(Some(future.await));
        shared.waiter.take().into_iter().for_each(Waker::wake);
    };
    (Box::pin(task), handle)
}

impl<T> Future for JoinHandle<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match self.0.output.take() {
            Some(output) => Poll::Ready(output),
            None => {
                self.0.waiter.set(Some(cx.waker().clone()));
                Poll::Pending
            }
        }
    }
}

struct TaskWaker {
    key: usize,
    ready: Arc<Mutex<VecDeque<usize>>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.ready.lock().unwrap().push_back(self.key);
    }
}

/// Polls tasks until none is ready. Returns whether all have returned.
fn run(tasks: Vec<BoxedFuture>) -> bool {
    let ready = Arc::new(Mutex::new((0..tasks.len()).collect::<VecDeque<_>>()));
    let mut tasks: Vec<_> = tasks.into_iter().map(Some).collect();
    let next = || ready.lock().unwrap().pop_front();
    while let Some(key) = next() {
        let Some(task) = &mut tasks[key] else {
            continue; // it has returned
        };
        let ready = Arc::clone(&ready);
        let waker = Waker::from(Arc::new(TaskWaker { key, ready }));
        let polled = task.as_mut().poll(&mut Context::from_waker(&waker));
        if polled.is_ready() {
            tasks[key] = None;
        }
    }
    tasks.iter().all(Option::is_none)
}

fn one_waits() -> bool {
    let (task, handle) = with_handle(async { 42 });
    let joiner = async move { assert_eq!(handle.await, 42) };
    run(vec![Box::pin(joiner), task])
}

/// The first task asks once and returns, the second one waits.
fn another_waits() -> bool {
    let (task, handle) = with_handle(async { 42 });
    let handle = Rc::new(RefCell::new(handle));
    let poll = |handle: &RefCell<JoinHandle<i32>>, cx: &mut Context<'_>| {
        Pin::new(&mut *handle.borrow_mut()).poll(cx)
    };
    let first = Rc::clone(&handle);
    let asks_once = poll_fn(move |cx| {
        let _ = poll(&first, cx);
        Poll::Ready(())
    });
    let waits = async move { assert_eq!(poll_fn(|cx| poll(&handle, cx)).await, 42) };
    run(vec![Box::pin(asks_once), Box::pin(waits), task])
}

fn main() -> ExitCode {
    let hint =
        "a `Pending` promises a wake: which waker has `poll` been given, and where can it stay?";
    Exercise::new(hint).judge("run", || {
        if !one_waits() {
            return Err("the task has ended, and nothing wakes the task that awaits it".into());
        }
        if !another_waits() {
            return Err("two tasks polled the handle, and the last one is not woken".into());
        }
        Ok(())
    })
}
