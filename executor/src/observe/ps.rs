//! The other end of `EXECUTOR_PS=1`: asks a process about its tasks.
//!
//! **Invariant:** whatever is wrong with the process, the error says what, and
//! what to do.
//!
//! In the upper storey; called by the program `executor-ps`.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::ps_server::place;

/// How long a process may take to answer: each of its loops has 100 ms.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// A line for each task.
    List,
    /// The same, each task under the one that spawned it.
    Tree,
    /// For programs.
    Json,
}

/// Asks the process with this number what the tasks of its loops wait for
/// (asyncio: `python -m asyncio ps PID`).
///
/// The process must have been started with `EXECUTOR_PS=1`, by the same user.
/// It answers while a task is stuck in a poll, too.
///
/// # Errors
///
/// A sentence for people: there is no such process, it is somebody else's, it
/// does not listen, or it does not answer.
pub fn ask(pid: u32, question: Question) -> Result<String, String> {
    let mut stream = connect(pid)?;
    let word = match question {
        Question::List => "list\n",
        Question::Tree => "tree\n",
        Question::Json => "json\n",
    };
    let mut answer = String::new();
    let read = stream
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| stream.write_all(word.as_bytes()))
        .and_then(|()| stream.read_to_string(&mut answer));
    match read {
        Ok(_) if answer.is_empty() => Err(format!("process {pid} ended before it answered")),
        Ok(_) => Ok(answer),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err(format!(
            "process {pid} listens but did not answer within {} s: it may be stopped, or others \
             keep it busy with questions",
            PATIENCE.as_secs()
        )),
        Err(error) => Err(format!("process {pid} did not answer: {error}")),
    }
}

fn connect(pid: u32) -> Result<UnixStream, String> {
    let me = rustix::process::geteuid().as_raw();
    let mut error = io::Error::from(ErrorKind::NotFound);
    for folder in place::directories(me) {
        // In a folder that others may enter, anybody could answer.
        let trusted = place::check(&folder);
        let socket = folder.join(place::socket_name(pid));
        match trusted.and_then(|()| UnixStream::connect(socket)) {
            Ok(stream) => return Ok(stream),
            Err(other) if other.kind() == ErrorKind::NotFound => {}
            Err(other) => error = other,
        }
    }
    Err(why_not(pid, me, &error))
}

/// Why there is no connection, as far as it can be found out.
fn why_not(pid: u32, me: u32, error: &io::Error) -> String {
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

/// The user of a process, where the system tells.
fn owner(pid: u32) -> Option<u32> {
    let metadata = std::fs::metadata(format!("/proc/{pid}")).ok()?;
    Some(metadata.uid())
}
