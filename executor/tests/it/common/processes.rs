//! Tests that run again in a process of their own, and what they print there.

use std::process::{Command, Output};

/// Removes the variables that the runtime and std read from the environment of a
/// command.
pub(crate) fn without_settings(command: &mut Command) -> &mut Command {
    for name in [
        "COLUMNS",
        "EXECUTOR_DEBUG",
        "EXECUTOR_PS",
        "EXECUTOR_TIMELINE",
        "EXECUTOR_TRACE",
        "RUST_BACKTRACE",
    ] {
        command.env_remove(name);
    }
    command
}

/// Runs the test called `test` (`module::function`) again in a process of its
/// own, with these environment variables, and returns its output. Returns `None`
/// within that process, where the test continues.
#[track_caller]
pub(crate) fn in_own_process(test: &str, environment: &[(&str, &str)]) -> Option<Output> {
    const MARK: &str = "EXECUTOR_TEST_CHILD";
    if std::env::var_os(MARK).is_some() {
        return None;
    }
    let program = std::env::current_exe().expect("a test knows its own program");
    let output = without_settings(&mut Command::new(program))
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .envs(environment.iter().copied())
        .env(MARK, "1")
        .output()
        .expect("the test runs again");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        stdout.contains("running 1 test"),
        "no test is called {test}"
    );
    Some(output)
}

/// The lines that the runtime reported on stderr, in a child that must have
/// succeeded.
#[track_caller]
pub(crate) fn reports(child: &Output) -> Vec<String> {
    let stderr = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "the child failed:\n{stderr}");
    let reports = stderr
        .lines()
        .filter_map(|line| line.strip_prefix("executor: "));
    reports.map(str::to_owned).collect()
}
