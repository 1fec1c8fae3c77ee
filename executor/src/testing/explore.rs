//! Exploration of schedules: one program, run with many seeds.
//!
//! **Invariant:** the report of a failure names the seed that repeats it.
//!
//! Called by users. Imports `runner`, and the recorder of `observe`.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use crate::base::error::{RunError, panic_text, report};
use crate::event_loop::runtime::OnPanic;
use crate::observe::instrument::{Event, Recorder};
use crate::runner::runner::Runner;

/// How many events of a trace are printed: the last ones, before the failure.
const PRINTED_EVENTS: usize = 60;

/// Runs a program once for each seed, in virtual time, and stops at the first
/// seed with which the program fails.
///
/// A seed decides the order of ready tasks and the winners of ties, so a program
/// that depends on the order fails with some seeds. A failure is a stall, or a
/// panic in the program or in any of its tasks. `explore` reports it on stderr,
/// with the seed and the end of the trace, and then panics. Run the program with
/// that seed alone to repeat the failure.
///
/// ```
/// use executor::{gather, testing, yield_now};
/// use std::cell::Cell;
///
/// async fn add_one(counter: &Cell<u32>) {
///     counter.set(counter.get() + 1); // one step: correct in every order
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
/// Resumes the panic of the first run that fails. If the run stalls instead,
/// panics with the text of the stall.
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
                report_failure(seed, &first_line(&stall), &recorder);
                panic!("seed {seed}: {stall}");
            }
            Err(payload) => {
                report_failure(seed, panic_text(&*payload), &recorder);
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

fn report_failure(seed: u64, text: &str, recorder: &Recorder) {
    let trace = trace(&recorder.take());
    report(format_args!(
        "the program fails under seed {seed}: {text}\n\
         {trace}\
         to see it again: executor::testing::explore([{seed}], ..)"
    ));
}

/// Returns the end of the trace as text.
fn trace(events: &[(Duration, Event)]) -> String {
    let skipped = events.len().saturating_sub(PRINTED_EVENTS);
    let mut text = match skipped {
        0 => "its trace:\n".to_owned(),
        n => format!("the end of its trace, after {n} events:\n"),
    };
    for (at, event) in &events[skipped..] {
        writeln!(text, "  {at:>12?}  {event:?}").expect("writing to a String never fails");
    }
    text
}
