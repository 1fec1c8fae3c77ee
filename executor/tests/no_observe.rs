//! Without the feature `observe`, a variable of the observers has one effect: a
//! line on stderr that says so. In a program of its own, because the runtime
//! reads the environment once per process.
//!
//! `cargo test -p executor --no-default-features --test no_observe`

#![cfg(all(not(feature = "observe"), not(miri)))]

use std::process::Command;

/// Set in the process whose stderr is checked.
const CHILD: &str = "EXECUTOR_TEST_CHILD";

const VARIABLES: [&str; 4] = [
    "EXECUTOR_DEBUG",
    "EXECUTOR_PS",
    "EXECUTOR_TRACE",
    "EXECUTOR_TIMELINE",
];

/// Runs this test again with these variables, and returns its reports.
fn reports(variables: &[(&str, &str)]) -> Vec<String> {
    let test = "a_variable_of_the_observers_is_reported_once";
    let mut child = Command::new(std::env::current_exe().expect("a test knows its own program"));
    VARIABLES.iter().for_each(|name| {
        child.env_remove(name);
    });
    let child = child.args(["--exact", test, "--nocapture"]).env(CHILD, "1");
    let child = child.envs(variables.iter().copied());
    let output = child.output().expect("the test runs again");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the child failed:\n{stderr}");
    let reports = stderr
        .lines()
        .filter_map(|line| line.strip_prefix("executor: "));
    reports.map(str::to_owned).collect()
}

#[test]
fn a_variable_of_the_observers_is_reported_once() {
    if std::env::var_os(CHILD).is_some() {
        executor::run(async {});
        executor::run(async {});
        let threads = [(); 2].map(|()| std::thread::spawn(|| executor::run(async {})));
        for thread in threads {
            thread.join().expect("an empty run succeeds");
        }
        return;
    }
    for name in VARIABLES {
        let expected = format!(
            "{name} is set, but this program was built without the feature `observe` of the crate \
             `executor`"
        );
        assert_eq!(reports(&[(name, "1")]), [expected]);
        for off in ["", "0"] {
            assert_eq!(reports(&[(name, off)]), [""; 0], "{name}={off:?}");
        }
    }
    let all = VARIABLES.map(|name| (name, "1"));
    assert_eq!(reports(&all).len(), 1, "one line for all of them");
    assert_eq!(reports(&[]), [""; 0]);
}
