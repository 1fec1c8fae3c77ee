//! The loop's eyes on a combinator: how much it may still poll, and what a
//! recording tells of its futures.
//!
//! **Invariant:** it changes nothing; outside a loop it says yes to everything
//! and tells nobody.

use std::rc::Rc;

use crate::children::Watcher;
use crate::probe::{Event, Probe};
use crate::runtime::Runtime;

/// Made for one poll of a combinator.
pub struct Watch {
    runtime: Option<Rc<Runtime>>,
    /// Does somebody listen? Asked once, not for each future.
    is_told: bool,
}

impl Watch {
    #[inline]
    pub(super) fn begin() -> Self {
        let runtime = Runtime::current();
        let is_told = runtime.as_ref().is_some_and(|runtime| runtime.is_told());
        Watch { runtime, is_told }
    }

    #[cold]
    #[track_caller]
    fn emit(&self, event: impl FnOnce(&Runtime, &Probe) -> Event) {
        if let Some(runtime) = &self.runtime {
            runtime.emit(|probe| event(runtime, probe));
        }
    }
}

impl Watcher for Watch {
    #[inline]
    fn is_quiet(&self) -> bool {
        !self.is_told
    }

    #[inline]
    fn is_spent(&self) -> bool {
        let runtime = self.runtime.as_ref();
        runtime.is_some_and(|runtime| runtime.is_spent())
    }

    #[inline]
    #[track_caller]
    fn polls(&self, child: usize) {
        if self.is_told {
            self.emit(|runtime, probe| Event::ChildPoll {
                task: probe.id(runtime.polled_task()),
                child,
            });
        }
    }

    #[inline]
    #[track_caller]
    fn done(&self, child: usize) {
        if self.is_told {
            self.emit(|runtime, probe| Event::ChildDone {
                task: probe.id(runtime.polled_task()),
                child,
            });
        }
    }
}
