//! What no loop may do, checked event by event.
//!
//! **Invariant:** each rule is asked of the state *before* the event that
//! could break it, so a complaint names the event at fault.

use std::fmt;
use std::time::Duration;

use super::{Entry, Event, State, Trace};
use crate::info::TaskId;

/// A rule of every loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// One task is polled at a time.
    OneAtATime,
    /// Tasks are polled in the order of the queue.
    QueueOrder,
    /// A task is in the queue at most once.
    NoDuplicate,
    /// A task that has ended, or was never spawned, is neither queued nor
    /// polled.
    NoPollAfterDone,
    /// The loop does not sleep while a task is ready.
    NoParkWithWork,
    /// No timer fires before its deadline.
    NoEarlyTimer,
    /// Timers fire in the order of their deadlines, those with the same one in
    /// the order in which they were armed.
    TimerOrder,
    /// Time goes on.
    TimeGoesOn,
    /// Somebody can wake each task that waits. A fault of the program, not of
    /// the loop: a future returned `Pending` and kept no waker.
    LiveWaker,
    /// At the end of the loop nothing is left.
    BalancedEnd,
}

impl Rule {
    /// Its name in `docs/player/SCHEMA.md`.
    pub fn name(self) -> &'static str {
        match self {
            Rule::OneAtATime => "one-at-a-time",
            Rule::QueueOrder => "queue-order",
            Rule::NoDuplicate => "no-duplicate",
            Rule::NoPollAfterDone => "no-poll-after-done",
            Rule::NoParkWithWork => "no-park-with-work",
            Rule::NoEarlyTimer => "no-early-timer",
            Rule::TimerOrder => "timer-order",
            Rule::TimeGoesOn => "time-goes-on",
            Rule::LiveWaker => "live-waker",
            Rule::BalancedEnd => "balanced-end",
        }
    }
}

/// A rule that an event of a trace broke.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Broken {
    /// Which one.
    pub rule: Rule,
    /// The number of the event.
    pub event: usize,
    /// What is wrong, in a sentence.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "event {}: {}: {}",
            self.event,
            self.rule.name(),
            self.what
        )
    }
}

/// Folds a trace and says what in it no loop may do; empty if all is well.
pub fn judge(trace: &Trace) -> Vec<Broken> {
    let mut judge = Judge::default();
    for entry in &trace.events {
        judge.look_at(entry, trace);
        judge.state.apply(entry);
    }
    judge.broken
}

#[derive(Default)]
struct Judge {
    state: State,
    broken: Vec<Broken>,
    /// Tasks that were reported as lost: once is enough.
    lost: Vec<TaskId>,
}

impl Judge {
    fn require(&mut self, holds: bool, rule: Rule, what: impl FnOnce() -> String) {
        if !holds {
            self.broken.push(Broken {
                rule,
                event: self.state.events,
                what: what(),
            });
        }
    }

    fn look_at(&mut self, entry: &Entry, trace: &Trace) {
        let before = self.state.at;
        self.require(entry.at >= before, Rule::TimeGoesOn, || {
            format!("it is {:?}, and it was {before:?} before", entry.at)
        });
        match &entry.event {
            Event::ReadyPush { task } | Event::ScopePush { task } => self.push(*task),
            Event::PollStart { task } => self.poll(*task),
            Event::TurnOrder { order } => self.turn_order(order),
            Event::ParkStart { .. } => self.park(),
            Event::TimerFire { timer } => self.fire(*timer, entry.at),
            Event::LoopClosed if trace.dropped == 0 => self.end(),
            _ => {}
        }
    }

    fn push(&mut self, task: TaskId) {
        let known = self.state.task(task);
        let queued = known.is_some_and(|task| task.queued || task.on_roll);
        let alive = known.is_some_and(|task| !task.is_over());
        self.require(!queued, Rule::NoDuplicate, || {
            format!("task {task} is queued, and is in the queue already")
        });
        self.require(alive, Rule::NoPollAfterDone, || {
            format!("task {task} is queued, and there is no such task any more")
        });
    }

    fn poll(&mut self, task: TaskId) {
        let polled = self.state.polling();
        // A child of a scope is polled inside the poll of its owner, if it was
        // woken, and only there.
        let on_roll = self.state.task(task).is_some_and(|task| task.on_roll);
        self.require(polled.is_some() == on_roll, Rule::OneAtATime, || {
            let polled = polled.map_or_else(String::new, |task| task.to_string());
            format!("task {task} is polled while task {polled} is (on a roll: {on_roll})")
        });
        let alive = self.state.task(task).is_some_and(|task| !task.is_over());
        self.require(alive, Rule::NoPollAfterDone, || {
            format!("task {task} is polled, and there is no such task any more")
        });
        let front = self.state.queue().next();
        self.require(
            on_roll || front == Some(task),
            Rule::QueueOrder,
            || match front {
                Some(front) => format!("task {task} is polled, and task {front} comes first"),
                None => format!("task {task} is polled, and the queue is empty"),
            },
        );
    }

    /// A seed may change the order of the queue, and nothing else.
    fn turn_order(&mut self, order: &[TaskId]) {
        let mut before: Vec<_> = self.state.queue().collect();
        let mut after = order.to_vec();
        before.sort_unstable();
        after.sort_unstable();
        self.require(before == after, Rule::QueueOrder, || {
            "the order of this turn has other tasks in it than the queue".into()
        });
    }

    fn park(&mut self) {
        let ready = self.state.queue.len();
        self.require(ready == 0, Rule::NoParkWithWork, || {
            format!("the loop parks while {ready} tasks are ready")
        });
        let lost: Vec<_> = self.state.lost.iter().copied().collect();
        for task in lost {
            let is_news = !self.lost.contains(&task);
            self.require(!is_news, Rule::LiveWaker, || {
                format!("task {task} waits, and nobody can wake it")
            });
            if is_news {
                self.lost.push(task);
            }
        }
    }

    fn fire(&mut self, timer: u64, now: Duration) {
        let Some(due) = self.state.timers.get(timer) else {
            self.require(false, Rule::TimerOrder, || {
                format!("timer {timer} fires, and is not armed")
            });
            return;
        };
        self.require(due.deadline <= now, Rule::NoEarlyTimer, || {
            format!("timer {timer} fires at {now:?}, due at {:?}", due.deadline)
        });
        let first = self.state.timers.first();
        let is_first = first.is_some_and(|first| first.timer == timer);
        self.require(is_first, Rule::TimerOrder, || {
            let first = first.map_or(0, |first| first.timer);
            format!("timer {timer} fires, and timer {first} is due first")
        });
    }

    fn end(&mut self) {
        let state = &self.state;
        let left = [
            (state.queue.len(), "queued tasks"),
            (state.alive, "tasks"),
            (state.timers().count(), "timers"),
            (state.jobs().count(), "thread jobs"),
            (state.sources().count(), "sockets"),
        ];
        for (n, what) in left {
            self.require(n == 0, Rule::BalancedEnd, || {
                format!("{n} {what} are left at the end of the loop")
            });
        }
    }
}
