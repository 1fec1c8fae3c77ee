//! What the tests of the real runtime share, from `executor/tests/it/common`.

use crate::mini as executor;

use std::any::Any;
use std::cell::Cell;
use std::cell::RefCell;
use std::fmt;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::Poll;
use std::task::Waker;
use std::thread;
use std::time::Duration;

/// A list of entries, shared by its clones.
#[derive(Clone, Default)]
pub struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn push(&self, entry: impl fmt::Display) {
        self.0.borrow_mut().push(entry.to_string());
    }

    /// Takes the entries logged since the last call.
    #[track_caller]
    pub fn take(&self) -> Vec<String> {
        self.0.take()
    }
}

/// Calls a function when it is dropped.
pub struct OnDrop<F: FnMut()>(pub F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// A counter that can be shared with the futures under test.
#[derive(Clone, Default)]
pub struct Count(Rc<Cell<u32>>);

impl Count {
    pub fn add(&self) {
        self.0.set(self.0.get() + 1);
    }

    pub fn get(&self) -> u32 {
        self.0.get()
    }
}

/// Polls a future once and returns the outcome.
pub async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await
}

/// Counts the polls of a future.
pub fn counted<F: Future>(polls: &Count, future: F) -> impl Future<Output = F::Output> + use<F> {
    let polls = polls.clone();
    let mut future = Box::pin(future);
    poll_fn(move |cx| {
        polls.add();
        future.as_mut().poll(cx)
    })
}

/// A gate that the test opens by hand. It keeps a clone of the waker of each
/// pending poll, as a channel would.
#[derive(Clone, Default)]
pub struct Gate(Rc<RefCell<(bool, Vec<Waker>)>>);

impl Gate {
    pub fn new() -> Self {
        Self::default()
    }

    pub async fn wait(self) {
        poll_fn(|cx| {
            let mut state = self.0.borrow_mut();
            if state.0 {
                return Poll::Ready(());
            }
            state.1.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    pub fn open(&self) {
        self.0.borrow_mut().0 = true;
        let wakers = std::mem::take(&mut self.0.borrow_mut().1);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Drops the wakers, so that the waiting tasks can never be woken.
    pub fn forget_wakers(&self) {
        self.0.borrow_mut().1.clear();
    }

    /// The waker of the last pending poll.
    #[track_caller]
    pub fn last_waker(&self) -> Waker {
        let state = self.0.borrow();
        state.1.last().expect("a task waits").clone()
    }
}

/// Polls a future once; it must be pending.
#[track_caller]
pub fn assert_waits<F: Future + Unpin>(future: &mut F) -> impl Future<Output = ()> {
    let site = std::panic::Location::caller();
    async move {
        assert!(poll_once(future).await.is_pending(), "ready at {site}");
    }
}

/// Polls a future once, with the waker of the caller; it must be ready.
pub async fn ready_now<F: Future + Unpin>(future: &mut F) -> F::Output {
    let poll = poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await;
    match poll {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future is pending"),
    }
}

/// Runs a program that must panic, and returns the text of the panic.
#[track_caller]
pub fn panic_text<T>(program: impl FnOnce() -> T) -> String {
    match panic_of(program).downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload
            .downcast::<&str>()
            .map_or_else(|_| "a panic without text".into(), |text| text.to_string()),
    }
}

/// Runs a program on a thread and fails if it does not end: for tests of bugs
/// that would be a hang.
#[track_caller]
pub fn must_end(program: impl FnOnce() + Send + 'static) {
    let (ended, has_ended) = mpsc::channel();
    let thread = thread::spawn(move || {
        program();
        let _ = ended.send(());
    });
    match has_ended.recv_timeout(Duration::from_secs(60)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("the program hangs"),
        _ => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
    }
}

/// Runs a future that must end, with the real clock.
#[track_caller]
pub fn run_to_end<F: Future<Output = ()>>(make: impl FnOnce() -> F + Send + 'static) {
    must_end(|| executor::run(make()));
}

/// Runs a program that must panic, and returns the payload of the panic.
#[track_caller]
pub fn panic_of<T>(program: impl FnOnce() -> T) -> Box<dyn Any + Send> {
    match catch_unwind(AssertUnwindSafe(program)) {
        Ok(_) => panic!("expected a panic"),
        Err(payload) => payload,
    }
}

pub fn virtual_runner() -> crate::mini::Runner {
    crate::mini::Runner::virtual_time()
}

/// The size of a test that holds for any size: smaller under Miri, which is a
/// thousand times slower than the machine.
pub const fn sized<T: Copy>(usual: T, in_miri: T) -> T {
    if cfg!(miri) { in_miri } else { usual }
}

/// The size of a test that takes seconds without optimisation.
pub const fn sized_by_build<T: Copy>(optimised: T, in_debug: T, in_miri: T) -> T {
    sized(
        if cfg!(debug_assertions) {
            in_debug
        } else {
            optimised
        },
        in_miri,
    )
}
