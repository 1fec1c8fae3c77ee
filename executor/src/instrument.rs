//! Watching the loop: the public face of `probe`.
//!
//! **Invariant:** an instrument sees every event once, in order, and cannot
//! stop the loop: one that panics is removed and reported.
//!
//! A room: given to a loop by `runner`.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

pub use crate::probe::{Cause, Effect, Ending, Event};

/// Something that is told what the loop does (trio: `Instrument`).
///
/// ```
/// use executor::Runner;
/// use executor::instrument::{Event, Instrument};
/// use std::time::Duration;
/// use std::{cell::Cell, rc::Rc};
///
/// struct Polls(Rc<Cell<u32>>);
///
/// impl Instrument for Polls {
///     fn event(&mut self, _at: Duration, event: &Event) {
///         if matches!(event, Event::PollStart { .. }) {
///             self.0.set(self.0.get() + 1);
///         }
///     }
/// }
///
/// let polls = Rc::new(Cell::new(0));
/// let mut runner = Runner::builder().instrument(Polls(polls.clone())).build();
/// runner.run(executor::yield_now());
/// assert_eq!(polls.get(), 2);
/// ```
pub trait Instrument {
    /// Called for each event, on the loop's thread, with the loop time at
    /// which it happened. What it does itself to the loop is not recorded.
    fn event(&mut self, at: Duration, event: &Event);
}

/// An instrument that keeps every event.
///
/// Its clones share what they keep: give one to the loop and read the other.
///
/// ```
/// use executor::Runner;
/// use executor::instrument::{Event, Recorder};
///
/// let recorder = Recorder::new();
/// let mut runner = Runner::builder().instrument(recorder.clone()).build();
/// runner.run(async {});
/// let events = recorder.take();
/// assert!(matches!(events[0].1, Event::TaskSpawn { .. }));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    events: Rc<RefCell<Vec<(Duration, Event)>>>,
}

impl Recorder {
    /// A recorder that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was recorded since the last call, with the loop time of each.
    pub fn take(&self) -> Vec<(Duration, Event)> {
        self.events.take()
    }
}

impl Instrument for Recorder {
    fn event(&mut self, at: Duration, event: &Event) {
        self.events.borrow_mut().push((at, event.clone()));
    }
}
