//! The current task and all tasks, with what each waits for.
//!
//! Nothing is recorded while tasks run: each part knows its waiters, and a
//! listing asks them all. **Invariant:** a listing polls no task and wakes no
//! waker.
//!
//! A clone of a waker counts as one that other code holds, unless a part of the
//! runtime holds it: as a wait, or as the waiter of a set of futures, whose
//! members have wakers that are counted in turn.
//!
//! Called by users, by observers and, through the root of the crate, by a loop
//! that has nothing to do.

use std::collections::{HashMap, HashSet};
use std::rc::Weak;
use std::task::Waker;
use std::time::Duration;

use crate::base::slab::{Slab, TaskKey};
use crate::base::sys::{self, Arc, Ordering, fence};
use crate::base::task_info::{TaskInfo, TaskState, Wait};
use crate::base::timers::NEVER;
use crate::base::waiter::Waiter;
use crate::event_loop::runtime::{Runtime, WakerSet};
use crate::event_loop::task::Task;

/// Returns the running task, if there is one (asyncio: `current_task`).
///
/// In a destructor that a cancel runs it is the cancelled task; in the
/// destructor of an unread output, the task that made the output. Outside of
/// tasks it is `None`.
///
/// ```
/// assert!(executor::current_task().is_none());
/// executor::run(async {
///     let me = executor::current_task().unwrap();
///     assert_eq!(me.name(), "Task-1");
///     assert!(me.spawned_at().file().ends_with(".rs"));
/// });
/// ```
pub fn current_task() -> Option<TaskInfo> {
    Runtime::with(|runtime| {
        let key = runtime.poll.task()?;
        let tasks = runtime.tasks.borrow();
        Some(describe(runtime, key, tasks.get(key)?, Vec::new()))
    })
    .flatten()
}

/// Returns the tasks of the loop that runs on this thread which have not ended,
/// in order of spawning, with what each waits for (asyncio: `all_tasks`,
/// `print_call_graph`). Empty if no loop runs.
///
/// As in asyncio, a task that has ended is left out, though a handle may still
/// give its output.
///
/// ```
/// executor::run(async {
///     let task = executor::spawn_named("nap", executor::sleep(std::time::Duration::from_millis(1)));
///     executor::yield_now().await;
///     let nap = &executor::tasks()[1];
///     assert_eq!(nap.name(), "nap");
///     assert!(nap.to_string().contains("waits for sleep until"));
///     task.await.unwrap();
/// });
/// ```
pub fn tasks() -> Vec<TaskInfo> {
    Runtime::with(|runtime| list_tasks(runtime)).unwrap_or_default()
}

/// Returns the tasks of a loop that have not ended, in order of spawning.
pub(crate) fn list_tasks(runtime: &Runtime) -> Vec<TaskInfo> {
    let mut waits = waits(runtime);
    let tasks = runtime.tasks.borrow();
    let alive = tasks.iter().filter(|(_, task)| !task.is_finished());
    let list = alive.map(|(key, task)| {
        let waits = waits.remove(&key).unwrap_or_default();
        describe(runtime, key, task, waits)
    });
    let mut list: Vec<_> = list.collect();
    list.sort_unstable_by_key(|task| task.identity.id);
    list
}

/// Describes a task that has these waits.
pub(crate) fn describe(
    runtime: &Runtime,
    key: TaskKey,
    task: &Task,
    mut waits: Vec<Wait>,
) -> TaskInfo {
    let state = if task.is_finished() {
        TaskState::Finished
    } else if runtime.poll.is_polling(key) {
        TaskState::Running
    } else if task.is_woken {
        TaskState::Ready
    } else if waits.is_empty() {
        TaskState::Unwakeable
    } else {
        TaskState::Waiting
    };
    if state != TaskState::Waiting {
        waits.clear();
    }
    TaskInfo {
        identity: task.identity.clone(),
        parent: task.parent,
        state,
        waits,
    }
}

/// Collects the waits of all tasks.
pub(crate) fn waits(runtime: &Runtime) -> HashMap<TaskKey, Vec<Wait>> {
    let sets = Sets::of(runtime);
    let parties = sets.parties(runtime);
    let mut ours = sets.our_clones();
    let mut waits: HashMap<TaskKey, Vec<Wait>> = HashMap::new();
    each_wait(runtime, &mut |task, waker, wait| {
        let waker = waker.map(Waker::data);
        waker.into_iter().for_each(|waker| ours.add(waker));
        // A set may have moved to another task since the wait began.
        let now = waker.and_then(|waker| parties.task_of(waker));
        if let Some(task) = now.or(task) {
            waits.entry(task).or_default().push(wait);
        }
    });
    let mut held = HashSet::new();
    sets.any_waker(runtime, &mut |waker, clones| {
        let is_held = clones > ours.of(waker);
        held.extend(parties.task_of(waker).filter(|_| is_held));
        false
    });
    for task in held {
        waits.entry(task).or_default().push(Wait::Waker);
    }
    waits
}

/// Receives a wait: its task, its waker if that is not the task's own, and what it
/// waits for.
type AddWait<'a> = dyn FnMut(Option<TaskKey>, Option<&Waker>, Wait) + 'a;

fn each_wait(runtime: &Runtime, add: &mut AddWait<'_>) {
    let now = runtime.clock.now();
    for (task, waker, deadline) in runtime.timers.borrow().waits() {
        let left = match deadline {
            NEVER => Duration::MAX,
            _ => Duration::from_nanos(deadline.saturating_sub(now)),
        };
        add(task, waker, Wait::Sleep(left));
    }
    let mut add = |waiter: &Waiter, wait| add(waiter.task, waiter.waker.as_ref(), wait);
    for (_, awaited) in runtime.tasks.borrow().iter() {
        if awaited.waiter.is_some() {
            let (task, name) = (awaited.identity.id, awaited.identity.name());
            add(&awaited.waiter, Wait::Join { task, name });
        }
    }
    let listeners = runtime.cancel_listeners.borrow();
    for (_, listener) in listeners.values().flat_map(Slab::iter) {
        add(listener, Wait::Cancel);
    }
    let points = runtime.wait_points.borrow();
    let points: Vec<_> = points.iter().filter_map(Weak::upgrade).collect();
    for point in points {
        point.waits(runtime, &mut add);
    }
}

/// Returns whether a loop that has nothing to do has stalled for certain, or
/// wakes tasks to find out; see [`Compose`](crate::event_loop::runtime::Compose).
pub(crate) fn is_stall_certain(runtime: &Runtime, at_home: Option<HashSet<usize>>) -> bool {
    // The inbox last: a remote wake sends its message first and drops its waker
    // or handle afterwards, so when those are gone the message is there. In the
    // other order both could be missed.
    !is_waker_held(runtime)
        && are_handles_at_home(runtime, at_home)
        && !runtime.inbox().has_messages()
}

/// Returns whether other code holds a clone of a waker.
fn is_waker_held(runtime: &Runtime) -> bool {
    let sets = Sets::of(runtime);
    let is_held = if sets.0.is_empty() {
        let tasks = runtime.tasks.borrow();
        let mut wakers = tasks.iter().filter_map(|(_, task)| task.waker.as_ref());
        wakers.any(|waker| waker.is_cloned())
    } else {
        let mut ours = sets.our_clones();
        each_wait(runtime, &mut |_, waker, _| {
            let waker = waker.map(Waker::data);
            waker.into_iter().for_each(|waker| ours.add(waker));
        });
        sets.any_waker(runtime, &mut |waker, clones| clones > ours.of(waker))
    };
    // Another thread may have dropped a clone a moment ago: what it did before
    // must be visible to what this thread does now.
    fence(Ordering::Acquire);
    is_held
}

/// Returns whether no `Handle` exists but those of `RemoteHandle`s that tasks of
/// the loop await. Wakes those tasks to find out, if that is possible.
///
/// A `RemoteHandle` that was polled may have gone to another thread since, which
/// could cancel its task. So the tasks that may await one are polled once more: a
/// handle that is polled then is on this thread. `at_home` has those.
fn are_handles_at_home(runtime: &Runtime, at_home: Option<HashSet<usize>>) -> bool {
    let awaited: Vec<_> = {
        let tasks = runtime.tasks.borrow();
        // A task with a waiter and without a `JoinHandle` has a `RemoteHandle`.
        let is_remote = |task: &Task| task.waiter.is_some() && !task.has_handle;
        let awaited = tasks.iter().filter(|(_, task)| is_remote(task));
        awaited.map(|(key, _)| key).collect()
    };
    let handles = runtime.inbox().count_handles(awaited.len());
    if handles == at_home.as_ref().map_or(0, HashSet::len) {
        return true;
    }
    if at_home.is_none() && awaited.len() >= handles {
        runtime.handles_at_home.set(Some(HashSet::new()));
        for key in awaited {
            let waiter = runtime.with_task(key, |task| task.waiter.take());
            runtime.wake_waiter(waiter.unwrap_or_default());
        }
    }
    false
}

/// A waker, as its clones share it and no other waker does.
type WakerData = *const ();

/// The sets of futures of a loop whose members have wakers of their own, each with
/// its waiter. That is read once: another thread may take it meanwhile.
struct Sets(Vec<(Arc<dyn WakerSet>, Option<WakerData>)>);

impl Sets {
    fn of(runtime: &Runtime) -> Self {
        let sets = runtime.waker_sets.borrow();
        let sets = sets.iter().filter_map(sys::Weak::upgrade);
        let with_waiter = |set: Arc<dyn WakerSet>| {
            let waiter = set.waiter();
            (set, waiter)
        };
        Sets(sets.map(with_waiter).collect())
    }

    /// Counts the clones through which the members wake their sets' waiters.
    fn our_clones(&self) -> Clones {
        let mut clones = Clones::default();
        let waiters = self.0.iter().filter_map(|(_, waiter)| *waiter);
        waiters.for_each(|waiter| clones.add(waiter));
        clones
    }

    /// Calls `f` with each waker of a task, or of a member whose set has a waiter,
    /// and the number of its clones, until it returns `true`; returns whether it did.
    fn any_waker(&self, runtime: &Runtime, f: &mut dyn FnMut(WakerData, usize) -> bool) -> bool {
        let tasks = runtime.tasks.borrow();
        let mut own = tasks.iter().filter_map(|(_, task)| task.waker.as_ref());
        let mut sets = self.0.iter().filter(|(_, waiter)| waiter.is_some());
        own.any(|waker| f(waker.waker().data(), waker.clones()))
            || sets.any(|(set, _)| set.any_waker(f))
    }

    fn parties(&self, runtime: &Runtime) -> Parties {
        let mut parties = Parties::default();
        for (key, task) in runtime.tasks.borrow().iter() {
            let waker = task.waker.iter().map(|waker| waker.waker().data());
            parties.tasks.extend(waker.map(|waker| (waker, key)));
        }
        for (set, waiter) in &self.0 {
            set.any_waker(&mut |member, _| {
                parties
                    .waiters
                    .extend(waiter.map(|waiter| (member, waiter)));
                false
            });
        }
        parties
    }
}

/// How many clones of each waker the runtime holds.
#[derive(Default)]
struct Clones(HashMap<WakerData, usize>);

impl Clones {
    fn add(&mut self, waker: WakerData) {
        *self.0.entry(waker).or_default() += 1;
    }

    fn of(&self, waker: WakerData) -> usize {
        self.0.get(&waker).copied().unwrap_or(0)
    }
}

/// What the wakers wake.
#[derive(Default)]
struct Parties {
    /// By waker of a task.
    tasks: HashMap<WakerData, TaskKey>,
    /// By waker of a member: the waker of its set's waiter.
    waiters: HashMap<WakerData, WakerData>,
}

impl Parties {
    /// Returns the task that a waker wakes, directly or through sets.
    fn task_of(&self, mut waker: WakerData) -> Option<TaskKey> {
        // No longer than the chain of all sets.
        for _ in 0..=self.waiters.len() {
            match self.waiters.get(&waker) {
                Some(waiter) => waker = *waiter,
                None => break,
            }
        }
        self.tasks.get(&waker).copied()
    }
}
