//! A program as data: a tree of bodies, each a list of steps.
//!
//! Invariant: a body has one number and runs at most once, so a number in a
//! log, a handle or an expectation means one thing. Made by `generate`, run by
//! `interpret`, foretold by `model`, printed by `print` and `python`.

/// What an `async` block does, one step after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    /// Its number; the main body is 0.
    pub(crate) id: u32,
    pub(crate) steps: Vec<Step>,
}

/// One thing a program does. Times are microseconds; a `u32` is the number of
/// a spawned body; a `u8` says which lock, semaphore, event or queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Sleep(u64),
    Yield,
    Spawn(Body),
    Join(u32),
    Cancel(u32),
    Detach(u32),
    CancelWithin(u32, u64),
    Gather(Vec<Body>),
    TryGather(Vec<Body>),
    Race(Vec<Body>),
    Timeout(u64, Body),
    /// Children, and the scope's own body.
    Scope(Vec<Body>, Body),
    /// Runs until the task is asked to stop.
    UntilAsked(Body),
    Lock(u8, Body),
    Permit(u8, Body),
    Wait(u8),
    Set(u8),
    Clear(u8),
    Put(u8),
    Get(u8),
    SetVar(u8),
    GetVar,
    /// Ends the body with an `Err`.
    Fail,
    Panic,
    /// The body's guard panics when it is dropped.
    PanicOnDrop,
    Thread,
    /// A gather of which at most so many bodies run at once.
    Limited(u8, Vec<Body>),
    AsCompleted(Vec<Body>),
    /// Completes so many operations that are ready.
    Spend(u16),
    /// Takes what is ready under limits that have passed: how, how much.
    Drain(u8, u8),
    /// Many rounds of something that never waits.
    Rounds(u8),
    /// A future that is always busy, under a limit that has passed.
    Busy(u8),
    /// Polls the body with a foreign waker, which acts at each wake.
    Foreign(Act, Body),
    /// Sends to a socket: which, how many.
    Send(u8, u8),
    /// Receives from a socket: which, how many.
    Receive(u8, u8),
    /// Awaits a shared `Sleep`, of this length if it is new.
    Nap(u8, u64),
    /// Resets a shared `Sleep` to this length.
    Reset(u8, u64, Place),
    /// Reads a handle outside of its loop.
    Read(u32, Place),
    /// Spawns the body through the loop's `Handle`.
    Remote(Body),
    AwaitRemote(u8),
    /// Calls methods of a remote handle on another thread.
    UseRemote(u8, Vec<u8>),
    /// Drops a `Background` on its own loop: how.
    DropLoop(u8),
}

/// What a foreign waker does at a wake, besides the wake itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Nothing,
    /// Spawns a task.
    Starts,
    /// Lists the tasks.
    Lists,
    /// Sets an event.
    Opens,
    /// Closes another `Runner`.
    Closes,
    /// Drops a handle.
    Drops,
    /// Tries to run a loop inside the loop.
    Nests,
    Panics,
}

/// The place of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the body.
    Inside,
    /// In a thread job.
    Job,
    /// On another thread, while this one blocks.
    Away,
    /// Between two runs of the runner.
    Between,
    /// Inside another loop, between two runs of the runner.
    OtherLoop,
}

impl Step {
    /// The bodies inside, in the order in which they are printed.
    pub(crate) fn bodies(&self) -> Vec<&Body> {
        match self {
            Step::Spawn(body)
            | Step::Timeout(_, body)
            | Step::UntilAsked(body)
            | Step::Lock(_, body)
            | Step::Permit(_, body)
            | Step::Foreign(_, body)
            | Step::Remote(body) => vec![body],
            Step::Gather(bodies)
            | Step::TryGather(bodies)
            | Step::Race(bodies)
            | Step::Limited(_, bodies)
            | Step::AsCompleted(bodies) => bodies.iter().collect(),
            Step::Scope(children, own) => children.iter().chain([own]).collect(),
            _ => Vec::new(),
        }
    }

    fn bodies_mut(&mut self) -> Vec<&mut Body> {
        match self {
            Step::Spawn(body)
            | Step::Timeout(_, body)
            | Step::UntilAsked(body)
            | Step::Lock(_, body)
            | Step::Permit(_, body)
            | Step::Foreign(_, body)
            | Step::Remote(body) => vec![body],
            Step::Gather(bodies)
            | Step::TryGather(bodies)
            | Step::Race(bodies)
            | Step::Limited(_, bodies)
            | Step::AsCompleted(bodies) => bodies.iter_mut().collect(),
            Step::Scope(children, own) => children.iter_mut().chain([own]).collect(),
            _ => Vec::new(),
        }
    }

    /// May it wait for something that never comes?
    fn may_wait_for_ever(&self) -> bool {
        use Step::{AwaitRemote, CancelWithin, Get, Join, Lock, Permit, Put, Wait};
        let own = matches!(
            self,
            Join(_)
                | CancelWithin(..)
                | Lock(..)
                | Permit(..)
                | Wait(_)
                | Put(_)
                | Get(_)
                | AwaitRemote(_)
        );
        own || self.bodies().iter().any(|body| body.may_wait_for_ever())
    }
}

impl Body {
    pub(crate) fn may_wait_for_ever(&self) -> bool {
        self.steps.iter().any(Step::may_wait_for_ever)
    }

    /// Returns whether the body has such a step, at any depth.
    pub(crate) fn has(&self, is: fn(&Step) -> bool) -> bool {
        let has = |step: &Step| is(step) || step.bodies().iter().any(|body| body.has(is));
        self.steps.iter().any(has)
    }

    /// Maps its sockets to these two, so that several bodies wait on one.
    pub(crate) fn choose_sources(&mut self, sources: [u8; 2]) {
        for step in &mut self.steps {
            if let Step::Send(which, _) | Step::Receive(which, _) = step {
                *which = sources[usize::from(*which % 2)];
            }
            let inner = step.bodies_mut().into_iter();
            inner.for_each(|body| body.choose_sources(sources));
        }
    }

    /// The highest number in it.
    fn last_id(&self) -> u32 {
        let bodies = self.steps.iter().flat_map(Step::bodies);
        bodies.last().map_or(self.id, Body::last_id)
    }

    /// Gives each body its number and each step that names a task a task that
    /// there is. In `strict` programs no two timers are ever due at once, and
    /// no task cancels itself: asyncio does otherwise there.
    pub(crate) fn number(mut self, strict: bool) -> Body {
        let mut spawned = Vec::new();
        count(&mut self, 0, &mut 0, &mut spawned);
        resolve(&mut self, 0, &spawned, strict);
        if strict {
            set_times_apart(&mut self);
            one_getter_each(&mut self, &mut [None, None]);
        }
        self
    }
}

/// Numbers the bodies, and lists those that become tasks.
fn count(body: &mut Body, id: u32, last: &mut u32, spawned: &mut Vec<u32>) {
    body.id = id;
    for step in &mut body.steps {
        let is_spawn = matches!(step, Step::Spawn(_));
        for inner in step.bodies_mut() {
            *last += 1;
            if is_spawn {
                spawned.push(*last);
            }
            count(inner, *last, last, spawned);
        }
    }
}

/// Lets steps that name a task name one of `spawned`; `task` runs them.
fn resolve(body: &mut Body, task: u32, spawned: &[u32], strict: bool) {
    // Mostly those that are spawned above: others are seldom there yet.
    let mut above = body.id;
    for step in &mut body.steps {
        let pick = |wish: u32| {
            let known = spawned.partition_point(|id| *id <= above);
            let among = if wish % 8 == 0 || known == 0 {
                spawned.len()
            } else {
                known
            };
            let from_behind = (wish as usize / 8) % among.max(1);
            spawned.get(among.wrapping_sub(1 + from_behind)).copied()
        };
        let becomes = match *step {
            Step::Join(wish) => pick(wish).map(Step::Join),
            Step::Cancel(wish) => pick(wish)
                .filter(|target| !strict || *target != task)
                .map(Step::Cancel),
            Step::Detach(wish) => pick(wish).map(Step::Detach),
            Step::Read(wish, place) => pick(wish).map(|target| Step::Read(target, place)),
            Step::CancelWithin(wish, grace) => {
                pick(wish).map(|target| Step::CancelWithin(target, grace))
            }
            _ => {
                let is_spawn = matches!(step, Step::Spawn(_));
                for inner in step.bodies_mut() {
                    let task = if is_spawn { inner.id } else { task };
                    resolve(inner, task, spawned, strict);
                }
                above = step.bodies().last().map_or(above, |inner| inner.last_id());
                continue;
            }
        };
        *step = becomes.unwrap_or(Step::Yield);
    }
}

/// Python's clock is a float: sums of more powers of two would be rounded.
const MOST_TIMES: usize = 45;

/// Makes each time span a power of two of its own: then no two timers of a
/// program are ever due at once, whatever they follow upon.
fn set_times_apart(body: &mut Body) {
    let mut times = Vec::new();
    for_each_time(body, &mut |time| times.push((*time, times.len())));
    if times.len() > MOST_TIMES {
        return body.steps.clear(); // rare: an empty program does no harm
    }
    times.sort_unstable();
    let mut n = 0;
    for_each_time(body, &mut |time| {
        let rank = times.iter().position(|(_, index)| *index == n);
        *time = 1 << rank.unwrap_or_default();
        n += 1;
    });
}

fn for_each_time(body: &mut Body, change: &mut dyn FnMut(&mut u64)) {
    for step in &mut body.steps {
        if let Step::Sleep(time) | Step::Timeout(time, _) | Step::CancelWithin(_, time) = step {
            change(time);
        }
        step.bodies_mut()
            .into_iter()
            .for_each(|inner| for_each_time(inner, change));
    }
}

/// Lets one body alone take from each queue: asyncio's getters overtake.
fn one_getter_each(body: &mut Body, getters: &mut [Option<u32>; 2]) {
    let id = body.id;
    for step in &mut body.steps {
        if let Step::Get(queue) = *step {
            if *getters[queue as usize].get_or_insert(id) != id {
                *step = Step::Yield;
            }
        }
        for inner in step.bodies_mut() {
            one_getter_each(inner, getters);
        }
    }
}
