//! What the loop did, as lines of text.
//!
//! Invariant: each line is one event that the loop recorded, in its order.
//! Events that say nothing new to a reader of Part I are left out.
//!
//! Called by the chapters' examples and by `exercise`.

use std::collections::BTreeMap;
use std::time::Duration;

use executor::Runner;
use executor::instrument::{Cause, Ending, Event, Recorder, TaskId, WakeOutcome};

/// Runs a program with virtual time, and then prints what the loop did.
pub fn watch<F: Future>(program: F) -> F::Output {
    let recorder = Recorder::new();
    let builder = Runner::builder().virtual_time();
    let mut runner = builder.instrument(recorder.clone()).build();
    let output = runner.run(program);
    println!();
    let events = recorder.take();
    for line in story(&events) {
        println!("{line}");
    }
    println!("\n{}", summary(&events));
    output
}

/// How often it did what.
fn summary(events: &[(Duration, Event)]) -> String {
    let count = |what, kind: fn(&Event) -> bool| {
        let n = events.iter().filter(|(_, event)| kind(event)).count();
        let plural = if n == 1 { "" } else { "s" };
        format!("{n} {what}{plural}")
    };
    let counts = [
        count("task", |event| matches!(event, Event::TaskSpawn { .. })),
        count("poll", |event| matches!(event, Event::PollStart { .. })),
        count("turn", |event| matches!(event, Event::Turn { .. })),
        count("park", |event| matches!(event, Event::ParkStart { .. })),
    ];
    counts.join(", ")
}

/// One line for each event.
pub fn story(events: &[(Duration, Event)]) -> Vec<String> {
    let mut story = Story::default();
    let lines = events
        .iter()
        .enumerate()
        .filter_map(|(index, (at, event))| {
            let text = story.tell(event, &events[index + 1..])?;
            Some(format!("{:>5} ms  {text}", whole_ms(*at)))
        });
    lines.collect()
}

/// What a line needs to know of earlier events.
#[derive(Default)]
struct Story {
    names: BTreeMap<TaskId, String>,
    /// Timers by their order of arming: the loop's own numbers are keys.
    timers: Vec<u64>,
    turns: u32,
}

impl Story {
    fn tell(&mut self, event: &Event, later: &[(Duration, Event)]) -> Option<String> {
        let line = match event {
            Event::Turn { ready } => {
                self.turns += 1;
                format!("turn {}, {ready} ready", self.turns)
            }
            Event::TaskSpawn { task, name, .. } => {
                self.names.insert(*task, name.clone());
                format!("    {name} is made")
            }
            Event::PollStart { task } => format!("  poll {}", self.name(*task)),
            Event::PollEnd { task, .. } => match end_of(*task, later) {
                Some(Ending::Returned) => format!("  {} is done", self.name(*task)),
                Some(Ending::Panicked) => return None, // its end has a line
                _ => format!("  {} has to wait", self.name(*task)),
            },
            Event::Wake { task, by, outcome } => self.wake(*task, *by, *outcome)?,
            Event::TaskCancel { task } => format!("    cancel {}", self.name(*task)),
            Event::TaskEnd { task, how, .. } => self.end(*task, *how)?,
            Event::TimerAdd {
                timer, deadline, ..
            } => {
                let number = self.timer(*timer);
                format!("    timer {number} is set to {}", ms(*deadline))
            }
            Event::TimerFire { timer } => format!("timer {} fires", self.timer(*timer)),
            Event::TimerCancel { timer } => format!("    timer {} is dropped", self.timer(*timer)),
            Event::ParkStart { until: Some(at) } => format!("park until {}", ms(*at)),
            Event::ParkStart { until: None } => "park without a deadline".into(),
            Event::InboxDrained { messages } => format!("inbox: {messages}"),
            Event::JobSubmit { task, .. } => format!("    {} starts a job", self.name(*task)),
            Event::JobEnd { .. } => "the job is done".into(),
            Event::Print { text, .. } => format!("    print {text}"),
            _ => return None,
        };
        Some(line)
    }

    fn wake(&self, task: TaskId, by: Cause, outcome: WakeOutcome) -> Option<String> {
        let task = self.name(task);
        match (by, outcome) {
            (_, WakeOutcome::AfterDone) => None,
            (_, WakeOutcome::AlreadyQueued) => Some(format!("    {task} is queued already")),
            (Cause::Task(waker), _) => Some(format!("    {} wakes {task}", self.name(waker))),
            _ => Some(format!("    {task} is ready")),
        }
    }

    /// A return needs no line: the poll's end has one.
    fn end(&self, task: TaskId, how: Ending) -> Option<String> {
        let name = self.name(task);
        match how {
            Ending::Cancelled => Some(format!("    {name} was cancelled")),
            Ending::Panicked => Some(format!("    {name} panicked")),
            _ => None,
        }
    }

    fn name(&self, task: TaskId) -> &str {
        self.names.get(&task).map_or("no task", String::as_str)
    }

    fn timer(&mut self, timer: u64) -> usize {
        let known = self.timers.iter().position(|known| *known == timer);
        let index = known.unwrap_or_else(|| {
            self.timers.push(timer);
            self.timers.len() - 1
        });
        index + 1
    }
}

/// How a task ended, if it was not polled again before.
fn end_of(task: TaskId, later: &[(Duration, Event)]) -> Option<Ending> {
    let next = later.iter().find_map(|(_, event)| match event {
        Event::TaskEnd {
            task: other, how, ..
        } if *other == task => Some(Some(*how)),
        Event::PollStart { task: other } if *other == task => Some(None),
        _ => None,
    });
    next.flatten()
}

fn ms(at: Duration) -> String {
    format!("{} ms", whole_ms(at))
}

/// Rounds to the nearest millisecond.
fn whole_ms(at: Duration) -> u128 {
    at.saturating_add(Duration::from_micros(500)).as_millis()
}
