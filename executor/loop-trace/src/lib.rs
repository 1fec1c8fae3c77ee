//! Recordings of an event loop as plain data: the format `loop-trace/1`.
//!
//! A [`Trace`] is a list of [`Event`]s in the order in which they happened:
//! spawns, polls, wakes, timers, parks, sockets, thread jobs, prints. A runtime
//! records one; this crate reads and writes it, replays it, checks it and draws
//! it. The crate has no dependencies, starts no thread and needs no runtime.
//!
//! ```
//! use loop_trace::{Ending, Entry, Event, TaskId, Trace, replay};
//! use std::time::Duration;
//!
//! let task = TaskId::new(1);
//! let spawn = Event::TaskSpawn {
//!     task,
//!     name: "Task-1".into(),
//!     parent: None,
//!     at: "src/main.rs:5:9".into(),
//! };
//! let cancelled = Event::TaskEnd { task, how: Ending::Cancelled, text: None };
//! let mut trace = Trace::default();
//! trace.program = "early".into();
//! for event in [spawn, cancelled] {
//!     trace.events.push(Entry { at: Duration::ZERO, thread: None, site: None, event });
//! }
//!
//! assert_eq!(replay::judge(&trace), []);
//! assert_eq!(Trace::parse(&trace.to_json()).as_ref(), Ok(&trace));
//! ```
//!
//! # Modules
//!
//! In the order in which they may import each other: a module imports only from
//! those above it.
//!
//! | module | contents |
//! |---|---|
//! | `task_id` | [`TaskId`] |
//! | `event` | [`Event`] and the types of its fields |
//! | `trace` | [`Trace`], [`Entry`], [`Site`] |
//! | `printable` | texts of a program, as a terminal may show them |
//! | `json` | a strict JSON reader, and quoting |
//! | `write`, `read` | a trace to text and back |
//! | [`replay`] | the state after each event, and the rules that a loop must keep |
//! | `lanes` | a trace sorted into rows of spans |
//! | `timeline`, `svg`, `perfetto` | drawings of the lanes |

mod task_id;
mod event;
mod trace;
mod printable;
mod json;
mod write;
mod read;
pub mod replay;
mod lanes;
mod timeline;
mod svg;
mod perfetto;

pub use event::{
    Attempt, Cause, Direction, Ending, Event, MessageKind, ParkEndReason, PollResult, WaitTarget,
    WakeOutcome,
};
pub use json::TraceError;
pub use svg::svg;
pub use task_id::TaskId;
pub use timeline::timeline;
pub use trace::{Entry, Site, Trace};

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
