//! Timer heap: deadlines in strict order.
//!
//! Pure data: the loop passes the time in, so every property is tested without
//! a clock. **Invariant:** timers leave in order of (deadline, arrival), and
//! cancelling a timer frees its slot at once.
//!
//! Filled by `time`; `event_loop::look` fires what is due. Imports `clock`,
//! `slab` and `waiter`.
//!
//! # Shape
//!
//! A heap with four children per node, and a slot per timer that records the
//! timer's position in the heap. std's `BinaryHeap` lacks these positions:
//! without them a cancelled timer could only be marked, and would stay until
//! its deadline (up to half of asyncio's heap is such garbage).
//!
//! ```text
//!   heap   [ 20 ms #0 ]─┬─[ 21 ms #3 ]─ …        slots   0: position 0, task 4
//!                       ├─[ 35 ms #1 ]                   1: position 2, task 1
//!                       ├─[ 20 ms #7 ]                   …
//!                       └─[ 60 ms #2 ]
//! ```
//!
//! An entry is sixteen bytes, so the four children of a node share one cache
//! line; hence four and not two. A timing wheel would be faster still at a
//! hundred thousand timers, but it rounds deadlines or needs several levels to
//! stay exact; this heap takes a third of the time of tokio's wheel at that
//! size (`cargo bench -- timers`).

use std::task::Waker;

use super::clock::Nanos;
use super::slab::{Slab, TaskKey, TimerKey, kind};
use super::waiter::Waiter;

/// The deadline of an endless sleep: such a timer is in the heap so that
/// listings show it, and never fires.
pub(crate) const NEVER: Nanos = Nanos::MAX;

const ARITY: usize = 4;

#[derive(Clone, Copy)]
struct Entry {
    deadline: Nanos,
    /// Order of arrival, which decides between equal deadlines.
    sequence: u32,
    /// Index of the timer's slot.
    slot: u32,
}

impl Entry {
    fn order(&self) -> (Nanos, u32) {
        (self.deadline, self.sequence)
    }
}

/// The slot of a timer. Small, because a program may have a million of them.
struct Timer {
    /// Index of the timer's entry in the heap.
    position: u32,
    /// The task to wake, unless there is a waker in `foreign`.
    task: Option<TaskKey>,
}

/// All timers of one loop.
#[derive(Default)]
pub(crate) struct TimerHeap {
    heap: Vec<Entry>,
    timers: Slab<{ kind::TIMER }, Timer>,
    /// By slot: wakers of timers that were polled with another waker than their
    /// task's own, such as inside a large `gather`. Kept out of the slots
    /// because most timers have none.
    foreign: Vec<Waiter>,
    next_sequence: u32,
}

impl TimerHeap {
    /// Returns the earliest deadline; a timer at [`NEVER`] has none.
    #[inline]
    pub(crate) fn next_deadline(&self) -> Option<Nanos> {
        let first = self.heap.first().map(|entry| entry.deadline);
        first.filter(|&deadline| deadline != NEVER)
    }

    /// Returns whether the heap is empty and holds little memory.
    pub(crate) fn is_like_new(&self) -> bool {
        self.heap.is_empty() && self.heap.capacity() <= 1024
    }

    /// Returns how many timers are armed.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    /// Arms a timer for `waiter`.
    pub(crate) fn add(&mut self, deadline: Nanos, mut waiter: Waiter) -> TimerKey {
        let position = self.heap.len();
        let key = self.timers.insert(Timer {
            position: position as u32,
            task: waiter.task,
        });
        if waiter.waker.is_some() {
            self.replace_foreign(key, waiter.waker.take());
        }
        let entry = self.new_entry(deadline, key);
        self.heap.push(entry);
        self.sift_up(position);
        key
    }

    /// Returns whether the timer has neither fired nor been cancelled.
    #[inline]
    pub(crate) fn is_armed(&self, key: TimerKey) -> bool {
        self.timers.get(key).is_some()
    }

    /// Replaces the waiter of an armed timer. Returns the displaced one, which the
    /// caller drops outside any borrow.
    pub(crate) fn set_waiter(&mut self, key: TimerKey, mut waiter: Waiter) -> Waiter {
        if let Some(timer) = self.timers.get_mut(key) {
            timer.task = waiter.task;
            waiter.waker = self.replace_foreign(key, waiter.waker.take());
        }
        waiter
    }

    /// Moves an armed timer to another deadline, as if it were armed now.
    /// Returns `false` if it is not armed.
    pub(crate) fn reschedule(&mut self, key: TimerKey, deadline: Nanos) -> bool {
        let entry = self.new_entry(deadline, key); // first: it may move entries
        let Some(position) = self.timers.get(key).map(|timer| timer.position as usize) else {
            return false;
        };
        self.heap[position] = entry;
        self.sift_up(position);
        let position = self.timers.at(entry.slot).position as usize;
        self.sift_down(position);
        true
    }

    /// Disarms a timer and frees its slot. Returns its waiter, which the caller
    /// wakes or drops outside any borrow; `None` if the timer has fired.
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<Waiter> {
        let timer = self.timers.remove(key)?;
        self.remove_from_heap(timer.position as usize);
        let (task, waker) = (timer.task, self.replace_foreign(key, None));
        Some(Waiter { task, waker })
    }

    /// Removes the first timer whose deadline is `now` or earlier.
    ///
    /// One at a time: the caller wakes it with no borrow held, since a foreign
    /// waker may run any code.
    pub(crate) fn pop_due(&mut self, now: Nanos) -> Option<(TimerKey, Waiter)> {
        let first = self.heap.first().filter(|entry| entry.deadline <= now)?;
        let key = self.timers.key_at(first.slot);
        Some((key, self.cancel(key)?))
    }

    /// Lists the task of each timer, its waker if it is a foreign one, and the
    /// deadline.
    pub(crate) fn waits(&self) -> impl Iterator<Item = (Option<TaskKey>, Option<&Waker>, Nanos)> {
        self.timers.iter().map(|(key, timer)| {
            let foreign = self.foreign.get(key.index());
            let foreign = foreign.and_then(|waiter| waiter.waker.as_ref());
            let deadline = self.heap[timer.position as usize].deadline;
            (timer.task, foreign, deadline)
        })
    }

    #[inline]
    fn replace_foreign(&mut self, key: TimerKey, waker: Option<Waker>) -> Option<Waker> {
        if waker.is_some() && self.foreign.len() <= key.index() {
            self.foreign.resize_with(key.index() + 1, Waiter::default);
        }
        std::mem::replace(&mut self.foreign.get_mut(key.index())?.waker, waker)
    }

    /// Returns the entry of a timer that arrives now.
    ///
    /// When the numbers of 32 bits are used up, the live timers are renumbered in
    /// their order: ties stay exact, at the price of one sort every four billion
    /// timers.
    fn new_entry(&mut self, deadline: Nanos, key: TimerKey) -> Entry {
        if self.next_sequence == u32::MAX {
            self.heap.sort_unstable_by_key(Entry::order);
            for position in 0..self.heap.len() {
                self.heap[position].sequence = position as u32;
                self.settle(position, self.heap[position]);
            }
            self.next_sequence = self.heap.len() as u32;
        }
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        Entry {
            deadline,
            sequence,
            slot: key.index() as u32,
        }
    }

    fn remove_from_heap(&mut self, position: usize) {
        let moved = self.heap.pop().expect("a timer has an entry");
        if position == self.heap.len() {
            return; // it was the last one itself
        }
        let removed = std::mem::replace(&mut self.heap[position], moved);
        if moved.order() < removed.order() {
            self.sift_up(position);
        } else {
            self.sift_down(position);
        }
    }

    /// Writes an entry to its position and records that in its slot.
    #[inline]
    fn settle(&mut self, position: usize, entry: Entry) {
        self.heap[position] = entry;
        self.timers.at(entry.slot).position = position as u32;
    }

    fn sift_up(&mut self, mut position: usize) {
        let entry = self.heap[position];
        while position > 0 {
            let parent = (position - 1) / ARITY;
            if self.heap[parent].order() <= entry.order() {
                break;
            }
            self.settle(position, self.heap[parent]);
            position = parent;
        }
        self.settle(position, entry);
    }

    fn sift_down(&mut self, mut position: usize) {
        let entry = self.heap[position];
        while let Some(child) = self.earliest_child(position) {
            if entry.order() <= self.heap[child].order() {
                break;
            }
            self.settle(position, self.heap[child]);
            position = child;
        }
        self.settle(position, entry);
    }

    #[inline]
    fn earliest_child(&self, position: usize) -> Option<usize> {
        let first = position * ARITY + 1;
        let end = (first + ARITY).min(self.heap.len());
        (first..end).min_by_key(|&child| self.heap[child].order())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiter() -> Waiter {
        Waiter::default()
    }

    /// Removes what is due, as indices into `armed`.
    fn due(queue: &mut TimerHeap, now: Nanos, armed: &[TimerKey]) -> Vec<usize> {
        let mut order = Vec::new();
        while let Some((key, _)) = queue.pop_due(now) {
            order.push(armed.iter().position(|k| *k == key).expect("was armed"));
        }
        order
    }

    #[test]
    fn equal_deadlines_leave_in_order_of_arming() {
        let mut queue = TimerHeap::default();
        let armed: Vec<_> = (0..200).map(|_| queue.add(5, waiter())).collect();
        assert_eq!(due(&mut queue, 5, &armed), (0..200).collect::<Vec<_>>());
    }

    #[test]
    fn a_deadline_that_is_exactly_now_is_due() {
        let mut queue = TimerHeap::default();
        queue.add(7, waiter());
        assert!(queue.pop_due(6).is_none());
        assert!(queue.pop_due(7).is_some());
    }

    #[test]
    fn a_timer_that_never_comes_is_no_deadline() {
        let mut queue = TimerHeap::default();
        let never = queue.add(NEVER, waiter());
        assert_eq!(queue.next_deadline(), None);
        queue.add(3, waiter());
        assert_eq!(queue.next_deadline(), Some(3));
        queue.cancel(never);
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn a_cancelled_timer_frees_its_slot_at_once() {
        let mut queue = TimerHeap::default();
        queue.add(NEVER - 1, waiter());
        for _ in 0..10_000 {
            let key = queue.add(1_000_000, waiter());
            queue.cancel(key);
        }
        assert_eq!(queue.len(), 1);
        assert_eq!(
            queue.add(0, waiter()).index(),
            1,
            "one slot served them all"
        );
    }

    #[test]
    fn a_rescheduled_timer_comes_at_its_new_deadline_only() {
        let mut queue = TimerHeap::default();
        let armed: Vec<_> = [10, 20, 30].map(|at| queue.add(at, waiter())).to_vec();
        assert!(queue.reschedule(armed[2], 5));
        assert!(
            queue.reschedule(armed[0], 20),
            "behind the one that is there"
        );
        assert_eq!(due(&mut queue, 100, &armed), [2, 1, 0]);
        assert!(!queue.reschedule(armed[0], 50), "it has fired");
    }

    #[test]
    fn ties_stay_exact_when_the_numbers_of_arrival_run_out() {
        let mut queue = TimerHeap {
            next_sequence: u32::MAX - 3,
            ..TimerHeap::default()
        };
        let armed: Vec<_> = (0..10).map(|_| queue.add(1, waiter())).collect();
        assert_eq!(due(&mut queue, 1, &armed), (0..10).collect::<Vec<_>>());
    }

    /// Compares with the simplest possible model, a sorted list.
    #[test]
    fn a_long_mix_of_arming_cancelling_and_firing_agrees_with_a_sorted_list() {
        let mut queue = TimerHeap::default();
        let mut model: Vec<(Nanos, u32, TimerKey)> = Vec::new();
        let mut state = 1u64;
        let mut random = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % below
        };
        // Miri is a thousand times slower and checks memory, not sizes.
        let steps = if cfg!(miri) { 300 } else { 20_000u32 };
        for step in 0..steps {
            match random(5) {
                0..=2 => {
                    let deadline = Nanos::from(step) / 10 + random(50);
                    model.push((deadline, step, queue.add(deadline, waiter())));
                }
                3 if !model.is_empty() => {
                    let at = random(model.len() as u64) as usize;
                    queue.cancel(model.swap_remove(at).2);
                }
                _ => {
                    let now = Nanos::from(step) / 10;
                    model.sort_unstable_by_key(|(deadline, step, _)| (*deadline, *step));
                    let due = model.iter().take_while(|entry| entry.0 <= now).count();
                    for (_, _, expected) in model.drain(..due) {
                        assert_eq!(queue.pop_due(now).map(|(key, _)| key), Some(expected));
                    }
                    assert!(queue.pop_due(now).is_none());
                }
            }
            assert_eq!(queue.len(), model.len());
        }
    }
}
