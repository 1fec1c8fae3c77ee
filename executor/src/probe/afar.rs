//! What other threads have to tell: letters, and the calls that a pool runs.
//!
//! **Invariant:** a note is taken under the lock, and the loop reads all notes
//! before it tells of anything itself: so there is one order, and it is one in
//! which things happened.
//!
//! Written by `ready` (the mail slot) and `pool`; read by the probe.

use std::panic::Location;
use std::thread::ThreadId;
use std::time::Instant;

use loop_trace::MessageKind;

use crate::slab::{JobKey, TaskKey};
use crate::sys::{Mutex, lock};

/// What happened on some thread.
#[derive(Clone, Copy)]
pub(crate) enum Far {
    Push {
        task: Option<TaskKey>,
        what: MessageKind,
    },
    JobStart(JobKey),
    JobFinish {
        job: JobKey,
        panicked: bool,
    },
}

/// The same, and where and when.
pub(super) struct FarNote {
    pub(super) at: Instant,
    pub(super) thread: ThreadId,
    pub(super) site: &'static Location<'static>,
    pub(super) what: Far,
}

/// The notes that the loop has not read yet.
#[derive(Default)]
pub(crate) struct Afar(Mutex<Vec<FarNote>>);

impl Afar {
    #[track_caller]
    pub(crate) fn note(&self, what: Far) {
        let thread = std::thread::current().id();
        let site = Location::caller();
        let mut notes = lock(&self.0);
        notes.push(FarNote {
            at: Instant::now(), // under the lock, so that notes are in order
            thread,
            site,
            what,
        });
    }

    pub(super) fn take(&self) -> Vec<FarNote> {
        std::mem::take(&mut *lock(&self.0))
    }
}
