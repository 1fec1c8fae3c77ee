//! A pool of one thread, and a job that panics.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use docs::Exercise;

type Job = Box<dyn FnOnce() + Send>;

/// Starts the pool's thread. It ends when the sender is dropped.
fn pool() -> Sender<Job> {
    let (jobs, queue) = channel::<Job>();
    thread::spawn(move || queue.iter().for_each(|job| job()));
    jobs
}

async fn to_thread<F, T>(jobs: &Sender<Job>, call: F) -> T
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let answer = Arc::new(Mutex::new((None, None::<Waker>)));
    let theirs = Arc::clone(&answer);
    let job = Box::new(move || {
        let result = catch_unwind(AssertUnwindSafe(call));
        let mut answer = theirs.lock().unwrap();
        answer.0 = Some(result);
        let waker = answer.1.take();
        drop(answer);
        waker.into_iter().for_each(Waker::wake);
    });
    jobs.send(job).expect("the pool's thread is alive");
    let result = poll_fn(|cx| {
        let mut answer = answer.lock().unwrap();
        answer.1 = Some(cx.waker().clone());
        answer.0.take().map_or(Poll::Pending, Poll::Ready)
    });
    result.await.unwrap_or_else(|panic| resume_unwind(panic))
}

struct ThreadWaker(Thread);

impl Wake for ThreadWaker {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future for at most a second. `None` if it is still pending then.
fn block_on<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(ThreadWaker(thread::current())));
    let deadline = Instant::now() + Duration::from_secs(1);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        thread::park_timeout(left);
    }
}

fn check() -> Result<(), String> {
    let jobs = pool();
    let fails = AssertUnwindSafe(|| block_on(to_thread(&jobs, || -> u32 { panic!("no file") })));
    match catch_unwind(fails) {
        Ok(None) => return Err("the job panicked, and its task still waits".into()),
        Ok(Some(_)) => return Err("the panic is gone: the task has to see it".into()),
        Err(_) => {}
    }
    let next = AssertUnwindSafe(|| block_on(to_thread(&jobs, || 42)));
    match catch_unwind(next) {
        Ok(Some(42)) => Ok(()),
        _ => Err("the pool does not run the next job".into()),
    }
}

fn main() -> ExitCode {
    let hint = "`catch_unwind` makes a panic a value, which can be sent like any other";
    Exercise::new(hint).judge("to_thread", check)
}
