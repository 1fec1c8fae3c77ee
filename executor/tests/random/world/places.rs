//! Steps that act from another place: another task, another thread, between two
//! runs of the runner, inside another loop.
//!
//! Invariant: a place changes nothing about the answer. A `Sleep` ends exactly
//! when its last reset says, on the clock of its loop; a handle gives the
//! output of its task wherever it is read. Called by `interpret`, and by
//! programs that `print` printed.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use executor::sync::Event;
use executor::{JoinHandle, Runner, Sleep};

use crate::program::Place;
use crate::world::{Outcome, World, text_of};

/// How often a handle is polled outside of its loop before that counts as
/// spinning.
const POLLS: u32 = 1000;

/// The shared sleeps, and what waits for the end of a run.
#[derive(Default)]
pub(crate) struct Places {
    naps: RefCell<HashMap<u8, Nap>>,
    errands: RefCell<VecDeque<Errand>>,
    /// Wakes the main future, which ends the run.
    main: RefCell<Option<Waker>>,
}

/// A `Sleep` that bodies await in turn.
struct Nap {
    sleep: Arc<Mutex<Sleep>>,
    first_poll: Option<Instant>,
    /// The deadlines that it may have: one, unless a reset is under way in
    /// another place.
    ends: Vec<End>,
    /// How many resets are under way.
    in_flight: usize,
    /// Whether it may have another deadline, for a reason that its documentation
    /// gives. Then it must only complete.
    is_unknown: bool,
    /// Whether it was reset outside of its loop.
    was_moved: bool,
    /// Whether it was reset outside of its loop and not polled since.
    is_moving: bool,
    is_awaited: bool,
}

/// A time span and when it began: at the first poll, if `from` is `None`.
#[derive(Clone, Copy)]
struct End {
    from: Option<Instant>,
    length: Duration,
}

impl Nap {
    fn new(length: Duration) -> Self {
        Nap {
            sleep: Arc::new(Mutex::new(executor::sleep(length))),
            first_poll: None,
            ends: vec![End { from: None, length }],
            in_flight: 0,
            is_unknown: false,
            was_moved: false,
            is_moving: false,
            is_awaited: false,
        }
    }

    /// Returns whether it may complete now, if its last await began at `entered`.
    fn may_end(&self, entered: Instant) -> bool {
        let first_poll = self.first_poll.unwrap_or(entered);
        let is_now = |end: &End| {
            let due = end.from.unwrap_or(first_poll) + end.length;
            due.max(entered) == executor::now()
        };
        self.is_unknown || self.ends.iter().any(is_now)
    }

    /// Records a reset. Outside of the loop it counts from the next poll, which
    /// comes at once if a body waits for the sleep; and before the first poll,
    /// or after the end, another loop counts on its own clock.
    fn note_reset(&mut self, length: Duration, is_inside: bool) {
        let now = executor::now();
        let is_armed = |first_poll: Instant| {
            let due = |end: &End| end.from.unwrap_or(first_poll) + end.length;
            self.ends.iter().all(|end| due(end) > now)
        };
        let is_at_rest = self.is_awaited && self.in_flight == 0 && !self.is_moving;
        let is_waiting = is_at_rest && self.first_poll.is_some_and(is_armed);
        self.is_unknown |= !is_inside && !is_waiting;
        self.was_moved |= !is_inside;
        self.is_moving |= !is_inside;
        let from = self.first_poll.map(|_| now);
        self.ends.push(End { from, length });
        self.in_flight += 1;
    }
}

/// An action between two runs.
struct Errand {
    act: Box<dyn FnOnce()>,
    done: Rc<Event>,
}

impl Places {
    /// Drops the remaining sleeps and errands.
    pub(crate) fn clear(&self) {
        drop(self.naps.take());
        drop(self.errands.take());
        drop(self.main.take());
    }
}

impl World {
    /// Awaits a shared sleep; `us` counts if there is none.
    pub(crate) async fn nap(&self, which: u8, us: u64) {
        let (length, entered) = (Duration::from_micros(us), executor::now());
        let sleep = match self.enter_nap(which, length) {
            Some(sleep) => sleep,
            None => return self.log(format_args!("nap {which}: busy")),
        };
        let _awaits = AwaitsNap(self, which);
        poll_fn(|cx| {
            self.note_poll(which);
            Pin::new(&mut *lock(&sleep)).poll(cx)
        })
        .await;
        let nap = self.shared.places.naps.borrow_mut().remove(&which);
        let nap = nap.expect("only its end removes it");
        let rule = format_args!("the nap {which} ends too late, or too early");
        self.expect(nap.may_end(entered), rule);
        self.log(format_args!("nap {which}"));
    }

    fn enter_nap(&self, which: u8, length: Duration) -> Option<Arc<Mutex<Sleep>>> {
        let mut naps = self.shared.places.naps.borrow_mut();
        let nap = naps.entry(which).or_insert_with(|| Nap::new(length));
        let was_awaited = std::mem::replace(&mut nap.is_awaited, true);
        (!was_awaited).then(|| Arc::clone(&nap.sleep))
    }

    fn note_poll(&self, which: u8) {
        let mut naps = self.shared.places.naps.borrow_mut();
        let nap = naps.get_mut(&which).expect("it is awaited");
        nap.first_poll.get_or_insert(executor::now());
        nap.is_moving = false;
    }

    /// Resets a shared sleep, if there is one.
    pub(crate) async fn reset(&self, which: u8, us: u64, place: Place) {
        let length = Duration::from_micros(us);
        let Some(mut reset) = self.begin_reset(which, length, place) else {
            return self.log(format_args!("reset {which}: none"));
        };
        // Weak: a job that its body no longer awaits must not keep the sleep, and
        // with it the timer, beyond the end of the loop.
        let sleep = Arc::downgrade(&reset.sleep);
        let act = move || {
            if let Some(sleep) = sleep.upgrade() {
                lock(&sleep).reset(length);
            }
        };
        match place {
            Place::Inside => act(),
            Place::Job => executor::to_thread(act).await,
            Place::Away => {
                let thread = std::thread::spawn(act);
                thread.join().expect("a reset does not panic");
            }
            Place::Between => self.leave(act).await,
            Place::OtherLoop => {
                self.leave(move || other_loop().run(async move { act() }))
                    .await
            }
        }
        reset.is_done = true;
        drop(reset);
        self.log(format_args!("reset {which}"));
    }

    /// Records a reset that is under way. Virtual time does not advance until it
    /// is done.
    fn begin_reset(&self, which: u8, length: Duration, place: Place) -> Option<Resets<'_>> {
        let mut naps = self.shared.places.naps.borrow_mut();
        let nap = naps.get_mut(&which)?;
        nap.note_reset(length, place == Place::Inside);
        Some(Resets {
            world: self,
            which,
            sleep: Arc::clone(&nap.sleep),
            ends: nap.ends.len(),
            is_done: false,
        })
    }

    /// Reads a handle outside of its loop.
    pub(crate) async fn read(&self, id: u32, place: Place) {
        let handle = match self.take(id) {
            Ok(handle) => handle,
            Err(why) => return self.log(format_args!("read {id}: {why}")),
        };
        let had_ended = handle.is_finished();
        let read = Rc::new(RefCell::new(Read::Refused));
        let out = Rc::clone(&read);
        self.leave(move || {
            *out.borrow_mut() = match place {
                Place::OtherLoop => read_in_other_loop(handle),
                _ => read_by_hand(handle),
            };
        })
        .await;
        let read = read.replace(Read::Refused);
        self.expect(read != Read::Spins, "a handle spins outside of its loop");
        let is_given = matches!(read, Read::Given(_));
        let rule = format_args!("the handle of a task that had ended: {read:?}");
        self.expect(is_given || !had_ended, rule);
        let is_silent = read == Read::Silent && place == Place::OtherLoop;
        self.expect(!is_silent, "a handle waits on another loop in silence");
        self.log(format_args!("read {id}: {read:?}"));
    }

    /// Ends the run, does `act` there, and waits for the next run.
    async fn leave(&self, act: impl FnOnce() + 'static) {
        let places = &self.shared.places;
        let done = Rc::new(Event::new());
        places.errands.borrow_mut().push_back(Errand {
            act: Box::new(act),
            done: Rc::clone(&done),
        });
        let main = places.main.take();
        main.into_iter().for_each(Waker::wake);
        done.wait().await;
    }

    /// Returns whether there are errands; if not, the main future is woken by the
    /// next one.
    pub(crate) fn has_errands(&self, cx: &Context<'_>) -> bool {
        let places = &self.shared.places;
        places.main.replace(Some(cx.waker().clone()));
        !places.errands.borrow().is_empty()
    }

    /// Runs the errands, between two runs of the runner. Returns the events to set
    /// when the next run has begun.
    pub(crate) fn run_errands(&self) -> Vec<Rc<Event>> {
        let errands = self.shared.places.errands.take();
        let run = |errand: Errand| {
            (errand.act)();
            errand.done
        };
        errands.into_iter().map(run).collect()
    }
}

/// The result of a read of a handle outside of its loop.
#[derive(Debug, PartialEq, Eq)]
enum Read {
    /// How its task ended.
    Given(String),
    /// It panicked with a sentence.
    Refused,
    /// It returned `Pending` and was not woken.
    Silent,
    /// It wakes itself and never completes.
    Spins,
}

fn read_by_hand(mut handle: JoinHandle<Outcome>) -> Read {
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut cx = Context::from_waker(&waker);
    for poll in 0..POLLS {
        match Pin::new(&mut handle).poll(&mut cx) {
            Poll::Ready(ended) => return Read::Given(text_of(&ended)),
            Poll::Pending if wakes.0.load(Ordering::Relaxed) == poll => return Read::Silent,
            Poll::Pending => {}
        }
    }
    Read::Spins
}

/// Counts wakes.
#[derive(Default)]
struct Wakes(AtomicU32);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn read_in_other_loop(mut handle: JoinHandle<Outcome>) -> Read {
    let mut polls = 0;
    let read = poll_fn(|cx| {
        polls += 1;
        match Pin::new(&mut handle).poll(cx) {
            Poll::Ready(ended) => Poll::Ready(Read::Given(text_of(&ended))),
            Poll::Pending if polls == POLLS => Poll::Ready(Read::Spins),
            Poll::Pending => Poll::Pending,
        }
    });
    let mut other = other_loop();
    match catch_unwind(AssertUnwindSafe(|| other.try_run(read))) {
        Ok(Ok(read)) => read,
        Ok(Err(_)) => Read::Silent,
        Err(_) => Read::Refused,
    }
}

fn other_loop() -> Runner {
    let builder = Runner::builder().virtual_time();
    builder.stall_timeout(Duration::ZERO).build()
}

/// Marks a shared sleep as awaited while it lives.
struct AwaitsNap<'a>(&'a World, u8);

impl Drop for AwaitsNap<'_> {
    fn drop(&mut self) {
        if let Some(nap) = self.0.shared.places.naps.borrow_mut().get_mut(&self.1) {
            nap.is_awaited = false;
            nap.is_unknown |= nap.was_moved;
        }
    }
}

/// Counts a reset as under way while it lives.
struct Resets<'a> {
    world: &'a World,
    which: u8,
    sleep: Arc<Mutex<Sleep>>,
    /// How many deadlines the sleep might have when this began.
    ends: usize,
    is_done: bool,
}

impl Drop for Resets<'_> {
    fn drop(&mut self) {
        let mut naps = self.world.shared.places.naps.borrow_mut();
        let Some(nap) = naps.get_mut(&self.which) else {
            return;
        };
        if !Arc::ptr_eq(&nap.sleep, &self.sleep) {
            return; // the sleep has completed, and this is another
        }
        nap.in_flight -= 1;
        nap.is_moving |= nap.was_moved;
        nap.is_unknown |= !self.is_done;
        // Which of several resets was the last is known only if no two overlap.
        if nap.in_flight == 0 && nap.ends.len() == self.ends {
            let last = nap.ends.pop();
            nap.ends.clear();
            nap.ends.extend(last);
        }
    }
}

fn lock(sleep: &Mutex<Sleep>) -> MutexGuard<'_, Sleep> {
    sleep.lock().unwrap_or_else(PoisonError::into_inner)
}
