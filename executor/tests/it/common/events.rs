//! Instruments for tests: a judge of every step, a recorder, and a report of
//! each park.

use std::sync::mpsc;
use std::time::Duration;

use executor::instrument::replay::{self, Rule};
use executor::instrument::{Event, EventRecord, Instrument, Recorder, Tracer, WakeOutcome};
use executor::{Builder, Runner, TaskId};

/// Records a loop. When the loop is dropped, fails the test if the loop broke a
/// rule, unless the test has failed already.
pub(crate) struct Oracle(Tracer);

impl Oracle {
    /// Enough for every test but those with a million sleeps, of which the oracle
    /// judges the beginning.
    const ROOM: usize = 50_000;

    pub(crate) fn new() -> Self {
        Oracle(Tracer::with_room(Self::ROOM))
    }
}

impl Instrument for Oracle {
    fn event(&mut self, _: Duration, _: &Event) {}

    fn record(&mut self, note: &EventRecord<'_>) {
        self.0.record(note);
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        // Many tests make a future that can never be woken, on purpose.
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

/// A runner with virtual time, and its recorder.
pub(crate) fn recorded_virtual_runner() -> (Runner, Recorder) {
    let recorder = Recorder::new();
    let builder = Runner::builder().virtual_time();
    (builder.instrument(recorder.clone()).build(), recorder)
}

/// Counts the recorded events that satisfy a predicate.
pub(crate) fn count(events: &[(Duration, Event)], is: impl Fn(&Event) -> bool) -> usize {
    events.iter().filter(|(_, event)| is(event)).count()
}

/// Counts the polls of a task.
pub(crate) fn polls_of(
    events: &[(Duration, Event)],
    task: impl Into<executor::instrument::TaskId>,
) -> usize {
    let task = task.into();
    let is_poll = |event: &Event| *event == Event::PollStart { task };
    events.iter().filter(|(_, event)| is_poll(event)).count()
}

/// The outcomes of the wakes of a task, in order.
pub(crate) fn wakes_of(events: &[(Duration, Event)], of: TaskId) -> Vec<WakeOutcome> {
    let effect = |(_, event): &(Duration, Event)| match event {
        Event::Wake { task, outcome, .. } if *task == of => Some(*outcome),
        _ => None,
    };
    events.iter().filter_map(effect).collect()
}

/// Sends a message whenever the loop parks.
struct TellParks(mpsc::Sender<()>);

impl Instrument for TellParks {
    fn event(&mut self, _at: Duration, event: &Event) {
        if matches!(event, Event::ParkStart { .. }) {
            let _ = self.0.send(());
        }
    }
}

/// Builds a runner, and a channel that gets a message at each of its parks.
pub(crate) fn runner_that_tells_parks(builder: Builder) -> (Runner, mpsc::Receiver<()>) {
    let (send, parks) = mpsc::channel();
    (builder.instrument(TellParks(send)).build(), parks)
}
