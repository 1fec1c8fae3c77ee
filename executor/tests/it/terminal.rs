//! Standard input and Ctrl-C: a wait for either never holds up the end of the
//! program, no line is lost, and a second Ctrl-C ends what does not end.
//!
//! Each test runs itself again as a program of its own. That one speaks in
//! lines that begin with `> `.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::pin::Pin;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use executor::io::{StdinLines, stdin_lines};
use executor::signal::ctrl_c;
use executor::{gather, now, run, sleep, spawn, yield_now};
use futures::StreamExt;
use signal_hook::consts::SIGINT;
use signal_hook::low_level::raise;

use crate::common::{poll_once, without_settings};

const MS: Duration = Duration::from_millis(1);
/// After this long a program counts as hanging.
const WATCH: Duration = Duration::from_secs(60);

/// A program that runs beside the test.
pub(crate) struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
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
                "the program says no more ({error}); it complains: {:?}",
                self.errors.try_iter().collect::<Vec<_>>()
            ),
        }
    }

    /// The next thing that a test says in its own process.
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
        line.expect("the program complains")
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
            thread::sleep(MS);
        };
        let lines = self.lines.iter().collect();
        (
            status.code(),
            status.signal(),
            lines,
            self.errors.iter().collect(),
        )
    }

    /// Waits for the end of a test in its own process, which must be a good
    /// one.
    #[track_caller]
    pub(crate) fn must_succeed(self) {
        let (code, signal, lines, errors) = self.end();
        assert_eq!((code, signal), (Some(0), None), "{lines:?} {errors:?}");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // In case a test fails half-way. After `end` both do nothing.
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

/// Is this a test that runs again as a program of its own?
pub(crate) fn is_program() -> bool {
    std::env::var_os(MARK).is_some()
}

/// Runs the test `terminal::name` again as a program of its own; there it gives
/// `None`, and the test goes on.
fn again(name: &str) -> Option<Program> {
    (!is_program()).then(|| as_program(&format!("terminal::{name}"), &[]))
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

/// Says something to the test that runs us. The harness may have begun a line.
pub(crate) fn say(text: impl std::fmt::Display) {
    println!("\n> {text}");
}

async fn next_line(lines: &mut StdinLines) -> String {
    match lines.next().await {
        Some(Ok(line)) => format!("{line:?}"),
        Some(Err(error)) => format!("{:?}", error.kind()),
        None => "end".to_owned(),
    }
}

/// A wait for Ctrl-C that has begun.
async fn armed() -> Pin<Box<dyn Future<Output = std::io::Result<()>>>> {
    let mut wait: Pin<Box<dyn Future<Output = _>>> = Box::pin(ctrl_c());
    assert!(poll_once(&mut wait).await.is_pending());
    wait
}

// ---- stdin ----------------------------------------------------------------

#[test]
fn c260_a_program_that_waits_for_a_line_ends_without_it() {
    if let Some(program) = again("c260_a_program_that_waits_for_a_line_ends_without_it") {
        // Its stdin stays open and empty.
        assert_eq!(program.said(), "waits");
        return program.must_succeed();
    }
    run(async {
        let task = spawn(async { next_line(&mut stdin_lines()).await });
        let mut lines = stdin_lines();
        assert!(poll_once(&mut lines.next()).await.is_pending());
        // The others go on while it waits.
        for _ in 0..3 {
            sleep(MS).await;
        }
        assert!(!task.is_finished());
        say("waits");
    });
}

#[test]
fn lines_come_without_their_ends_and_the_last_one_needs_none() {
    if let Some(mut program) = again("lines_come_without_their_ends_and_the_last_one_needs_none") {
        program.write(b"one\ntwo\r\n\nmore\r\r\n\xff\xfe\n\xc3\xa9\nlast");
        drop(program.stdin.take());
        for expected in [
            r#""one""#,
            r#""two""#,
            r#""""#,
            r#""more\r""#,
            "InvalidData",
            r#""é""#,
            r#""last""#,
            "end",
            "end",
        ] {
            assert_eq!(program.said(), expected);
        }
        return program.must_succeed();
    }
    run(async {
        let mut lines = stdin_lines();
        for _ in 0..9 {
            say(next_line(&mut lines).await);
        }
        // The end is the end for streams that come later too.
        assert_eq!(next_line(&mut stdin_lines()).await, "end");
    });
}

#[test]
fn a_line_is_given_out_when_it_is_complete_and_not_before_the_next() {
    let name = "a_line_is_given_out_when_it_is_complete_and_not_before_the_next";
    if let Some(mut program) = again(name) {
        for n in 0..20 {
            program.write(b"half and ");
            program.write(format!("half {n}\n").as_bytes());
            assert_eq!(
                program.said(),
                format!("{:?}", format!("half and half {n}"))
            );
        }
        drop(program.stdin.take());
        return program.must_succeed();
    }
    run(async {
        let mut lines = stdin_lines();
        while let Some(line) = lines.next().await {
            say(format_args!("{:?}", line.unwrap()));
        }
    });
}

#[test]
fn a_stream_that_is_dropped_while_it_waits_loses_no_line() {
    if let Some(mut program) = again("a_stream_that_is_dropped_while_it_waits_loses_no_line") {
        for round in 0..3 {
            assert_eq!(program.said(), "dropped");
            program.write(format!("one {round}\ntwo {round}\n").as_bytes());
            assert_eq!(program.said(), format!("{:?}", format!("one {round}")));
            assert_eq!(program.said(), format!("{:?}", format!("two {round}")));
        }
        return program.must_succeed();
    }
    run(async {
        for _ in 0..3 {
            let mut given_up = stdin_lines();
            assert!(poll_once(&mut given_up.next()).await.is_pending());
            drop(given_up);
            say("dropped");
            let mut lines = stdin_lines();
            say(next_line(&mut lines).await);
            say(next_line(&mut lines).await);
        }
    });
}

/// Both have asked; one takes what was read for the other, which must ask
/// again.
#[test]
fn two_streams_of_one_loop_share_the_lines_and_both_go_on() {
    if let Some(mut program) = again("two_streams_of_one_loop_share_the_lines_and_both_go_on") {
        assert_eq!(program.said(), "asked");
        program.write(b"1\n2\n");
        assert_eq!(program.said(), "took both");
        program.write(b"3\n");
        assert_eq!(program.said(), r#""3""#);
        return program.must_succeed();
    }
    run(async {
        let (mut greedy, mut patient) = (stdin_lines(), stdin_lines());
        assert!(poll_once(&mut greedy.next()).await.is_pending());
        assert!(poll_once(&mut patient.next()).await.is_pending());
        say("asked");
        assert_eq!(next_line(&mut greedy).await, r#""1""#);
        // Time for the thread to read ahead, if that is what it does.
        sleep(50 * MS).await;
        assert_eq!(next_line(&mut greedy).await, r#""2""#);
        say("took both");
        say(next_line(&mut patient).await);
    });
}

#[test]
fn two_loops_that_read_stdin_at_once_get_every_line_once() {
    if let Some(mut program) = again("two_loops_that_read_stdin_at_once_get_every_line_once") {
        for n in 0..1_000 {
            program.write(format!("{n}\n").as_bytes());
        }
        drop(program.stdin.take());
        return program.must_succeed();
    }
    let readers = [(); 2].map(|()| {
        thread::spawn(|| {
            run(async {
                let lines = stdin_lines().map(|line| line.unwrap().parse::<u32>().unwrap());
                lines.collect::<Vec<_>>().await
            })
        })
    });
    let lines = readers.map(|reader| reader.join().unwrap());
    // Each loop sees its lines in their order.
    assert!(lines.iter().all(|lines| lines.is_sorted()));
    let mut all = lines.concat();
    all.sort_unstable();
    assert_eq!(all, (0..1_000).collect::<Vec<_>>());
}

// ---- Ctrl-C ---------------------------------------------------------------

/// A shell that starts the tests in its background makes them, and what they
/// start, ignore Ctrl-C; then there is no default to look at.
fn is_ctrl_c_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (SIGINT - 1)) != 0)
}

#[test]
fn before_anybody_waits_for_it_ctrl_c_does_what_it_does_by_default() {
    let name = "before_anybody_waits_for_it_ctrl_c_does_what_it_does_by_default";
    if is_ctrl_c_ignored() {
        return;
    }
    if let Some(program) = again(name) {
        assert_eq!(program.said(), "works");
        program.press_ctrl_c();
        let (code, signal, ..) = program.end();
        assert_eq!((code, signal), (None, Some(SIGINT)));
        return;
    }
    run(async {
        let _never_polled = ctrl_c();
        say("works");
        sleep(WATCH).await;
    });
}

#[test]
fn the_first_ctrl_c_resolves_the_wait_and_the_program_ends_as_it_likes() {
    let name = "the_first_ctrl_c_resolves_the_wait_and_the_program_ends_as_it_likes";
    if let Some(program) = again(name) {
        assert_eq!(program.said(), "waits");
        program.press_ctrl_c();
        assert_eq!(program.said(), "stops");
        return program.must_succeed();
    }
    run(async {
        let wait = armed().await;
        say("waits");
        wait.await.unwrap();
        say("stops");
    });
}

#[test]
fn c265_a_second_ctrl_c_ends_a_program_that_does_not_end() {
    if let Some(program) = again("c265_a_second_ctrl_c_ends_a_program_that_does_not_end") {
        assert_eq!(program.said(), "waits");
        program.press_ctrl_c();
        assert_eq!(program.said(), "stops");
        program.press_ctrl_c();
        let (code, signal, ..) = program.end();
        assert_eq!((code, signal), (Some(130), None));
        return;
    }
    run(async {
        let wait = armed().await;
        say("waits");
        wait.await.unwrap();
        say("stops");
        // A clean-up that hangs, and the whole loop with it.
        thread::sleep(WATCH);
    });
}

#[test]
fn c265_a_ctrl_c_after_a_wait_was_given_up_ends_the_program() {
    if let Some(program) = again("c265_a_ctrl_c_after_a_wait_was_given_up_ends_the_program") {
        assert_eq!(program.said(), "gave up");
        program.press_ctrl_c();
        let (code, signal, ..) = program.end();
        assert_eq!((code, signal), (Some(130), None));
        return;
    }
    run(async {
        drop(armed().await);
        say("gave up");
        sleep(WATCH).await;
    });
}

#[test]
fn whoever_waits_again_and_again_hears_every_ctrl_c() {
    if let Some(program) = again("whoever_waits_again_and_again_hears_every_ctrl_c") {
        for n in 0..5 {
            assert_eq!(program.said(), format!("waits {n}"));
            program.press_ctrl_c();
        }
        return program.must_succeed();
    }
    run(async {
        for n in 0..5 {
            let wait = armed().await;
            say(format_args!("waits {n}"));
            wait.await.unwrap();
        }
    });
}

#[test]
fn every_task_that_waits_hears_one_ctrl_c() {
    if let Some(program) = again("every_task_that_waits_hears_one_ctrl_c") {
        assert_eq!(program.said(), "waits");
        program.press_ctrl_c();
        return program.must_succeed();
    }
    run(async {
        let waits = [armed().await, armed().await, armed().await];
        // Those that come and go between take nothing away from them.
        drop(armed().await);
        say("waits");
        for outcome in gather(Vec::from(waits)).await {
            outcome.unwrap();
        }
    });
}

/// `raise` returns when the handler has run.
#[test]
fn c266_of_two_that_come_quickly_the_wait_hears_at_least_one() {
    if let Some(program) = again("c266_of_two_that_come_quickly_the_wait_hears_at_least_one") {
        return program.must_succeed();
    }
    run(async {
        for _ in 0..100 {
            let wait = armed().await;
            raise(SIGINT).unwrap();
            raise(SIGINT).unwrap();
            wait.await.unwrap();
        }
    });
}

#[test]
fn c266_a_ctrl_c_while_the_loop_sleeps_makes_no_timer_early_or_late_for_ever() {
    let name = "c266_a_ctrl_c_while_the_loop_sleeps_makes_no_timer_early_or_late_for_ever";
    if let Some(program) = again(name) {
        assert_eq!(program.said(), "sleeps");
        for n in 0..10 {
            program.press_ctrl_c();
            assert_eq!(program.said(), format!("heard {n}"));
        }
        assert_eq!(program.said(), "slept");
        return program.must_succeed();
    }
    run(async {
        let mut wait = armed().await;
        let begin = now();
        say("sleeps");
        let sleeps = async {
            sleep(500 * MS).await;
            assert!(now() - begin >= 500 * MS);
        };
        // The next one is pressed when this one was heard: however long the
        // ten take, none comes while nobody waits.
        let hears = async {
            for n in 0..10 {
                wait.await.unwrap();
                wait = armed().await;
                say(format_args!("heard {n}"));
            }
        };
        gather((sleeps, hears)).await;
        say("slept");
    });
}

/// The one that came belonged to the wait. What comes after the wait ends the
/// program.
#[test]
fn c268_a_wait_that_is_dropped_with_its_ctrl_c_pending_takes_that_one_along() {
    let name = "c268_a_wait_that_is_dropped_with_its_ctrl_c_pending_takes_that_one_along";
    if let Some(program) = again(name) {
        assert_eq!(program.said(), "still here");
        let (code, signal, ..) = program.end();
        assert_eq!((code, signal), (Some(130), None));
        return;
    }
    run(async {
        let wait = armed().await;
        raise(SIGINT).unwrap();
        drop(wait);
        yield_now().await;
        // It is not kept for the next one either.
        let mut next = armed().await;
        sleep(10 * MS).await;
        assert!(matches!(poll_once(&mut next).await, Poll::Pending));
        drop(next);
        say("still here");
        raise(SIGINT).unwrap();
        say("too late");
    });
}

#[test]
fn c269_one_ctrl_c_is_heard_by_the_loops_of_two_threads() {
    if let Some(program) = again("c269_one_ctrl_c_is_heard_by_the_loops_of_two_threads") {
        assert_eq!(program.said(), "waits");
        assert_eq!(program.said(), "waits");
        program.press_ctrl_c();
        return program.must_succeed();
    }
    let loops = [(); 2].map(|()| {
        thread::spawn(|| {
            run(async {
                let wait = armed().await;
                say("waits");
                wait.await.unwrap();
            })
        })
    });
    loops.into_iter().for_each(|thread| thread.join().unwrap());
}

/// One loop must not take away the notice that another one waits.
#[test]
fn c269_a_loop_that_waits_is_heard_while_another_begins_and_stops_waiting() {
    let name = "c269_a_loop_that_waits_is_heard_while_another_begins_and_stops_waiting";
    if let Some(program) = again(name) {
        return program.must_succeed();
    }
    let (stop, stopped) = mpsc::channel::<()>();
    let other = thread::spawn(move || {
        run(async {
            while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
                // It may hear one before its first poll is over.
                let _ = poll_once(&mut Box::pin(ctrl_c())).await;
            }
        });
    });
    run(async {
        for _ in 0..2_000 {
            let wait = armed().await;
            raise(SIGINT).unwrap();
            wait.await.unwrap();
        }
    });
    drop(stop);
    other.join().unwrap();
}

/// The handler is not inherited by a program that is started.
#[test]
fn c269_a_child_process_does_with_ctrl_c_what_it_does_by_default() {
    if is_ctrl_c_ignored() {
        return;
    }
    if let Some(program) = again("c269_a_child_process_does_with_ctrl_c_what_it_does_by_default") {
        return program.must_succeed();
    }
    run(async {
        let mut wait = armed().await;
        let mut kill_itself = executor::process::Command::new("sh");
        let status = kill_itself
            .args(["-c", "kill -INT $$"])
            .status()
            .await
            .unwrap();
        assert_eq!(status.signal(), Some(SIGINT));
        assert!(poll_once(&mut wait).await.is_pending());
    });
}
