//! Cross-thread inbox and unparker: all of a loop that other threads reach.
//!
//! **Invariant:** the loop is never parked while the inbox holds a message.
//!
//! Written by `waker`, `remote` and pool threads; drained by the loop.
//!
//! # The park protocol
//!
//! ```text
//!                 send                        send (unparks the thread)
//!        ┌──────────────────┐        ┌─────────────────────────────┐
//!        │                  ▼        ▼                             │
//!     AWAKE ◀────────── MESSAGES ◀── ...                        PARKED
//!        │      drain                                            ▲ │
//!        └───────────────────────────────────────────────────────┘ │
//!        ▲                     park                                │
//!        └──────────────── timeout, or a spurious wake-up ─────────┘
//! ```
//!
//! One atomic holds the state. A sender first pushes its message and then
//! swaps in MESSAGES; the loop first swaps in AWAKE and then takes the
//! messages; and only AWAKE may become PARKED. So either the loop's next look
//! finds a message, or its sender finds PARKED and unparks the thread: no order
//! of events loses both. Only the sender that finds PARKED unparks, once per
//! park, however many messages arrive.

#[cfg(all(test, executor_loom))]
mod model;

use std::collections::VecDeque;
use std::io;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};

use super::slab::{JobKey, TaskKey};
use super::sys::{Arc, AtomicU8, AtomicUsize, Mutex, OnceLock, Ordering, lock};

/// A message to the loop from another thread.
pub(crate) enum Message {
    /// Poll this task.
    Wake(TaskKey),
    /// Cancel this task.
    Cancel(TaskKey),
    /// This thread job has ended.
    JobDone(JobKey),
    /// Call this on the loop's thread.
    Run(Box<dyn FnOnce() + Send>),
    /// Look around: the last `Handle` was dropped.
    Nudge,
}

/// Ends the park of a thread, from any thread. `driver::park` has the one for
/// a thread without sockets, `driver::reactor` the one for its poller.
pub(crate) trait Unpark: Send + Sync + UnwindSafe + RefUnwindSafe {
    fn unpark(&self) -> io::Result<()>;
}

/// What happens on other threads, for a subscriber of the loop's hooks.
pub(crate) trait RemoteHook: Send + Sync + UnwindSafe + RefUnwindSafe {
    /// Called under the inbox's lock, so messages are reported in their order.
    fn message_sent(&self, message: &Message, site: &'static Location<'static>);
    fn job_start(&self, job: JobKey, site: &'static Location<'static>);
    fn job_finish(&self, job: JobKey, panicked: bool, site: &'static Location<'static>);
}

/// See the [module](self).
pub(crate) struct Inbox {
    state: AtomicU8,
    contents: Mutex<Contents>,
    unparker: Box<dyn Unpark>,
    /// Replaces `unparker` once the loop waits in a poller.
    poller: OnceLock<Box<dyn Unpark>>,
    /// Number of `Handle`s that could still send. While there is one, waiting
    /// without a deadline is not a stall.
    handles: AtomicUsize,
    /// How many of them tasks of the loop may await.
    handles_at_home: AtomicUsize,
    remote_hook: OnceLock<Arc<dyn RemoteHook>>,
}

#[derive(Default)]
struct Contents {
    messages: VecDeque<Message>,
    /// Whether the loop accepts no more calls and wakes.
    refuses_calls: bool,
    /// Whether the loop waits for no more thread jobs.
    refuses_job_ends: bool,
}

/// The loop is awake and has seen every message.
const AWAKE: u8 = 0;
/// There are messages.
const MESSAGES: u8 = 1;
/// The loop is parked, or about to park; changing this state obliges the
/// sender to unpark the thread.
const PARKED: u8 = 2;

impl Inbox {
    pub(crate) fn new(unparker: Box<dyn Unpark>) -> Self {
        Inbox {
            state: AtomicU8::new(AWAKE),
            contents: Mutex::new(Contents::default()),
            unparker,
            poller: OnceLock::new(),
            handles: AtomicUsize::new(0),
            handles_at_home: AtomicUsize::new(0),
            remote_hook: OnceLock::new(),
        }
    }

    /// Makes the loop's poller the place where the loop parks from now on.
    pub(crate) fn park_in_poller(&self, unparker: Box<dyn Unpark>) {
        // A loop has one poller, so a second call brings the same one.
        let _ = self.poller.set(unparker);
    }

    /// Reports what happens on other threads to `hook`.
    pub(crate) fn subscribe(&self, hook: Arc<dyn RemoteHook>) {
        let _ = self.remote_hook.set(hook);
    }

    pub(crate) fn remote_hook(&self) -> Option<&dyn RemoteHook> {
        self.remote_hook.get().map(|hook| &**hook)
    }

    /// Sends a message, from any thread. A closed inbox returns it.
    ///
    /// # Panics
    ///
    /// If the loop is parked and cannot be unparked: the kernel then has no
    /// memory for one event, and the loop would wait forever.
    #[track_caller]
    pub(crate) fn send(&self, message: Message) -> Result<(), Message> {
        {
            let mut contents = lock(&self.contents);
            let is_refused = match message {
                Message::JobDone(_) => contents.refuses_job_ends,
                _ => contents.refuses_calls,
            };
            if is_refused {
                return Err(message);
            }
            if let Some(hook) = self.remote_hook() {
                hook.message_sent(&message, Location::caller());
            }
            contents.messages.push_back(message);
        }
        if self.state.swap(MESSAGES, Ordering::AcqRel) == PARKED {
            let unparker = self.poller.get().unwrap_or(&self.unparker);
            unparker.unpark().expect("the poller can be woken");
        }
        Ok(())
    }

    /// Swaps the messages, in order of arrival, with the empty queue `into`.
    /// Call only when there [are messages](Self::has_messages).
    pub(crate) fn drain(&self, into: &mut VecDeque<Message>) {
        self.state.swap(AWAKE, Ordering::AcqRel);
        std::mem::swap(into, &mut lock(&self.contents).messages);
    }

    /// Calls `wait`, which blocks until it is unparked, unless there are
    /// messages.
    pub(crate) fn park_with(&self, wait: impl FnOnce()) {
        let announced =
            self.state
                .compare_exchange(AWAKE, PARKED, Ordering::AcqRel, Ordering::Acquire);
        if announced.is_err() {
            return; // there are messages
        }
        wait();
        // A sender has swapped in MESSAGES, which must stay; a timeout has not.
        let _ = self
            .state
            .compare_exchange(PARKED, AWAKE, Ordering::AcqRel, Ordering::Acquire);
    }

    #[inline]
    pub(crate) fn has_messages(&self) -> bool {
        self.state.load(Ordering::Acquire) == MESSAGES
    }

    /// Refuses calls and wakes from now on, and returns those that were left. The
    /// ends of thread jobs stay, and still get through: the loop waits for those.
    pub(crate) fn refuse_calls(&self) -> VecDeque<Message> {
        let mut contents = lock(&self.contents);
        contents.refuses_calls = true;
        let is_end = |message: &Message| matches!(message, Message::JobDone(_));
        let left = std::mem::take(&mut contents.messages).into_iter();
        let (ends, calls) = left.partition(is_end);
        contents.messages = ends;
        calls
    }

    /// Refuses everything from now on.
    pub(crate) fn close(&self) {
        lock(&self.contents).refuses_job_ends = true;
    }

    /// Counts a new handle.
    pub(crate) fn add_handle(&self) {
        self.handles.fetch_add(1, Ordering::AcqRel);
    }

    /// Counts a dropped handle; returns whether it was the last but those that
    /// tasks of the loop may await.
    pub(crate) fn remove_handle(&self) -> bool {
        let left = self.handles.fetch_sub(1, Ordering::SeqCst) - 1;
        left == self.handles_at_home.load(Ordering::SeqCst)
    }

    /// Returns how many handles exist, of which tasks of the loop may await this
    /// many. Stored first: in the other order, neither the loop nor the thread that
    /// drops the last other handle might see what the other did.
    pub(crate) fn count_handles(&self, at_home: usize) -> usize {
        self.handles_at_home.store(at_home, Ordering::SeqCst);
        self.handles.load(Ordering::SeqCst)
    }
}
