//! The loop's eyes on a combinator: how much it may still poll, and what a
//! recording tells of its futures.
//!
//! **Invariant:** it changes nothing; outside a loop it says yes to everything
//! and tells nobody.

use std::rc::Rc;

use crate::probe::{Event, Probe};
use crate::runtime::Runtime;

/// Made for one poll of a combinator.
pub struct Watch(Option<Rc<Runtime>>);

impl Watch {
    #[inline]
    pub(super) fn begin() -> Self {
        Watch(Runtime::current())
    }

    /// Does the loop want the task to stop for this turn?
    #[inline]
    pub(super) fn is_spent(&self) -> bool {
        self.0.as_ref().is_some_and(|runtime| runtime.is_spent())
    }

    /// The nth future is about to be polled.
    #[inline]
    #[track_caller]
    pub(super) fn polls(&self, child: usize) {
        self.emit(|runtime, probe| Event::ChildPoll {
            task: probe.id(runtime.polled_task()),
            child,
        });
    }

    /// The same, unless the task is to stop.
    #[inline]
    #[track_caller]
    pub(super) fn stops_before(&self, child: usize) -> bool {
        let spent = self.is_spent();
        if !spent {
            self.polls(child);
        }
        spent
    }

    /// The nth future has returned.
    #[inline]
    #[track_caller]
    pub(super) fn done(&self, child: usize) {
        self.emit(|runtime, probe| Event::ChildDone {
            task: probe.id(runtime.polled_task()),
            child,
        });
    }

    #[inline]
    #[track_caller]
    fn emit(&self, event: impl FnOnce(&Runtime, &Probe) -> Event) {
        if let Some(runtime) = &self.0 {
            runtime.probe.emit(|probe| event(runtime, probe));
        }
    }
}
