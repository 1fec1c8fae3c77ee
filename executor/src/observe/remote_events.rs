//! Events on other threads, until the loop reports them.
//!
//! **Invariant:** an event is recorded under the lock, and the loop reports all
//! recorded events before one of its own: so there is one order, and it is an
//! order in which things happened.
//!
//! Written by the inbox and by pool threads; read by `events`.

use std::panic::Location;
use std::thread::ThreadId;
use std::time::Instant;

use super::instrument::MessageKind;
use crate::base::inbox::{Message, RemoteHook};
use crate::base::slab::{JobKey, TaskKey};
use crate::base::sys::{Mutex, lock};

/// What happened on another thread.
pub(super) enum RemoteEvent {
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

/// A remote event, and when and where it happened.
pub(super) struct RemoteRecord {
    pub(super) at: Instant,
    pub(super) thread: ThreadId,
    pub(super) site: &'static Location<'static>,
    pub(super) event: RemoteEvent,
}

/// The remote events that the loop has not reported yet.
#[derive(Default)]
pub(super) struct RemoteEvents(Mutex<Vec<RemoteRecord>>);

impl RemoteEvents {
    fn push(&self, event: RemoteEvent, site: &'static Location<'static>) {
        let thread = std::thread::current().id();
        let mut records = lock(&self.0);
        records.push(RemoteRecord {
            at: Instant::now(), // under the lock, so that records are in order
            thread,
            site,
            event,
        });
    }

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
