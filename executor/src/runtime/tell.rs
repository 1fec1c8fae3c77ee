//! What the loop tells of itself, where that takes more than one organ.
//!
//! **Invariant:** nothing in here is done unless somebody listens.

use super::Runtime;
use crate::probe::{Ending, Event, Note, On, Polled, source_number};
use crate::reactor::Direction;
use crate::slab::{SourceKey, TaskKey};

impl Runtime {
    /// Tells `sink` everything from now on.
    pub(crate) fn watch_with(&self, sink: Box<dyn FnMut(&Note<'_>)>) {
        let afar = self.probe.listen(sink);
        self.ready.tell_of_wakes();
        self.ready.mailbox().report_to(afar);
        self.followed.set(true);
    }

    /// Does anybody follow each poll: an instrument, a watcher, debug mode?
    #[inline]
    pub(super) fn is_followed(&self) -> bool {
        self.followed.get()
    }

    /// The same, as long as no instrument has come.
    pub(super) fn is_followed_from_the_start(&self) -> bool {
        self.settings.debug || self.watched.is_some()
    }

    /// A poll begins. Word is left for the watchers before the task may get
    /// stuck.
    #[cold]
    pub(super) fn tell_poll(&self, task: TaskKey) {
        self.probe.emit(|probe| Event::PollStart {
            task: probe.id(task),
        });
        if let Some(watched) = &self.watched {
            watched.start_poll(self.identity(task));
            watched.renew_mirror(|| self.list_tasks());
        }
    }

    #[cold]
    pub(super) fn tell_end_of_poll(&self, result: Polled) {
        self.probe.emit(|probe| Event::PollEnd {
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
    pub(super) fn look_at_pending(&self, task: TaskKey) {
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
                task: task.identity.id,
                name: task.identity.name(),
                parent: task.parent,
                at: task.identity.site.to_string(),
            };
            (event, task.identity.id, task.is_finished())
        };
        self.probe.introduce(key, id);
        self.probe.emit(|_| event);
        if refused {
            self.probe.emit(|_| Event::TaskEnd {
                task: id,
                how: Ending::Cancelled,
                text: None,
            });
        }
    }

    /// What a task that panicked said, as long as nobody took it.
    #[cold]
    pub(super) fn panic_text_of(&self, key: TaskKey) -> Option<String> {
        let tasks = self.tasks.borrow();
        let error = tasks.get(key)?.work.as_ref()?.error()?;
        error.panic_text()
    }

    /// A turn begins.
    #[inline]
    pub(crate) fn note_turn(&self) {
        if self.is_followed() && self.probe.is_on() {
            self.tell_turn();
        }
    }

    #[cold]
    fn tell_turn(&self) {
        let turn = self.ready.this_turn();
        self.probe.emit(|_| Event::Turn { ready: turn.len() });
        if self.settings.seed.is_some() {
            self.probe.emit(|probe| Event::TurnOrder {
                order: turn.iter().map(|task| probe.id(*task)).collect(),
            });
        }
    }

    /// Tells who has the waker of each task, before the loop sleeps.
    #[inline]
    pub(crate) fn tell_all_wakers(&self) {
        if self.probe.is_on() {
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
        let (source, way) = (source_number(key), direction.way());
        self.probe.emit(|probe| Event::SourceWait {
            source,
            task: task.map(|task| probe.id(task)),
            way,
        });
        self.probe.emit(|probe| Event::Await {
            task: probe.id(task),
            on: On::Source(source, way),
        });
    }
}
