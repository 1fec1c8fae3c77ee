//! Standard input, without blocking the loop or the exit.
//!
//! **Invariant:** a thread that waits for a line never holds up the end of the
//! loop or of the process, and no line that it read is lost.
//!
//! Nothing calls it but users.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use futures_core::Stream;

use crate::base::sys::unmodelled::{AtomicU64, Condvar, Mutex, PoisonError, lock};
use crate::base::sys::{OnceLock, Ordering};

/// The lines of standard input, without their ends, as a `Stream`.
///
/// One thread reads for the whole process, a line at a time and only when one
/// is asked for. It belongs to no loop: a program whose main future returns
/// ends without waiting for Enter. A line that was read for a stream which is
/// gone goes to the next one.
///
/// ```no_run
/// use futures::StreamExt;
///
/// executor::run(async {
///     let mut lines = executor::io::stdin_lines();
///     while let Some(line) = lines.next().await {
///         executor::println!("you said: {}", line?);
///     }
///     Ok::<(), std::io::Error>(())
/// })
/// .unwrap();
/// ```
///
/// *Cancel safety:* dropping the wait for a line loses nothing.
///
/// # Errors
///
/// An item is an error if stdin fails, or if a line is not UTF-8.
pub fn stdin_lines() -> StdinLines {
    static STREAMS: AtomicU64 = AtomicU64::new(0);
    StdinLines {
        number: STREAMS.fetch_add(1, Ordering::Relaxed),
    }
}

/// The stream of [`stdin_lines`].
pub struct StdinLines {
    /// Tells the streams apart.
    number: u64,
}

/// Between the thread that reads and whoever wants lines.
struct Desk {
    state: Mutex<State>,
    /// Rung when a line is wanted.
    bell: Condvar,
}

#[derive(Default)]
struct State {
    lines: VecDeque<io::Result<String>>,
    /// Does the thread exist?
    started: bool,
    ended: bool,
    /// The streams that want a line, by number. While there are any, the
    /// thread reads.
    waiters: BTreeMap<u64, Waker>,
}

impl Desk {
    fn get() -> &'static Desk {
        static DESK: OnceLock<Desk> = OnceLock::new();
        DESK.get_or_init(|| Desk {
            state: Mutex::default(),
            bell: Condvar::new(),
        })
    }

    fn read_for_ever(&self) {
        loop {
            let mut state = lock(&self.state);
            while state.waiters.is_empty() {
                let woken = self.bell.wait(state);
                state = woken.unwrap_or_else(PoisonError::into_inner);
            }
            drop(state);
            let mut text = String::new();
            let read = io::stdin().read_line(&mut text);
            let mut state = lock(&self.state);
            match read {
                Ok(0) => state.ended = true,
                Ok(_) => {
                    let line = text.strip_suffix('\n').unwrap_or(&text);
                    let line = line.strip_suffix('\r').unwrap_or(line);
                    state.lines.push_back(Ok(line.to_owned()));
                }
                Err(error) => state.lines.push_back(Err(error)),
            }
            let (waiters, ended) = (std::mem::take(&mut state.waiters), state.ended);
            drop(state);
            for waiter in waiters.into_values() {
                waiter.wake();
            }
            if ended {
                return;
            }
        }
    }
}

impl Stream for StdinLines {
    type Item = io::Result<String>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let desk = Desk::get();
        let mut state = lock(&desk.state);
        if let Some(line) = state.lines.pop_front() {
            return Poll::Ready(Some(line));
        }
        if state.ended {
            return Poll::Ready(None);
        }
        if !state.started {
            let builder = thread::Builder::new().name("executor-stdin".into());
            if let Err(error) = builder.spawn(|| desk.read_for_ever()) {
                return Poll::Ready(Some(Err(error)));
            }
            state.started = true;
        }
        // The line may go to another stream; then this one is woken all the
        // same, finds none and wants the next one.
        let former = state.waiters.insert(self.number, cx.waker().clone());
        drop(state);
        drop(former);
        desk.bell.notify_one();
        Poll::Pending
    }
}

impl Drop for StdinLines {
    fn drop(&mut self) {
        // Unless the thread waits for the line already, it need not.
        let waiter = lock(&Desk::get().state).waiters.remove(&self.number);
        drop(waiter);
    }
}

impl fmt::Debug for StdinLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StdinLines")
    }
}
