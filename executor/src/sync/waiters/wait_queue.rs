//! The wait list of one primitive, as the loop reads it for listings.
//!
//! **Invariant:** while the list is borrowed no waker is woken or dropped,
//! because that may run any code.
//!
//! Created by `waiters`; read by the loop through [`WaitPoint`].

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Context;

use super::current_loop::CurrentLoop;
use super::holder::Holder;
use crate::base::slab::WaitKey;
use crate::base::task_info::{LockHolder, Wait};
use crate::base::waiter::Waiter;
use crate::event_loop::runtime::{Runtime, WaitPoint};
use crate::sync::wait_list::{Outcome, WaitEntry, WaitList, Wanted};

/// The part of [`Waiters`](super::Waiters) that the loop reads for listings. Its own
/// allocation, so that the loop can hold a `Weak`, and dropping it does no work.
#[derive(Default)]
pub(super) struct WaitQueue {
    pub(super) name: Option<Rc<str>>,
    pub(super) list: RefCell<WaitList>,
    /// The id of the loop that last registered this as a wait point.
    pub(super) registered_in: Cell<u64>,
    /// The holder of a lock; `None` for everything else.
    pub(super) holder: Cell<Option<Holder>>,
}

impl WaitQueue {
    /// Replaces the waiter of an entry if another task, or with another waker,
    /// polls the future now.
    pub(super) fn update_waiter(&self, current: &CurrentLoop, cx: &Context<'_>, key: WaitKey) {
        let mut list = self.list.borrow_mut();
        let entry = list.get_mut(key).expect("the future waits");
        if entry.waiter.is_woken_by(cx) {
            return;
        }
        drop(list);
        let waiter = current.waiter(cx);
        let mut list = self.list.borrow_mut();
        let entry = list.get_mut(key).expect("the future waits");
        let displaced = match entry.outcome {
            None => std::mem::replace(&mut entry.waiter, waiter),
            // The clone of a foreign waker ended the wait, and woke the former one.
            Some(_) => waiter,
        };
        let is_resolved = entry.outcome.is_some();
        drop(list);
        drop(displaced);
        if is_resolved {
            cx.waker().wake_by_ref();
        }
    }

    /// Returns the holder of a lock. A wait that was granted and whose future
    /// was not polled since counts as the holder.
    fn holder(&self) -> Option<Holder> {
        let list = self.list.borrow();
        let granted = list
            .iter()
            .find(|entry| entry.outcome == Some(Outcome::Granted));
        let granted = granted.map(|entry| Holder {
            task: entry.waiter.inner.task,
            loop_id: entry.waiter.loop_id,
            site: entry.site,
        });
        granted.or(self.holder.get())
    }

    fn describe(&self, entry: &WaitEntry, holder: Option<&LockHolder>) -> Wait {
        let name = self.name.as_deref().map(str::to_owned);
        let site = entry.site;
        match entry.wanted {
            Wanted::Lock => Wait::Lock {
                name,
                site,
                holder: holder.cloned(),
            },
            Wanted::Permits(permits) => Wait::Semaphore {
                name,
                site,
                permits,
            },
            Wanted::Event => Wait::Event { name, site },
            Wanted::Queue(operation) => Wait::Queue {
                name,
                site,
                operation,
            },
        }
    }
}

impl WaitPoint for WaitQueue {
    fn waits(&self, runtime: &Runtime, add: &mut dyn FnMut(&Waiter, Wait)) {
        let holder = self.holder().map(|holder| holder.describe(runtime));
        for entry in self.list.borrow().iter() {
            if entry.outcome.is_some() || entry.waiter.loop_id != runtime.id() {
                continue;
            }
            add(&entry.waiter.inner, self.describe(entry, holder.as_ref()));
        }
    }
}
