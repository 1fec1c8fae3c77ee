//! What comes to the loop from outside, and how it sleeps until something
//! does: mail, thread jobs, the clock.
//!
//! **Invariant:** a thread job stays in the table until its end has reached
//! the loop, whether or not anybody still awaits it; while there is one, a
//! virtual clock stands still and nothing is a stall.

#[cfg(all(test, executor_loom))]
mod model;

use std::io;

use super::{Runtime, contain};
use crate::pool::{Job, ThreadPool};
use crate::probe::{Cause, Event, job_number};
use crate::ready::{Mail, Mailbox};
use crate::slab::JobKey;
use crate::sys::{Arc, TimerSlack};
use crate::watch::Ask;

/// How another thread asks a loop for its tasks: by mail.
pub(super) fn asker(mailbox: &Arc<Mailbox>) -> Ask {
    let mailbox = Arc::clone(mailbox);
    Box::new(move |answer| {
        let call = Box::new(move || {
            let tasks = Runtime::with(|runtime| runtime.list_tasks());
            // Whoever asked may have lost patience.
            let _ = answer.send(tasks.unwrap_or_default());
        });
        mailbox.post(Mail::Run(call)).is_ok()
    })
}

impl Runtime {
    /// Lets watchers see how the tasks stand, now and then.
    #[inline]
    pub(crate) fn renew_mirror(&self) {
        if let Some(watched) = &self.watched {
            watched.renew_mirror(|| self.list_tasks());
        }
    }

    /// Does what the letters in the mail slot say, in the order of their
    /// coming. One load if there are none.
    #[inline]
    pub(crate) fn take_in_mail(&self) {
        if self.ready.mailbox().has_mail() {
            self.open_letters();
        }
    }

    fn open_letters(&self) {
        let mut letters = self.letters.take();
        self.ready.mailbox().take_mail(&mut letters);
        self.emit(|_| Event::InboxDrained {
            messages: letters.len(),
        });
        for letter in letters.drain(..) {
            self.probe.because(Cause::Inbox);
            match letter {
                Mail::Wake(task) => self.ready.wake(task),
                Mail::Cancel(task) => {
                    self.request_cancel(task);
                }
                Mail::JobDone(job) => self.end_job(job),
                Mail::Run(call) => contain("a call from another thread", call),
                Mail::Nudge => {}
            }
        }
        self.letters.set(letters);
    }

    /// Asks the kernel not to round this thread's sleeps, until the loop is
    /// left. Two system calls per run, and only in a run that sleeps.
    pub(super) fn sleep_precisely(&self) {
        let slack = self.precise.take().unwrap_or_else(TimerSlack::set_to_least);
        self.precise.set(Some(slack));
    }

    /// The end of a thread job has come: whoever awaits it goes on.
    pub(crate) fn end_job(&self, key: JobKey) {
        let job = self.jobs.borrow_mut().remove(key);
        self.emit(move |_| Event::JobEnd {
            job: job_number(key),
        });
        if let Some(job) = job {
            self.wake(job.waiter);
        }
    }

    pub(crate) fn has_jobs(&self) -> bool {
        self.jobs.borrow().len() > 0
    }

    /// Could another thread, or somebody who holds a waker, still wake a task?
    pub(crate) fn may_be_woken_from_outside(&self) -> bool {
        let mailbox = self.ready.mailbox();
        let tasks = self.tasks.borrow();
        // The mail last: whoever wakes posts first and lets go of its waker or
        // handle afterwards, so when those are gone the letter is there. The
        // other way round both could be missed.
        tasks.iter().any(|(_, task)| task.is_waker_cloned())
            || mailbox.has_handles()
            || mailbox.has_mail()
    }

    /// Hands a job to the pool behind `to_thread`.
    pub(crate) fn submit_to_default_pool(&self, job: Arc<dyn Job>) -> io::Result<()> {
        let mut pool = self.default_pool.borrow_mut();
        pool.get_or_insert_with(ThreadPool::default_size)
            .submit(job)
    }

    pub(crate) fn has_default_pool(&self) -> bool {
        self.default_pool.borrow().is_some()
    }

    /// The same, if there ever was one.
    pub(crate) fn take_default_pool(&self) -> Option<ThreadPool> {
        self.default_pool.take()
    }

    /// Notes the process that the loop lives in. Called before the loop first
    /// depends on another thread: when it sleeps, or hands over a job.
    pub(crate) fn settle_in_process(&self) {
        if self.process.get().is_none() {
            self.process.set(Some(std::process::id()));
        }
    }

    /// Is this a child made by `fork` of the process that the loop lives in?
    /// It has a copy of the loop, but none of the threads that would wake it.
    pub(crate) fn is_in_forked_child(&self) -> bool {
        let home = self.process.get();
        home.is_some_and(|home| home != std::process::id())
    }

    /// # Panics
    ///
    /// In a forked child, which must not sleep in its parent's loop.
    pub(crate) fn refuse_to_run_in_a_forked_child(&self) {
        self.settle_in_process();
        assert!(
            !self.is_in_forked_child(),
            "this loop belongs to the process that made it, and this is a forked child of that: \
             it cannot go on with its parent's loop. Start a new one there with \
             `executor::run(..)`, or fork before the loop runs"
        );
    }
}
