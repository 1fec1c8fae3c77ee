//! What a loop says that it did, counted, and what the work itself says.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use executor::instrument::{Ending, Event, Instrument};

/// How many there were, by name.
#[derive(Clone, Default)]
pub(crate) struct Books(Rc<RefCell<BTreeMap<&'static str, u64>>>);

impl Books {
    pub(crate) fn add(&self, what: &'static str, n: u64) {
        *self.0.borrow_mut().entry(what).or_default() += n;
    }

    pub(crate) fn get(&self, what: &str) -> u64 {
        self.0.borrow().get(what).copied().unwrap_or(0)
    }

    pub(crate) fn add_all(&self, other: &Books) {
        for (what, n) in other.0.borrow().iter() {
            self.add(what, *n);
        }
    }

    fn balance(&self, begun: &str, ended: &[&str]) {
        let sum: u64 = ended.iter().map(|what| self.get(what)).sum();
        let begun_count = self.get(begun);
        assert_eq!(
            begun_count, sum,
            "{begun} is not the sum of {ended:?}: {self}"
        );
    }

    /// Everything that began has ended, in one way.
    pub(crate) fn reconcile(&self) {
        self.balance("spawned", &["returned", "cancelled", "panicked"]);
        self.balance("timers armed", &["timers fired", "timers dropped"]);
        let (begun, ended) = (self.get("jobs begun"), self.get("jobs ended"));
        // The others were given up before a thread began them.
        assert!(ended <= begun, "{self}");
        let calls = CALLS.load(Ordering::SeqCst);
        assert_eq!(calls, 0, "calls that no thread has and nobody dropped");
        self.balance("futures made", &["futures dropped"]);
        self.balance("panics on purpose", &["panicked"]);
        self.balance("items put", &["items got"]);
        self.balance("connections asked for", &["connections served"]);
    }
}

impl std::fmt::Display for Books {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let books = self.0.borrow();
        let lines: Vec<_> = books
            .iter()
            .map(|(what, n)| format!("{n} {what}"))
            .collect();
        f.write_str(&lines.join(", "))
    }
}

impl Instrument for Books {
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

/// How many calls are with a thread pool.
static CALLS: AtomicI64 = AtomicI64::new(0);

/// To be held by a call for a thread: whoever has it, drops it once.
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

/// Counts itself when it is made and when it is dropped: to be held by a future.
pub(crate) struct Counted(Books);

impl Counted {
    pub(crate) fn new(books: &Books) -> Self {
        books.add("futures made", 1);
        Counted(books.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.add("futures dropped", 1);
    }
}
