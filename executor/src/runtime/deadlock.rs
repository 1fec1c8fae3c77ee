//! Debug mode: a deadlock is told of when it happens, though the rest of the
//! program goes on.
//!
//! **Invariant:** each task is reported once for the deadlock it is in.
//!
//! Called by `run` before the loop sleeps: until then a task may still let go.

use super::Runtime;
use crate::error::report;
use crate::info::Deadlock;

impl Runtime {
    /// Looks for a deadlock, if there may be a new one.
    #[cold]
    pub(crate) fn report_deadlock(&self) {
        if !self.waits.take_change() {
            return;
        }
        let tasks = self.list_tasks();
        if Deadlock::may_come(&tasks) {
            // It may become certain without a new wait: by a timer that is
            // over, say.
            self.waits.note_change();
        }
        let Some(deadlock) = Deadlock::find(&tasks) else {
            return;
        };
        if self.ready.mailbox().has_mail() {
            // Another thread has woken a task since the loop looked, and then
            // let go of the waker that would have shown in the listing.
            self.waits.note_change();
            return;
        }
        let circle: Vec<_> = deadlock.circle().collect();
        let mut reported = self.waits.reported.borrow_mut();
        if circle.iter().all(|task| reported.contains(task)) {
            return;
        }
        *reported = circle;
        report(format_args!("{deadlock}"));
    }
}
