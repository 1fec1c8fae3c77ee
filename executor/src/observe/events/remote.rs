//! Events of other threads, until the loop reports them.
//!
//! **Invariant:** an event is recorded under a lock, and the loop reports all
//! recorded events before its own next one, so all events are in one order, and
//! each is after its cause.
//!
//! Written by the inbox and by pool threads; read by `events`.

use std::panic::Location;
use std::thread::ThreadId;
use std::time::Instant;

use super::task_ids::TaskIds;
use crate::base::hooks::{INBOX, Interest, JOB};
use crate::base::inbox::{Message, RemoteHook};
use crate::base::slab::{JobKey, TaskKey};
use crate::base::sys::{Mutex, lock};
use crate::observe::instrument::{Event, MessageKind};

/// An event of another thread, which knows tasks by key only.
enum RemoteEvent {
    MessageSent {
        task: Option<TaskKey>,
        kind: MessageKind,
    },
    JobStart(JobKey),
    JobFinish {
        job: JobKey,
        panicked: bool,
    },
}

/// A remote event with its time, its thread, and the line that recorded it.
pub(super) struct RemoteRecord {
    pub(super) at: Instant,
    pub(super) thread: ThreadId,
    pub(super) site: &'static Location<'static>,
    event: RemoteEvent,
}

impl RemoteRecord {
    /// Returns the kind of the event, and the event as instruments receive it.
    pub(super) fn event(&self, ids: &TaskIds) -> (Interest, Event) {
        match self.event {
            RemoteEvent::MessageSent { task, kind } => {
                let task = task.map(|task| ids.get(task));
                (INBOX, Event::MessageSent { task, kind })
            }
            RemoteEvent::JobStart(job) => (JOB, Event::JobStart { job: job.to_bits() }),
            RemoteEvent::JobFinish { job, panicked } => {
                let job = job.to_bits();
                (JOB, Event::JobFinish { job, panicked })
            }
        }
    }
}

/// The remote events that the loop has not reported yet.
#[derive(Default)]
pub(super) struct RemoteEvents(Mutex<Vec<RemoteRecord>>);

impl RemoteEvents {
    fn push(&self, event: RemoteEvent, site: &'static Location<'static>) {
        let thread = std::thread::current().id();
        let mut records = lock(&self.0);
        records.push(RemoteRecord {
            at: Instant::now(), // under the lock, so that times are in order
            thread,
            site,
            event,
        });
    }

    /// Takes the recorded events.
    pub(super) fn take(&self) -> Vec<RemoteRecord> {
        std::mem::take(&mut *lock(&self.0))
    }
}

impl RemoteHook for RemoteEvents {
    fn message_sent(&self, message: &Message, site: &'static Location<'static>) {
        let (task, kind) = match message {
            Message::Wake(task) => (Some(*task), MessageKind::Wake),
            Message::Cancel(task) => (Some(*task), MessageKind::Cancel),
            Message::JobDone(_) => (None, MessageKind::Job),
            Message::Run(_) => (None, MessageKind::Call),
            Message::Nudge => (None, MessageKind::Nudge),
        };
        self.push(RemoteEvent::MessageSent { task, kind }, site);
    }

    fn job_start(&self, job: JobKey, site: &'static Location<'static>) {
        self.push(RemoteEvent::JobStart(job), site);
    }

    fn job_finish(&self, job: JobKey, panicked: bool, site: &'static Location<'static>) {
        self.push(RemoteEvent::JobFinish { job, panicked }, site);
    }
}
