//! What the loop tells of itself, where that takes more than one organ.
//!
//! **Invariant:** nothing in here is done unless somebody listens.

use super::Runtime;
use crate::probe::{Ending, Event, EventRecord, PollResult, Probe, WaitTarget, source_number};
use crate::reactor::Direction;
use crate::slab::{SourceKey, TaskKey};
use crate::task::BoxedWork;

impl Runtime {
    /// Tells `sink` everything from now on.
    pub(crate) fn watch_with(&self, sink: Box<dyn FnMut(&EventRecord<'_>)>) {
        let afar = self.probe.listen(sink);
        self.ready.tell_of_wakes();
        self.ready.mailbox().report_to(afar);
        self.followed.set(true);
    }

    /// Does anybody follow each poll: an instrument, a watcher, debug mode?
    /// Once they do, they do for the whole run.
    #[inline]
    pub(crate) fn is_followed(&self) -> bool {
        self.followed.get()
    }

    /// Does an instrument listen?
    #[inline]
    pub(crate) fn is_told(&self) -> bool {
        !cfg!(executor_unwatched) && self.is_followed() && self.probe.is_on()
    }

    /// Tells what happened, if anybody listens. The caller's line is the one
    /// that a trace shows.
    ///
    /// Give it a `move` closure: what a closure borrows has to lie in memory,
    /// whether or not it is ever called.
    #[inline]
    #[track_caller]
    pub(crate) fn emit(&self, event: impl FnOnce(&Probe) -> Event) {
        if !cfg!(executor_unwatched) && self.is_followed() {
            self.pass_on(event);
        }
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn pass_on(&self, event: impl FnOnce(&Probe) -> Event) {
        self.probe.emit(event);
    }

    /// The same, as long as no instrument has come.
    pub(super) fn is_followed_from_the_start(&self) -> bool {
        self.settings.debug || self.watched.is_some()
    }

    /// A poll begins. Word is left for the watchers before the task may get
    /// stuck.
    #[cold]
    pub(crate) fn tell_poll(&self, task: TaskKey) {
        self.emit(move |probe| Event::PollStart {
            task: probe.id(task),
        });
        if let Some(watched) = &self.watched {
            watched.start_poll(self.identity(task));
            watched.renew_mirror(|| self.list_tasks());
        }
    }

    #[cold]
    pub(crate) fn tell_end_of_poll(&self, result: PollResult) {
        self.emit(move |probe| Event::PollEnd {
            task: probe.id(self.polled.get()),
            result,
        });
        if let Some(watched) = &self.watched {
            watched.end_poll();
        }
    }

    /// A task returned `Pending`: tells who has its waker, and the wakers of
    /// those whom it woke; in debug mode, whether it can be woken at all.
    #[cold]
    pub(crate) fn look_at_pending(&self, task: TaskKey) {
        if self.probe.is_on() {
            self.sample(task, Some(self.registered.get()));
            self.sample_woken();
        }
        if self.settings.debug {
            self.report_if_unwakeable(task);
        }
    }

    #[cold]
    pub(crate) fn run_event(&self) -> Event {
        Event::RunStart {
            virtual_time: self.settings.virtual_time,
            seed: self.settings.seed,
        }
    }

    /// A task was made; or refused, by a loop or a scope that takes in nobody.
    #[cold]
    pub(super) fn tell_spawn(&self, key: TaskKey) {
        let (event, id, refused) = {
            let tasks = self.tasks.borrow();
            let Some(task) = tasks.get(key) else { return };
            let event = Event::TaskSpawn {
                task: task.identity.id.into(),
                name: task.identity.name(),
                parent: task.parent.map(Into::into),
                at: task.identity.site.to_string(),
            };
            (event, task.identity.id, task.is_finished())
        };
        self.probe.introduce(key, id);
        self.emit(move |_| event);
        if refused {
            self.emit(move |_| Event::TaskEnd {
                task: id.into(),
                how: Ending::Cancelled,
                text: None,
            });
        }
    }

    /// A task has ended; `work` is what is left of it.
    #[cold]
    pub(super) fn tell_end(&self, key: TaskKey, how: Ending, work: Option<&BoxedWork>) {
        let error = work.and_then(|work| work.error());
        let text = error.and_then(|error| error.panic_text());
        self.emit(|probe| Event::TaskEnd {
            task: probe.id(key),
            how,
            text,
        });
    }

    /// `who` is about to be written down as the one that awaits `task`.
    #[cold]
    pub(super) fn tell_join(&self, task: TaskKey, who: Option<TaskKey>) {
        let is_news = {
            let tasks = self.tasks.borrow();
            tasks.get(task).is_some_and(|task| task.waiter.task != who)
        };
        if is_news {
            self.emit(|probe| Event::Await {
                task: probe.id(who),
                on: WaitTarget::Task(probe.id(task)),
            });
        }
    }

    /// A turn begins.
    #[cold]
    pub(crate) fn tell_turn(&self) {
        if !self.is_told() {
            return;
        }
        let turn = self.ready.this_turn();
        self.emit(|_| Event::Turn { ready: turn.len() });
        if self.settings.seed.is_some() {
            self.emit(move |probe| Event::TurnOrder {
                order: turn.iter().map(|task| probe.id(*task)).collect(),
            });
        }
    }

    /// Tells who has the waker of each task, before the loop sleeps.
    #[inline]
    pub(crate) fn tell_all_wakers(&self) {
        if self.is_told() {
            self.sample_all();
        }
    }

    #[cold]
    fn sample_woken(&self) {
        for task in self.probe.take_woken() {
            self.sample(task, None);
        }
    }

    #[cold]
    fn sample_all(&self) {
        self.probe.take_woken();
        for task in self.probe.take_cloned() {
            self.sample(task, None);
        }
    }

    #[track_caller]
    fn sample(&self, key: TaskKey, noted: Option<bool>) {
        let clones = {
            let tasks = self.tasks.borrow();
            let alive = tasks.get(key).filter(|task| !task.is_finished());
            alive.map(|task| task.waker.as_ref().map_or(0, |waker| waker.clones()))
        };
        if let Some(n) = clones {
            self.probe.sample(key, n, noted);
        }
    }

    #[cold]
    pub(super) fn tell_source_wait(
        &self,
        key: SourceKey,
        direction: Direction,
        task: Option<TaskKey>,
    ) {
        let (source, traced) = (source_number(key), direction.traced());
        self.emit(move |probe| Event::SourceWait {
            source,
            task: task.map(|task| probe.id(task)),
            direction: traced,
        });
        self.emit(move |probe| Event::Await {
            task: probe.id(task),
            on: WaitTarget::Source(source, traced),
        });
    }
}
