//! Child processes (asyncio: `asyncio.subprocess`). Unix only.
//!
//! **Invariant:** no zombie is left: a child that is dropped before it was
//! waited for is reaped by a thread of its own.
//!
//! Called by users. Imports `net` and `combine`.

mod exit;
mod pipes;

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};

use crate::combine::try_gather::try_gather;
use crate::event_loop::runtime::Runtime;
use crate::net::source::explain;
use crate::spawn::yield_now::spend_budget;
use exit::wait_for_exit;
use pipes::read_all;

pub use pipes::{ChildOutput, ChildStdin};

/// A program to start (asyncio: `create_subprocess_exec`); std's
/// `process::Command` with a child that can be awaited.
///
/// ```
/// use executor::process::Command;
///
/// executor::run(async {
///     let output = Command::new("echo").arg("hello").output().await?;
///     assert!(output.status.success());
///     assert_eq!(output.stdout, b"hello\n");
///     Ok::<(), std::io::Error>(())
/// })
/// .unwrap();
/// ```
#[derive(Debug)]
pub struct Command {
    std: std::process::Command,
    /// Whether the user has set stdin.
    has_stdin: bool,
    kill_on_drop: bool,
}

impl Command {
    /// Creates a command that runs `program`, which is searched for as std
    /// does.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Command {
            has_stdin: false,
            ..Command::from(std::process::Command::new(program))
        }
    }

    /// Adds an argument.
    pub fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut Self {
        self.std.arg(arg);
        self
    }

    /// Adds arguments.
    pub fn args(&mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> &mut Self {
        self.std.args(args);
        self
    }

    /// Sets an environment variable.
    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.std.env(name, value);
        self
    }

    /// Removes an environment variable.
    pub fn env_remove(&mut self, name: impl AsRef<OsStr>) -> &mut Self {
        self.std.env_remove(name);
        self
    }

    /// Removes all environment variables.
    pub fn env_clear(&mut self) -> &mut Self {
        self.std.env_clear();
        self
    }

    /// Sets the working directory of the child.
    pub fn current_dir(&mut self, directory: impl AsRef<Path>) -> &mut Self {
        self.std.current_dir(directory);
        self
    }

    /// Sets what the child reads from; [`Stdio::piped`] to write to it.
    pub fn stdin(&mut self, stdin: impl Into<Stdio>) -> &mut Self {
        self.std.stdin(stdin);
        self.has_stdin = true;
        self
    }

    /// Sets what the child writes to; [`Stdio::piped`] to read from it.
    pub fn stdout(&mut self, stdout: impl Into<Stdio>) -> &mut Self {
        self.std.stdout(stdout);
        self
    }

    /// Sets what the child writes errors to; [`Stdio::piped`] to read from it.
    pub fn stderr(&mut self, stderr: impl Into<Stdio>) -> &mut Self {
        self.std.stderr(stderr);
        self
    }

    /// Sets whether the child is killed when its [`Child`] is dropped; by default
    /// it continues.
    pub fn kill_on_drop(&mut self, kill: bool) -> &mut Self {
        self.kill_on_drop = kill;
        self
    }

    /// Starts the child.
    ///
    /// # Errors
    ///
    /// Those of std's `spawn`, with the program's name.
    ///
    /// # Panics
    ///
    /// Outside a running loop.
    #[track_caller]
    pub fn spawn(&mut self) -> io::Result<Child> {
        // Before the child exists: without a loop it could not be waited for.
        drop(Runtime::expect_current("a child process"));
        let program = self.std.get_program().to_owned();
        let started = self.std.spawn();
        let std = started
            .map_err(|error| explain(error, "cannot start", Path::new(&program).display()))?;
        // Created before anything can fail, so that its drop reaps the child.
        let mut child = Child {
            stdin: None,
            stdout: None,
            stderr: None,
            std: Some(std),
            kill_on_drop: self.kill_on_drop,
        };
        let std = child.std();
        let (stdin, stdout, stderr) = (std.stdin.take(), std.stdout.take(), std.stderr.take());
        child.stdin = stdin.map(ChildStdin::new).transpose()?;
        child.stdout = stdout.map(ChildOutput::from_stdout).transpose()?;
        child.stderr = stderr.map(ChildOutput::from_stderr).transpose()?;
        Ok(child)
    }

    /// Runs the program and waits until it exits.
    ///
    /// *Cancel safety:* dropping it drops the [`Child`].
    ///
    /// # Errors
    ///
    /// If it cannot be started or waited for.
    ///
    /// # Panics
    ///
    /// When it is polled outside a running loop.
    pub async fn status(&mut self) -> io::Result<ExitStatus> {
        self.spawn()?.wait().await
    }

    /// Runs the program, waits until it exits and returns what it wrote. Unless
    /// [`stdin`](Self::stdin) was set, its stdin is empty.
    ///
    /// *Cancel safety:* dropping it drops the [`Child`] and what was read.
    ///
    /// # Errors
    ///
    /// If it cannot be started or waited for, or its pipes fail.
    ///
    /// # Panics
    ///
    /// When it is polled outside a running loop.
    pub async fn output(&mut self) -> io::Result<Output> {
        if !self.has_stdin {
            self.std.stdin(Stdio::null());
        }
        self.stdout(Stdio::piped());
        self.stderr(Stdio::piped());
        self.spawn()?.wait_with_output().await
    }
}

/// Converts a command of std. Its stdin stays as it is, in
/// [`output`](Command::output) too: std does not say whether it was set.
impl From<std::process::Command> for Command {
    fn from(std: std::process::Command) -> Self {
        Command {
            std,
            has_stdin: true,
            kill_on_drop: false,
        }
    }
}

/// A running program (asyncio: `Process`).
///
/// Dropping it lets the program continue, or kills it with
/// [`kill_on_drop`](Command::kill_on_drop); in both cases it is reaped when it
/// exits.
#[derive(Debug)]
pub struct Child {
    /// The child's stdin, if it is piped. Drop or `close` it to let the child
    /// read to the end.
    pub stdin: Option<ChildStdin>,
    /// The child's stdout, if it is piped.
    pub stdout: Option<ChildOutput>,
    /// The child's stderr, if it is piped.
    pub stderr: Option<ChildOutput>,
    /// `None` only during the drop.
    std: Option<std::process::Child>,
    kill_on_drop: bool,
}

impl Child {
    fn std(&mut self) -> &mut std::process::Child {
        self.std.as_mut().expect("present until the drop")
    }

    /// Returns the child's process id (asyncio: `Process.pid`), which the system
    /// does not use again before the child was waited for.
    pub fn id(&self) -> u32 {
        self.std.as_ref().expect("present until the drop").id()
    }

    /// Waits until the child exits (asyncio: `Process.wait`).
    ///
    /// Closes its stdin first, so that the child does not wait for more input.
    ///
    /// *Cancel safety:* dropping it loses nothing; it can be awaited again.
    ///
    /// # Errors
    ///
    /// Those of `pidfd_open(2)` and `waitpid(2)`.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.stdin = None;
        spend_budget().await;
        loop {
            if let Some(status) = self.std().try_wait()? {
                return Ok(status);
            }
            wait_for_exit(self.id()).await?;
        }
    }

    /// Reads everything that the child writes, and waits until it exits
    /// (asyncio: `Process.communicate`).
    ///
    /// *Cancel safety:* dropping it drops the child and what was read.
    ///
    /// # Errors
    ///
    /// Those of reading and of [`wait`](Self::wait).
    pub async fn wait_with_output(mut self) -> io::Result<Output> {
        let (stdout, stderr) = (self.stdout.take(), self.stderr.take());
        let all = try_gather((read_all(stdout), read_all(stderr), self.wait())).await?;
        let (stdout, stderr, status) = all;
        Ok(Output {
            status,
            stdout,
            stderr,
        })
    }

    /// Returns the child's status if it has exited (asyncio:
    /// `Process.returncode`).
    ///
    /// # Errors
    ///
    /// Those of `waitpid(2)`.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.std().try_wait()
    }

    /// Kills the child with `SIGKILL` (asyncio: `Process.kill`). Does nothing if
    /// it was waited for: its id may belong to another process by then.
    ///
    /// # Errors
    ///
    /// Those of `kill(2)`.
    pub fn kill(&mut self) -> io::Result<()> {
        self.std().kill()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let Some(mut child) = self.std.take() else {
            return;
        };
        if self.kill_on_drop {
            // Fails if the child has exited already.
            let _ = child.kill();
        }
        if matches!(child.try_wait(), Ok(None)) {
            // A thread and not the loop: the loop may end before the child.
            let reaper = std::thread::Builder::new().name("executor-reaper".into());
            // If no thread can be started, the zombie stays until this process
            // exits.
            let _ = reaper.spawn(move || child.wait());
        }
    }
}
