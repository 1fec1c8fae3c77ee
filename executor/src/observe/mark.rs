//! Marks: what a program writes into its own recording.
//!
//! The core has no hook for marks, because no part of the runtime makes one. A
//! mark passes through the loop's dispatch all the same. **Invariant:** a mark
//! is in order with all other events, and one that an instrument makes is not
//! reported.
//!
//! Called by users.

use std::rc::Rc;
use std::{fmt, ptr};

use super::events::Events;
use crate::base::hooks::PRINT;
use crate::event_loop::runtime::Runtime;

/// Reports a mark to the instruments of the loop that runs on this thread. Does
/// nothing if the loop has no instruments, or if no loop runs.
///
/// ```
/// use executor::instrument::{Event, Recorder, mark};
///
/// let recorder = Recorder::new();
/// let mut runner = executor::Runner::builder().instrument(recorder.clone()).build();
/// runner.run(async { mark("the second phase begins") });
/// let is_mark = |(_, event): &(_, Event)| matches!(event, Event::Mark { .. });
/// assert!(recorder.take().iter().any(is_mark));
/// ```
pub fn mark(text: impl fmt::Display) {
    // With nothing borrowed: the text's `Display` and the instruments may run any
    // code. The text first, so that the events that it causes are reported.
    let Some(runtime) = Runtime::current() else {
        return;
    };
    let Some(events) = Events::of(&runtime).filter(|_| runtime.hooks.wants(PRINT)) else {
        return;
    };
    let text = text.to_string();
    runtime.hooks.emit(PRINT, |hook| {
        if ptr::addr_eq(hook, Rc::as_ptr(&events)) {
            events.mark(text.clone());
        }
    });
}
