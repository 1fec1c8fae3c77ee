//! Standard input, without blocking the loop or the exit.
//!
//! **Invariant:** a thread that waits for a line never holds up the end of the
//! loop or of the process, and no line that it read is lost.
//!
//! Nothing calls it but users.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};
use std::thread;

use futures_core::Stream;

use crate::sys::{Condvar, Mutex, PoisonError, lock};

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
    StdinLines { asked: false }
}

/// The stream of [`stdin_lines`].
pub struct StdinLines {
    /// Have we asked for a line that we have not had?
    asked: bool,
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
    /// How many more lines are to be read.
    wanted: usize,
    ended: bool,
    waiters: Vec<Waker>,
}

impl Desk {
    fn get() -> io::Result<&'static Desk> {
        static DESK: OnceLock<Desk> = OnceLock::new();
        static STARTED: OnceLock<()> = OnceLock::new();
        let desk = DESK.get_or_init(|| Desk {
            state: Mutex::default(),
            bell: Condvar::new(),
        });
        if STARTED.get().is_none() {
            let builder = thread::Builder::new().name("executor-stdin".into());
            builder.spawn(|| desk.read_for_ever())?;
            // Two loops at once may both start one; each line is read once all
            // the same, because std locks stdin.
            let _ = STARTED.set(());
        }
        Ok(desk)
    }

    fn read_for_ever(&self) {
        loop {
            let mut state = lock(&self.state);
            while state.wanted == 0 {
                let woken = self.bell.wait(state);
                state = woken.unwrap_or_else(PoisonError::into_inner);
            }
            drop(state);
            let mut text = String::new();
            let read = io::stdin().read_line(&mut text);
            let mut state = lock(&self.state);
            state.wanted = state.wanted.saturating_sub(1);
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
            for waiter in waiters {
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

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let desk = match Desk::get() {
            Ok(desk) => desk,
            Err(error) => return Poll::Ready(Some(Err(error))),
        };
        let mut state = lock(&desk.state);
        if let Some(line) = state.lines.pop_front() {
            self.asked = false;
            return Poll::Ready(Some(line));
        }
        if state.ended {
            return Poll::Ready(None);
        }
        if !self.asked {
            self.asked = true;
            state.wanted += 1;
        }
        if !state
            .waiters
            .iter()
            .any(|waiter| waiter.will_wake(cx.waker()))
        {
            state.waiters.push(cx.waker().clone());
        }
        drop(state);
        desk.bell.notify_one();
        Poll::Pending
    }
}

impl Drop for StdinLines {
    fn drop(&mut self) {
        if let (true, Ok(desk)) = (self.asked, Desk::get()) {
            // Unless the thread waits for that line already, it need not.
            let mut state = lock(&desk.state);
            state.wanted = state.wanted.saturating_sub(1);
        }
    }
}

impl fmt::Debug for StdinLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StdinLines")
    }
}
