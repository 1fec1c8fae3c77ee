//! What the tests share: a log to assert on, futures that count, and runners.

#![allow(dead_code, reason = "each file uses some of it")]

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use executor::Runner;

/// A list of what happened, shared by everyone who holds a clone.
#[derive(Clone, Default)]
pub struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn push(&self, entry: impl fmt::Display) {
        self.0.borrow_mut().push(entry.to_string());
    }

    /// What has been logged since the last call.
    #[track_caller]
    pub fn take(&self) -> Vec<String> {
        self.0.take()
    }
}

/// Counts its drops, and says who it is when it goes.
pub struct OnDrop<F: FnMut()>(pub F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// A counter that can be shared with the futures under test.
#[derive(Clone, Default)]
pub struct Count(Rc<Cell<u32>>);

impl Count {
    pub fn add(&self) {
        self.0.set(self.0.get() + 1);
    }

    pub fn get(&self) -> u32 {
        self.0.get()
    }
}

/// A runner whose clock is virtual.
pub fn virtual_runner() -> Runner {
    Runner::builder().virtual_time().build()
}

/// What `program` panics with, as text; fails if it does not panic. Nothing is
/// printed.
#[track_caller]
pub fn panic_text<T>(program: impl FnOnce() -> T) -> String {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(program));
    match result {
        Ok(_) => panic!("expected a panic"),
        Err(payload) => match payload.downcast::<String>() {
            Ok(text) => *text,
            Err(payload) => payload
                .downcast::<&str>()
                .map_or_else(|_| "a panic without text".into(), |text| text.to_string()),
        },
    }
}
