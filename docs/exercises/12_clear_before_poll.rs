//! A ready queue with a flag that is cleared at the wrong moment.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use docs::Exercise;

struct TaskWaker {
    queued: AtomicBool,
    ready: Arc<Mutex<VecDeque<()>>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            self.ready.lock().unwrap().push_back(());
        }
    }
}

/// Polls the one task while it is in the queue. Returns `false` if the task has
/// not completed and nothing can wake it any more.
fn run(mut task: Pin<Box<dyn Future<Output = ()>>>) -> bool {
    let ready = Arc::new(Mutex::new(VecDeque::from([()])));
    let waker = Arc::new(TaskWaker {
        queued: AtomicBool::new(true),
        ready: Arc::clone(&ready),
    });
    let as_waker = Waker::from(Arc::clone(&waker));
    let next = || ready.lock().unwrap().pop_front();
    while next().is_some() {
        // TODO: a wake that comes during the poll is lost. When must the flag
        // be cleared?
        let polled = task.as_mut().poll(&mut Context::from_waker(&as_waker));
        waker.queued.store(false, Ordering::Release);
        if polled.is_ready() {
            return true;
        }
    }
    false
}

/// Wakes itself while it is polled, as `yield_now` does.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| match yielded {
        true => Poll::Ready(()),
        false => {
            yielded = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

fn main() -> ExitCode {
    let hint = "a wake during the poll says: what you have just looked at has changed";
    Exercise::new(hint).judge("run", || match run(Box::pin(yield_now())) {
        true => Ok(()),
        false => Err("the task woke itself, and was never polled again".into()),
    })
}
