//! A trace sorted into lanes: what the loop, each task and each thread did, and
//! when.
//!
//! **Invariant:** every span knows the events and the times of its ends, so that
//! it can be drawn on either axis.
//!
//! Called by `timeline`, `svg` and `perfetto`.

mod label;
mod span;
mod lane;
mod task;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::event::{Direction, Ending, Event, PollResult, WaitTarget};
use crate::printable::printable;
use crate::task_id::TaskId;
use crate::trace::Trace;
use label::file_and_line;
pub(crate) use label::short;
pub(crate) use lane::Lane;
pub(crate) use span::{Activity, Moment, Span};
pub(crate) use task::TaskLane;
use task::WakeMark;

/// All lanes of a trace.
#[derive(Clone, Debug)]
pub(crate) struct Lanes {
    pub(crate) end: Moment,
    pub(crate) event_loop: Lane,
    pub(crate) tasks: Vec<TaskLane>,
    pub(crate) threads: Vec<Lane>,
}

/// Sorts a trace into lanes.
pub(crate) fn lanes(trace: &Trace) -> Lanes {
    let mut sorter = Sorter {
        lanes: Lanes {
            end: Moment {
                event: 0,
                at: Duration::ZERO,
            },
            event_loop: Lane::new("loop"),
            tasks: Vec::new(),
            threads: Vec::new(),
        },
        indexes: HashMap::new(),
        timers: HashMap::new(),
        sources: HashMap::new(),
        jobs: HashMap::new(),
        waiters: HashMap::new(),
        threads: BTreeMap::new(),
    };
    for (event, entry) in trace.events.iter().enumerate() {
        // In a faulty trace, time may decrease. A drawing cannot show that.
        let at = sorter.lanes.end.at.max(entry.at);
        let now = Moment { event, at };
        sorter.lanes.end = now;
        sorter.sort(&entry.event, now, entry.thread);
    }
    sorter.finish()
}

struct Sorter {
    lanes: Lanes,
    /// The index of each task in `lanes.tasks`.
    indexes: HashMap<TaskId, usize>,
    /// How long each timer was armed for.
    timers: HashMap<u64, Duration>,
    /// The label of each socket.
    sources: HashMap<u64, String>,
    /// The source line of each job.
    jobs: HashMap<u64, String>,
    /// The tasks, by index, with an open wait for each target.
    waiters: HashMap<WaitTarget, Vec<usize>>,
    /// By thread number; a trace may skip numbers.
    threads: BTreeMap<u32, Lane>,
}

impl Sorter {
    fn task(&mut self, id: TaskId) -> Option<&mut TaskLane> {
        let index = self.indexes.get(&id)?;
        self.lanes.tasks.get_mut(*index)
    }

    fn sort(&mut self, event: &Event, now: Moment, thread: Option<u32>) {
        match event {
            Event::ParkStart { .. } => {
                let lane = &mut self.lanes.event_loop;
                lane.open(Activity::Parked, now, "parked".into());
            }
            Event::ParkEnd { .. } | Event::RunEnd { .. } => self.lanes.event_loop.close(now),
            Event::TaskSpawn { task, name, .. } => self.spawn(*task, name),
            Event::ReadyPush { task } | Event::ScopePush { task } => {
                self.change(*task, Activity::Ready, now);
            }
            Event::PollStart { task } => self.change(*task, Activity::Polled, now),
            Event::PollEnd { task, result } => self.end_poll(*task, *result, now),
            Event::TaskEnd { task, how, .. } => self.end(*task, *how, now),
            Event::Wake { task, by, outcome } => {
                let (by, outcome) = (*by, *outcome);
                if let Some(lane) = self.task(*task) {
                    let at = now;
                    lane.wakes.push(WakeMark { at, by, outcome });
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
            event => self.sort_resource(event, now, thread),
        }
    }

    /// Sorts an event about a timer, a source or a job.
    fn sort_resource(&mut self, event: &Event, now: Moment, thread: Option<u32>) {
        match event {
            Event::TimerAdd {
                timer, deadline, ..
            } => {
                let span = deadline.saturating_sub(now.at);
                self.timers.insert(*timer, span);
            }
            Event::TimerFire { timer } => self.complete(&WaitTarget::Timer(*timer), now),
            Event::TimerCancel { timer } => self.give_up(&WaitTarget::Timer(*timer), now),
            Event::SourceAdd { source, kind, addr } => {
                let name = printable(addr.as_ref().unwrap_or(kind));
                self.sources.insert(*source, name);
            }
            Event::SourceReady { source, .. } | Event::SourceRemove { source } => {
                self.complete(&WaitTarget::Source(*source, Direction::Read), now);
                self.complete(&WaitTarget::Source(*source, Direction::Write), now);
            }
            Event::JobSubmit { job, at, .. } => {
                self.jobs.insert(*job, printable(&file_and_line(at)));
            }
            Event::JobStart { job } => {
                let at = self.jobs.get(job).cloned().unwrap_or_default();
                let label = format!("job {at}");
                self.thread(thread).open(Activity::Job, now, label);
            }
            Event::JobFinish { .. } => self.thread(thread).close(now),
            Event::JobEnd { job } | Event::JobCancel { job } => {
                self.complete(&WaitTarget::Job(*job), now);
            }
            _ => {}
        }
    }

    fn spawn(&mut self, id: TaskId, name: &str) {
        self.indexes.insert(id, self.lanes.tasks.len());
        self.lanes.tasks.push(TaskLane::new(id, &printable(name)));
    }

    /// Closes the open span of a task and opens the next one.
    fn change(&mut self, id: TaskId, activity: Activity, now: Moment) {
        let Some(lane) = self.task(id) else { return };
        if activity == Activity::Ready && lane.is_polled() {
            lane.ready_again = true; // drawn after the poll
            return;
        }
        lane.child = None;
        lane.own.close(now);
        lane.own.open(activity, now, String::new());
    }

    fn end_poll(&mut self, id: TaskId, result: PollResult, now: Moment) {
        let Some(lane) = self.task(id) else { return };
        let ready_again = std::mem::take(&mut lane.ready_again);
        lane.own.close(now);
        if result == PollResult::Pending {
            let next = match ready_again {
                true => Activity::Ready,
                false => Activity::Waits,
            };
            lane.own.open(next, now, String::new());
        }
    }

    fn end(&mut self, id: TaskId, how: Ending, now: Moment) {
        if let Some(lane) = self.task(id) {
            lane.own.close(now);
            lane.ended = Some(how);
            lane.close_all(now);
        }
        self.complete(&WaitTarget::Task(id), now);
    }

    fn wait(&mut self, id: TaskId, on: &WaitTarget, now: Moment) {
        let label = self.label(on);
        let Some(&index) = self.indexes.get(&id) else {
            return;
        };
        if self.lanes.tasks[index].wait(on, now, label) {
            self.waiters.entry(on.clone()).or_default().push(index);
        }
    }

    fn label(&self, on: &WaitTarget) -> String {
        let known = |names: &HashMap<u64, String>, key| names.get(key).cloned().unwrap_or_default();
        match on {
            WaitTarget::Timer(timer) => match self.timers.get(timer) {
                Some(span) => format!("sleep {}", short(*span)),
                None => "sleep".into(),
            },
            WaitTarget::Task(task) => match self.indexes.get(task) {
                Some(index) => format!("join {}", self.lanes.tasks[*index].own.label),
                None => "join".into(),
            },
            WaitTarget::Source(source, direction) => {
                format!("{} {}", direction.word(), known(&self.sources, source))
            }
            WaitTarget::Job(job) => format!("job {}", known(&self.jobs, job)),
            WaitTarget::Other(text) => printable(text),
        }
    }

    /// Closes the waits for a target that completed.
    fn complete(&mut self, on: &WaitTarget, now: Moment) {
        for index in self.waiters.remove(on).into_iter().flatten() {
            self.lanes.tasks[index].close(on, now);
        }
    }

    /// Closes the waits for a target that was dropped before it completed.
    fn give_up(&mut self, on: &WaitTarget, now: Moment) {
        for index in self.waiters.remove(on).into_iter().flatten() {
            self.lanes.tasks[index].give_up(on, now);
        }
    }

    fn thread(&mut self, thread: Option<u32>) -> &mut Lane {
        let number = thread.unwrap_or(0);
        let lane = self.threads.entry(number);
        lane.or_insert_with(|| Lane::new(format!("thread {number}")))
    }

    /// Closes every open span at the end of the trace.
    fn finish(self) -> Lanes {
        let mut lanes = self.lanes;
        let end = lanes.end;
        lanes.event_loop.close(end);
        for task in &mut lanes.tasks {
            if task.ended.is_none() {
                task.own.close(end);
            }
            task.close_all(end);
        }
        let threads = self.threads.into_values();
        lanes.threads = threads.filter(|lane| !lane.spans.is_empty()).collect();
        lanes
    }
}
