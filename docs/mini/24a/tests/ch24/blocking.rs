//! From `executor/tests/it/blocking.rs`, as they are there.

#[cfg(feature = "observe")]
use super::common::count;
use super::common::must_end;
use super::common::panic_text;
use super::common::poll_once;
use super::common::sized;
use super::common::virtual_runner;
use crate::mini as executor;
use executor::RunError;
use executor::Runner;
use executor::gather;
#[cfg(feature = "observe")]
use executor::instrument::{Cause, Event, Recorder};
use executor::run;
use executor::sleep;
use executor::spawn;
use executor::timeout;
use executor::to_thread;
use executor::yield_now;
use std::collections::HashSet;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::thread;
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

/// Counts its drops, on whichever thread they happen.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn the_loop_goes_on_while_a_call_blocks() {
    run(async {
        let (open, gate) = mpsc::channel::<()>();
        let call = spawn(to_thread(move || gate.recv().is_err()));
        for _ in 0..10 {
            yield_now().await;
        }
        sleep(MS).await;
        assert!(!call.is_finished());
        drop(open); // only the loop itself can end the call
        assert!(call.await.unwrap());
    });
}

#[test]
fn a_call_that_is_never_awaited_never_runs() {
    let drops = Arc::new(AtomicUsize::new(0));
    let counted = Counted(drops.clone());
    run(async move {
        let call = to_thread(move || {
            let _counted = counted;
            unreachable!("this call is not awaited");
        });
        yield_now().await;
        drop(call);
    });
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

/// Polls a call in its destructor, and tells whether the call ran.
struct CallsAtTheEnd(mpsc::Sender<Result<(), mpsc::RecvTimeoutError>>);

/// Each loop has threads of its own, so no cap is shared.
#[test]
fn c193_calls_that_run_loops_that_make_calls_do_not_block_each_other() {
    fn nest(depth: u32) -> u32 {
        match depth {
            0 => 0,
            _ => 1 + run(to_thread(move || nest(depth - 1))),
        }
    }
    must_end(|| assert_eq!(nest(50), 50));
}
