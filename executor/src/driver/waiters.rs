//! The waiters of one direction of a source, in the order in which they came.
//!
//! **Invariant:** an event wakes every waiter, and a woken waiter keeps its
//! place until it has tried: so none is forgotten, those that find nothing stay
//! in front of those that come later, and one that was dropped, or is never
//! polled again, takes nothing from the others.
//!
//! The usual case is one waiter, which is stored in place; more are in a map by
//! ticket. A future that waits has a ticket and gives it back when it is
//! dropped. Users of the poll traits (`AsyncRead`) have no destructor: their
//! entry is found by task and waker, so polling again adds none.
//!
//! Plain data; used by `reactor` only. Imports `base`.

use std::collections::{BTreeMap, VecDeque};
use std::task::Waker;

use crate::base::slab::TaskKey;
use crate::base::waiter::Waiter;

/// See `event_loop::run`, which this layer cannot import.
const POLLS_BETWEEN_LOOKS: u32 = 61;

/// The place of a waiter: lower ones came earlier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Ticket(pub(super) u64);

/// Whose wait it is.
#[derive(Clone, Copy)]
pub(crate) enum Who<'a> {
    /// A future, with its ticket from the first wait on.
    Future(Option<Ticket>),
    /// A poll trait, polled by a task: with the task's own waker (`None`) or
    /// with another one, of a child in a foreign combinator.
    Poll(Option<TaskKey>, Option<&'a Waker>),
}

pub(super) struct Entry {
    /// Once woken, only its task is left.
    waiter: Waiter,
    is_woken: bool,
    owner: Owner,
}

/// The owner of an entry, by which it is found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// A future, by its ticket.
    Future,
    /// A poll trait, by the task.
    Task,
    /// A poll trait, by the waker; once that was used, by the address of its
    /// data. A false match costs a woken waiter its place.
    Child(usize),
}

/// The waiters of one direction.
pub(super) enum Waiters {
    /// One at most, which is not woken: an event takes it out.
    Few(Option<(Ticket, Entry)>),
    Many(Crowd),
}

/// More than one waiter.
pub(super) struct Crowd {
    all: BTreeMap<Ticket, Entry>,
    /// With more waiters than this, see [`sweep`](Self::sweep).
    limit: usize,
    /// The looks at the poller before the last sweep.
    swept_at: u64,
    /// Whether the limit is twice the number of those that came back.
    is_measured: bool,
}

/// The first limit of a crowd: a handful costs nothing.
const FEW: usize = 64;

/// What an attempt must do first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Turn {
    /// Try; the ticket is that of the waiter, if it has one.
    Try(Option<Ticket>),
    /// Let those that were woken before try first, for one turn.
    AfterOthers,
    /// Wait for an event.
    Wait,
}

/// What became of a waiter that was set.
pub(crate) struct Placed {
    pub(crate) ticket: Ticket,
    /// Whether the task waits as of now, and did not before.
    pub(crate) is_new: bool,
    /// To be dropped with nothing borrowed.
    pub(crate) displaced: Waiter,
    /// To be woken.
    pub(crate) swept: Vec<Waiter>,
}

impl Default for Waiters {
    fn default() -> Self {
        Waiters::Few(None)
    }
}

impl Waiters {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Waiters::Few(None))
    }

    fn iter(&self) -> impl Iterator<Item = (Ticket, &Entry)> {
        let (one, all) = match self {
            Waiters::Few(one) => (one.as_ref(), None),
            Waiters::Many(crowd) => (None, Some(&crowd.all)),
        };
        let one = one.map(|(ticket, entry)| (*ticket, entry)).into_iter();
        let all = all.into_iter().flatten();
        one.chain(all.map(|(ticket, entry)| (*ticket, entry)))
    }

    fn get_mut(&mut self, ticket: Ticket) -> Option<&mut Entry> {
        match self {
            Waiters::Few(Some((it, entry))) if *it == ticket => Some(entry),
            Waiters::Few(_) => None,
            Waiters::Many(crowd) => crowd.all.get_mut(&ticket),
        }
    }

    /// Returns whether one that waits, and was not woken, satisfies a predicate.
    #[inline]
    pub(super) fn is_any_waiting(&self, is_it: impl Fn(&Waiter) -> bool) -> bool {
        match self {
            Waiters::Few(None) => false,
            Waiters::Few(Some((_, entry))) => is_it(&entry.waiter),
            Waiters::Many(_) => self.waiting().any(is_it),
        }
    }

    /// Returns those that wait and were not woken.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Waiter> {
        let waiting = self.iter().filter(|(_, entry)| !entry.is_woken);
        waiting.map(|(_, entry)| &entry.waiter)
    }

    /// Returns the ticket of a waiter that is in the list.
    pub(super) fn find(&self, who: Who<'_>) -> Option<Ticket> {
        if let Who::Future(ticket) = who {
            return ticket.filter(|ticket| self.contains(*ticket));
        }
        let mut all = self.iter();
        let found = all.find(|(_, entry)| entry.belongs_to(who))?;
        Some(found.0)
    }

    fn contains(&self, ticket: Ticket) -> bool {
        match self {
            Waiters::Few(one) => one.as_ref().is_some_and(|(it, _)| *it == ticket),
            Waiters::Many(crowd) => crowd.all.contains_key(&ticket),
        }
    }

    /// Returns whether a waiter that is not in the list must let another go
    /// first: one that was woken and has not tried since.
    pub(super) fn is_first_woken(&self) -> bool {
        let first = self.iter().next();
        first.is_some_and(|(_, entry)| entry.is_woken)
    }

    /// Removes those in front of a ticket that were woken: they have had a turn
    /// and did not try. If they come yet, they are last.
    pub(super) fn pass(&mut self, ticket: Ticket) {
        let Waiters::Many(crowd) = self else { return };
        while let Some(first) = crowd.all.first_entry() {
            if *first.key() >= ticket || !first.get().is_woken {
                break;
            }
            first.remove();
        }
    }

    /// Stores the only waiter; returns it if there are others.
    #[inline]
    pub(super) fn place_alone(
        &mut self,
        ticket: Ticket,
        is_future: bool,
        waiter: Waiter,
    ) -> Result<(), Waiter> {
        let Waiters::Few(one @ None) = self else {
            return Err(waiter);
        };
        let owner = match is_future {
            true => Owner::Future,
            false => Owner::of(Who::poll(&waiter)),
        };
        let is_woken = false;
        *one = Some((
            ticket,
            Entry {
                waiter,
                is_woken,
                owner,
            },
        ));
        Ok(())
    }

    /// Sets the waiter of an entry that it has, or adds one with the next ticket.
    /// `looks` counts those at the poller.
    pub(super) fn place(
        &mut self,
        future: Option<Option<Ticket>>,
        waiter: Waiter,
        next: Ticket,
        looks: u64,
    ) -> Placed {
        let who = future.map_or_else(|| Who::poll(&waiter), Who::Future);
        let (found, owner) = (self.find(who), Owner::of(who));
        let mut placed = Placed {
            ticket: next,
            is_new: true,
            displaced: Waiter::default(),
            swept: Vec::new(),
        };
        if let Some((ticket, entry)) = found.and_then(|it| Some((it, self.get_mut(it)?))) {
            placed.ticket = ticket;
            placed.is_new = entry.is_woken || entry.waiter.task != waiter.task;
            placed.displaced = std::mem::replace(&mut entry.waiter, waiter);
            entry.is_woken = false;
            return placed;
        }
        let entry = Entry {
            owner,
            waiter,
            is_woken: false,
        };
        match self {
            Waiters::Few(one @ None) => *one = Some((next, entry)),
            Waiters::Few(one) => {
                let mut crowd = Crowd::new(one.take());
                crowd.all.insert(next, entry);
                *self = Waiters::Many(crowd);
            }
            Waiters::Many(crowd) => {
                placed.swept = crowd.sweep(looks);
                crowd.all.insert(next, entry);
            }
        }
        placed
    }

    /// Marks a waiter as woken by itself.
    pub(super) fn set_woken(&mut self, ticket: Ticket) -> Waiter {
        let entry = self.get_mut(ticket);
        entry.map(Entry::wake).unwrap_or_default()
    }

    /// Removes a waiter; returns it, to be dropped with nothing borrowed, and
    /// whether it was waiting.
    pub(super) fn remove(&mut self, ticket: Ticket) -> Option<(Waiter, bool)> {
        let entry = match self {
            Waiters::Few(one) => one.take_if(|(it, _)| *it == ticket)?.1,
            Waiters::Many(crowd) => {
                let entry = crowd.all.remove(&ticket)?;
                self.shrink();
                entry
            }
        };
        Some((entry.waiter, !entry.is_woken))
    }

    /// Moves all waiters to `woken`. A lone one needs no place.
    #[inline]
    pub(super) fn wake_all(&mut self, woken: &mut VecDeque<Waiter>) {
        match self {
            Waiters::Few(None) => {}
            Waiters::Few(Some((_, entry))) => {
                let waiter = entry.waiter.take();
                *self = Waiters::Few(None);
                woken.push_back(waiter);
            }
            Waiters::Many(_) => self.wake_many(woken),
        }
    }

    #[cold]
    fn wake_many(&mut self, woken: &mut VecDeque<Waiter>) {
        let Waiters::Many(crowd) = self else { return };
        // Those that were woken before and have not tried since lose their
        // place: they may have been dropped.
        crowd.all.retain(|_, entry| !entry.is_woken);
        woken.extend(crowd.all.values_mut().map(Entry::wake));
        self.shrink();
    }

    fn shrink(&mut self) {
        if matches!(self, Waiters::Many(crowd) if crowd.all.is_empty()) {
            *self = Waiters::default();
        }
    }

    /// Takes all waiters out, in order.
    pub(super) fn take(&mut self) -> VecDeque<Waiter> {
        let mut woken = VecDeque::new();
        self.wake_all(&mut woken);
        *self = Waiters::default();
        woken
    }
}

impl Crowd {
    fn new(first: Option<(Ticket, Entry)>) -> Self {
        Crowd {
            all: first.into_iter().collect(),
            limit: FEW,
            swept_at: 0,
            is_measured: true,
        }
    }

    /// Takes out the entries of poll traits, to be woken, once there are twice
    /// as many waiters as are known to be alive: a read that was given up left
    /// its entry, and the others come back when they are polled. So a crowd is
    /// at most a few times as large as it must be, and each entry pays for one
    /// needless wake at most.
    fn sweep(&mut self, looks: u64) -> Vec<Waiter> {
        let len = self.all.len();
        if len < self.limit {
            return Vec::new();
        }
        // Between two looks are at most that many polls, or all there were.
        let polled = u64::from(POLLS_BETWEEN_LOOKS) * (looks - self.swept_at);
        if !self.is_measured || polled < len as u64 {
            self.is_measured = polled >= len as u64;
            self.limit = 2 * len;
            return Vec::new();
        }
        (self.limit, self.swept_at, self.is_measured) = (FEW, looks, false);
        let all = std::mem::take(&mut self.all).into_iter();
        let (futures, swept) = all.partition(|(_, entry)| entry.owner == Owner::Future);
        self.all = futures;
        let swept: BTreeMap<Ticket, Entry> = swept;
        swept.into_values().map(|entry| entry.waiter).collect()
    }
}

impl<'a> Who<'a> {
    /// Returns the party of a poll trait that made a waiter.
    fn poll(waiter: &'a Waiter) -> Self {
        Who::Poll(waiter.task, waiter.waker.as_ref())
    }
}

impl Entry {
    fn belongs_to(&self, who: Who<'_>) -> bool {
        match (&self.waiter.waker, who) {
            (_, Who::Future(_)) => false,
            (Some(own), Who::Poll(_, Some(waker))) => {
                self.owner != Owner::Future && own.will_wake(waker)
            }
            (None, Who::Poll(_, Some(_))) => self.owner == Owner::of(who),
            (_, Who::Poll(task, None)) => self.owner == Owner::Task && self.waiter.task == task,
        }
    }

    fn wake(&mut self) -> Waiter {
        self.is_woken = true;
        Waiter {
            task: self.waiter.task,
            waker: self.waiter.waker.take(),
        }
    }
}

impl Owner {
    fn of(who: Who<'_>) -> Self {
        match who {
            Who::Future(_) => Owner::Future,
            Who::Poll(_, None) => Owner::Task,
            Who::Poll(_, Some(waker)) => Owner::Child(waker.data().addr()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::Wake;

    use super::*;
    use crate::base::slab::{Slab, kind};

    /// Waiters, with tickets and tasks to give them.
    #[derive(Default)]
    struct Source {
        waiters: Waiters,
        last: u64,
        looks: u64,
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
            self.waiters.place(future, waiter, next, self.looks)
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

    #[test]
    fn given_up_polls_are_swept_and_living_ones_are_not_woken_without_end() {
        let mut source = Source::default();
        let living: [TaskKey; 200] = tasks();
        let mut dead = Slab::<{ kind::TASK }, ()>::default();
        for _ in 0..200 {
            dead.insert(()); // other keys than those of the living
        }
        let (mut most, mut wakes) = (0, 0);
        for task in living {
            source.poll(task);
        }
        for _ in 0..3_000 {
            source.looks += 1;
            let task = dead.insert(());
            let placed = source.place(None, by_key(task));
            wakes += placed.swept.len();
            for waiter in placed.swept {
                if living.contains(&waiter.task.unwrap()) {
                    source.poll(waiter.task.unwrap());
                }
            }
            most = most.max(source.waiters.waiting().count());
        }
        assert!(most <= 4 * living.len(), "{most} entries");
        assert!(wakes <= 6_000, "{wakes} wakes");
    }
}
