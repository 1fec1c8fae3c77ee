//! From `executor/tests/it/event_loop/run.rs`, as they are there.

use super::common::Count;
use super::common::Gate;
use super::common::Log;
use super::common::OnDrop;
use super::common::counted;
use super::common::panic_of;
use super::common::panic_text;
#[cfg(feature = "observe")]
use super::common::{polls_of, recorded_virtual_runner, wakes_of};
use crate::mini as executor;
use executor::RunError;
use executor::Runner;
#[cfg(feature = "observe")]
use executor::instrument::{Event, WakeOutcome};
use executor::run;
use executor::sleep;
use executor::spawn;
use executor::to_thread;
use executor::try_run;
use executor::yield_now;
use std::panic::panic_any;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

#[test]
fn the_main_future_may_borrow_from_its_caller() {
    let mut lines = vec!["before".to_string()];
    run(async {
        yield_now().await;
        lines.push("inside".into());
    });
    assert_eq!(lines, ["before", "inside"]);
}

#[test]
fn a_nested_try_run_gives_an_error_and_drops_the_future_unpolled() {
    let polled = Count::default();
    let dropped = Count::default();
    let guard = OnDrop(|| dropped.add());
    run(async {
        let inner = async {
            let _guard = guard;
            polled.add();
        };
        assert!(matches!(try_run(inner), Err(RunError::AlreadyRunning)));
    });
    assert_eq!((polled.get(), dropped.get()), (0, 1));
}

/// The first task that was ever made: the main future of the first run.
#[cfg(feature = "observe")]
fn first_task(events: &[(Duration, Event)]) -> executor::instrument::TaskId {
    let spawned = |(_, event): &(Duration, Event)| match event {
        Event::TaskSpawn { task, .. } => Some(*task),
        _ => None,
    };
    events.iter().find_map(spawned).expect("a main future")
}

/// Counts the polls of a task that waits while another thread is woken through
/// `other`.
fn inner_run_that_wakes(other: &Waker) -> u32 {
    let (polls, gate) = (Count::default(), Gate::new());
    run(async {
        let waiting = spawn(counted(&polls, gate.clone().wait()));
        for _ in 0..10 {
            yield_now().await;
            other.wake_by_ref();
        }
        assert!(!gate.last_waker().will_wake(other));
        gate.open();
        waiting.await.unwrap();
    });
    polls.get()
}

#[test]
fn c019_a_waker_of_an_inner_run_does_not_wake_the_outer_one() {
    run(async {
        let (gate, polls) = (Gate::new(), Count::default());
        let waiting = spawn(counted(&polls, gate.clone().wait()));
        yield_now().await;
        let inner = to_thread(|| {
            let gate = Gate::new();
            run(async {
                let _left = spawn(gate.clone().wait());
                yield_now().await;
            });
            gate.last_waker()
        });
        inner.await.wake();
        yield_now().await;
        assert_eq!(polls.get(), 1);
        gate.open();
        waiting.await.unwrap();
        assert_eq!(polls.get(), 2);
    });
}
