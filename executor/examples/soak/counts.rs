//! Counts of what a loop reports and of what the work itself reports.
//!
//! **Invariant:** after a round, the counts of beginnings and of ends are equal.
//!
//! Called by `rounds`, `load` and `contend`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use executor::instrument::{Ending, Event, Instrument};

/// Counts by name. Clones share their counts.
#[derive(Clone, Default)]
pub(crate) struct Counts(Rc<RefCell<BTreeMap<&'static str, u64>>>);

impl Counts {
    pub(crate) fn add(&self, what: &'static str, n: u64) {
        *self.0.borrow_mut().entry(what).or_default() += n;
    }

    pub(crate) fn get(&self, what: &str) -> u64 {
        self.0.borrow().get(what).copied().unwrap_or(0)
    }

    pub(crate) fn add_all(&self, other: &Counts) {
        for (what, n) in other.0.borrow().iter() {
            self.add(what, *n);
        }
    }

    /// Asserts that as many `begun` are counted as `ended` in all ways.
    fn assert_equal(&self, begun: &str, ended: &[&str]) {
        let sum: u64 = ended.iter().map(|what| self.get(what)).sum();
        let begun_count = self.get(begun);
        assert_eq!(
            begun_count, sum,
            "{begun} is not the sum of {ended:?}: {self}"
        );
    }

    /// Asserts that everything that began has ended, in one way.
    pub(crate) fn reconcile(&self) {
        self.assert_equal("spawned", &["returned", "cancelled", "panicked"]);
        self.assert_equal("timers armed", &["timers fired", "timers dropped"]);
        let (begun, ended) = (self.get("jobs begun"), self.get("jobs ended"));
        // The other jobs were cancelled before a thread began them.
        assert!(ended <= begun, "{self}");
        let calls = CALLS.load(Ordering::SeqCst);
        assert_eq!(calls, 0, "calls that were neither run nor dropped");
        self.assert_equal("futures made", &["futures dropped"]);
        self.assert_equal("panics on purpose", &["panicked"]);
        self.assert_equal("items put", &["items got"]);
        self.assert_equal("connections asked for", &["connections served"]);
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counts = self.0.borrow();
        let lines: Vec<_> = counts
            .iter()
            .map(|(what, n)| format!("{n} {what}"))
            .collect();
        f.write_str(&lines.join(", "))
    }
}

impl Instrument for Counts {
    fn event(&mut self, _: Duration, event: &Event) {
        let what = match event {
            Event::TaskSpawn { .. } => "spawned",
            Event::TaskEnd { how, .. } => match how {
                Ending::Returned => "returned",
                Ending::Cancelled => "cancelled",
                Ending::Panicked => "panicked",
                _ => "ended in a way that soak does not know",
            },
            Event::TimerAdd { .. } => "timers armed",
            Event::TimerFire { .. } => "timers fired",
            Event::TimerCancel { .. } => "timers dropped",
            Event::JobSubmit { .. } => "jobs begun",
            Event::JobEnd { .. } => "jobs ended",
            _ => return,
        };
        self.add(what, 1);
    }
}

/// How many calls of thread pools exist.
static CALLS: AtomicI64 = AtomicI64::new(0);

/// A part of a call for a thread, which counts the call while it exists.
pub(crate) struct Call(());

impl Call {
    pub(crate) fn new() -> Self {
        CALLS.fetch_add(1, Ordering::SeqCst);
        Call(())
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        CALLS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A part of a future, which counts the future when it is made and dropped.
pub(crate) struct Counted(Counts);

impl Counted {
    pub(crate) fn new(counts: &Counts) -> Self {
        counts.add("futures made", 1);
        Counted(counts.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.add("futures dropped", 1);
    }
}
