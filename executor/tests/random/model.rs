//! The reference model: what a program does, told without a single future.
//!
//! It walks the tree by hand, with a queue of task numbers and a sorted map of
//! timers, and shares no line with the executor. Invariant: it knows one
//! order, first come first served; so it foretells runs without a seed. Called
//! by `judge`.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use crate::interpret::End;
use crate::program::{Body, Step};
use crate::shared::{Got, Shared, Wake};

/// Above this many, or above their limit, futures are polled only when woken.
const FEW: usize = 32;

/// What a body gave.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Done {
    Ok(u32),
    Err(u32),
    Panic,
    Cancelled,
}

impl Done {
    fn text(self) -> String {
        match self {
            Done::Ok(id) => format!("ok {id}"),
            Done::Err(id) => format!("err {id}"),
            Done::Panic => "panic".into(),
            Done::Cancelled => "cancelled".into(),
        }
    }
}

/// A body on its way.
struct Frame<'a> {
    body: &'a Body,
    at: usize,
    entered: bool,
    over: bool,
    wait: Wait<'a>,
}

/// What the step at hand waits for.
enum Wait<'a> {
    Nothing,
    Yielded,
    Timer(u64),
    Join(u32),
    Many(Many<'a>),
    Limit(Box<Frame<'a>>, Option<u64>),
    /// In one of the lines of `Shared`, with a ticket.
    Line(usize, u64),
    /// Has a lock or a permit, and runs a body with it.
    Holds(usize, Box<Frame<'a>>),
}

struct Many<'a> {
    kids: Vec<Frame<'a>>,
    results: Vec<Option<Done>>,
    crowd: Option<usize>,
    /// The next child of this round, if the children are no crowd.
    next: usize,
}

/// How far a step is.
enum Go {
    On,
    Wait,
    Fail,
    Panic,
}

#[derive(Default)]
struct Crowd {
    woken: Vec<usize>,
    queued: Vec<bool>,
    waiter: Option<Wake>,
    /// The children that this round still polls, the first one last.
    round: Vec<usize>,
    /// How many children were polled at least once.
    started: usize,
    /// How many children may be started and not completed at once.
    limit: usize,
}

struct Task<'a> {
    frame: Option<Frame<'a>>,
    done: Option<Done>,
    cancelled: bool,
    waiter: Option<Wake>,
    var: Option<u8>,
}

struct Slot {
    task: usize,
    busy: bool,
}

pub(crate) struct Model<'a> {
    now: u64,
    log: Vec<String>,
    queue: VecDeque<usize>,
    tasks: Vec<Task<'a>>,
    current: usize,
    slots: HashMap<u32, Slot>,
    timers: BTreeMap<(u64, u64), Wake>,
    next_timer: u64,
    crowds: Vec<Crowd>,
    armed: HashSet<u32>,
    shared: Shared,
}

/// The log of a program, and how it ends.
pub(crate) fn foretell(program: &Body, bounded: bool) -> (Vec<String>, End) {
    let mut model = Model {
        now: 0,
        log: Vec::new(),
        queue: VecDeque::new(),
        tasks: Vec::new(),
        current: 0,
        slots: HashMap::new(),
        timers: BTreeMap::new(),
        next_timer: 0,
        crowds: Vec::new(),
        armed: HashSet::new(),
        shared: Shared::new(bounded),
    };
    model.spawn(program, None);
    let end = model.turn();
    for task in std::iter::once(0).chain((1..model.tasks.len()).rev()) {
        model.current = task;
        if let Some(mut frame) = model.tasks[task].frame.take() {
            model.drop_frame(&mut frame, &mut false);
        }
    }
    (model.log, end)
}

impl<'a> Frame<'a> {
    fn new(body: &'a Body) -> Self {
        Frame {
            body,
            at: 0,
            entered: false,
            over: false,
            wait: Wait::Nothing,
        }
    }
}

impl<'a> Model<'a> {
    // ---- the loop ---------------------------------------------------------

    fn turn(&mut self) -> End {
        loop {
            while let Some(task) = self.queue.pop_front() {
                self.poll_task(task);
                match self.tasks[0].done {
                    Some(Done::Panic) => return End::Panicked,
                    Some(_) => return End::Returned,
                    None => {}
                }
            }
            let Some((&(deadline, _), _)) = self.timers.first_key_value() else {
                return End::Stalled;
            };
            self.now = deadline;
            while let Some(entry) = self.timers.first_entry() {
                if entry.key().0 > deadline {
                    break;
                }
                let waiter = entry.remove();
                self.wake(waiter);
            }
        }
    }

    fn poll_task(&mut self, task: usize) {
        self.current = task;
        let Some(mut frame) = self.tasks[task].frame.take() else {
            return;
        };
        let done = if self.tasks[task].cancelled {
            let mut panicking = false;
            self.drop_frame(&mut frame, &mut panicking);
            Some(if panicking {
                Done::Panic
            } else {
                Done::Cancelled
            })
        } else {
            self.poll(&mut frame, Wake::Task(task))
        };
        let Some(done) = done else {
            self.tasks[task].frame = Some(frame);
            return;
        };
        self.queue.retain(|queued| *queued != task);
        self.tasks[task].done = Some(done);
        if let Some(waiter) = self.tasks[task].waiter.take() {
            self.wake(waiter);
        }
    }

    fn wake(&mut self, target: Wake) {
        match target {
            Wake::Task(task) => {
                if self.tasks[task].done.is_none() && !self.queue.contains(&task) {
                    self.queue.push_back(task);
                }
            }
            Wake::Child(crowd, child) => {
                let crowd = &mut self.crowds[crowd];
                if !std::mem::replace(&mut crowd.queued[child], true) {
                    crowd.woken.push(child);
                    if let Some(waiter) = crowd.waiter.take() {
                        self.wake(waiter);
                    }
                }
            }
        }
    }

    fn wake_all(&mut self, called: Vec<Wake>) {
        called.into_iter().for_each(|target| self.wake(target));
    }

    fn spawn(&mut self, body: &'a Body, var: Option<u8>) {
        let task = self.tasks.len();
        self.tasks.push(Task {
            frame: Some(Frame::new(body)),
            done: None,
            cancelled: false,
            waiter: None,
            var,
        });
        self.queue.push_back(task);
        self.slots.insert(body.id, Slot { task, busy: false });
    }

    fn arm(&mut self, us: u64, wake: Wake) -> u64 {
        self.next_timer += 1;
        self.timers.insert((self.now + us, self.next_timer), wake);
        self.next_timer
    }

    fn is_armed(&self, timer: u64) -> bool {
        self.timers.keys().any(|(_, armed)| *armed == timer)
    }

    fn say(&mut self, frame: &Frame<'a>, what: impl std::fmt::Display) {
        let line = format!("{} b{} {what}", self.now * 1000, frame.body.id);
        self.log.push(line);
    }

    // ---- bodies -----------------------------------------------------------

    fn poll(&mut self, frame: &mut Frame<'a>, wake: Wake) -> Option<Done> {
        if !std::mem::replace(&mut frame.entered, true) {
            self.say(frame, "in");
        }
        let body = frame.body;
        let mut done = Done::Ok(body.id);
        while let Some(step) = body.steps.get(frame.at) {
            let go = match frame.wait {
                Wait::Nothing => self.begin(frame, step, wake),
                _ => self.go_on(frame, step, wake),
            };
            match go {
                Go::On => frame.wait = Wait::Nothing,
                Go::Wait => return None,
                Go::Fail => {
                    done = Done::Err(body.id);
                    break;
                }
                Go::Panic => {
                    self.drop_wait(frame, &mut true);
                    done = Done::Panic;
                    break;
                }
            }
            frame.at += 1;
        }
        frame.over = true;
        self.say(frame, "out");
        let armed = self.armed.contains(&body.id);
        Some(if armed { Done::Panic } else { done })
    }

    /// Drops what is left of a body, from the inside to the outside.
    fn drop_frame(&mut self, frame: &mut Frame<'a>, panicking: &mut bool) {
        if !frame.entered || std::mem::replace(&mut frame.over, true) {
            return;
        }
        self.drop_wait(frame, panicking);
        self.say(frame, "out");
        *panicking |= self.armed.contains(&frame.body.id);
    }

    fn drop_wait(&mut self, frame: &mut Frame<'a>, panicking: &mut bool) {
        match std::mem::replace(&mut frame.wait, Wait::Nothing) {
            Wait::Nothing | Wait::Yielded => {}
            Wait::Timer(timer) => self.timers.retain(|(_, armed), _| *armed != timer),
            Wait::Join(id) => {
                if let Some(slot) = self.slots.get_mut(&id) {
                    slot.busy = false;
                }
            }
            Wait::Many(mut many) => {
                for kid in &mut many.kids {
                    self.drop_frame(kid, panicking);
                }
            }
            Wait::Limit(mut inner, timer) => {
                self.drop_frame(&mut inner, panicking);
                self.timers.retain(|(_, armed), _| Some(*armed) != timer);
            }
            Wait::Line(line, ticket) => {
                let called = self.shared.leave(line, ticket);
                self.wake_all(called);
            }
            Wait::Holds(line, mut inner) => {
                self.drop_frame(&mut inner, panicking);
                let called = self.shared.give_back(line);
                self.wake_all(called);
            }
        }
    }

    // ---- steps ------------------------------------------------------------

    fn begin(&mut self, frame: &mut Frame<'a>, step: &'a Step, wake: Wake) -> Go {
        match step {
            Step::Sleep(0) | Step::Yield => {
                frame.wait = Wait::Yielded;
                self.wake(wake);
                return Go::Wait;
            }
            Step::Sleep(us) => {
                frame.wait = Wait::Timer(self.arm(*us, wake));
                return Go::Wait;
            }
            Step::Spawn(body) => {
                self.say(frame, format_args!("spawn {}", body.id));
                self.spawn(body, self.tasks[self.current].var);
                return Go::On;
            }
            Step::Join(id) => match self.slots.get_mut(id) {
                Some(slot) if !slot.busy => {
                    slot.busy = true;
                    frame.wait = Wait::Join(*id);
                }
                slot => {
                    let why = slot.map_or("none", |_| "busy");
                    self.say(frame, format_args!("join {id}: {why}"));
                    return Go::On;
                }
            },
            Step::Gather(bodies)
            | Step::TryGather(bodies)
            | Step::Race(bodies)
            | Step::Limited(_, bodies)
            | Step::AsCompleted(bodies) => {
                frame.wait = Wait::Many(self.many(step, bodies));
            }
            Step::Timeout(_, body) => {
                frame.wait = Wait::Limit(Box::new(Frame::new(body)), None);
            }
            step => match Shared::line_of(step) {
                Some(line) => {
                    let item = frame.body.id;
                    match self.shared.enter(line, item, wake) {
                        Ok(called) => return self.let_in(frame, step, called, wake),
                        Err(ticket) => frame.wait = Wait::Line(line, ticket),
                    }
                    return Go::Wait;
                }
                None => return self.at_once(frame, step),
            },
        }
        self.go_on(frame, step, wake)
    }

    /// Steps that never wait.
    fn at_once(&mut self, frame: &Frame<'a>, step: &Step) -> Go {
        match step {
            Step::Cancel(id) => {
                let what = self.cancel(*id);
                self.say(frame, format_args!("cancel {id}: {what}"));
            }
            Step::Detach(id) => {
                let what = match self.slots.get(id) {
                    None => "none",
                    Some(slot) if slot.busy => "busy",
                    Some(slot) => {
                        self.tasks[slot.task].waiter = None;
                        self.slots.remove(id);
                        "done"
                    }
                };
                self.say(frame, format_args!("detach {id}: {what}"));
            }
            Step::Set(which) => {
                let called = self.shared.set(*which);
                self.wake_all(called);
            }
            Step::Clear(which) => self.shared.clear(*which),
            Step::SetVar(value) => self.tasks[self.current].var = Some(*value),
            Step::GetVar => {
                let value = self.tasks[self.current].var.map_or(-1, i64::from);
                self.say(frame, format_args!("var {value}"));
            }
            Step::Fail => return Go::Fail,
            Step::Panic => return Go::Panic,
            Step::PanicOnDrop => {
                self.armed.insert(frame.body.id);
            }
            other => unreachable!("{other:?} is not in the model"),
        }
        Go::On
    }

    fn cancel(&mut self, id: u32) -> &'static str {
        let Some(slot) = self.slots.get(&id) else {
            return "none";
        };
        let task = slot.task;
        if self.tasks[task].done.is_some() || self.tasks[task].cancelled {
            return "too late";
        }
        self.tasks[task].cancelled = true;
        self.wake(Wake::Task(task));
        "asked"
    }

    fn go_on(&mut self, frame: &mut Frame<'a>, step: &'a Step, wake: Wake) -> Go {
        match std::mem::replace(&mut frame.wait, Wait::Nothing) {
            Wait::Nothing => unreachable!("it waits"),
            Wait::Yielded => {
                let is_sleep = matches!(step, Step::Sleep(_));
                self.say(frame, if is_sleep { "slept" } else { "yielded" });
                Go::On
            }
            Wait::Timer(timer) if self.is_armed(timer) => {
                frame.wait = Wait::Timer(timer);
                Go::Wait
            }
            Wait::Timer(_) => {
                self.say(frame, "slept");
                Go::On
            }
            Wait::Join(id) => self.go_on_joining(frame, id, wake),
            Wait::Many(many) => self.go_on_with_many(frame, step, many, wake),
            Wait::Limit(inner, timer) => self.go_on_in_time(frame, step, inner, timer, wake),
            Wait::Line(line, ticket) => match self.shared.take_call(line, ticket, frame.body.id) {
                Some(called) => self.let_in(frame, step, called, wake),
                None => {
                    frame.wait = Wait::Line(line, ticket);
                    Go::Wait
                }
            },
            Wait::Holds(line, inner) => self.go_on_holding(frame, line, inner, wake),
        }
    }

    fn go_on_joining(&mut self, frame: &mut Frame<'a>, id: u32, wake: Wake) -> Go {
        let task = &mut self.tasks[self.slots[&id].task];
        let Some(done) = task.done else {
            task.waiter = Some(wake);
            frame.wait = Wait::Join(id);
            return Go::Wait;
        };
        self.slots.remove(&id);
        self.say(frame, format_args!("join {id}: {}", done.text()));
        Go::On
    }

    /// The front of a line: what was waited for is there.
    fn let_in(&mut self, frame: &mut Frame<'a>, step: &'a Step, got: Got, wake: Wake) -> Go {
        self.wake_all(got.called);
        match step {
            Step::Wait(which) => self.say(frame, format_args!("event {which}")),
            Step::Put(which) => self.say(frame, format_args!("put {which}")),
            Step::Get(which) => self.say(frame, format_args!("got {which}: {}", got.item)),
            Step::Lock(_, body) | Step::Permit(_, body) => {
                let line = Shared::line_of(step).expect("it has one");
                return self.go_on_holding(frame, line, Box::new(Frame::new(body)), wake);
            }
            other => unreachable!("{other:?} does not stand in line"),
        }
        Go::On
    }

    fn go_on_holding(
        &mut self,
        frame: &mut Frame<'a>,
        line: usize,
        mut inner: Box<Frame<'a>>,
        wake: Wake,
    ) -> Go {
        let done = self.poll(&mut inner, wake);
        frame.wait = Wait::Holds(line, inner);
        match done {
            None => Go::Wait,
            Some(Done::Panic) => Go::Panic,
            Some(done) => {
                let called = self.shared.give_back(line);
                self.wake_all(called);
                let what = match line {
                    0 | 1 => format!("unlocked {line}"),
                    _ => format!("released {}", line - 2),
                };
                self.say(frame, format_args!("{what}: {}", done.text()));
                Go::On
            }
        }
    }

    fn go_on_in_time(
        &mut self,
        frame: &mut Frame<'a>,
        step: &Step,
        mut inner: Box<Frame<'a>>,
        timer: Option<u64>,
        wake: Wake,
    ) -> Go {
        let Step::Timeout(us, _) = *step else {
            unreachable!("a limit is a timeout's")
        };
        match self.poll(&mut inner, wake) {
            Some(Done::Panic) => {
                frame.wait = Wait::Limit(inner, timer);
                return Go::Panic;
            }
            Some(done) => {
                self.timers.retain(|(_, armed), _| Some(*armed) != timer);
                self.say(frame, format_args!("in time: {}", done.text()));
                return Go::On;
            }
            None => {}
        }
        let timer = match timer {
            None if us > 0 => Some(self.arm(us, wake)),
            timer => timer,
        };
        if timer.is_some_and(|timer| self.is_armed(timer)) {
            frame.wait = Wait::Limit(inner, timer);
            return Go::Wait;
        }
        let mut panicking = false;
        self.drop_frame(&mut inner, &mut panicking);
        if panicking {
            return Go::Panic;
        }
        self.say(frame, "timed out");
        Go::On
    }

    // ---- many at once -----------------------------------------------------

    fn many(&mut self, step: &Step, bodies: &'a [Body]) -> Many<'a> {
        let limit = match step {
            Step::Limited(limit, _) => usize::from(*limit),
            _ => usize::MAX,
        };
        let is_crowd = bodies.len() > FEW.min(limit) || matches!(step, Step::AsCompleted(_));
        let crowd = is_crowd.then(|| {
            self.crowds.push(Crowd {
                queued: vec![false; bodies.len()],
                limit,
                ..Crowd::default()
            });
            self.crowds.len() - 1
        });
        Many {
            kids: bodies.iter().map(Frame::new).collect(),
            results: vec![None; bodies.len()],
            crowd,
            next: 0,
        }
    }

    /// Begins a round: of a crowd, the woken children are polled.
    fn begin_round(&mut self, step: &Step, many: &mut Many<'a>, wake: Wake) {
        let Some(number) = many.crowd else {
            many.next = 0;
            return;
        };
        let crowd = &mut self.crowds[number];
        crowd.waiter = Some(wake);
        crowd.round = std::mem::take(&mut crowd.woken);
        if matches!(step, Step::TryGather(_)) {
            crowd.round.sort_unstable();
        }
        crowd.round.reverse();
    }

    /// Returns the next child to poll in this round, and with which wake.
    fn next_in_round(&mut self, many: &mut Many<'a>, wake: Wake) -> Option<(usize, Wake)> {
        let Some(number) = many.crowd else {
            let kid = many.next;
            many.next += 1;
            return (kid < many.kids.len()).then_some((kid, wake));
        };
        let over = many.kids.iter().filter(|kid| kid.over).count();
        let crowd = &mut self.crowds[number];
        if let Some(kid) = crowd.round.pop() {
            return Some((kid, Wake::Child(number, kid)));
        }
        let has_room = crowd.started - over < crowd.limit;
        if crowd.started == many.kids.len() || !has_room {
            return None;
        }
        crowd.started += 1;
        let kid = crowd.started - 1;
        Some((kid, Wake::Child(number, kid)))
    }

    fn go_on_with_many(
        &mut self,
        frame: &mut Frame<'a>,
        step: &Step,
        mut many: Many<'a>,
        wake: Wake,
    ) -> Go {
        let mut end = None;
        let mut completed = Vec::new();
        self.begin_round(step, &mut many, wake);
        while let Some((kid, wake)) = self.next_in_round(&mut many, wake) {
            if many.kids[kid].over {
                continue;
            }
            if let Some(number) = many.crowd {
                self.crowds[number].queued[kid] = false;
            }
            let Some(done) = self.poll(&mut many.kids[kid], wake) else {
                continue;
            };
            if done == Done::Panic {
                frame.wait = Wait::Many(many);
                return Go::Panic;
            }
            many.results[kid] = Some(done);
            completed.push(format!("completed {kid}: {}", done.text()));
            end = match (step, done) {
                (Step::TryGather(_), Done::Err(id)) => Some(format!("tried, err {id}")),
                (Step::Race(_), done) => Some(format!("won by {kid}: {}", done.text())),
                _ => None,
            };
            if end.is_some() {
                break;
            }
        }
        let is_stream = matches!(step, Step::AsCompleted(_));
        if is_stream && !completed.is_empty() {
            // The outputs of a round are given before the next round begins.
            completed.iter().for_each(|line| self.say(frame, line));
            return self.go_on_with_many(frame, step, many, wake);
        }
        if end.is_none() && many.results.iter().any(Option::is_none) {
            frame.wait = Wait::Many(many);
            return Go::Wait;
        }
        let mut panicking = false;
        for kid in &mut many.kids {
            self.drop_frame(kid, &mut panicking);
        }
        if panicking {
            return Go::Panic;
        }
        let end = end.unwrap_or_else(|| match step {
            Step::TryGather(_) => format!("tried, {} ok", many.kids.len()),
            Step::AsCompleted(_) => "all completed".into(),
            _ => {
                let results = many.results.iter().flatten();
                let all: Vec<_> = results.map(|done| done.text()).collect();
                format!("gathered [{}]", all.join(", "))
            }
        });
        self.say(frame, end);
        Go::On
    }
}
