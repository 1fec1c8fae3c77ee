//! Runs a demo program and captures its output; the tests of `llm-demo` use
//! this file too.

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

/// What a program wrote, and the code it ended with.
#[derive(Debug, PartialEq)]
pub(crate) struct Said {
    /// To stdout.
    pub(crate) out: String,
    /// To stderr.
    pub(crate) err: String,
    /// The exit code.
    pub(crate) code: i32,
}

/// Runs a program to its end.
#[track_caller]
pub(crate) fn said(program: &str, arguments: &[&str]) -> Said {
    said_with(program, arguments, &[])
}

/// Runs a program to its end, with these variables and none of the others that
/// a program listens to.
#[track_caller]
pub(crate) fn said_with(program: &str, arguments: &[&str], variables: &[(&str, &OsStr)]) -> Said {
    let mut command = command(program);
    command.args(arguments).envs(variables.iter().copied());
    collect(command.output().expect("the program starts"))
}

/// A program for which nothing is set that it would read, whatever is set for
/// the tests.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    for name in NAMES {
        command.env_remove(name);
        command.env_remove(name.to_ascii_lowercase());
    }
    command
}

/// What the programs read from the environment.
const NAMES: [&str; 19] = [
    "EXECUTOR_DEBUG",
    "EXECUTOR_PS",
    "EXECUTOR_TIMELINE",
    "EXECUTOR_TRACE",
    "RUST_BACKTRACE",
    "COLUMNS",
    "CLICOLOR",
    "OPENAI_BASE_URL",
    "OPENAI_API_BASE",
    "OPENAI_API_KEY",
    "OPENAI_MODEL",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CLICOLOR_FORCE",
];

/// Runs a program whose stdout is a closed pipe from the start.
///
/// Its pipe leads to a program that has ended already, so that the test does
/// not depend on which is quicker.
#[track_caller]
pub(crate) fn said_to_closed_pipe(program: &str, arguments: &[&str]) -> Said {
    let mut gone = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = gone.stdin.take().expect("a pipe was asked for");
    gone.wait().unwrap();
    // A program that another test starts has the other end too, until its own
    // code begins.
    while pipe.write(b"x").is_ok() {
        thread::sleep(Duration::from_millis(1));
    }
    let mut command = command(program);
    command.args(arguments).stdout(pipe).stderr(Stdio::piped());
    let output = command.spawn().and_then(|child| child.wait_with_output());
    collect(output.expect("the program starts"))
}

/// Runs a program with bad arguments, and gives what it says about them.
#[track_caller]
pub(crate) fn refusal(program: &str, arguments: &[&str]) -> String {
    let said = said(program, arguments);
    assert_eq!(said.code, 2, "bad arguments are code 2: {said:?}");
    assert_eq!(said.out, "", "a complaint belongs on stderr");
    assert!(!said.err.contains("panicked"), "{}", said.err);
    said.err
}

fn collect(output: Output) -> Said {
    let text = |bytes| String::from_utf8(bytes).expect("the programs write UTF-8");
    Said {
        out: text(output.stdout),
        err: text(output.stderr),
        code: output.status.code().expect("it ends by itself"),
    }
}
