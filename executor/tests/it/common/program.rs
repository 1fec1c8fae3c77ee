//! Programs that run beside a test, with their pipes.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::without_settings;

/// How long a program may take for any answer before it counts as hanging.
pub(crate) const WATCH: Duration = Duration::from_secs(60);

/// A program that runs beside the test.
pub(crate) struct Program {
    child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    errors: Receiver<String>,
}

impl Program {
    pub(crate) fn start(command: &mut Command) -> Self {
        let piped = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = piped.spawn().expect("the program starts");
        let stdin = child.stdin.take();
        let lines = lines_of(child.stdout.take().expect("it is piped"));
        let errors = lines_of(child.stderr.take().expect("it is piped"));
        Program {
            child,
            stdin,
            lines,
            errors,
        }
    }

    /// Its next line on stdout.
    #[track_caller]
    pub(crate) fn line(&self) -> String {
        match self.lines.recv_timeout(WATCH) {
            Ok(line) => line,
            Err(error) => panic!(
                "no more lines on stdout ({error}); on stderr: {:?}",
                self.errors.try_iter().collect::<Vec<_>>()
            ),
        }
    }

    /// The next text that the program prints with [`say`].
    #[track_caller]
    pub(crate) fn said(&self) -> String {
        loop {
            if let Some(text) = self.line().strip_prefix("> ") {
                return text.to_owned();
            }
        }
    }

    /// Its next line on stderr.
    #[track_caller]
    pub(crate) fn complaint(&self) -> String {
        let line = self.errors.recv_timeout(WATCH);
        line.expect("a line on stderr")
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("it is open");
        stdin.write_all(bytes).unwrap();
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn press_ctrl_c(&self) {
        let id = self.child.id().to_string();
        let kill = Command::new("sh")
            .args(["-c", "kill -INT $0", &id])
            .status();
        assert!(kill.expect("a shell runs").success());
    }

    /// Waits for its end: exit code, signal, and the rest of what it wrote to
    /// stdout and stderr.
    #[track_caller]
    pub(crate) fn end(mut self) -> (Option<i32>, Option<i32>, Vec<String>, Vec<String>) {
        let begin = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None => assert!(begin.elapsed() < WATCH, "the program does not end"),
            }
            thread::sleep(Duration::from_millis(1));
        };
        let lines = self.lines.iter().collect();
        (
            status.code(),
            status.signal(),
            lines,
            self.errors.iter().collect(),
        )
    }

    /// Waits for the end of a test in its own process, which must succeed.
    #[track_caller]
    pub(crate) fn must_succeed(self) {
        let (code, signal, lines, errors) = self.end();
        assert_eq!((code, signal), (Some(0), None), "{lines:?} {errors:?}");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // For tests that fail half-way. After `end` both do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines_of(output: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (tell, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines() {
            let Ok(line) = line else { return };
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

const MARK: &str = "EXECUTOR_TEST_PROGRAM";

/// Whether this process is a test that runs again as a program of its own.
pub(crate) fn is_program() -> bool {
    std::env::var_os(MARK).is_some()
}

/// Runs a test of a module (`module_path!()`) again as a program of its own.
/// Returns `None` within that program, where the test continues.
pub(crate) fn again(module: &str, test: &str) -> Option<Program> {
    let (_crate, module) = module.split_once("::").expect("a test is in a module");
    (!is_program()).then(|| as_program(&format!("{module}::{test}"), &[]))
}

/// Runs a test again as a program of its own, in this environment.
pub(crate) fn as_program(test: &str, environment: &[(&str, &str)]) -> Program {
    let program = std::env::current_exe().expect("a test knows its own program");
    let mut command = Command::new(program);
    without_settings(&mut command)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .envs(environment.iter().copied())
        .env(MARK, "1");
    let program = Program::start(&mut command);
    assert_eq!(program.line(), "");
    assert_eq!(program.line(), "running 1 test", "no test is called {test}");
    program
}

/// Prints a line for the test that started this program. The empty line ends
/// whatever the harness has begun.
pub(crate) fn say(text: impl std::fmt::Display) {
    println!("\n> {text}");
}

/// Blocks until the test that started this program writes a line.
pub(crate) fn blocking_line() -> String {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).unwrap();
    line.trim().to_owned()
}
