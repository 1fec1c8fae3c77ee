//! Programs that must panic, and programs that must end.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Runs a program that must panic, and returns the text of the panic.
#[track_caller]
pub(crate) fn panic_text<T>(program: impl FnOnce() -> T) -> String {
    match panic_of(program).downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload
            .downcast::<&str>()
            .map_or_else(|_| "a panic without text".into(), |text| text.to_string()),
    }
}

/// Runs a program on a thread and fails if it does not end: for tests of bugs
/// that would be a hang.
#[track_caller]
pub(crate) fn must_end(program: impl FnOnce() + Send + 'static) {
    let (ended, has_ended) = mpsc::channel();
    let thread = thread::spawn(move || {
        program();
        let _ = ended.send(());
    });
    match has_ended.recv_timeout(Duration::from_secs(60)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("the program hangs"),
        _ => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
    }
}

/// Runs a future that must end, with the real clock.
#[track_caller]
pub(crate) fn run_to_end<F: Future<Output = ()>>(make: impl FnOnce() -> F + Send + 'static) {
    must_end(|| executor::run(make()));
}

/// Runs a program that must panic, and returns the payload of the panic.
#[track_caller]
pub(crate) fn panic_of<T>(program: impl FnOnce() -> T) -> Box<dyn Any + Send> {
    match catch_unwind(AssertUnwindSafe(program)) {
        Ok(_) => panic!("expected a panic"),
        Err(payload) => payload,
    }
}
