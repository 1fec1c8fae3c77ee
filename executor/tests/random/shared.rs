//! The reference model's locks, semaphores, events and queues.
//!
//! Invariant: waiters are called in the order in which they came, and what a
//! call grants stays with its waiter. Called by `model`, which wakes the called
//! waiters.

use std::collections::{BTreeSet, VecDeque};

use crate::program::Step;

/// Lines 0 and 1 are locks, 2 and 3 semaphores, 4 and 5 events; then come the
/// getters of the queues, and their putters.
const EVENTS: usize = 4;
const GETTERS: usize = 6;
const PUTTERS: usize = 8;

/// The target of a wake: a task, or a child of a large gather.
#[derive(Clone, Copy)]
pub(crate) enum Wake {
    Task(usize),
    Child(usize, usize),
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<(u64, Wake)>,
    called: BTreeSet<u64>,
}

/// What the waiter at the front of a line got, and which waiters were called
/// because of it.
#[derive(Default)]
pub(crate) struct Got {
    pub(crate) item: u32,
    pub(crate) called: Vec<Wake>,
}

pub(crate) struct Shared {
    lines: [Line; 10],
    free: [usize; 4],
    set: [bool; 2],
    items: [VecDeque<u32>; 2],
    room: [usize; 2],
    next_ticket: u64,
}

impl Shared {
    pub(crate) fn new(bounded: bool) -> Self {
        Shared {
            lines: Default::default(),
            free: [1, 1, 1, 2],
            set: [false; 2],
            items: Default::default(),
            room: [usize::MAX, if bounded { 1 } else { usize::MAX }],
            next_ticket: 0,
        }
    }

    /// The line in which a step stands, if it does.
    pub(crate) fn line_of(step: &Step) -> Option<usize> {
        Some(match step {
            Step::Lock(which, _) => usize::from(*which),
            Step::Permit(which, _) => 2 + usize::from(*which),
            Step::Wait(which) => EVENTS + usize::from(*which),
            Step::Get(which) => GETTERS + usize::from(*which),
            Step::Put(which) => PUTTERS + usize::from(*which),
            _ => return None,
        })
    }

    /// Returns whether a newcomer gets what the line is for without waiting.
    fn is_open(&self, line: usize) -> bool {
        match line {
            ..EVENTS => self.free[line] > 0,
            EVENTS..GETTERS => self.set[line - EVENTS],
            GETTERS..PUTTERS => self.items[line - GETTERS].len() > self.lines[line].called.len(),
            _ => {
                let taken = self.items[line - PUTTERS].len() + self.lines[line].called.len();
                taken < self.room[line - PUTTERS]
            }
        }
    }

    /// What the front of a line gets; `item` is what it would put.
    fn take(&mut self, line: usize, item: u32) -> Got {
        match line {
            ..GETTERS => Got::default(),
            GETTERS..PUTTERS => {
                let item = self.items[line - GETTERS].pop_front();
                Got {
                    item: item.expect("it was promised"),
                    called: self.call(line - GETTERS + PUTTERS),
                }
            }
            _ => {
                self.items[line - PUTTERS].push_back(item);
                Got {
                    item,
                    called: self.call(line - PUTTERS + GETTERS),
                }
            }
        }
    }

    /// Calls as many as there is something for.
    fn call(&mut self, line: usize) -> Vec<Wake> {
        let mut called = Vec::new();
        while self.is_open(line) {
            let Some((ticket, wake)) = self.lines[line].waiting.pop_front() else {
                break;
            };
            if line < EVENTS {
                self.free[line] -= 1;
            }
            self.lines[line].called.insert(ticket);
            called.push(wake);
        }
        called
    }

    /// Gets through at once, or gets a ticket.
    pub(crate) fn enter(&mut self, line: usize, item: u32, wake: Wake) -> Result<Got, u64> {
        if self.is_open(line) {
            if line < EVENTS {
                self.free[line] -= 1;
            }
            return Ok(self.take(line, item));
        }
        self.next_ticket += 1;
        let place = (self.next_ticket, wake);
        self.lines[line].waiting.push_back(place);
        Err(self.next_ticket)
    }

    /// Returns what the holder of a ticket gets, if it was called.
    pub(crate) fn take_call(&mut self, line: usize, ticket: u64, item: u32) -> Option<Got> {
        let was_called = self.lines[line].called.remove(&ticket);
        was_called.then(|| self.take(line, item))
    }

    /// Removes the holder of a ticket: what it was granted goes to the next waiter.
    pub(crate) fn leave(&mut self, line: usize, ticket: u64) -> Vec<Wake> {
        let was_called = self.lines[line].called.remove(&ticket);
        self.lines[line].waiting.retain(|(own, _)| *own != ticket);
        match line {
            ..EVENTS if was_called => self.give_back(line),
            EVENTS..GETTERS => Vec::new(),
            _ if was_called => self.call(line),
            _ => Vec::new(),
        }
    }

    /// A lock or a permit is free again.
    pub(crate) fn give_back(&mut self, line: usize) -> Vec<Wake> {
        self.free[line] += 1;
        self.call(line)
    }

    pub(crate) fn set(&mut self, which: u8) -> Vec<Wake> {
        let event = usize::from(which);
        self.set[event] = true;
        self.call(EVENTS + event)
    }

    pub(crate) fn clear(&mut self, which: u8) {
        self.set[usize::from(which)] = false;
    }
}
