//! Ctrl-C: a wait for it never delays the end of the program, and a second
//! Ctrl-C ends a program that does not end.
//!
//! Each test runs itself again as a program, which answers in lines that begin
//! with `> `.

use std::os::unix::process::ExitStatusExt;
use std::pin::Pin;
use std::sync::mpsc::{self};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use executor::signal::ctrl_c;
use executor::{gather, now, run, sleep, yield_now};
use signal_hook::consts::SIGINT;
use signal_hook::low_level::raise;

use crate::common::{Program, WATCH, poll_once, say};

const MS: Duration = Duration::from_millis(1);

/// Runs the test of this file again as a program of its own; there it returns
/// `None`, and the test continues.
fn again(name: &str) -> Option<Program> {
    crate::common::again(module_path!(), name)
}

/// A wait for Ctrl-C that has begun.
async fn armed() -> Pin<Box<dyn Future<Output = std::io::Result<()>>>> {
    let mut wait: Pin<Box<dyn Future<Output = _>>> = Box::pin(ctrl_c());
    assert!(poll_once(&mut wait).await.is_pending());
    wait
}

/// A shell that starts the tests in its background makes them, and what they
/// start, ignore Ctrl-C; then there is no default to look at.
fn is_ctrl_c_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (SIGINT - 1)) != 0)
}

#[test]
fn before_the_first_wait_ctrl_c_does_what_it_does_by_default() {
    let name = "before_the_first_wait_ctrl_c_does_what_it_does_by_default";
    if is_ctrl_c_ignored() {
        return;
    }
    if let Some(program) = again(name) {
        assert_eq!(program.said(), "works");
        program.press_ctrl_c();
        let (code, signal, ..) = program.end();
        assert_eq!((code, signal), (None, Some(SIGINT)));
        return;
    }
    run(async {
        let _never_polled = ctrl_c();
        say("works");
        sleep(WATCH).await;
    });
}

#[test]
fn the_first_ctrl_c_resolves_the_wait_and_the_program_ends_as_it_likes() {
    let name = "the_first_ctrl_c_resolves_the_wait_and_the_program_ends_as_it_likes";
    if let Some(program) = again(name) {
        assert_eq!(program.said(), "waits");
        program.press_ctrl_c();
        assert_eq!(program.said(), "stops");
        return program.must_succeed();
    }
    run(async {
        let wait = armed().await;
        say("waits");
        wait.await.unwrap();
        say("stops");
    });
}

#[test]
fn c265_a_second_ctrl_c_ends_a_program_that_does_not_end() {
    if let Some(program) = again("c265_a_second_ctrl_c_ends_a_program_that_does_not_end") {
        assert_eq!(program.said(), "waits");
        program.press_ctrl_c();
        assert_eq!(program.said(), "stops");
        program.press_ctrl_c();
        let (code, signal, ..) = program.end();
        assert_eq!((code, signal), (Some(130), None));
        return;
    }
    run(async {
        let wait = armed().await;
        say("waits");
        wait.await.unwrap();
        say("stops");
        // A clean-up that hangs, and the whole loop with it.
        thread::sleep(WATCH);
    });
}

#[test]
fn c265_a_ctrl_c_after_a_wait_was_given_up_ends_the_program() {
    if let Some(program) = again("c265_a_ctrl_c_after_a_wait_was_given_up_ends_the_program") {
        assert_eq!(program.said(), "gave up");
        program.press_ctrl_c();
        let (code, signal, ..) = program.end();
        assert_eq!((code, signal), (Some(130), None));
        return;
    }
    run(async {
        drop(armed().await);
        say("gave up");
        sleep(WATCH).await;
    });
}

#[test]
fn a_task_that_waits_again_and_again_hears_every_ctrl_c() {
    if let Some(program) = again("a_task_that_waits_again_and_again_hears_every_ctrl_c") {
        for n in 0..5 {
            assert_eq!(program.said(), format!("waits {n}"));
            program.press_ctrl_c();
        }
        return program.must_succeed();
    }
    run(async {
        for n in 0..5 {
            let wait = armed().await;
            say(format_args!("waits {n}"));
            wait.await.unwrap();
        }
    });
}

#[test]
fn every_task_that_waits_hears_one_ctrl_c() {
    if let Some(program) = again("every_task_that_waits_hears_one_ctrl_c") {
        assert_eq!(program.said(), "waits");
        program.press_ctrl_c();
        return program.must_succeed();
    }
    run(async {
        let waits = [armed().await, armed().await, armed().await];
        // Those that come and go between take nothing away from them.
        drop(armed().await);
        say("waits");
        for outcome in gather(Vec::from(waits)).await {
            outcome.unwrap();
        }
    });
}

/// `raise` returns when the handler has run.
#[test]
fn c266_of_two_that_come_quickly_the_wait_hears_at_least_one() {
    if let Some(program) = again("c266_of_two_that_come_quickly_the_wait_hears_at_least_one") {
        return program.must_succeed();
    }
    run(async {
        for _ in 0..100 {
            let wait = armed().await;
            raise(SIGINT).unwrap();
            raise(SIGINT).unwrap();
            wait.await.unwrap();
        }
    });
}

#[test]
fn c266_a_ctrl_c_while_the_loop_sleeps_makes_no_timer_early_or_late_for_ever() {
    let name = "c266_a_ctrl_c_while_the_loop_sleeps_makes_no_timer_early_or_late_for_ever";
    if let Some(program) = again(name) {
        assert_eq!(program.said(), "sleeps");
        for n in 0..10 {
            program.press_ctrl_c();
            assert_eq!(program.said(), format!("heard {n}"));
        }
        assert_eq!(program.said(), "slept");
        return program.must_succeed();
    }
    run(async {
        let mut wait = armed().await;
        let begin = now();
        say("sleeps");
        let sleeps = async {
            sleep(500 * MS).await;
            assert!(now() - begin >= 500 * MS);
        };
        // The next one is pressed when this one was heard: however long the
        // ten take, none comes without a waiter.
        let hears = async {
            for n in 0..10 {
                wait.await.unwrap();
                wait = armed().await;
                say(format_args!("heard {n}"));
            }
        };
        gather((sleeps, hears)).await;
        say("slept");
    });
}

/// The one that came belonged to the wait. What comes after the wait ends the
/// program.
#[test]
fn c268_a_wait_that_is_dropped_with_its_ctrl_c_pending_takes_that_one_along() {
    let name = "c268_a_wait_that_is_dropped_with_its_ctrl_c_pending_takes_that_one_along";
    if let Some(program) = again(name) {
        assert_eq!(program.said(), "still here");
        let (code, signal, ..) = program.end();
        assert_eq!((code, signal), (Some(130), None));
        return;
    }
    run(async {
        let wait = armed().await;
        raise(SIGINT).unwrap();
        drop(wait);
        yield_now().await;
        // It is not kept for the next one either.
        let mut next = armed().await;
        sleep(10 * MS).await;
        assert!(matches!(poll_once(&mut next).await, Poll::Pending));
        drop(next);
        say("still here");
        raise(SIGINT).unwrap();
        say("too late");
    });
}

#[test]
fn c269_one_ctrl_c_is_heard_by_the_loops_of_two_threads() {
    if let Some(program) = again("c269_one_ctrl_c_is_heard_by_the_loops_of_two_threads") {
        assert_eq!(program.said(), "waits");
        assert_eq!(program.said(), "waits");
        program.press_ctrl_c();
        return program.must_succeed();
    }
    let loops = [(); 2].map(|()| {
        thread::spawn(|| {
            run(async {
                let wait = armed().await;
                say("waits");
                wait.await.unwrap();
            })
        })
    });
    loops.into_iter().for_each(|thread| thread.join().unwrap());
}

/// One loop must not take away the notice that another one waits.
#[test]
fn c269_a_loop_that_waits_is_heard_while_another_begins_and_stops_waiting() {
    let name = "c269_a_loop_that_waits_is_heard_while_another_begins_and_stops_waiting";
    if let Some(program) = again(name) {
        return program.must_succeed();
    }
    let (stop, stopped) = mpsc::channel::<()>();
    let other = thread::spawn(move || {
        run(async {
            while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
                // It may hear one before its first poll is over.
                let _ = poll_once(&mut Box::pin(ctrl_c())).await;
            }
        });
    });
    run(async {
        for _ in 0..2_000 {
            let wait = armed().await;
            raise(SIGINT).unwrap();
            wait.await.unwrap();
        }
    });
    drop(stop);
    other.join().unwrap();
}

/// The handler is not inherited by a program that is started.
#[test]
fn c269_a_child_process_does_with_ctrl_c_what_it_does_by_default() {
    if is_ctrl_c_ignored() {
        return;
    }
    if let Some(program) = again("c269_a_child_process_does_with_ctrl_c_what_it_does_by_default") {
        return program.must_succeed();
    }
    run(async {
        let mut wait = armed().await;
        let mut kill_itself = executor::process::Command::new("sh");
        let status = kill_itself
            .args(["-c", "kill -INT $$"])
            .status()
            .await
            .unwrap();
        assert_eq!(status.signal(), Some(SIGINT));
        assert!(poll_once(&mut wait).await.is_pending());
    });
}
