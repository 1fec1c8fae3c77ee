//! What chapter 19 promises.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::mini::{Runner, run, spawn, timeout, to_thread};

/// A test that hangs ends, and fails.
const LONG: Duration = Duration::from_secs(10);

#[test]
fn other_tasks_run_while_a_call_blocks() {
    let answer = run(async {
        let (sender, receiver) = mpsc::channel();
        spawn(async move { sender.send(42).unwrap() });
        to_thread(move || receiver.recv_timeout(LONG)).await
    });
    assert_eq!(answer, Ok(42));
}

#[test]
fn a_panic_in_a_job_reaches_the_task_that_awaits_it() {
    run(async {
        let task = spawn(to_thread(|| panic!("no such file")));
        let joined = timeout(LONG, task).await.expect("the task is woken");
        assert!(joined.unwrap_err().is_panic());
        assert_eq!(to_thread(|| 42).await, 42); // the pool works as before
    });
}

#[test]
fn a_virtual_clock_waits_for_a_running_job() {
    let call = to_thread(|| thread::sleep(Duration::from_millis(20)));
    let mut runner = Runner::virtual_time();
    assert_eq!(runner.run(timeout(LONG, call)), Ok(()));
}
