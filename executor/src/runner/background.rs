//! `Background`: a loop on a thread of its own.
//!
//! **Invariant:** the thread has ended when the value has been dropped, unless the
//! thread itself would have to wait for that drop: then it ends afterwards.
//!
//! Called by users. Imports `runner`, `remote` and `blocking`.

use std::fmt;
use std::future::poll_fn;
use std::panic::resume_unwind;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;

use super::remote::{Handle, RemoteHandle};
use super::runner::Runner;
use crate::base::error::{JoinError, Kind};
use crate::base::sys::unmodelled::{self, Mutex};
use crate::base::sys::{Arc, AtomicBool, Ordering, ThreadId, this_thread};
use crate::blocking::to_thread::awaited_by;
use crate::event_loop::run::run;

impl Runner {
    /// Starts a loop on a thread of its own, for when your own thread must stay
    /// free: in a notebook, or in a program with an async call now and then.
    ///
    /// ```
    /// use executor::{Runner, sleep};
    /// use std::time::Duration;
    ///
    /// let background = Runner::background();
    /// let answer = background.run(|| async {
    ///     sleep(Duration::from_millis(1)).await;
    ///     42
    /// });
    /// assert_eq!(answer, 42);
    /// ```
    ///
    /// # Panics
    ///
    /// If the thread cannot be started.
    pub fn background() -> Background {
        Background::start()
    }
}

/// A loop on a thread of its own; see [`Runner::background`]. `Send` and
/// `Sync`: put it in a `static` and use it from everywhere.
///
/// Dropping it ends the loop and waits for its thread. Where that wait could
/// never end, the drop returns at once and the thread ends afterwards: in a task
/// or a thread job of the loop itself, and where the end of the loop waits for
/// the thread that drops it in another way, as that of two loops that own each
/// other.
pub struct Background {
    handle: Handle,
    /// Whether the main future is to return; it has to be woken to see that.
    stop: Arc<AtomicBool>,
    main: Waker,
    thread: Option<thread::JoinHandle<()>>,
}

impl Background {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let (send, receive) = mpsc::channel();
        let main = poll_fn(move |cx| {
            if stopped.load(Ordering::Acquire) {
                return Poll::Ready(());
            }
            // `start` waits for the first; later ones have no receiver.
            let _ = send.send((Handle::current(), cx.waker().clone()));
            Poll::Pending
        });
        let thread = thread::Builder::new()
            .name("executor-background".into())
            .spawn(|| run(main))
            .unwrap_or_else(|error| panic!("no thread could be started for a loop: {error}"));
        let (handle, main) = receive
            .recv()
            .expect("a new loop gives its handle before anything can fail");
        Background {
            handle,
            stop,
            main,
            thread: Some(thread),
        }
    }

    /// Runs a future on the loop and blocks this thread until it returns.
    ///
    /// # Panics
    ///
    /// With the panic of the future; on the loop's own thread, where the wait
    /// could never end: then `make` is not called.
    #[track_caller]
    pub fn run<M, F>(&self, make: M) -> F::Output
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send,
    {
        if self.handle.is_home() {
            let refused = JoinError::new(None, Kind::OwnThread);
            panic!("{refused} (`Background::spawn` gives one)");
        }
        match self.handle.spawn(make).wait() {
            Ok(output) => output,
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts a task on the loop; see [`Handle::spawn`].
    #[track_caller]
    pub fn spawn<M, F>(&self, make: M) -> RemoteHandle<F::Output>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send,
    {
        self.handle.spawn(make)
    }

    /// Returns the handle of the loop.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.main.wake_by_ref();
        let Some(thread) = self.thread.take() else {
            return;
        };
        if let Some(wait) = Wait::begin(self.handle.thread()) {
            // A panic of the loop was printed when it happened, and must not
            // become a second one here.
            let _ = thread.join();
            wait.end();
        }
    }
}

/// A thread that waits for the thread of a loop.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Wait {
    waiter: ThreadId,
    /// The thread of the loop that waits for the job which `waiter` runs.
    awaited_by: Option<ThreadId>,
    awaited: ThreadId,
}

/// All waits of drops. They form no ring.
static WAITS: Mutex<Vec<Wait>> = Mutex::new(Vec::new());

impl Wait {
    /// Registers the wait of this thread, unless it would close a ring.
    fn begin(awaited: ThreadId) -> Option<Self> {
        let wait = Wait {
            waiter: this_thread(),
            awaited_by: awaited_by(),
            awaited,
        };
        let mut waits = unmodelled::lock(&WAITS);
        if wait.is_awaited_by(awaited, &waits) {
            return None;
        }
        waits.push(wait);
        Some(wait)
    }

    /// Returns whether a thread waits for the one that waits here, directly or
    /// through others.
    fn is_awaited_by(&self, thread: ThreadId, waits: &[Wait]) -> bool {
        let mut of_thread = waits
            .iter()
            .filter(|wait| wait.waiter == thread || wait.awaited_by == Some(thread));
        self.waiter == thread
            || self.awaited_by == Some(thread)
            || of_thread.any(|wait| self.is_awaited_by(wait.awaited, waits))
    }

    fn end(self) {
        unmodelled::lock(&WAITS).retain(|wait| *wait != self);
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Background({:?})", self.handle)
    }
}
