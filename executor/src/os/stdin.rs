//! Standard input, without blocking the loop or the exit.
//!
//! **Invariant:** the thread that waits for input delays neither the end of a
//! loop nor that of the process, and no line that it has read is lost.
//!
//! Called by users. Imports `base::sys`.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use futures_core::Stream;

use crate::base::sys::unmodelled::{AtomicU64, Condvar, Mutex, PoisonError, lock};
use crate::base::sys::{OnceLock, Ordering};

/// Returns the lines of standard input, without their line ends, as a `Stream`
/// (asyncio: `connect_read_pipe` on stdin, then `readline`).
///
/// One thread reads for the whole process, one line at a time, and only while a
/// stream waits for one. It belongs to no loop: a program whose main future
/// returns ends without waiting for Enter. A line that was read for a stream
/// that has been dropped goes to the next one.
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
        id: STREAMS.fetch_add(1, Ordering::Relaxed),
    }
}

/// The stream of [`stdin_lines`].
pub struct StdinLines {
    /// Distinguishes the streams.
    id: u64,
}

/// The state shared by the thread that reads and the streams.
struct Reader {
    state: Mutex<State>,
    /// Notified when a stream waits for a line.
    wanted: Condvar,
}

#[derive(Default)]
struct State {
    lines: VecDeque<io::Result<String>>,
    /// Whether the thread was started.
    is_started: bool,
    /// Whether the input has ended.
    is_ended: bool,
    /// The wakers of the streams that wait for a line, by id. While there are
    /// any, the thread reads.
    waiters: BTreeMap<u64, Waker>,
}

impl Reader {
    fn get() -> &'static Reader {
        static READER: OnceLock<Reader> = OnceLock::new();
        READER.get_or_init(|| Reader {
            state: Mutex::default(),
            wanted: Condvar::new(),
        })
    }

    /// Reads until the input ends.
    fn read_all(&self) {
        loop {
            let mut state = lock(&self.state);
            while state.waiters.is_empty() {
                let woken = self.wanted.wait(state);
                state = woken.unwrap_or_else(PoisonError::into_inner);
            }
            drop(state);
            let mut text = String::new();
            let read = io::stdin().read_line(&mut text);
            let mut state = lock(&self.state);
            match read {
                Ok(0) => state.is_ended = true,
                Ok(_) => {
                    let line = text.strip_suffix('\n').unwrap_or(&text);
                    let line = line.strip_suffix('\r').unwrap_or(line);
                    state.lines.push_back(Ok(line.to_owned()));
                }
                Err(error) => state.lines.push_back(Err(error)),
            }
            let (waiters, is_ended) = (std::mem::take(&mut state.waiters), state.is_ended);
            drop(state);
            for waiter in waiters.into_values() {
                waiter.wake();
            }
            if is_ended {
                return;
            }
        }
    }
}

impl Stream for StdinLines {
    type Item = io::Result<String>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let reader = Reader::get();
        let mut state = lock(&reader.state);
        if let Some(line) = state.lines.pop_front() {
            return Poll::Ready(Some(line));
        }
        if state.is_ended {
            return Poll::Ready(None);
        }
        if !state.is_started {
            let builder = thread::Builder::new().name("executor-stdin".into());
            if let Err(error) = builder.spawn(|| reader.read_all()) {
                return Poll::Ready(Some(Err(error)));
            }
            state.is_started = true;
        }
        // The next line may go to another stream; then this one is woken too,
        // finds no line and waits for the next one.
        let displaced = state.waiters.insert(self.id, cx.waker().clone());
        drop(state);
        drop(displaced);
        reader.wanted.notify_one();
        Poll::Pending
    }
}

impl Drop for StdinLines {
    fn drop(&mut self) {
        // The thread reads no line for this stream, unless it has begun to.
        let waiter = lock(&Reader::get().state).waiters.remove(&self.id);
        drop(waiter);
    }
}

impl fmt::Debug for StdinLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StdinLines")
    }
}
