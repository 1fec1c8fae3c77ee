//! The check of a trace against the rules.
//!
//! **Invariant:** each rule is checked on the state before the event, so that a
//! report names the event that broke the rule.
//!
//! Called through `replay::judge`.

use std::time::Duration;

use super::rule::{Broken, Rule};
use super::state::State;
use crate::event::Event;
use crate::task_id::TaskId;
use crate::trace::{Entry, Trace};

/// Replays a trace and returns every broken rule; empty if the loop kept them
/// all.
pub fn judge(trace: &Trace) -> Vec<Broken> {
    let mut judge = Judge::default();
    for entry in &trace.events {
        judge.check(entry, trace);
        judge.state.apply(entry);
    }
    judge.broken
}

#[derive(Default)]
struct Judge {
    state: State,
    broken: Vec<Broken>,
    /// Tasks that were reported as lost, so that each is reported once.
    lost: Vec<TaskId>,
}

impl Judge {
    fn require(&mut self, holds: bool, rule: Rule, what: impl FnOnce() -> String) {
        if !holds {
            let event = self.state.applied();
            self.broken.push(Broken::new(rule, event, what()));
        }
    }

    fn check(&mut self, entry: &Entry, trace: &Trace) {
        let before = self.state.time();
        self.require(entry.at >= before, Rule::TimeGoesOn, || {
            format!("the time is {:?}, and it was {before:?} before", entry.at)
        });
        match &entry.event {
            Event::ReadyPush { task } | Event::ScopePush { task } => self.push(*task),
            Event::PollStart { task } => self.poll(*task),
            Event::TurnOrder { order } => self.turn_order(order),
            Event::ParkStart { .. } => self.park(),
            Event::TimerFire { timer } => self.fire(*timer, entry.at),
            // A trace without its last events has no end to check.
            Event::LoopClosed if trace.dropped == 0 => self.end(),
            _ => {}
        }
    }

    fn push(&mut self, id: TaskId) {
        let task = self.state.task(id);
        let queued = task.is_some_and(|task| task.queued || task.woken_in_scope);
        let alive = task.is_some_and(|task| !task.has_ended());
        self.require(!queued, Rule::NoDuplicate, || {
            format!("task {id} is queued, and it was in the queue already")
        });
        self.require(alive, Rule::NoPollAfterDone, || {
            format!("task {id} is queued, and no such task is alive")
        });
    }

    fn poll(&mut self, id: TaskId) {
        let polled = self.state.polling();
        let task = self.state.task(id);
        // A child of a scope is polled inside the poll of its owner, and only
        // there, and only if it was woken.
        let is_child = task.is_some_and(|task| task.woken_in_scope);
        let alive = task.is_some_and(|task| !task.has_ended());
        self.require(
            polled.is_some() == is_child,
            Rule::OneAtATime,
            || match polled {
                Some(polled) => format!("task {id} is polled while task {polled} is being polled"),
                None => format!("task {id} of a scope is polled outside the poll of the scope"),
            },
        );
        self.require(alive, Rule::NoPollAfterDone, || {
            format!("task {id} is polled, and no such task is alive")
        });
        let front = self.state.queue().next();
        let in_order = is_child || front == Some(id);
        self.require(in_order, Rule::QueueOrder, || match front {
            Some(front) => format!("task {id} is polled, and task {front} is first in the queue"),
            None => format!("task {id} is polled, and the queue is empty"),
        });
    }

    /// A seed may change the order of the queue, and nothing else.
    fn turn_order(&mut self, order: &[TaskId]) {
        let mut before: Vec<_> = self.state.queue().collect();
        let mut after = order.to_vec();
        before.sort_unstable();
        after.sort_unstable();
        self.require(before == after, Rule::QueueOrder, || {
            "the tasks of this turn are not the tasks of the queue".into()
        });
    }

    fn park(&mut self) {
        let ready = self.state.queue().count();
        self.require(ready == 0, Rule::NoParkWithWork, || {
            format!("the loop parks while {ready} tasks are ready")
        });
        let lost: Vec<_> = self.state.lost().collect();
        for task in lost {
            let is_new = !self.lost.contains(&task);
            self.require(!is_new, Rule::LiveWaker, || {
                format!("task {task} waits, and nothing can wake it")
            });
            if is_new {
                self.lost.push(task);
            }
        }
    }

    fn fire(&mut self, timer: u64, now: Duration) {
        let Some(due) = self.state.timer(timer) else {
            self.require(false, Rule::TimerOrder, || {
                format!("timer {timer} fires, and it is not armed")
            });
            return;
        };
        self.require(due.deadline <= now, Rule::NoEarlyTimer, || {
            format!("timer {timer} fires at {now:?}, due at {:?}", due.deadline)
        });
        let first = self.state.timers().next();
        let is_first = first.is_some_and(|first| first.timer == timer);
        self.require(is_first, Rule::TimerOrder, || {
            let first = first.map_or(0, |first| first.timer);
            format!("timer {timer} fires, and timer {first} is due first")
        });
    }

    fn end(&mut self) {
        let state = &self.state;
        let left = [
            (state.queue().count(), "queued tasks"),
            (state.alive(), "tasks"),
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
