//! Tasks that wait for one thing, and how they are told.
//!
//! **Invariant:** nobody is woken while the line is borrowed, because a waker
//! may be anybody's code; and the list of places costs nothing until somebody
//! really waits: it is made at the first wait.
//!
//! Used by everything in `sync`. A task of the loop that runs here is woken by
//! its number, everybody else (a future that `futures`' executor polls, say)
//! by its waker.

use std::cell::{Cell, OnceCell, RefCell};
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use super::line::{Call, Line, Sleeper};
use crate::info::{QueueOperation, Wait};
use crate::runtime::{Holder, Runtime, WaitPoint, contain};
use crate::slab::{PlaceKey, TaskKey};
use crate::waker::Waiter;

/// The loop around a poll, if there is one.
pub(super) struct Here(Option<Rc<Runtime>>);

impl Here {
    #[inline]
    pub(super) fn now() -> Self {
        Here(Runtime::current())
    }

    /// See [`Runtime::afford`]. Elsewhere there is no budget.
    #[inline]
    pub(super) fn afford(&self, cx: &Context<'_>) -> Poll<()> {
        match &self.0 {
            Some(runtime) => runtime.afford(cx),
            None => Poll::Ready(()),
        }
    }

    #[inline]
    pub(super) fn spend(&self) {
        if let Some(runtime) = &self.0 {
            runtime.spend();
        }
    }

    /// Whoever runs now, as the holder of what was taken at `site`.
    #[inline]
    pub(super) fn holder(&self, site: &'static Location<'static>) -> Holder {
        let runtime = self.0.as_ref();
        Holder {
            task: runtime.and_then(|runtime| runtime.polled_task()),
            home: runtime.map_or(0, |runtime| runtime.number()),
            site,
        }
    }

    fn sleeper(&self, cx: &Context<'_>) -> Sleeper {
        match &self.0 {
            Some(runtime) => Sleeper {
                waiter: runtime.waiter(cx),
                home: runtime.number(),
            },
            None => Sleeper {
                waiter: Waiter {
                    task: None,
                    waker: Some(cx.waker().clone()),
                },
                home: 0,
            },
        }
    }
}

impl Sleeper {
    #[inline]
    fn wake(self) {
        if let (None, Some(task)) = (&self.waiter.waker, self.waiter.task) {
            let is_here = Runtime::with(|here| {
                let is_here = here.number() == self.home;
                if is_here {
                    here.ready.wake(task);
                }
                is_here
            });
            if is_here == Some(true) {
                return;
            }
        }
        self.wake_elsewhere();
    }

    #[cold]
    fn wake_elsewhere(self) {
        match Runtime::find(self.home) {
            Some(home) => home.wake(self.waiter),
            // A task that is named by number is gone with its loop.
            None => {
                if let Some(waker) = self.waiter.waker {
                    contain("a waker", || waker.wake());
                }
            }
        }
    }

    fn is_woken_by(&self, cx: &Context<'_>) -> bool {
        let waker = self.waiter.waker.as_ref();
        waker.is_some_and(|waker| waker.will_wake(cx.waker()))
    }
}

/// Who was called, and is to be woken.
#[must_use = "it was called and must be woken"]
pub(super) struct Called {
    pub(super) wanted: usize,
    sleeper: Sleeper,
}

impl Called {
    #[inline]
    pub(super) fn wake(self) {
        self.sleeper.wake();
    }
}

/// What is waited for, for listings.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Lock,
    Semaphore,
    Event,
    Queue(QueueOperation),
}

/// How far a future that may have to wait has come.
pub(super) enum Progress {
    New,
    Waiting(PlaceKey),
    Over,
}

/// The waiters for one thing.
pub(super) struct Waiters {
    kind: Kind,
    name: Option<Rc<str>>,
    /// From the first wait on.
    desk: OnceCell<Rc<Desk>>,
}

/// The line, and what a listing tells of it. Its own allocation, so that the
/// loop can look at it and need not be told when it goes.
struct Desk {
    kind: Kind,
    name: Option<Rc<str>>,
    line: RefCell<Line>,
    /// The loop that knows of it.
    known_in: Cell<u64>,
    holder: Cell<Option<Holder>>,
}

impl Waiters {
    pub(super) const fn new(kind: Kind) -> Self {
        Waiters {
            kind,
            name: None,
            desk: OnceCell::new(),
        }
    }

    pub(super) fn named(kind: Kind, name: &Rc<str>) -> Self {
        Waiters {
            kind,
            name: Some(Rc::clone(name)),
            desk: OnceCell::new(),
        }
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Does nobody wait?
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.desk
            .get()
            .is_none_or(|desk| desk.line.borrow().is_empty())
    }

    /// Gets in line.
    pub(super) fn wait(
        &self,
        here: &Here,
        cx: &Context<'_>,
        wanted: usize,
        site: &'static Location<'static>,
    ) -> PlaceKey {
        let desk = self.desk.get_or_init(|| Rc::new(self.new_desk()));
        if let Some(runtime) = &here.0 {
            if desk.known_in.replace(runtime.number()) != runtime.number() {
                let desk: Weak<Desk> = Rc::downgrade(desk);
                runtime.waits.list(desk);
            }
            runtime.waits.note_change();
        }
        let sleeper = here.sleeper(cx);
        desk.line.borrow_mut().join(sleeper, wanted, site)
    }

    #[cold]
    fn new_desk(&self) -> Desk {
        Desk {
            kind: self.kind,
            name: self.name.clone(),
            line: RefCell::default(),
            known_in: Cell::new(0),
            holder: Cell::new(None),
        }
    }

    /// Asks, in another poll, whether a waiter was called; if so its place is
    /// given back.
    pub(super) fn poll(&self, here: &Here, cx: &Context<'_>, key: PlaceKey) -> Poll<Call> {
        let Some(desk) = self.desk.get() else {
            unreachable!("whoever has a key has been in line");
        };
        let call = desk.line.borrow_mut().take_call(key);
        if let Some(call) = call {
            return Poll::Ready(call);
        }
        desk.renew(here, cx, key);
        Poll::Pending
    }

    /// Leaves the line; says what it was told, if it had been called.
    pub(super) fn leave(&self, key: PlaceKey) -> Option<Call> {
        let desk = self.desk.get()?;
        let place = desk.line.borrow_mut().leave(key)?;
        place.call
    }

    /// Calls the first in line, if it wants no more than `most`. The caller
    /// wakes it.
    #[inline]
    pub(super) fn call_first(&self, most: usize) -> Option<Called> {
        let desk = self.desk.get()?;
        let called = desk.line.borrow_mut().call_first(Call::Granted, most);
        called.map(|(wanted, sleeper)| Called { wanted, sleeper })
    }

    /// Calls the first in line and wakes it.
    #[inline]
    pub(super) fn grant_first(&self) {
        if let Some(called) = self.call_first(usize::MAX) {
            called.wake();
        }
    }

    /// Calls everybody who is in line now, then wakes them, in their order.
    pub(super) fn call_all(&self, call: Call) {
        let Some(desk) = self.desk.get() else {
            return;
        };
        let called: Vec<_> = {
            let mut line = desk.line.borrow_mut();
            std::iter::from_fn(|| line.call_first(call, usize::MAX)).collect()
        };
        called.into_iter().for_each(|(_, sleeper)| sleeper.wake());
    }

    /// Notes, for listings, who has what the others wait for.
    #[inline]
    pub(super) fn note_holder(&self, holder: Option<Holder>) {
        if let Some(desk) = self.desk.get() {
            desk.holder.set(holder);
        }
    }
}

impl Desk {
    /// The waiter may have another waker, or another task may poll it now.
    fn renew(&self, here: &Here, cx: &Context<'_>, key: PlaceKey) {
        let mut line = self.line.borrow_mut();
        let place = line.get_mut(key).expect("it waits");
        if place.sleeper.is_woken_by(cx) {
            return;
        }
        drop(line);
        let sleeper = here.sleeper(cx);
        let mut line = self.line.borrow_mut();
        let place = line.get_mut(key).expect("it waits");
        let displaced = std::mem::replace(&mut place.sleeper, sleeper);
        drop(line);
        drop(displaced);
    }

    fn wait_of(&self, wanted: usize, site: &'static Location<'static>) -> Wait {
        let name = self.name.as_deref().map(str::to_owned);
        match self.kind {
            Kind::Lock => Wait::Lock {
                name,
                site,
                holder: None,
            },
            Kind::Semaphore => Wait::Semaphore {
                name,
                site,
                permits: wanted,
            },
            Kind::Event => Wait::Event { name, site },
            Kind::Queue(operation) => Wait::Queue {
                name,
                site,
                operation,
            },
        }
    }
}

impl WaitPoint for Desk {
    fn waits(&self, home: u64, tell: &mut dyn FnMut(TaskKey, Wait)) {
        for place in self.line.borrow().iter() {
            if place.call.is_some() || place.sleeper.home != home {
                continue;
            }
            if let Some(task) = place.sleeper.waiter.task {
                tell(task, self.wait_of(place.wanted, place.site));
            }
        }
    }

    /// Whoever was called next is as good as the holder already.
    fn holder(&self) -> Option<Holder> {
        let line = self.line.borrow();
        let called = line.iter().find(|place| place.call == Some(Call::Granted));
        let called = called.map(|place| Holder {
            task: place.sleeper.waiter.task,
            home: place.sleeper.home,
            site: place.site,
        });
        called.or(self.holder.get())
    }
}
