//! Loop ids, and the loops behind them as other threads see them.
//!
//! **Invariant:** an id belongs to one loop, and is in the table exactly while
//! the loop has it.
//!
//! Owned by the runtime; asked by `time`. Imports `inbox`.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::inbox::Inbox;
use super::sys::unmodelled::{AtomicU64, Mutex, lock};
use super::sys::{Arc, Ordering, Weak};

/// The id of a loop. Assigned at the first use, because most runs never need it.
#[derive(Default)]
pub(crate) struct LoopId(Cell<Option<u64>>);

/// A loop, as other threads see it.
#[derive(Clone)]
pub(crate) struct RemoteLoop {
    pub(crate) inbox: Weak<Inbox>,
    /// Whether its clock is virtual.
    pub(crate) is_virtual: bool,
}

/// The loops that have an id.
static LOOPS: Mutex<BTreeMap<u64, RemoteLoop>> = Mutex::new(BTreeMap::new());

impl LoopId {
    /// Returns the id, if one was assigned.
    pub(crate) fn get(&self) -> Option<u64> {
        self.0.get()
    }

    /// Assigns the next id.
    #[cold]
    pub(crate) fn assign(&self, inbox: &Arc<Inbox>, is_virtual: bool) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let inbox = Arc::downgrade(inbox);
        lock(&LOOPS).insert(id, RemoteLoop { inbox, is_virtual });
        self.0.set(Some(id));
        id
    }

    /// Takes the id away from the loop.
    pub(crate) fn release(&self) {
        if let Some(id) = self.0.take() {
            lock(&LOOPS).remove(&id);
        }
    }
}

impl Drop for LoopId {
    fn drop(&mut self) {
        self.release();
    }
}

impl RemoteLoop {
    /// Returns the loop with this id, on whichever thread it lives.
    pub(crate) fn find(id: u64) -> Option<RemoteLoop> {
        lock(&LOOPS).get(&id).cloned()
    }
}
