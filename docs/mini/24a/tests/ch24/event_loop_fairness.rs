//! From `executor/tests/it/event_loop/fairness.rs`, as they are there.

use super::common::Count;
use super::common::Log;
use super::common::poll_once;
use super::common::sized;
use super::common::sized_by_build;
use super::common::virtual_runner;
#[cfg(feature = "observe")]
use super::common::{count, recorded_virtual_runner};
use crate::mini as executor;
use executor::Runner;
#[cfg(feature = "observe")]
use executor::instrument::{Event, Recorder};
use executor::now;
use executor::run;
use executor::sleep;
use executor::spawn;
use executor::yield_now;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

/// The most polls between two checks of timers and the inbox while tasks are
/// ready (DESIGN, section 3).
const POLLS_BETWEEN_LOOKS: usize = 61;

#[cfg(feature = "observe")]
fn recorded_runner() -> (Runner, Recorder) {
    let recorder = Recorder::new();
    (
        Runner::builder().instrument(recorder.clone()).build(),
        recorder,
    )
}

/// Starts tasks that are always ready.
fn spawn_restless_tasks(n: usize) {
    for _ in 0..n {
        drop(spawn(async {
            loop {
                yield_now().await;
            }
        }));
    }
}

#[test]
fn tasks_that_yield_are_polled_in_strict_rotation() {
    let log = Log::new();
    virtual_runner().run(async {
        let task = |name: &'static str| {
            let log = log.clone();
            spawn(async move {
                for _ in 0..3 {
                    log.push(name);
                    yield_now().await;
                }
            })
        };
        for task in ["a", "b", "c"].map(task) {
            task.await.unwrap();
        }
    });
    assert_eq!(log.take().concat(), "abcabcabc");
}

/// The most polls for which a queue of two hundred tasks that are always ready
/// hides an event. `happens` causes the event in a poll of the main future, which
/// is the first in that queue; `is_seen` says whether the loop has noticed it.
/// Each number of polls since the last check of the loop is tried.
#[cfg(feature = "observe")]
fn longest_hidden(happens: impl AsyncFn(), is_seen: impl Fn(&Event) -> bool) -> usize {
    let hidden = |polls_before| {
        let (mut runner, recorder) = recorded_runner();
        runner.run(async {
            for _ in 0..polls_before {
                yield_now().await;
            }
            wake_then(|| spawn_restless_tasks(200)).await;
            recorder.take();
            happens().await;
        });
        let events = recorder.take();
        let seen = events.iter().position(|(_, event)| is_seen(event));
        count(&events[..seen.expect("it is seen")], |event| {
            matches!(event, Event::PollStart { .. })
        })
    };
    let offsets = POLLS_BETWEEN_LOOKS * sized_by_build(2, 1, 1);
    (0..offsets).map(hidden).max().unwrap()
}

/// Wakes its own task, calls `f`, and is ready in the next turn. The tasks that
/// `f` spawns are behind its own in the queue.
async fn wake_then(f: impl Fn()) {
    let mut is_woken = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut is_woken, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        f();
        Poll::Pending
    })
    .await;
}

/// A task that counts its turns, without end.
async fn count_turns(turns: Count) {
    loop {
        turns.add();
        yield_now().await;
    }
}

/// More than twice as many as a task may find ready in one poll.
const MANY: u32 = sized(1_000, 300);
