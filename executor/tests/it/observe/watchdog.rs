//! The watchdog of debug mode: polls that block the loop.

use std::time::Duration;

use executor::{Runner, spawn_named, yield_now};

use crate::common::{as_program, blocking_line, is_program};

#[test]
fn c271_a_poll_that_is_stuck_is_reported_while_it_is_stuck_and_once() {
    let name =
        "observe::watchdog::c271_a_poll_that_is_stuck_is_reported_while_it_is_stuck_and_once";
    if is_program() {
        let limit = Duration::from_millis(20);
        let mut runner = Runner::builder().debug(true).slow_poll(limit).build();
        return runner.run(async {
            let rude = spawn_named("rude", async { blocking_line() });
            assert_eq!(rude.await.unwrap(), "continue");
        });
    }
    let mut child = as_program(name, &[]);
    // The poll ends because the report has come. If the machine holds up the
    // polls of the other task, they are reported too.
    let of_rude = |line: &String| line.contains("\"rude\"");
    let mut report = child.complaint();
    while !of_rude(&report) {
        report = child.complaint();
    }
    assert!(
        report.starts_with("executor: task 2 \"rude\" (spawned at "),
        "{report}"
    );
    assert!(report.contains("watchdog.rs:"), "{report}");
    assert!(report.contains("has been in one poll for "), "{report}");
    assert!(report.contains("to_thread(..)"), "{report}");
    child.write(b"continue\n");
    let (code, _, _, mut complaints) = child.end();
    assert_eq!(code, Some(0));
    complaints.retain(of_rude);
    assert_eq!(complaints, Vec::<String>::new());
}

#[test]
fn polls_that_are_shorter_than_the_limit_are_not_reported_however_many() {
    let name =
        "observe::watchdog::polls_that_are_shorter_than_the_limit_are_not_reported_however_many";
    if is_program() {
        let limit = Duration::from_secs(3600);
        let mut runner = Runner::builder().debug(true).slow_poll(limit).build();
        return runner.run(async {
            for _ in 0..1000 {
                yield_now().await;
            }
        });
    }
    let child = as_program(name, &[]);
    let (code, _, _, complaints) = child.end();
    assert_eq!((code, complaints), (Some(0), vec![]));
}
