//! The state of a loop after each event, and the rules that a loop must keep.
//!
//! **Invariant:** a state depends on the events alone, so that every reader of
//! a trace, the loop player too, computes the same states.
//!
//! Called by tests, which judge what they record, and by the book.
//!
//! ```
//! use loop_trace::{Ending, Entry, Event, TaskId, Trace, replay};
//! use std::time::Duration;
//!
//! let task = TaskId::new(1);
//! let mut trace = Trace::default();
//! let mut record = |event| {
//!     trace.events.push(Entry { at: Duration::ZERO, thread: None, site: None, event });
//! };
//! record(Event::TaskSpawn { task, name: "a".into(), parent: None, at: "a.rs:1:1".into() });
//! record(Event::PollStart { task }); // it was never queued
//!
//! let last = replay::states(&trace).last().unwrap();
//! assert_eq!(last.polling(), Some(task));
//! let broken = replay::judge(&trace);
//! assert_eq!(broken[0].rule, replay::Rule::QueueOrder);
//! ```

mod task;
mod timer;
mod source;
mod job;
mod state;
mod rule;
mod check;

pub use check::judge;
pub use job::{Job, JobStage};
pub use rule::{Broken, Rule};
pub use source::Source;
pub use state::{Mode, State, states};
pub use task::{Task, TaskStage};
pub use timer::Timer;
