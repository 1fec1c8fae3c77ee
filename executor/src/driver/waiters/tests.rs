//! The order of waiters, and the waits that were given up.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::Wake;

use super::*;
use crate::base::slab::{Slab, kind};

/// Waiters, with tickets and tasks to give them.
#[derive(Default)]
struct Source {
    waiters: Waiters,
    last: u64,
    /// How often each task was polled.
    polls: HashMap<TaskKey, u32>,
}

fn tasks<const N: usize>() -> [TaskKey; N] {
    let mut tasks = Slab::<{ kind::TASK }, ()>::default();
    [(); N].map(|()| tasks.insert(()))
}

fn by_key(task: TaskKey) -> Waiter {
    Waiter {
        task: Some(task),
        waker: None,
    }
}

impl Source {
    fn place(&mut self, future: Option<Option<Ticket>>, waiter: Waiter) -> Placed {
        self.last += 1;
        let next = Ticket(self.last);
        let polls_of = |task| Some(self.polls.get(&task).copied().unwrap_or(0));
        self.waiters.place(future, waiter, next, &polls_of)
    }

    fn poll(&mut self, task: TaskKey) -> Ticket {
        self.place(None, by_key(task)).ticket
    }

    fn wake_all(&mut self) -> Vec<TaskKey> {
        let mut woken = VecDeque::new();
        self.waiters.wake_all(&mut woken);
        woken.into_iter().filter_map(|waiter| waiter.task).collect()
    }
}

struct Child;

impl Wake for Child {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_woken_waiter_that_waits_again_stays_in_front_of_those_that_came_later() {
    let ([a, b, c], mut source) = (tasks(), Source::default());
    let [_, second, _] = [a, b, c].map(|task| source.poll(task));
    assert_eq!(source.wake_all(), [a, b, c]);
    assert_eq!(source.poll(b), second, "its place is kept");
    source.poll(a);
    assert_eq!(
        source.wake_all(),
        [a, b],
        "c lost its place: it did not come"
    );
    source.poll(c);
    source.poll(b);
    source.poll(a);
    assert_eq!(source.wake_all(), [a, b, c]);
}

#[test]
fn a_future_that_removes_its_ticket_takes_no_other_with_it() {
    let ([a, b], mut source) = (tasks(), Source::default());
    let tickets = [a, a, b].map(|task| source.place(Some(None), by_key(task)).ticket);
    assert!(source.waiters.remove(tickets[0]).is_some());
    assert!(source.waiters.remove(tickets[0]).is_none(), "only once");
    assert_eq!(source.wake_all(), [a, b]);
    for ticket in &tickets[1..] {
        source.waiters.remove(*ticket);
    }
    assert!(source.waiters.is_empty());
}

#[test]
fn a_poll_of_the_same_task_and_waker_adds_no_entry() {
    let ([a, b], mut source) = (tasks(), Source::default());
    let children = [(); 2].map(|()| Waker::from(Arc::new(Child)));
    for _ in 0..3 {
        for task in [a, b] {
            source.poll(task);
            for child in &children {
                let waiter = Waiter {
                    task: Some(task),
                    waker: Some(child.clone()),
                };
                source.place(None, waiter);
            }
        }
    }
    // The wakers are the same in both tasks: the children have moved.
    assert_eq!(source.waiters.waiting().count(), 4);
}

#[test]
fn a_waker_without_data_is_not_taken_for_a_tasks_own() {
    let ([a], mut source) = (tasks(), Source::default());
    source.poll(a);
    let waiter = Waiter {
        task: Some(a),
        waker: Some(Waker::noop().clone()),
    };
    source.place(None, waiter);
    assert_eq!(source.waiters.waiting().count(), 2);
}

/// Tasks that are polled and give up, among 200 that wait, or are left out by
/// their combinators and come back when they are woken.
#[test]
fn given_up_polls_are_swept_and_living_ones_are_not_woken_without_end() {
    for is_left_out in [false, true] {
        let mut source = Source::default();
        let mut tasks = Slab::<{ kind::TASK }, ()>::default();
        let living = [(); 200].map(|()| tasks.insert(()));
        for task in living {
            source.poll(task);
        }
        let (mut most, mut wakes) = (0, 0);
        for n in 0..3_000 {
            let task = tasks.insert(());
            let placed = source.place(None, by_key(task));
            source.polls.insert(task, 1);
            if is_left_out {
                *source.polls.entry(living[n % 200]).or_default() += 1;
            }
            for waiter in placed.swept {
                let task = waiter.task.unwrap();
                *source.polls.entry(task).or_default() += 1;
                if living.contains(&task) {
                    wakes += 1;
                    source.poll(task);
                }
            }
            most = most.max(source.waiters.waiting().count());
        }
        assert!(most <= 4 * living.len(), "{most} entries");
        let swept = 3_000 / living.len() * living.len();
        assert!(
            wakes <= if is_left_out { swept } else { 0 },
            "{wakes} wakes"
        );
        let waiting: Vec<_> = source.waiters.waiting().map(|waiter| waiter.task).collect();
        let first = living.map(Some);
        assert!(waiting.starts_with(&first), "they keep their places");
    }
}
