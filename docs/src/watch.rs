//! What the loop did, as lines of text.
//!
//! Invariant: each line is one event that the loop recorded, in its order;
//! nothing is guessed and nothing but wakes without effect is left out.
//!
//! Called by the chapters' examples and by `exercise`.

use std::collections::BTreeMap;
use std::time::Duration;

use executor::instrument::{Cause, Effect, Ending, Event, Recorder};
use executor::{Runner, TaskId};

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
    let lines = events.iter().filter_map(|(at, event)| {
        let text = story.tell(event)?;
        Some(format!("{:>5} ms  {text}", at.as_millis()))
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
    fn tell(&mut self, event: &Event) -> Option<String> {
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
            Event::PollEnd { ready: true, task } => format!("  {} is done", self.name(*task)),
            Event::PollEnd { task, .. } => format!("  {} has to wait", self.name(*task)),
            Event::Wake { task, by, effect } => self.wake(*task, *by, *effect)?,
            Event::TaskCancel { task } => format!("    cancel {}", self.name(*task)),
            Event::TaskEnd { task, how } => self.end(*task, *how)?,
            Event::TimerAdd {
                timer, deadline, ..
            } => {
                let number = self.timer(*timer);
                format!("    timer {number} is set to {}", ms(*deadline))
            }
            Event::TimerFire { timer } => format!("timer {} fires", self.timer(*timer)),
            Event::TimerCancel { timer } => format!("    timer {} is dropped", self.timer(*timer)),
            Event::ParkStart { until: Some(at) } => format!("park until {}", ms(*at)),
            Event::ParkStart { until: None } => "park until somebody rings".into(),
            Event::ParkEnd => return None, // the next line's time says it
            Event::Mail { messages } => format!("mail: {messages}"),
            Event::JobSubmit { task, .. } => format!("    {} starts a job", self.name(*task)),
            Event::JobEnd { .. } => "the job is done".into(),
            Event::Print { text, .. } => format!("    print {text}"),
            other => format!("{other:?}"),
        };
        Some(line)
    }

    fn wake(&self, task: TaskId, by: Cause, effect: Effect) -> Option<String> {
        let task = self.name(task);
        match (by, effect) {
            (_, Effect::AfterDone) => None,
            (_, Effect::AlreadyQueued) => Some(format!("    {task} is queued already")),
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
        self.names.get(&task).map_or("nobody", String::as_str)
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

fn ms(at: Duration) -> String {
    format!("{} ms", at.as_millis())
}
