//! One program, many schedules.
//!
//! **Invariant:** the first seed that fails is named, with what is needed to
//! see it fail again.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use crate::base::error::{RunError, panic_text, report};
use crate::event_loop::runtime::OnPanic;
use crate::observe::instrument::{Event, Recorder};
use crate::runner::runner::Runner;

/// How much of a trace is printed: its end, where the failure is.
const SHOWN: usize = 60;

/// Runs a program once for each seed, in virtual time, and stops at the first
/// that fails.
///
/// A seed decides in which order ready tasks run and who wins a tie, so a
/// program that depends on the order fails under some of them. A failure is a
/// panic, in the program or in any of its tasks, or a stall. It is reported on
/// stderr with its seed and the end of its trace, and then passed on; run the
/// program with that one seed to see it again.
///
/// ```
/// use executor::{gather, testing, yield_now};
/// use std::cell::Cell;
///
/// async fn add_one(counter: &Cell<u32>) {
///     counter.set(counter.get() + 1); // in one step: right in every order
///     yield_now().await;
/// }
///
/// testing::explore(0..64, || async {
///     let counter = Cell::new(0);
///     gather((add_one(&counter), add_one(&counter))).await;
///     assert_eq!(counter.get(), 2);
/// });
/// ```
///
/// # Panics
///
/// With the panic of the first run that fails, or with the stall as text.
#[track_caller]
pub fn explore<F: Future>(seeds: impl IntoIterator<Item = u64>, mut program: impl FnMut() -> F) {
    for seed in seeds {
        let recorder = Recorder::new();
        let builder = Runner::builder().virtual_time().seed(seed);
        let builder = builder.on_panic(OnPanic::Stop);
        let mut runner = builder.instrument(recorder.clone()).build();
        let run = AssertUnwindSafe(|| runner.try_run(program()).map(drop));
        match catch_unwind(run) {
            Ok(Ok(())) => {}
            Ok(Err(stall)) => {
                tell(seed, &first_line(&stall), &recorder);
                panic!("seed {seed}: {stall}");
            }
            Err(payload) => {
                tell(seed, panic_text(&*payload), &recorder);
                resume_unwind(payload);
            }
        }
    }
}

fn first_line(stall: &RunError) -> String {
    stall
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn tell(seed: u64, text: &str, recorder: &Recorder) {
    let trace = trace(&recorder.take());
    report(format_args!(
        "the program fails under seed {seed}: {text}\n\
         {trace}\
         to see it again: executor::testing::explore([{seed}], ..)"
    ));
}

fn trace(events: &[(Duration, Event)]) -> String {
    let left_out = events.len().saturating_sub(SHOWN);
    let mut text = match left_out {
        0 => "its trace:\n".to_owned(),
        n => format!("the end of its trace, after {n} events:\n"),
    };
    for (at, event) in &events[left_out..] {
        writeln!(text, "  {at:>12?}  {event:?}").expect("a String takes everything");
    }
    text
}
