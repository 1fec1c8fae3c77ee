//! What the tests share: a log to assert on, futures that count, and runners.

#![allow(dead_code, reason = "each file uses some of it")]

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::process::{Command, Output};
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use executor::instrument::replay::{self, Rule};
use executor::instrument::{self, Event, EventRecord, Instrument, Recorder, Tracer, WakeOutcome};
use executor::{Builder, Runner};

/// How much a test does of what holds for any size: less where Miri runs it,
/// which is a thousand times slower than the machine.
pub(crate) const fn sized<T: Copy>(usual: T, in_miri: T) -> T {
    if cfg!(miri) { in_miri } else { usual }
}

/// A list of what happened, shared by everyone who holds a clone.
#[derive(Clone, Default)]
pub(crate) struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn push(&self, entry: impl fmt::Display) {
        self.0.borrow_mut().push(entry.to_string());
    }

    /// What has been logged since the last call.
    #[track_caller]
    pub(crate) fn take(&self) -> Vec<String> {
        self.0.take()
    }
}

/// Counts its drops, and says who it is when it goes.
pub(crate) struct OnDrop<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// A counter that can be shared with the futures under test.
#[derive(Clone, Default)]
pub(crate) struct Count(Rc<Cell<u32>>);

impl Count {
    pub(crate) fn add(&self) {
        self.0.set(self.0.get() + 1);
    }

    pub(crate) fn get(&self) -> u32 {
        self.0.get()
    }
}

/// A runner whose clock is virtual, and whose every step is [judged](Oracle).
pub(crate) fn virtual_runner() -> Runner {
    judged(Runner::builder().virtual_time())
}

/// A runner whose every step is [judged](Oracle); not where Miri runs it, which
/// would spend nine tenths of its time on judging what is judged anyway.
pub(crate) fn judged(builder: Builder) -> Runner {
    match cfg!(miri) {
        true => builder.build(),
        false => builder.instrument(Oracle::new()).build(),
    }
}

/// Records a loop, and fails the test if the loop broke a rule: when the loop
/// is gone, unless the test has failed already.
pub(crate) struct Oracle(Tracer);

impl Oracle {
    /// Long enough for all tests but those with a million sleeps; of those the
    /// beginning is judged.
    const ROOM: usize = 50_000;

    pub(crate) fn new() -> Self {
        Oracle(Tracer::with_room(Self::ROOM))
    }
}

impl Instrument for Oracle {
    fn event(&mut self, _: Duration, _: &Event) {}

    fn record(&mut self, record: &EventRecord<'_>) {
        self.0.record(record);
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        // Many tests make a future that nobody can wake; that is their fault.
        let mut broken = replay::judge(&self.0.trace());
        broken.retain(|broken| broken.rule != Rule::LiveWaker);
        let broken: Vec<_> = broken.iter().map(ToString::to_string).collect();
        assert!(
            broken.is_empty(),
            "the loop broke its rules:\n{}",
            broken.join("\n")
        );
    }
}

/// What `program` panics with, as text; fails if it does not panic. Nothing is
/// printed.
#[track_caller]
pub(crate) fn panic_text<T>(program: impl FnOnce() -> T) -> String {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(program));
    match result {
        Ok(_) => panic!("expected a panic"),
        Err(payload) => match payload.downcast::<String>() {
            Ok(text) => *text,
            Err(payload) => payload
                .downcast::<&str>()
                .map_or_else(|_| "a panic without text".into(), |text| text.to_string()),
        },
    }
}

/// A runner with virtual time, and the record of what it does.
pub(crate) fn recorded_virtual_runner() -> (Runner, Recorder) {
    let recorder = Recorder::new();
    let builder = Runner::builder().virtual_time();
    (builder.instrument(recorder.clone()).build(), recorder)
}

/// How many of the recorded events are of a kind.
pub(crate) fn count(events: &[(Duration, Event)], is: impl Fn(&Event) -> bool) -> usize {
    events.iter().filter(|(_, event)| is(event)).count()
}

/// Polls a future once and says what it said.
pub(crate) async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await
}

/// The same future, with its polls counted.
pub(crate) fn counted<F: Future>(
    polls: &Count,
    future: F,
) -> impl Future<Output = F::Output> + use<F> {
    let polls = polls.clone();
    let mut future = Box::pin(future);
    poll_fn(move |cx| {
        polls.add();
        future.as_mut().poll(cx)
    })
}

/// A door that the test opens by hand. It keeps a clone of the waker of each
/// poll in front of it, as a channel would.
#[derive(Clone, Default)]
pub(crate) struct Gate(Rc<RefCell<(bool, Vec<Waker>)>>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) async fn wait(self) {
        poll_fn(|cx| {
            let mut state = self.0.borrow_mut();
            if state.0 {
                return Poll::Ready(());
            }
            state.1.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    pub(crate) fn open(&self) {
        self.0.borrow_mut().0 = true;
        let wakers = std::mem::take(&mut self.0.borrow_mut().1);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Drops the wakers: nobody can open the door any more.
    pub(crate) fn forget_wakers(&self) {
        self.0.borrow_mut().1.clear();
    }

    /// The waker of the last poll that found the door closed.
    #[track_caller]
    pub(crate) fn last_waker(&self) -> Waker {
        let state = self.0.borrow();
        state.1.last().expect("somebody waits").clone()
    }
}

/// How often a task was polled.
pub(crate) fn polls_of(events: &[(Duration, Event)], task: impl Into<instrument::TaskId>) -> usize {
    let task = task.into();
    let is_poll = |event: &Event| *event == Event::PollStart { task };
    events.iter().filter(|(_, event)| is_poll(event)).count()
}

/// What the wakes of a task did, in their order.
pub(crate) fn wakes_of(
    events: &[(Duration, Event)],
    of: impl Into<instrument::TaskId>,
) -> Vec<WakeOutcome> {
    let of = of.into();
    let outcome = |(_, event): &(Duration, Event)| match event {
        Event::Wake { task, outcome, .. } if *task == of => Some(*outcome),
        _ => None,
    };
    events.iter().filter_map(outcome).collect()
}

/// Takes away what the runtime and the standard library would read from the
/// environment: whoever runs the tests may have it set.
pub(crate) fn without_settings(command: &mut Command) -> &mut Command {
    for name in [
        "COLUMNS",
        "EXECUTOR_DEBUG",
        "EXECUTOR_PS",
        "EXECUTOR_TIMELINE",
        "EXECUTOR_TRACE",
        "RUST_BACKTRACE",
    ] {
        command.env_remove(name);
    }
    command
}

/// Runs the test called `test` (`file::function`) again in a process of its
/// own, with these environment variables, and gives what it printed. In that
/// process it gives `None`: there the test goes on.
#[track_caller]
pub(crate) fn in_own_process(test: &str, environment: &[(&str, &str)]) -> Option<Output> {
    const MARK: &str = "EXECUTOR_TEST_CHILD";
    if std::env::var_os(MARK).is_some() {
        return None;
    }
    let program = std::env::current_exe().expect("a test knows its own program");
    let output = without_settings(&mut Command::new(program))
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .envs(environment.iter().copied())
        .env(MARK, "1")
        .output()
        .expect("the test runs again");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        stdout.contains("running 1 test"),
        "no test is called {test}"
    );
    Some(output)
}

/// What the runtime reported on stderr, one entry per line, in a child that
/// ended well.
#[track_caller]
pub(crate) fn reports(child: &Output) -> Vec<String> {
    let stderr = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "the child failed:\n{stderr}");
    let reports = stderr
        .lines()
        .filter_map(|line| line.strip_prefix("executor: "));
    reports.map(str::to_owned).collect()
}
