//! Random programs against the replay oracle, a reference model and asyncio.
//!
//! Invariant: the same numbers give the same programs, so these tests pass or
//! fail alike everywhere. What each file is: `README.md` here.

mod budgets;
mod campaign;
mod found;
mod generate;
mod interpret;
mod judge;
mod model;
mod print;
mod program;
mod python;
mod shared;
mod world;

use std::process::{Command, Stdio};

use generate::Kind;

/// Runs a test again in a process of its own, without its stderr: the executor
/// reports each panic of a task whose handle was dropped, and these programs
/// have many. Returns `true` in that process.
fn is_quiet_child(test: &str) -> bool {
    const MARK: &str = "EXECUTOR_RANDOM_CHILD";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    let program = std::env::current_exe().expect("a test knows its own program");
    let child = Command::new(program)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(MARK, "1")
        .stderr(Stdio::null())
        .output()
        .expect("the test runs again");
    let stdout = String::from_utf8_lossy(&child.stdout);
    assert!(
        stdout.contains("running 1 test"),
        "no test is called {test}"
    );
    assert!(child.status.success(), "{stdout}");
    false
}

/// Reports on stdout, where the parent looks.
#[track_caller]
fn expect(kind: Kind, numbers: std::ops::Range<u64>) {
    if let Err(report) = campaign::run(kind, numbers) {
        println!("{report}");
        panic!("a random program failed");
    }
}

#[test]
fn programs_do_what_the_reference_model_says() {
    if is_quiet_child("programs_do_what_the_reference_model_says") {
        expect(Kind::Modelled, 0..200);
    }
}

#[test]
fn programs_with_scopes_and_grace_keep_the_rules_of_every_loop() {
    if is_quiet_child("programs_with_scopes_and_grace_keep_the_rules_of_every_loop") {
        expect(Kind::Wild, 0..100);
    }
}

#[test]
fn programs_with_thread_jobs_keep_the_rules_of_every_loop() {
    if is_quiet_child("programs_with_thread_jobs_keep_the_rules_of_every_loop") {
        expect(Kind::Threads, 0..50);
    }
}

#[test]
fn programs_with_many_futures_do_what_the_reference_model_says() {
    if is_quiet_child("programs_with_many_futures_do_what_the_reference_model_says") {
        expect(Kind::Crowds, 0..150);
    }
}

#[test]
fn what_is_ready_is_never_timed_out_and_a_busy_task_starves_none() {
    if is_quiet_child("what_is_ready_is_never_timed_out_and_a_busy_task_starves_none") {
        expect(Kind::Spent, 0..60);
    }
}

#[test]
fn wakers_that_act_and_panic_keep_the_rules_of_every_loop() {
    if is_quiet_child("wakers_that_act_and_panic_keep_the_rules_of_every_loop") {
        expect(Kind::Wakers, 0..200);
    }
}

#[test]
fn no_task_waits_for_what_a_socket_has() {
    if is_quiet_child("no_task_waits_for_what_a_socket_has") {
        expect(Kind::Sources, 0..30);
    }
}

#[test]
fn resets_and_reads_from_other_places_change_no_answer() {
    if is_quiet_child("resets_and_reads_from_other_places_change_no_answer") {
        expect(Kind::Places, 0..100);
    }
}

#[test]
fn no_order_of_calls_on_remote_handles_waits_for_ever() {
    if is_quiet_child("no_order_of_calls_on_remote_handles_waits_for_ever") {
        expect(Kind::Remotes, 0..60);
    }
}

#[test]
fn asyncio_takes_the_same_steps_in_the_same_order() {
    if !python::is_there() {
        println!("skipped: no python3 (3.11 or later)");
        return;
    }
    if is_quiet_child("asyncio_takes_the_same_steps_in_the_same_order") {
        for kind in [Kind::Strict, Kind::Grouped] {
            if let Err(report) = campaign::run_on_asyncio(kind, 0..60) {
                println!("{report}");
                panic!("asyncio does otherwise");
            }
        }
    }
}
