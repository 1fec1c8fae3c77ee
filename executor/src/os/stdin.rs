//! Standard input, without blocking the loop or the exit.
//!
//! **Invariant:** the thread that waits for input delays neither the end of a
//! loop nor that of the process, no line that it has read is lost, and no waker
//! ends it.
//!
//! Called by users. Imports `base`.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io::{self, BufRead};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use futures_core::Stream;

use crate::base::sys::unmodelled::{AtomicU64, Condvar, Mutex, PoisonError, lock};
use crate::base::sys::{OnceLock, Ordering};
use crate::base::waiter::Waiter;

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
/// An item is an error if stdin fails, if a line is not UTF-8, or if no thread
/// can be started. That stdin is non-blocking (`O_NONBLOCK`) is no error.
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
    /// The streams that wait for a line, by id. While there are any, the thread
    /// reads.
    waiters: BTreeMap<u64, Waiter>,
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
        // What was read of the next line, across errors.
        let mut line = Vec::new();
        loop {
            self.wait_until_wanted();
            let item = read_line(&mut line);
            let is_ended = item.is_none();
            let waiters = {
                let mut state = lock(&self.state);
                state.lines.extend(item);
                state.is_ended = is_ended;
                std::mem::take(&mut state.waiters)
            };
            waiters.into_values().for_each(Waiter::wake_waker);
            if is_ended {
                return;
            }
        }
    }

    fn wait_until_wanted(&self) {
        let mut state = lock(&self.state);
        while state.waiters.is_empty() {
            let woken = self.wanted.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Reads one line, of which `line` contains the beginning; `None` at the end of
/// the input. After an error, `line` keeps what was read.
fn read_line(line: &mut Vec<u8>) -> Option<io::Result<String>> {
    loop {
        match io::stdin().lock().read_until(b'\n', line) {
            Ok(_) if line.is_empty() => return None,
            Ok(_) => return Some(text_of(std::mem::take(line))),
            // A terminal or pipe that another program, or another part of this
            // one, has made non-blocking.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if let Err(error) = wait_until_readable() {
                    return Some(Err(error));
                }
            }
            Err(error) => return Some(Err(error)),
        }
    }
}

/// Returns a line without its end.
fn text_of(line: Vec<u8>) -> io::Result<String> {
    let mut text = String::from_utf8(line)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

#[cfg(unix)]
fn wait_until_readable() -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, poll};
    let stdin = io::stdin();
    loop {
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], None) {
            Err(rustix::io::Errno::INTR) => {}
            result => {
                result?;
                return Ok(());
            }
        }
    }
}

#[cfg(not(unix))]
fn wait_until_readable() -> io::Result<()> {
    Err(io::ErrorKind::WouldBlock.into())
}

impl Stream for StdinLines {
    type Item = io::Result<String>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let reader = Reader::get();
        // First, because a foreign waker may run any code.
        let waiter = Waiter::foreign(cx.waker().clone());
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
                let text = format!("no thread could be started to read stdin: {error}");
                return Poll::Ready(Some(Err(io::Error::other(text))));
            }
            state.is_started = true;
        }
        // The next line may go to another stream; then this one is woken too,
        // finds no line and waits for the next one.
        let displaced = state.waiters.insert(self.id, waiter);
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
