//! A table of sources, in which closed sockets stay forever.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::process::ExitCode;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use docs::Exercise;

thread_local! {
    static ADDED: Cell<usize> = const { Cell::new(0) };
    /// The waiters of the registered sources, by token.
    static SOURCES: RefCell<BTreeMap<usize, Option<Waker>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Stands for a socket, which is registered while it exists.
struct Source {
    token: usize,
}

impl Source {
    fn new() -> Self {
        let token = ADDED.get() + 1;
        ADDED.set(token);
        SOURCES.with_borrow_mut(|sources| sources.insert(token, None));
        Source { token }
    }

    /// No event ever arrives: waits.
    fn poll_ready(&self, cx: &Context<'_>) -> Poll<()> {
        let waiter = Some(cx.waker().clone());
        let displaced = SOURCES.with_borrow_mut(|sources| sources.insert(self.token, waiter));
        drop(displaced);
        Poll::Pending
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // TODO: the table still has its entry, and in it a waker. Whatever that
        // waker owns is dropped with it: what may its destructor do?
    }
}

/// A waker that owns a source, as one that owns a task does.
struct Owner {
    _source: Source,
}

impl Wake for Owner {
    fn wake(self: Arc<Self>) {}
}

fn registered() -> usize {
    SOURCES.with_borrow(BTreeMap::len)
}

/// Drops a source while a waker waits for it, and that waker is the last owner
/// of another source.
fn drop_two() {
    let first = Source::new();
    let second = Source::new();
    let waker = Waker::from(Arc::new(Owner { _source: second }));
    assert!(first.poll_ready(&Context::from_waker(&waker)).is_pending());
    drop(waker); // the table has the other one
    drop(first);
}

fn check() -> Result<(), String> {
    drop(Source::new());
    if registered() > 0 {
        return Err(format!("{} closed source is registered", registered()));
    }
    if catch_unwind(drop_two).is_err() {
        return Err("a destructor found the table borrowed".into());
    }
    match registered() {
        0 => Ok(()),
        n => Err(format!("{n} closed sources are registered")),
    }
}

fn main() -> ExitCode {
    let hint = "take the entry out of the table in one statement, and drop it in the next";
    Exercise::new(hint).judge("the destructor", check)
}
