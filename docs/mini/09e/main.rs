//! Step 9e: two `block_on` on two threads, and one inside the other.

use std::fs;
use std::pin::{Pin, pin};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Unparks a thread when it is called.
struct ThreadWaker {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for ThreadWaker {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// Runs a future on this thread until it is ready.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let (thread, woken) = (thread::current(), AtomicBool::new(false));
    let parker = Arc::new(ThreadWaker { thread, woken });
    let waker = Waker::from(Arc::clone(&parker));
    let mut context = Context::from_waker(&waker);
    let mut polls = 0;
    loop {
        polls += 1;
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            println!("polls: {polls}");
            return output;
        }
        while !parker.woken.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

/// Pending until its deadline.
struct Sleep {
    deadline: Instant,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        thread::spawn(move || {
            thread::sleep(left);
            waker.wake();
        });
        Poll::Pending
    }
}

fn sleep(duration: Duration) -> Sleep {
    let deadline = Instant::now() + duration;
    Sleep { deadline }
}

/// Asks a thread, and blocks until the answer is there.
fn ask() -> u32 {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(10));
        sender.send(42)
    });
    receiver.recv().expect("the thread answers")
}

/// Pending once: wakes itself, and blocks before it returns.
struct Ask {
    answer: Option<u32>,
}

impl Future for Ask {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u32> {
        if let Some(answer) = self.answer {
            return Poll::Ready(answer);
        }
        context.waker().wake_by_ref();
        self.answer = Some(ask());
        Poll::Pending
    }
}

/// How long this thread has used a processor; zero if the system does not say.
fn processor_time() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

fn main() {
    let (start, used) = (Instant::now(), processor_time());
    block_on(sleep(Duration::from_millis(100)));
    println!("time: {} ms", start.elapsed().as_millis());
    println!("processor: {} ms", (processor_time() - used).as_millis());

    thread::spawn(|| {
        thread::sleep(Duration::from_secs(2));
        println!("parked for 2 s");
        process::exit(1);
    });
    println!("answer: {}", block_on(Ask { answer: None }));

    let nap = Duration::from_millis(100);
    let start = Instant::now();
    let other = thread::spawn(move || block_on(sleep(nap)));
    block_on(sleep(nap));
    other.join().expect("it does not panic");
    println!("two threads: {} ms", start.elapsed().as_millis());

    block_on(async {
        let start = Instant::now();
        block_on(sleep(nap));
        println!("one inside the other: {} ms", start.elapsed().as_millis());
    });
}
