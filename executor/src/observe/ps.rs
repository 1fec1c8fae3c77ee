//! Client of `executor-ps`: asks a process what its tasks wait for.
//!
//! **Invariant:** an error names the reason, and what the user can do about it.
//!
//! Called by the program `executor-ps`; `ps_server` answers. Imports
//! `ps_server::socket_path` and `base`.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::ps_server::socket_path;
use crate::base::printable::PrintableLines;

/// How long a process may take to answer; each of its loops may take 100 ms.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What to ask a process, and in which form it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// A line for each task.
    List,
    /// A line for each task, below the line of its parent.
    Tree,
    /// A JSON object, for programs.
    Json,
}

/// Asks the process with this pid what the tasks of its loops wait for
/// (asyncio: `python -m asyncio ps PID`).
///
/// The process must have been started with `EXECUTOR_PS=1`, by the same user.
/// It answers even while a task is stuck in a poll.
///
/// # Errors
///
/// Returns a message for the user if the process does not exist, belongs to
/// another user, does not listen, or does not answer.
pub fn ask(pid: u32, question: Question) -> Result<String, String> {
    let mut stream = connect(pid)?;
    let request = match question {
        Question::List => "list\n",
        Question::Tree => "tree\n",
        Question::Json => "json\n",
    };
    let mut answer = String::new();
    let read = stream
        .set_read_timeout(Some(TIMEOUT))
        .and_then(|()| stream.write_all(request.as_bytes()))
        .and_then(|()| stream.read_to_string(&mut answer));
    match read {
        Ok(_) if answer.is_empty() => Err(format!("process {pid} ended before it answered")),
        // The other process may be of another version, or no friend of this one.
        Ok(_) => Ok(PrintableLines(&answer).to_string()),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err(format!(
            "process {pid} listens but did not answer within {} s: it may be stopped, or others \
             keep it busy with questions",
            TIMEOUT.as_secs()
        )),
        Err(error) => Err(format!("process {pid} did not answer: {error}")),
    }
}

fn connect(pid: u32) -> Result<UnixStream, String> {
    let me = rustix::process::geteuid().as_raw();
    let mut error = io::Error::from(ErrorKind::NotFound);
    for directory in socket_path::directories(me) {
        // In a directory that other users may enter, another user's process
        // could answer.
        let trusted = socket_path::check(&directory);
        let socket = directory.join(socket_path::socket_name(pid));
        match trusted.and_then(|()| UnixStream::connect(socket)) {
            Ok(stream) => return Ok(stream),
            Err(other) if other.kind() == ErrorKind::NotFound => {}
            Err(other) => error = other,
        }
    }
    Err(explain(pid, me, &error))
}

/// Returns why there is no connection, as far as it can be found out.
fn explain(pid: u32, me: u32, error: &io::Error) -> String {
    let number = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    let found = number.map(rustix::process::test_kill_process);
    match found {
        None | Some(Err(rustix::io::Errno::SRCH)) => format!("there is no process {pid}"),
        _ => match owner(pid) {
            Some(owner) if owner != me => format!(
                "process {pid} belongs to user {owner} and you are user {me}: only its own user \
                 can ask it"
            ),
            _ => match error.kind() {
                ErrorKind::NotFound | ErrorKind::ConnectionRefused => format!(
                    "process {pid} does not listen: start it with EXECUTOR_PS=1 in its \
                     environment, and see that it has run a loop"
                ),
                _ => format!("process {pid} cannot be reached: {error}"),
            },
        },
    }
}

/// Returns the user of a process, on systems that have `/proc`.
fn owner(pid: u32) -> Option<u32> {
    let metadata = std::fs::metadata(format!("/proc/{pid}")).ok()?;
    Some(metadata.uid())
}
