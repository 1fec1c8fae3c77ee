//! A trace as lanes: who was in which state from when to when. What the
//! timeline and the SVG maker draw.
//!
//! **Invariant:** the spans of a lane follow each other and do not overlap; each
//! knows its events and its times, so that it can be drawn on either axis.

mod task;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::{Cause, Effect, Ending, Event, On, Polled, Trace, Way};
use crate::info::TaskId;
pub(super) use task::TaskLane;

/// A moment: an event's number, and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) event: usize,
    pub(super) at: Duration,
}

/// What somebody did between two moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// The task is in the ready queue.
    Ready,
    Polled,
    Waits,
    /// The loop sleeps.
    Parked,
    /// A thread runs a job.
    Job,
}

#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) doing: Doing,
    pub(super) from: Moment,
    pub(super) to: Moment,
    /// What is waited for, or done.
    pub(super) label: String,
    /// Is it a timer that was dropped before it was due, as a time limit is?
    pub(super) given_up: bool,
}

impl Span {
    pub(super) fn lasts(&self) -> Duration {
        self.to.at.saturating_sub(self.from.at)
    }
}

/// A wake, drawn as an arrow to its task.
#[derive(Clone, Copy, Debug)]
pub(super) struct WakeMark {
    pub(super) at: Moment,
    pub(super) by: Cause,
    pub(super) effect: Effect,
}

/// One row.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub(super) label: String,
    pub(super) spans: Vec<Span>,
}

impl Lane {
    fn new(label: impl Into<String>) -> Self {
        Lane {
            label: label.into(),
            spans: Vec::new(),
        }
    }

    fn begin(&mut self, doing: Doing, from: Moment, label: String) {
        let to = from;
        self.spans.push(Span {
            doing,
            from,
            to,
            label,
            given_up: false,
        });
    }
}

/// All rows of a picture.
#[derive(Clone, Debug)]
pub(super) struct Lanes {
    pub(super) end: Moment,
    pub(super) the_loop: Lane,
    pub(super) tasks: Vec<TaskLane>,
    pub(super) threads: Vec<Lane>,
}

/// Sorts a trace into lanes.
pub(super) fn lanes(trace: &Trace) -> Lanes {
    let mut sorter = Sorter {
        lanes: Lanes {
            end: Moment {
                event: 0,
                at: Duration::ZERO,
            },
            the_loop: Lane::new("loop"),
            tasks: Vec::new(),
            threads: Vec::new(),
        },
        places: HashMap::new(),
        timers: HashMap::new(),
        sources: HashMap::new(),
        jobs: HashMap::new(),
        waiters: HashMap::new(),
        threads: BTreeMap::new(),
    };
    for (event, entry) in trace.events.iter().enumerate() {
        // A trace from elsewhere may say that time went back; a picture cannot.
        let at = sorter.lanes.end.at.max(entry.at);
        let now = Moment { event, at };
        sorter.lanes.end = now;
        sorter.sort(&entry.event, now, entry.thread);
    }
    sorter.finish()
}

struct Sorter {
    lanes: Lanes,
    /// Where in `lanes.tasks` a task is.
    places: HashMap<TaskId, usize>,
    timers: HashMap<u64, Duration>,
    sources: HashMap<u64, String>,
    jobs: HashMap<u64, String>,
    /// Which of `lanes.tasks` have waited for something that is not over.
    waiters: HashMap<On, Vec<usize>>,
    /// By number, of which a trace may skip some.
    threads: BTreeMap<u32, Lane>,
}

impl Sorter {
    fn task(&mut self, id: TaskId) -> Option<&mut TaskLane> {
        let place = self.places.get(&id)?;
        self.lanes.tasks.get_mut(*place)
    }

    fn sort(&mut self, event: &Event, now: Moment, thread: Option<u32>) {
        match event {
            Event::ParkStart { .. } => {
                let lane = &mut self.lanes.the_loop;
                lane.begin(Doing::Parked, now, "parked".into());
            }
            Event::ParkEnd { .. } | Event::RunEnd { .. } => close(&mut self.lanes.the_loop, now),
            Event::TaskSpawn { task, name, .. } => self.spawn(*task, name),
            Event::ReadyPush { task } | Event::ScopePush { task } => {
                self.turn_to(*task, Doing::Ready, now);
            }
            Event::PollStart { task } => self.turn_to(*task, Doing::Polled, now),
            Event::PollEnd { task, result } => self.end_poll(*task, *result, now),
            Event::TaskEnd { task, how, .. } => self.end(*task, *how, now),
            Event::Wake { task, by, effect } => {
                let (by, effect) = (*by, *effect);
                if let Some(lane) = self.task(*task) {
                    lane.wakes.push(WakeMark {
                        at: now,
                        by,
                        effect,
                    });
                }
            }
            Event::ChildPoll { task, child } => {
                let child = *child;
                if let Some(lane) = self.task(*task) {
                    lane.child = Some(child);
                }
            }
            Event::Await { task, on } => self.wait(*task, on, now),
            Event::AwaitEnd { task, on } => {
                if let Some(lane) = self.task(*task) {
                    lane.close(on, now);
                }
            }
            event => self.sort_thing(event, now, thread),
        }
    }

    fn sort_thing(&mut self, event: &Event, now: Moment, thread: Option<u32>) {
        match event {
            Event::TimerAdd {
                timer, deadline, ..
            } => {
                let span = deadline.saturating_sub(now.at);
                self.timers.insert(*timer, span);
            }
            Event::TimerFire { timer } => self.over(&On::Timer(*timer), now),
            Event::TimerCancel { timer } => self.give_up(&On::Timer(*timer), now),
            Event::SourceAdd { source, kind, addr } => {
                let name = addr.as_ref().unwrap_or(kind).clone();
                self.sources.insert(*source, name);
            }
            Event::SourceReady { source, .. } | Event::SourceRemove { source } => {
                self.over(&On::Source(*source, Way::Read), now);
                self.over(&On::Source(*source, Way::Write), now);
            }
            Event::JobSubmit { job, at, .. } => {
                self.jobs.insert(*job, file_and_line(at));
            }
            Event::JobStart { job } => {
                let at = self.jobs.get(job).cloned().unwrap_or_default();
                let label = format!("job {at}");
                let lane = self.thread(thread);
                lane.begin(Doing::Job, now, label);
            }
            Event::JobFinish { .. } => close(self.thread(thread), now),
            Event::JobEnd { job } | Event::JobCancel { job } => self.over(&On::Job(*job), now),
            _ => {}
        }
    }

    fn spawn(&mut self, id: TaskId, name: &str) {
        self.places.insert(id, self.lanes.tasks.len());
        self.lanes.tasks.push(TaskLane::new(id, name));
    }

    fn turn_to(&mut self, id: TaskId, doing: Doing, now: Moment) {
        let Some(lane) = self.task(id) else { return };
        if doing == Doing::Ready && lane.is_polled() {
            lane.ready_again = true; // it shows after the poll
            return;
        }
        lane.child = None;
        close(&mut lane.own, now);
        lane.own.begin(doing, now, String::new());
    }

    fn end_poll(&mut self, id: TaskId, result: Polled, now: Moment) {
        let Some(lane) = self.task(id) else { return };
        let ready = std::mem::take(&mut lane.ready_again);
        close(&mut lane.own, now);
        if result == Polled::Pending {
            let next = if ready { Doing::Ready } else { Doing::Waits };
            lane.own.begin(next, now, String::new());
        }
    }

    fn end(&mut self, id: TaskId, how: Ending, now: Moment) {
        if let Some(lane) = self.task(id) {
            close(&mut lane.own, now);
            lane.ended = Some(how);
            lane.close_all(now);
        }
        self.over(&On::Task(id), now);
    }

    fn wait(&mut self, id: TaskId, on: &On, now: Moment) {
        let label = self.name(on);
        let Some(&place) = self.places.get(&id) else {
            return;
        };
        if self.lanes.tasks[place].wait(on, now, label) {
            self.waiters.entry(on.clone()).or_default().push(place);
        }
    }

    fn name(&self, on: &On) -> String {
        let known = |names: &HashMap<u64, String>, key| names.get(key).cloned().unwrap_or_default();
        match on {
            On::Timer(timer) => match self.timers.get(timer) {
                Some(span) => format!("sleep {}", short(*span)),
                None => "sleep".into(),
            },
            On::Task(task) => match self.places.get(task) {
                Some(place) => format!("join {}", self.lanes.tasks[*place].own.label),
                None => "join".into(),
            },
            On::Source(source, way) => format!("{} {}", way.word(), known(&self.sources, source)),
            On::Job(job) => format!("job {}", known(&self.jobs, job)),
            On::Other(text) => text.clone(),
        }
    }

    fn over(&mut self, on: &On, now: Moment) {
        for place in self.waiters.remove(on).into_iter().flatten() {
            self.lanes.tasks[place].close(on, now);
        }
    }

    fn give_up(&mut self, on: &On, now: Moment) {
        for place in self.waiters.remove(on).into_iter().flatten() {
            self.lanes.tasks[place].give_up(on, now);
        }
    }

    fn thread(&mut self, thread: Option<u32>) -> &mut Lane {
        let number = thread.unwrap_or(0);
        let lane = self.threads.entry(number);
        lane.or_insert_with(|| Lane::new(format!("thread {number}")))
    }

    /// What is open at the end of the trace ends there.
    fn finish(self) -> Lanes {
        let mut lanes = self.lanes;
        let end = lanes.end;
        close(&mut lanes.the_loop, end);
        for task in &mut lanes.tasks {
            if task.ended.is_none() {
                close(&mut task.own, end);
            }
            task.close_all(end);
        }
        let threads = self.threads.into_values();
        lanes.threads = threads.filter(|lane| !lane.spans.is_empty()).collect();
        lanes
    }
}

/// Ends the last span of a lane, unless that was done.
fn close(lane: &mut Lane, now: Moment) {
    if let Some(last) = lane.spans.last_mut().filter(|last| last.from == last.to) {
        last.to = now;
    }
}

/// `src/main.rs:12:5` is `main.rs:12`.
fn file_and_line(place: &str) -> String {
    let last = place.rsplit(['/', '\\']).next().unwrap_or(place);
    let mut parts = last.split(':');
    let file = parts.next().unwrap_or_default();
    let line = parts.next().unwrap_or_default();
    format!("{file}:{line}")
}

/// A time as people read it: three digits at most.
pub(super) fn short(time: Duration) -> String {
    let nanos = time.as_nanos();
    let units = [
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
        (1_000, "µs"),
        (1, "ns"),
    ];
    let unit = units.iter().find(|(size, _)| nanos >= *size);
    let (size, name) = unit.copied().unwrap_or((1, "s"));
    let hundredths = (nanos * 100 + size / 2) / size;
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    match rest {
        _ if whole >= 100 || rest == 0 => format!("{whole} {name}"),
        _ if rest % 10 == 0 || whole >= 10 => format!("{whole}.{} {name}", rest / 10),
        _ => format!("{whole}.{rest:02} {name}"),
    }
}
