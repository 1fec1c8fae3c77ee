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
//! entry is found by task and waker, so polling again adds none. If their task was
//! polled and they were not, they may have been given up, or a combinator left
//! them out: a needless wake tells the two apart.
//!
//! Plain data; used by `reactor` only. Imports `base`.

use std::collections::{BTreeMap, VecDeque};
use std::task::Waker;

use crate::base::slab::TaskKey;
use crate::base::waiter::Waiter;

#[cfg(test)]
mod tests;

/// Returns how often a task was polled; `None` if it has ended.
pub(crate) type PollsOf<'a> = dyn Fn(TaskKey) -> Option<u32> + 'a;

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
    /// How often its task had been polled when it last waited or was swept.
    polls: u32,
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
    /// With this many, see [`sweep`](Self::sweep).
    limit: usize,
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

    /// Returns whether one waits that has not been given up for certain.
    #[inline]
    pub(super) fn is_any_waiting(&self, polls_of: &PollsOf<'_>) -> bool {
        let waits = |entry: &Entry| !entry.is_woken && !entry.may_be_given_up(polls_of);
        match self {
            Waiters::Few(one) => one.as_ref().is_some_and(|(_, entry)| waits(entry)),
            Waiters::Many(crowd) => crowd.all.values().any(waits),
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
        polls: u32,
    ) -> Result<(), Waiter> {
        let Waiters::Few(one @ None) = self else {
            return Err(waiter);
        };
        *one = Some((ticket, Entry::new(is_future, waiter, polls)));
        Ok(())
    }

    /// Sets the waiter of an entry that it has, or adds one with the next ticket.
    pub(super) fn place(
        &mut self,
        future: Option<Option<Ticket>>,
        waiter: Waiter,
        next: Ticket,
        polls_of: &PollsOf<'_>,
    ) -> Placed {
        let of_poll = Who::Poll(waiter.task, waiter.waker.as_ref());
        let found = self.find(future.map_or(of_poll, Who::Future));
        let polls = waiter.task.and_then(polls_of).unwrap_or_default();
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
            (entry.is_woken, entry.polls) = (false, polls);
            return placed;
        }
        let entry = Entry::new(future.is_some(), waiter, polls);
        match self {
            Waiters::Few(one @ None) => *one = Some((next, entry)),
            Waiters::Few(one) => {
                let all = one.take().into_iter().chain([(next, entry)]).collect();
                *self = Waiters::Many(Crowd { all, limit: FEW });
            }
            Waiters::Many(crowd) => {
                placed.swept = crowd.sweep(polls_of);
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

    /// Returns the first that waits, marked as woken.
    pub(super) fn wake_first(&mut self) -> Option<Waiter> {
        match self {
            Waiters::Few(one) => one.take().map(|(_, entry)| entry.waiter),
            Waiters::Many(crowd) => {
                let mut waiting = crowd.all.values_mut().filter(|entry| !entry.is_woken);
                waiting.next().map(Entry::wake)
            }
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
    /// Once the crowd has doubled, returns what may have been given up, to be woken.
    /// What was so at the last sweep, too, and did not come back, loses its place. So
    /// a crowd is at most a few times as large as it must be.
    fn sweep(&mut self, polls_of: &PollsOf<'_>) -> Vec<Waiter> {
        let (mut swept, mut kept) = (Vec::new(), 0);
        if self.all.len() < self.limit {
            return swept;
        }
        self.all.retain(|_, entry| {
            // The polls of another executor are not known.
            let is_foreign = entry.owner != Owner::Future && entry.waiter.task.is_none();
            if !is_foreign && !entry.may_be_given_up(polls_of) {
                kept += 1;
                return true;
            }
            let did_not_come = entry.is_woken;
            entry.polls = entry.waiter.task.and_then(polls_of).unwrap_or_default();
            swept.push(entry.wake());
            !did_not_come
        });
        self.limit = self.all.len() + FEW.max(kept);
        swept
    }
}

impl Entry {
    fn new(is_future: bool, waiter: Waiter, polls: u32) -> Self {
        let who = match is_future {
            true => Who::Future(None),
            false => Who::Poll(waiter.task, waiter.waker.as_ref()),
        };
        Entry {
            owner: Owner::of(who),
            waiter,
            is_woken: false,
            polls,
        }
    }

    /// Returns whether its task was polled without it, or has ended. A future
    /// gives its ticket back.
    fn may_be_given_up(&self, polls_of: &PollsOf<'_>) -> bool {
        let is_out_of_date = |task| polls_of(task) != Some(self.polls);
        self.owner != Owner::Future && self.waiter.task.is_some_and(is_out_of_date)
    }

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
