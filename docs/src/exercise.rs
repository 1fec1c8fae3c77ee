//! The frame around an exercise: runs the reader's code, tells what is wrong,
//! and does not let it hang.
//!
//! Invariant: an exercise ends. With virtual time a program that waits for
//! nothing is a stall, which the loop reports itself; a poll that does not
//! return is reported by a watchdog, with the task's name.
//!
//! Called by `exercises/` and `solutions/`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use executor::Runner;
use executor::instrument::{Event, Instrument, Recorder, TaskId};

use crate::watch::story;

/// An exercise: its hint, and what was asked.
pub struct Exercise {
    hint: &'static str,
}

/// What a program printed and did, for the check to look at.
pub struct Seen {
    /// The lines that it printed with `executor::println!`.
    pub printed: Vec<String>,
    /// All that the loop recorded.
    pub events: Vec<(Duration, Event)>,
    /// Loop time from start to end.
    pub took: Duration,
}

impl Exercise {
    /// An exercise with a hint for those who get stuck.
    pub fn new(hint: &'static str) -> Self {
        Exercise { hint }
    }

    /// Runs the program with virtual time, and lets the check judge it: an
    /// `Err` says what is not right yet.
    pub fn check<F: Future>(
        self,
        program: F,
        check: impl FnOnce(&Seen, F::Output) -> Result<(), String>,
    ) -> ExitCode {
        let recorder = Recorder::new();
        let builder = Runner::builder().virtual_time();
        let watch = Watch::start(recorder.clone(), self.hint);
        let mut runner = builder.instrument(watch).build();
        let result = catch_unwind(AssertUnwindSafe(|| runner.try_run(program)));
        let seen = Seen::new(recorder.take());
        let verdict = match result {
            Ok(Ok(output)) => check(&seen, output),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("it panicked, see above".into()),
        };
        match verdict {
            Ok(()) => {
                println!("solved");
                ExitCode::SUCCESS
            }
            Err(what) => self.not_yet(&what, &seen.events),
        }
    }

    /// For an exercise without a loop: `name` is printed if it hangs.
    pub fn judge(self, name: &str, check: impl FnOnce() -> Result<(), String>) -> ExitCode {
        let polled = Arc::new(Mutex::new(Some(name.to_owned())));
        watch_over(polled, self.hint);
        match check() {
            Ok(()) => {
                println!("solved");
                ExitCode::SUCCESS
            }
            Err(what) => self.not_yet(&what, &[]),
        }
    }

    fn not_yet(self, what: &str, events: &[(Duration, Event)]) -> ExitCode {
        let story = story(events);
        if !story.is_empty() {
            println!("\nwhat the loop did:");
        }
        for line in story.iter().take(40) {
            println!("{line}");
        }
        println!("\nnot yet: {what}");
        println!("hint: {}", self.hint);
        ExitCode::FAILURE
    }
}

impl Seen {
    fn new(events: Vec<(Duration, Event)>) -> Self {
        let text = |event: &Event| match event {
            Event::Print { text, .. } => Some(text.clone()),
            _ => None,
        };
        let printed = events.iter().filter_map(|(_, event)| text(event)).collect();
        let took = events.last().map_or(Duration::ZERO, |(at, _)| *at);
        Seen {
            printed,
            events,
            took,
        }
    }

    /// How often tasks were polled, all together.
    pub fn polls(&self) -> usize {
        self.count(|event| matches!(event, Event::PollStart { .. }))
    }

    /// How many events are of some kind.
    pub fn count(&self, kind: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|(_, event)| kind(event)).count()
    }
}

/// Passes events on, and keeps the name of the task that is being polled where
/// the watchdog's thread can see it.
struct Watch {
    recorder: Recorder,
    names: Vec<(TaskId, String)>,
    polled: Arc<Mutex<Option<String>>>,
}

impl Watch {
    fn start(recorder: Recorder, hint: &'static str) -> Self {
        let polled = Arc::new(Mutex::new(None));
        watch_over(Arc::clone(&polled), hint);
        Watch {
            recorder,
            names: Vec::new(),
            polled,
        }
    }

    fn name(&self, task: TaskId) -> String {
        let named = self.names.iter().find(|(id, _)| *id == task);
        named.map_or_else(|| "a task".into(), |(_, name)| name.clone())
    }
}

impl Instrument for Watch {
    fn event(&mut self, at: Duration, event: &Event) {
        match event {
            Event::TaskSpawn { task, name, .. } => self.names.push((*task, name.clone())),
            Event::PollStart { task } => {
                *self.polled.lock().expect("no thread panics with it") =
                    Some(format!("the poll of {}", self.name(*task)));
            }
            Event::PollEnd { .. } => {
                *self.polled.lock().expect("no thread panics with it") = None;
            }
            _ => {}
        }
        self.recorder.event(at, event);
    }
}

/// Ends the process when its time is up: the loop's thread cannot report that
/// it is stuck, this one can.
fn watch_over(polled: Arc<Mutex<Option<String>>>, hint: &'static str) {
    let limit = std::env::var("EXERCISE_SECONDS").ok();
    let limit = limit.and_then(|text| text.parse().ok()).unwrap_or(10);
    thread::spawn(move || {
        thread::sleep(Duration::from_secs(limit));
        let polled = polled.lock().expect("no thread panics with it").take();
        let what = match polled {
            Some(name) => format!("{name} has not returned"),
            None => "the loop goes round and round".into(),
        };
        println!("\nnot yet: after {limit} s, {what}\nhint: {hint}");
        std::process::exit(1);
    });
}
