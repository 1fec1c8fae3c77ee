//! The wait of one future.
//!
//! **Invariant:** a wait has an entry in the wait list from the first poll that
//! does not complete to the one that does.
//!
//! Used by `waiters` and held by every future of `sync`.

use std::panic::Location;

use crate::base::slab::WaitKey;

/// The wait of one future: the line that began it, and its progress.
pub(crate) struct PendingWait {
    pub(crate) site: &'static Location<'static>,
    pub(super) progress: Progress,
}

pub(super) enum Progress {
    /// Not polled yet.
    New,
    Waiting(WaitKey),
    /// The future has completed.
    Done,
}

impl PendingWait {
    /// Creates a wait that begins at the caller's line.
    #[track_caller]
    #[inline]
    pub(crate) fn at_caller() -> Self {
        PendingWait {
            site: Location::caller(),
            progress: Progress::New,
        }
    }

    /// Returns the key of the entry in the wait list, if there is one.
    #[inline]
    pub(super) fn key(&self) -> Option<WaitKey> {
        match self.progress {
            Progress::Waiting(key) => Some(key),
            Progress::New | Progress::Done => None,
        }
    }

    /// Returns whether the future has an entry in the wait list.
    #[inline]
    pub(crate) fn is_waiting(&self) -> bool {
        self.key().is_some()
    }
}
