//! What a program acts on: its log, its handles, locks, events and queues.
//!
//! Invariant: each method is one step of a program, does it with the public
//! API alone, and logs what came of it with the loop's time. Called by
//! `interpret`, and by programs that `print` printed.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::future::poll_fn;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use executor::sync::{Event, Lock, Queue, Semaphore};
use executor::{ContextVar, JoinError, JoinHandle};

use places::Places;
use remotes::Remotes;
use sources::Sources;
use wakers::Others;

// With paths, because the example includes this file by its path.
#[path = "world/places.rs"]
mod places;
#[path = "world/remotes.rs"]
mod remotes;
#[path = "world/sources.rs"]
mod sources;
#[path = "world/wakers.rs"]
mod wakers;

static VAR: ContextVar<u32> = ContextVar::new("var");

/// Why a body ended early.
#[derive(Debug)]
pub(crate) struct Failed;

/// What a closure that stands for a body gives.
pub(crate) type Result<T = (), E = Failed> = std::result::Result<T, E>;

/// What a body gives.
pub(crate) type Outcome = Result<Token, Token>;

/// A body that was not polled yet, and its number.
pub(crate) struct Made {
    pub(crate) id: u32,
    future: Pin<Box<dyn Future<Output = Outcome>>>,
}

impl Future for Made {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<Outcome> {
        self.future.as_mut().poll(cx)
    }
}

/// An output that is counted.
pub(crate) struct Token {
    id: u32,
    shared: Rc<Shared>,
}

impl Drop for Token {
    fn drop(&mut self) {
        self.shared.tokens.set(self.shared.tokens.get() - 1);
    }
}

pub(crate) struct Slot {
    pub(crate) handle: JoinHandle<Outcome>,
    /// Whether a body awaits the handle.
    busy: bool,
}

/// The world of one body.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) id: u32,
    pub(crate) shared: Rc<Shared>,
}

pub(crate) struct Shared {
    began: Cell<Option<Instant>>,
    log: RefCell<Vec<String>>,
    lines_of_main: Cell<usize>,
    pub(crate) slots: RefCell<HashMap<u32, Slot>>,
    locks: [Lock<()>; 2],
    semaphores: [Semaphore; 2],
    pub(crate) events: [Event; 2],
    queues: [Queue<u32>; 2],
    /// Bodies whose guard panics.
    armed: RefCell<HashSet<u32>>,
    entered: Cell<i32>,
    left: Cell<i32>,
    /// Outputs that are alive.
    tokens: Cell<i32>,
    /// The broken rules that steps recorded.
    broken: RefCell<Vec<String>>,
    pub(crate) sources: RefCell<Option<Rc<Sources>>>,
    pub(crate) places: Places,
    pub(crate) others: Others,
    pub(crate) remotes: Remotes,
}

/// What is left of a program when it is over.
pub(crate) struct Remains {
    pub(crate) log: Vec<String>,
    /// Bodies that were begun and never dropped, or dropped twice.
    pub(crate) guards: i32,
    /// Outputs that were never dropped.
    pub(crate) tokens: i32,
    /// The broken rules that steps recorded.
    pub(crate) broken: Vec<String>,
}

/// Logs that a body was dropped.
struct Guard(World);

impl Drop for Guard {
    fn drop(&mut self) {
        let shared = &self.0.shared;
        shared.left.set(shared.left.get() + 1);
        self.0.log("out");
        let armed = shared.armed.borrow().contains(&self.0.id);
        if armed && !std::thread::panicking() {
            resume_unwind(Box::new("a panic in a destructor"));
        }
    }
}

impl World {
    /// A new one; with `bounded`, the second queue has room for one item.
    pub(crate) fn new(bounded: bool) -> World {
        let shared = Shared {
            began: Cell::new(None),
            log: RefCell::default(),
            lines_of_main: Cell::new(0),
            slots: RefCell::default(),
            locks: [Lock::new(()), Lock::new(())],
            semaphores: [Semaphore::new(1), Semaphore::new(2)],
            events: [Event::new(), Event::new()],
            queues: [Queue::new(0), Queue::new(usize::from(bounded))],
            armed: RefCell::default(),
            entered: Cell::new(0),
            left: Cell::new(0),
            tokens: Cell::new(0),
            broken: RefCell::default(),
            sources: RefCell::default(),
            places: Places::default(),
            others: Others::default(),
            remotes: Remotes::default(),
        };
        World {
            id: 0,
            shared: Rc::new(shared),
        }
    }

    /// Drops the sockets and sleeps that no body uses. Called before their loop
    /// ends.
    pub(crate) fn drop_shared(&self) {
        drop(self.shared.sources.take());
        self.shared.places.clear();
    }

    /// Ends it: drops the remaining handles and the other loops.
    pub(crate) fn end(self) -> Remains {
        self.shared.others.close_all();
        self.drop_remotes();
        drop(self.shared.slots.take());
        Remains {
            broken: self.shared.broken.take(),
            log: self.shared.log.take(),
            guards: self.shared.entered.get() - self.shared.left.get(),
            tokens: self.shared.tokens.get(),
        }
    }

    /// Notes how long the log is when the main body ends.
    pub(crate) fn main_is_over(&self) {
        self.shared
            .lines_of_main
            .set(self.shared.log.borrow().len());
    }

    pub(crate) fn lines_of_main(&self) -> usize {
        self.shared.lines_of_main.get()
    }

    /// A body, of which `steps` are the steps.
    pub(crate) fn body(&self, id: u32, steps: impl AsyncFnOnce(World) -> Result + 'static) -> Made {
        let world = World {
            id,
            shared: Rc::clone(&self.shared),
        };
        let future = Box::pin(async move {
            let guard = Guard(world.clone());
            let entered = &guard.0.shared.entered;
            entered.set(entered.get() + 1);
            world.log("in");
            let result = steps(world.clone()).await;
            // Before the output is made: rustc leaks a value that is on its
            // way out when a destructor panics (rust-lang/rust#47949).
            drop(guard);
            match result {
                Ok(()) => Ok(world.token()),
                Err(Failed) => Err(world.token()),
            }
        });
        Made { id, future }
    }

    /// Records a broken rule unless `holds`.
    pub(crate) fn expect(&self, holds: bool, rule: impl std::fmt::Display) {
        if !holds {
            let mut broken = self.shared.broken.borrow_mut();
            broken.push(format!("in the body {}: {rule}", self.id));
        }
    }

    fn token(&self) -> Token {
        self.shared.tokens.set(self.shared.tokens.get() + 1);
        Token {
            id: self.id,
            shared: Rc::clone(&self.shared),
        }
    }

    /// Writes a line: the time in nanoseconds, the body, what happened. The
    /// first line is at zero.
    pub(crate) fn log(&self, what: impl std::fmt::Display) {
        let now = executor::now();
        let began = self.shared.began.get().unwrap_or(now);
        self.shared.began.set(Some(began));
        let line = format!("{} b{} {what}", (now - began).as_nanos(), self.id);
        self.shared.log.borrow_mut().push(line);
    }

    // ---- time and tasks ---------------------------------------------------

    pub(crate) async fn sleep(&self, us: u64) {
        executor::sleep(Duration::from_micros(us)).await;
        self.log("slept");
    }

    pub(crate) async fn yield_now(&self) {
        executor::yield_now().await;
        self.log("yielded");
    }

    pub(crate) fn spawn(&self, body: Made) {
        self.log(format_args!("spawn {}", body.id));
        let id = body.id;
        let handle = executor::spawn(body);
        let slot = Slot {
            handle,
            busy: false,
        };
        self.shared.slots.borrow_mut().insert(id, slot);
    }

    pub(crate) async fn join(&self, id: u32) {
        let what = self.await_handle(id).await;
        self.log(format_args!("join {id}: {what}"));
    }

    /// Awaits a handle that stays where others can reach it.
    async fn await_handle(&self, id: u32) -> String {
        match self.shared.slots.borrow_mut().get_mut(&id) {
            None => return "none".into(),
            Some(slot) if slot.busy => return "busy".into(),
            Some(slot) => slot.busy = true,
        }
        let _busy = Busy(self, id);
        let ended = poll_fn(|cx| {
            let mut slots = self.shared.slots.borrow_mut();
            let slot = slots.get_mut(&id).expect("a busy slot is not removed");
            Pin::new(&mut slot.handle).poll(cx)
        })
        .await;
        drop(self.shared.slots.borrow_mut().remove(&id));
        text_of(&ended)
    }

    pub(crate) fn cancel(&self, id: u32) {
        let slots = self.shared.slots.borrow();
        let what = match slots.get(&id) {
            None => "none",
            Some(slot) if slot.handle.cancel() => "asked",
            Some(_) => "too late",
        };
        drop(slots);
        self.log(format_args!("cancel {id}: {what}"));
    }

    pub(crate) fn detach(&self, id: u32) {
        let what = match self.take(id) {
            Ok(handle) => {
                drop(handle);
                "done"
            }
            Err(why) => why,
        };
        self.log(format_args!("detach {id}: {what}"));
    }

    pub(crate) async fn cancel_within(&self, id: u32, us: u64) {
        let what = match self.take(id) {
            Ok(handle) => text_of(&handle.cancel_within(Duration::from_micros(us)).await),
            Err(why) => why.into(),
        };
        self.log(format_args!("cancel {id} within {us}: {what}"));
    }

    pub(crate) fn take(&self, id: u32) -> Result<JoinHandle<Outcome>, &'static str> {
        let mut slots = self.shared.slots.borrow_mut();
        match slots.get(&id) {
            None => Err("none"),
            Some(slot) if slot.busy => Err("busy"),
            Some(_) => Ok(slots.remove(&id).expect("just seen").handle),
        }
    }

    // ---- combinators ------------------------------------------------------

    pub(crate) async fn gather(&self, bodies: Vec<Made>) {
        let all: Vec<_> = executor::gather(bodies).await.iter().map(told).collect();
        self.log(format_args!("gathered [{}]", all.join(", ")));
    }

    pub(crate) async fn try_gather(&self, bodies: Vec<Made>) {
        match executor::try_gather(bodies).await {
            Ok(all) => self.log(format_args!("tried, {} ok", all.len())),
            Err(first) => self.log(format_args!("tried, err {}", first.id)),
        }
    }

    pub(crate) async fn race(&self, bodies: Vec<Made>) {
        let (index, outcome) = executor::race(bodies).await;
        self.log(format_args!("won by {index}: {}", told(&outcome)));
    }

    pub(crate) async fn limited(&self, limit: u8, bodies: Vec<Made>) {
        let gather = executor::gather(bodies).limit(usize::from(limit));
        let all: Vec<_> = gather.await.iter().map(told).collect();
        self.log(format_args!("gathered [{}]", all.join(", ")));
    }

    pub(crate) async fn as_completed(&self, bodies: Vec<Made>) {
        let mut stream = executor::as_completed(bodies);
        while let Some((index, outcome)) = stream.next().await {
            self.log(format_args!("completed {index}: {}", told(&outcome)));
        }
        self.log("all completed");
    }

    pub(crate) async fn timeout(&self, us: u64, body: Made) {
        match executor::timeout(Duration::from_micros(us), body).await {
            Ok(outcome) => self.log(format_args!("in time: {}", told(&outcome))),
            Err(_) => self.log("timed out"),
        }
    }

    pub(crate) async fn scope(&self, children: Vec<Made>, own: Made) {
        let outcome = executor::scope(async |scope| {
            children.into_iter().for_each(|child| {
                scope.spawn(child);
            });
            own.await
        });
        let outcome = outcome.await;
        self.log(format_args!("scope: {}", told(&outcome)));
    }

    pub(crate) async fn until_asked(&self, body: Made) {
        let asked = async {
            executor::cancelled().await;
            None
        };
        let (_, outcome) = executor::race((asked, async { Some(body.await) })).await;
        let what = outcome.as_ref().map_or("asked to stop".into(), told);
        self.log(format_args!("until asked: {what}"));
    }

    // ---- what tasks share -------------------------------------------------

    pub(crate) async fn lock(&self, which: usize, body: Made) {
        let guard = self.shared.locks[which].lock().await;
        let outcome = body.await;
        drop(guard);
        self.log(format_args!("unlocked {which}: {}", told(&outcome)));
    }

    pub(crate) async fn permit(&self, which: usize, body: Made) {
        let permit = self.shared.semaphores[which].acquire().await;
        let outcome = body.await;
        drop(permit);
        self.log(format_args!("released {which}: {}", told(&outcome)));
    }

    pub(crate) async fn wait(&self, which: usize) {
        self.shared.events[which].wait().await;
        self.log(format_args!("event {which}"));
    }

    pub(crate) fn set(&self, which: usize) {
        self.shared.events[which].set();
    }

    pub(crate) fn clear(&self, which: usize) {
        self.shared.events[which].clear();
    }

    pub(crate) async fn put(&self, which: usize) {
        let put = self.shared.queues[which].put(self.id);
        put.await.expect("the queue is not closed");
        self.log(format_args!("put {which}"));
    }

    pub(crate) async fn get(&self, which: usize) {
        let item = self.shared.queues[which].get().await;
        let item = item.expect("the queue is not closed");
        self.log(format_args!("got {which}: {item}"));
    }

    pub(crate) fn set_var(&self, value: u32) {
        VAR.set(value);
    }

    pub(crate) fn get_var(&self) {
        let value = VAR.get().map_or(-1, i64::from);
        self.log(format_args!("var {value}"));
    }

    // ---- how things go wrong ----------------------------------------------

    pub(crate) fn panic(&self) {
        resume_unwind(Box::new("a panic"));
    }

    pub(crate) fn panic_on_drop(&self) {
        self.shared.armed.borrow_mut().insert(self.id);
    }

    pub(crate) async fn thread(&self) {
        let id = self.id;
        assert_eq!(executor::to_thread(move || id).await, id);
        self.log("thread");
    }
}

/// Marks a handle as awaited, until it is dropped.
struct Busy<'a>(&'a World, u32);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        if let Some(slot) = self.0.shared.slots.borrow_mut().get_mut(&self.1) {
            slot.busy = false;
        }
    }
}

pub(crate) fn told(outcome: &Outcome) -> String {
    match outcome {
        Ok(token) => format!("ok {}", token.id),
        Err(token) => format!("err {}", token.id),
    }
}

pub(crate) fn text_of(ended: &Result<Outcome, JoinError>) -> String {
    match ended {
        Ok(outcome) => told(outcome),
        Err(error) if error.is_panic() => "panic".into(),
        Err(_) => "cancelled".into(),
    }
}
