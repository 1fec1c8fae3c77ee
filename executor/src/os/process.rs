//! Child processes.
//!
//! **Invariant:** no zombie is left: a child that nobody waits for is waited
//! for by a thread of its own.
//!
//! On top of `sockets` and `threads`; nothing calls it but users. Unix only.

mod ended;
mod pipes;

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};

use crate::combine::try_gather::try_gather;
use crate::event_loop::runtime::Runtime;
use crate::net::source::explain;
use ended::has_ended;
use pipes::read_all;

pub use pipes::{ChildOutput, ChildStdin};

/// A program to be started (asyncio: `create_subprocess_exec`); std's
/// `process::Command` with a child that is awaited.
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
    /// Has the user said where stdin comes from?
    has_stdin: bool,
    kill_on_drop: bool,
}

impl Command {
    /// A command that runs `program`, found as std's does.
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

    /// Takes an environment variable away.
    pub fn env_remove(&mut self, name: impl AsRef<OsStr>) -> &mut Self {
        self.std.env_remove(name);
        self
    }

    /// Starts with no environment at all.
    pub fn env_clear(&mut self) -> &mut Self {
        self.std.env_clear();
        self
    }

    /// Sets the folder to run in.
    pub fn current_dir(&mut self, folder: impl AsRef<Path>) -> &mut Self {
        self.std.current_dir(folder);
        self
    }

    /// Where the child reads from; [`Stdio::piped`] to write to it.
    pub fn stdin(&mut self, stdin: impl Into<Stdio>) -> &mut Self {
        self.std.stdin(stdin);
        self.has_stdin = true;
        self
    }

    /// Where the child writes to; [`Stdio::piped`] to read from it.
    pub fn stdout(&mut self, stdout: impl Into<Stdio>) -> &mut Self {
        self.std.stdout(stdout);
        self
    }

    /// Where the child writes errors to.
    pub fn stderr(&mut self, stderr: impl Into<Stdio>) -> &mut Self {
        self.std.stderr(stderr);
        self
    }

    /// Kills the child when its [`Child`] is dropped. Without this it goes on.
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
        // Before there is a child: without a loop nobody could wait for it.
        drop(Runtime::expect_current("a child process"));
        let program = self.std.get_program().to_owned();
        let started = self.std.spawn();
        let std = started
            .map_err(|error| explain(error, "cannot start", Path::new(&program).display()))?;
        // In place before anything can fail: the child must not be lost.
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

    /// Runs the program to its end.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub async fn status(&mut self) -> io::Result<ExitStatus> {
        self.spawn()?.wait().await
    }

    /// Runs the program to its end and gives what it wrote. Without
    /// [`stdin`](Self::stdin) there is nothing for it to read.
    ///
    /// # Errors
    ///
    /// If it cannot be started, or its pipes fail.
    pub async fn output(&mut self) -> io::Result<Output> {
        if !self.has_stdin {
            self.std.stdin(Stdio::null());
        }
        self.stdout(Stdio::piped());
        self.stderr(Stdio::piped());
        self.spawn()?.wait_with_output().await
    }
}

/// The stdin of the command stays as it is, in [`output`](Command::output) too:
/// std does not tell whether it was set.
impl From<std::process::Command> for Command {
    fn from(std: std::process::Command) -> Self {
        Command {
            std,
            has_stdin: true,
            kill_on_drop: false,
        }
    }
}

/// A program that was started.
///
/// Dropping it lets the child go on, or kills it if
/// [asked to](Command::kill_on_drop); either way it is reaped when it ends.
#[derive(Debug)]
pub struct Child {
    /// The way to the child's stdin, if that is piped. Drop it, or
    /// `close` it, to let the child read to the end.
    pub stdin: Option<ChildStdin>,
    /// What the child writes, if that is piped.
    pub stdout: Option<ChildOutput>,
    /// What it writes to stderr, if that is piped.
    pub stderr: Option<ChildOutput>,
    /// `None` once handed to the thread that reaps it.
    std: Option<std::process::Child>,
    kill_on_drop: bool,
}

impl Child {
    fn std(&mut self) -> &mut std::process::Child {
        self.std.as_mut().expect("the child is ours until the drop")
    }

    /// The child's process id. It is the child's until the child was waited
    /// for.
    pub fn id(&self) -> u32 {
        self.std
            .as_ref()
            .expect("the child is ours until the drop")
            .id()
    }

    /// Waits for the child to end (asyncio: `Process.wait`); closes its stdin
    /// first, so that it cannot wait for us.
    ///
    /// *Cancel safety:* dropping it loses nothing; it can be awaited again.
    ///
    /// # Errors
    ///
    /// Those of `pidfd_open(2)` and `waitpid(2)`.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.stdin = None;
        loop {
            if let Some(status) = self.std().try_wait()? {
                return Ok(status);
            }
            has_ended(self.id()).await?;
        }
    }

    /// Reads all that the child writes, and waits for its end.
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

    /// The child's status if it has ended.
    ///
    /// # Errors
    ///
    /// Those of `waitpid(2)`.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.std().try_wait()
    }

    /// Kills the child (`SIGKILL`). Does nothing if it was waited for: the
    /// number may be another process's by then.
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
            // It may have ended by itself, which is as good.
            let _ = child.kill();
        }
        if matches!(child.try_wait(), Ok(None)) {
            // A thread and not the loop: the loop may end before the child.
            let reaper = std::thread::Builder::new().name("executor-reaper".into());
            // Without a thread the zombie stays until this process ends.
            let _ = reaper.spawn(move || child.wait());
        }
    }
}
