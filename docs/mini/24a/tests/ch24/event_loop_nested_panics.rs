//! From `executor/tests/it/event_loop/nested_panics.rs`, as they are there.

use super::common::Count;
use super::common::OnDrop;
use super::common::poll_once;
use super::common::virtual_runner;
use crate::mini as executor;
use executor::Runner;
use executor::run;
#[cfg(feature = "scope")]
use executor::scope;
use executor::sleep;
use executor::spawn;
use executor::to_thread;
use executor::yield_now;
use std::panic::panic_any;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::Wake;
use std::task::Waker;
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

/// A payload that panics when it is dropped.
struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        panic!("a payload panics");
    }
}

/// Panics with a [`PanicsOnDrop`] when it is dropped.
struct PanicsTwice;

impl Drop for PanicsTwice {
    fn drop(&mut self) {
        panic_any(PanicsOnDrop);
    }
}

/// A task that the panics of the others must not affect.
async fn bystander(count: Count) {
    for _ in 0..5 {
        count.add();
        yield_now().await;
    }
}

#[test]
fn of_a_future_that_a_closing_loop_refuses() {
    run(async {
        spawn(async {
            let _spawns = OnDrop(|| {
                let twice = PanicsTwice;
                spawn(async move { drop(twice) });
            });
            std::future::pending::<()>().await;
        });
        yield_now().await;
    });
}
