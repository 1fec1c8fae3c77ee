//! Errors of tasks and runs, and the report of last resort.
//!
//! **Invariant:** every error says what happened, to which task and from which
//! line. A panic that no caller can receive goes to [`report`].
//!
//! Called by every layer. Imports `printable`, `task_info` and `sys`.

use std::any::Any;
use std::fmt;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::printable::PrintableLines;
use super::sys::unmodelled::{Mutex, PoisonError, lock};
use super::task_info::{Identity, TaskId, TaskInfo};

/// The payload of a panic.
pub(crate) type Payload = Box<dyn Any + Send>;

/// Why a task gave no value.
///
/// asyncio raises `CancelledError` or the task's own exception at the `await`;
/// here awaiting a [`JoinHandle`](crate::JoinHandle) gives a `Result`.
///
/// ```
/// executor::run(async {
///     let task = executor::spawn_named("doomed", async { panic!("no luck") });
///     let error = task.await.unwrap_err();
///     assert!(error.is_panic());
///     assert!(error.to_string().contains("\"doomed\""));
///     assert!(error.to_string().contains("no luck"));
/// });
/// ```
pub struct JoinError(Box<Inner>);

struct Inner {
    /// `None` if the loop had closed, so that no task was created.
    task: Option<Identity>,
    kind: Kind,
}

/// See the methods of [`JoinError`].
pub(crate) enum Kind {
    Cancelled,
    Closed,
    OwnThread,
    Panicked(Mutex<Payload>),
    /// As `Panicked`; the panic itself comes out of the run, and this is a copy of
    /// its text.
    Stopped(Mutex<Payload>),
}

impl JoinError {
    pub(crate) fn new(task: Option<Identity>, kind: Kind) -> Self {
        JoinError(Box::new(Inner { task, kind }))
    }

    pub(crate) fn cancelled(task: Identity) -> Self {
        Self::new(Some(task), Kind::Cancelled)
    }

    pub(crate) fn panicked(task: Identity, payload: Payload) -> Self {
        Self::new(Some(task), Kind::Panicked(payload.into()))
    }

    /// Returns whether nothing but this error tells of a panic.
    pub(crate) fn is_unreported_panic(&self) -> bool {
        matches!(self.0.kind, Kind::Panicked(_))
    }

    fn payload(&self) -> Option<&Mutex<Payload>> {
        match &self.0.kind {
            Kind::Panicked(payload) | Kind::Stopped(payload) => Some(payload),
            _ => None,
        }
    }

    /// Returns whether the future was dropped before it gave a value: by a
    /// cancel, by the end of its loop, or because the loop had closed.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0.kind, Kind::Cancelled | Kind::Closed)
    }

    /// Returns whether the loop had closed, so that the future never started.
    pub fn is_closed(&self) -> bool {
        matches!(self.0.kind, Kind::Closed)
    }

    /// Returns whether the task panicked.
    pub fn is_panic(&self) -> bool {
        self.payload().is_some()
    }

    /// Returns the task's panic, for `std::panic::resume_unwind`.
    ///
    /// Where the panic itself came out of the run, as
    /// [`OnPanic::Stop`](crate::OnPanic::Stop) says, this has its text only.
    ///
    /// # Panics
    ///
    /// If the task did not panic; check [`is_panic`](Self::is_panic) first.
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        match self.0.kind {
            Kind::Panicked(payload) | Kind::Stopped(payload) => {
                payload.into_inner().unwrap_or_else(PoisonError::into_inner)
            }
            _ => panic!("JoinError::into_panic called on an error that is no panic: {self}"),
        }
    }

    /// Returns the panic's message, if the task panicked.
    pub(crate) fn panic_text(&self) -> Option<String> {
        let payload = self.payload()?;
        Some(panic_text(&**lock(payload)).to_owned())
    }

    /// Returns the task's id; `None` if the loop had closed before there was a
    /// task.
    pub fn task_id(&self) -> Option<TaskId> {
        self.0.task.as_ref().map(|task| task.id)
    }

    /// Returns the task's name.
    pub fn task_name(&self) -> Option<String> {
        self.0.task.as_ref().map(Identity::name)
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(task) = &self.0.task {
            write!(f, "{task} ")?;
        }
        f.write_str(match &self.0.kind {
            Kind::Cancelled => "was cancelled",
            Kind::Closed => "the loop has closed and takes no more work",
            Kind::OwnThread => {
                "a blocking wait on the loop's own thread would wait forever: \
                 `.await` the handle instead"
            }
            Kind::Panicked(payload) | Kind::Stopped(payload) => {
                let payload = lock(payload);
                return write!(f, "panicked: {}", PrintableLines(panic_text(&**payload)));
            }
        })
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl std::error::Error for JoinError {}

/// Why a run gave no value.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// A loop is already running on this thread.
    AlreadyRunning,
    /// Nothing can ever happen again: the main future waits, and so does
    /// everything that could wake it.
    #[non_exhaustive]
    Stalled {
        /// Every task that was left, and what it waits for.
        tasks: Vec<TaskInfo>,
        /// The deadlock among them, if there is one (feature `observe`).
        deadlock: Option<String>,
        /// Whether nothing could wake a task any more. If not, wakers or handles
        /// were left, and a loop with virtual time has waited for them for
        /// [`stall_timeout`](crate::Builder::stall_timeout).
        is_certain: bool,
    },
    /// The [`Runner`](crate::Runner) was closed.
    Closed,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::AlreadyRunning => write!(
                f,
                "a loop is already running on this thread, and loops do not nest. Inside it: \
                 `.await` the future, `spawn` it, or run it on a thread of its own with \
                 `to_thread(|| executor::run(..))`. For a notebook: `Runner::background()`"
            ),
            RunError::Closed => write!(f, "this Runner was closed; build a new one"),
            RunError::Stalled {
                tasks,
                deadlock,
                is_certain,
            } => {
                f.write_str(match is_certain {
                    true => {
                        "the loop has stalled: nothing is ready, and no timer, thread job or \
                         waker is left that could change that"
                    }
                    false => {
                        "the loop has stalled: nothing is ready, no timer or thread job is left, \
                         and the wakers and handles that other code holds have woken no task in \
                         time (`Runner::builder().stall_timeout(..)`)"
                    }
                })?;
                tasks.iter().try_for_each(|task| write!(f, "\n  {task}"))?;
                deadlock.iter().try_for_each(|text| write!(f, "\n{text}"))
            }
        }
    }
}

impl std::error::Error for RunError {}

/// Returns the message of a panic, as far as it has one.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| Some(payload.downcast_ref::<String>()?));
    text.unwrap_or("(a panic without text)")
}

/// Runs foreign code that the loop must survive; `Err` is the message of its
/// panic.
pub(crate) fn caught<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(code)).map_err(into_text)
}

/// Returns the message of a panic, and drops its payload.
pub(crate) fn into_text(payload: Payload) -> String {
    let text = panic_text(&*payload).to_owned();
    // Dropping the payload may panic, and dropping that panic's payload may
    // panic again: the second payload is leaked rather than let through.
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(payload)));
    dropped.unwrap_or_else(std::mem::forget);
    text
}

/// Returns a payload with the message of another one.
pub(crate) fn copy_text(payload: &Payload) -> Payload {
    match payload.downcast_ref::<&'static str>() {
        Some(text) => Box::new(*text),
        None => Box::new(panic_text(&**payload).to_owned()),
    }
}

/// Prints to stderr what no caller can receive.
///
/// A closed stderr is no reason to fail: no other channel is left.
#[cold]
pub(crate) fn report(text: fmt::Arguments<'_>) {
    // One write, so that the lines of several threads do not mix.
    let text = text.to_string();
    let line = format!("executor: {}\n", PrintableLines(&text));
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Runs foreign code that the loop must survive; reports its panic as one of
/// `what`.
pub(crate) fn catch_and_report(what: impl fmt::Display, code: impl FnOnce()) {
    if let Err(text) = caught(code) {
        report(format_args!("{what} panicked: {text}"));
    }
}
