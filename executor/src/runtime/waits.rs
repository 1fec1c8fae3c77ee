//! What tasks wait for that is not the loop's own: locks, semaphores, events,
//! queues.
//!
//! Each of these keeps its own waiters and can wake them without the loop.
//! Here stands only where to look when somebody asks who waits for what.
//! **Invariant:** nothing is written down per wait, only once per lock and
//! loop; and nothing here keeps a lock alive.
//!
//! Filled by the `sync` room; read by `listing` and `deadlock`.

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::rc::Weak;

use crate::info::{TaskId, Wait};
use crate::slab::TaskKey;

/// Something that tasks wait for, and that can say which.
pub(crate) trait WaitPoint {
    /// Tells who waits, of the tasks of the loop with the number `home`.
    fn waits(&self, home: u64, tell: &mut dyn FnMut(TaskKey, Wait));

    /// Who has what they wait for.
    fn holder(&self) -> Option<Holder>;
}

/// Who has a lock.
#[derive(Clone, Copy)]
pub(crate) struct Holder {
    /// `None` if it was taken outside every task.
    pub(crate) task: Option<TaskKey>,
    /// The number of the loop that this is a task of.
    pub(crate) home: u64,
    /// The line that took it.
    pub(crate) site: &'static Location<'static>,
}

/// Where to look.
#[derive(Default)]
pub(crate) struct Waits {
    points: RefCell<Vec<Weak<dyn WaitPoint>>>,
    /// When there are more than this, those that are gone are swept out.
    sweep_above: Cell<usize>,
    /// Has anybody begun to wait for a lock or a task since the last look for
    /// deadlocks?
    changed: Cell<bool>,
    /// Who was reported to be in a deadlock: once is enough.
    pub(super) reported: RefCell<Vec<TaskId>>,
}

/// How many points are kept before the first sweep.
const FEW: usize = 64;

impl Waits {
    /// Takes a point into the list, to be asked from now on.
    #[cold]
    pub(crate) fn list(&self, point: Weak<dyn WaitPoint>) {
        let mut points = self.points.borrow_mut();
        if points.len() >= self.sweep_above.get().max(FEW) {
            points.retain(|point| point.strong_count() > 0);
            // Twice as many as are left: then each pays for two, however many.
            self.sweep_above.set(points.len() * 2);
        }
        points.push(point);
    }

    /// Somebody waits who did not before.
    #[inline]
    pub(crate) fn note_change(&self) {
        self.changed.set(true);
    }

    /// Has [that](Self::note_change) happened since this was asked before?
    pub(super) fn take_change(&self) -> bool {
        self.changed.take()
    }

    /// Tells of each wait, and who has what is waited for.
    pub(super) fn each(&self, home: u64, tell: &mut dyn FnMut(TaskKey, Wait, Option<Holder>)) {
        for point in self.points.borrow().iter().filter_map(Weak::upgrade) {
            let holder = point.holder();
            point.waits(home, &mut |task, wait| tell(task, wait, holder));
        }
    }

    /// For the next run.
    pub(super) fn reset(&self) {
        self.points.borrow_mut().clear();
        self.sweep_above.set(0);
        self.changed.set(false);
        self.reported.borrow_mut().clear();
    }
}
