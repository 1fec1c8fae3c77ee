//! Child processes: the exact exit status, every byte of their pipes, and no
//! zombies.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{ErrorKind, Write as _};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Stdio;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use executor::process::{Child, Command};
use executor::{Runner, gather, race, run, sleep, spawn, tasks, timeout, try_gather, yield_now};
use futures::io::{AsyncRead as _, AsyncReadExt, AsyncWriteExt};

use crate::common::{
    in_own_process, must_end, panic_text, poll_once, reports, run_to_end, virtual_runner,
};

const MS: Duration = Duration::from_millis(1);

/// A shell that runs `script`.
fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// Spawns a command with pipes for its stdin and its stdout.
fn spawn_piped(mut command: Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().unwrap()
}

/// One that stays until it is killed.
fn sleeper() -> Command {
    let mut command = Command::new("sleep");
    command.arg("1000");
    command
}

/// Whether a process with this id exists, zombies included.
fn exists(id: u32) -> bool {
    Path::new("/proc").join(id.to_string()).exists()
}

/// Waits until a process has ended and was reaped. Its number is not given out
/// again that soon.
#[track_caller]
fn must_be_reaped(id: u32) {
    if !Path::new("/proc/self").exists() {
        return; // a system that does not show its processes as files
    }
    let begin = Instant::now();
    while exists(id) {
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "process {id} was not reaped"
        );
        thread::sleep(MS);
    }
}

/// A shell whose output has been read to its end, so that it ends or has ended.
async fn child_after_its_output(script: &str, output: &str) -> Child {
    let mut child = sh(script).stdout(Stdio::piped()).spawn().unwrap();
    let mut text = String::new();
    let stdout = child.stdout.as_mut().unwrap();
    stdout.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, output);
    child
}

/// Reads until there are `n` bytes.
async fn read_exactly(child: &mut Child, n: usize) -> Vec<u8> {
    let mut bytes = vec![0; n];
    let stdout = child.stdout.as_mut().expect("its stdout is piped");
    stdout.read_exact(&mut bytes).await.unwrap();
    bytes
}

/// A file for one test of this run: the tests may be running twice at once.
fn scratch(name: &str) -> PathBuf {
    let file = format!("executor-it-{}-{name}", std::process::id());
    std::env::temp_dir().join(file)
}

fn megabyte() -> Vec<u8> {
    (0..1 << 20).map(|n: u32| (n % 251) as u8).collect()
}

// ---- how it ended ---------------------------------------------------------

#[test]
fn the_exit_code_of_a_child_is_told() {
    run_to_end(|| async {
        assert!(sh("exit 0").status().await.unwrap().success());
        assert_eq!(sh("exit 7").status().await.unwrap().code(), Some(7));
        assert_eq!(sh("exit 255").status().await.unwrap().code(), Some(255));
    });
}

#[test]
fn the_signal_that_ended_a_child_is_told() {
    run_to_end(|| async {
        let status = sh("kill -TERM $$").status().await.unwrap();
        assert_eq!((status.code(), status.signal()), (None, Some(15)));
        let mut child = sleeper().spawn().unwrap();
        child.kill().unwrap();
        let status = child.wait().await.unwrap();
        assert_eq!((status.code(), status.signal()), (None, Some(9)));
    });
}

#[test]
fn a_child_that_has_ended_gives_its_status_as_often_as_it_is_asked() {
    run_to_end(|| async {
        let mut child = sh("exit 3").spawn().unwrap();
        for _ in 0..3 {
            assert_eq!(child.wait().await.unwrap().code(), Some(3));
            assert_eq!(child.try_wait().unwrap().unwrap().code(), Some(3));
        }
    });
}

#[test]
fn a_child_that_goes_on_has_no_status_yet() {
    run_to_end(|| async {
        let mut child = sleeper().kill_on_drop(true).spawn().unwrap();
        assert_eq!(child.try_wait().unwrap(), None);
    });
}

/// A child that ended before the first wait was the first case of the race
/// between the look at its status and the wait for its end.
#[test]
fn a_child_that_ended_before_the_wait_is_waited_for() {
    run_to_end(|| async {
        let mut child = child_after_its_output("echo done; exit 4", "done\n").await;
        assert_eq!(child.wait().await.unwrap().code(), Some(4));
    });
}

#[test]
fn a_child_that_is_waited_for_holds_up_neither_timers_nor_tasks() {
    run_to_end(|| async {
        let mut child = sleeper().kill_on_drop(true).spawn().unwrap();
        let turns = spawn(async {
            for _ in 0..100 {
                yield_now().await;
            }
        });
        assert!(timeout(20 * MS, child.wait()).await.is_err());
        turns.await.unwrap();
    });
}

#[test]
fn a_child_is_waited_for_under_virtual_time() {
    must_end(|| {
        let code = virtual_runner().run(async {
            let status = sh("sleep 0.1; exit 5").status().await.unwrap();
            status.code()
        });
        assert_eq!(code, Some(5));
    });
}

#[test]
fn a_hundred_children_at_once_each_give_their_own_status() {
    run_to_end(|| async {
        let mut children: Vec<_> = (0..100)
            .map(|n| {
                sh(&format!("read line; exit {n}"))
                    .stdin(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        let ids: Vec<_> = children.iter().map(Child::id).collect();
        // All of them live; each `wait` closes the stdin that its child reads.
        let ends = gather(children.iter_mut().map(Child::wait).collect::<Vec<_>>());
        let codes: Vec<_> = ends
            .await
            .into_iter()
            .map(|end| end.unwrap().code())
            .collect();
        assert_eq!(codes, (0..100).map(Some).collect::<Vec<_>>());
        ids.into_iter().for_each(must_be_reaped);
    });
}

// ---- what it is given -----------------------------------------------------

#[test]
fn arguments_environment_and_folder_reach_the_child() {
    run_to_end(|| async {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let mut command = sh(r#"printf '%s|%s|%s' "$1" "$NAME" "$PWD""#);
        command.arg("sh").arg("two words").env("NAME", "a value");
        let output = command.current_dir(&folder).output().await.unwrap();
        let folder = folder.canonicalize().unwrap();
        let expected = format!("two words|a value|{}", folder.display());
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    });
}

#[test]
fn a_program_that_is_not_found_is_named() {
    run_to_end(|| async {
        let missing = || {
            let mut command = Command::new("there-is-no-such-program");
            // A folder that this user may not search would be another error.
            command.env("PATH", "/usr/bin:/bin");
            command
        };
        let outcomes = [
            missing().spawn().map(drop),
            missing().status().await.map(drop),
            missing().output().await.map(drop),
        ];
        for outcome in outcomes {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
            assert_eq!(
                error.to_string(),
                "cannot start there-is-no-such-program: No such file or directory (os error 2)"
            );
        }
    });
}

#[test]
fn a_file_that_may_not_be_run_is_named() {
    run_to_end(|| async {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let error = Command::new(&file).spawn().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        let start = format!("cannot start {}: ", file.display());
        assert!(error.to_string().starts_with(&start), "{error}");
    });
}

#[test]
fn without_a_loop_no_child_is_started() {
    let mark = scratch("started-without-a-loop");
    let _ = std::fs::remove_file(&mark);
    for stdin in [Stdio::null, Stdio::piped] {
        let text = panic_text(|| Command::new("touch").arg(&mark).stdin(stdin()).spawn());
        assert!(
            text.starts_with("a child process needs a running loop, "),
            "{text}"
        );
    }
    // A child that was started nevertheless would have made the file by the
    // time a later one has ended.
    assert!(run(sh("sleep 0.2").status()).unwrap().success());
    assert!(!mark.exists());
}

// ---- its pipes ------------------------------------------------------------

#[test]
fn output_gives_what_the_child_wrote_and_how_it_ended() {
    run_to_end(|| async {
        let output = sh("echo out; echo err >&2; exit 9").output().await.unwrap();
        assert_eq!(output.status.code(), Some(9));
        assert_eq!(output.stdout, b"out\n");
        assert_eq!(output.stderr, b"err\n");
    });
}

/// More than a pipe holds, on both: a reader that read one to its end first would
/// wait for a child that waits for the other.
#[test]
fn output_reads_a_megabyte_from_stdout_and_from_stderr() {
    run_to_end(|| async {
        let script = "head -c 1048576 /dev/zero; head -c 1048576 /dev/zero >&2; \
                      head -c 10 /dev/zero";
        let output = sh(script).output().await.unwrap();
        assert!(output.status.success());
        assert_eq!(output.stdout, vec![0; (1 << 20) + 10]);
        assert_eq!(output.stderr, vec![0; 1 << 20]);
    });
}

#[test]
fn output_gives_the_child_nothing_to_read() {
    run_to_end(|| async {
        let output = Command::new("cat").output().await.unwrap();
        assert!(output.status.success());
        assert_eq!(output.stdout, b"");
    });
}

#[test]
fn output_leaves_the_child_the_stdin_that_was_set() {
    let path = scratch("stdin-of-a-child");
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(b"from a file").unwrap();
    run_to_end(|| async move {
        let open = || std::fs::File::open(&path).unwrap();
        let output = Command::new("cat").stdin(open()).output().await.unwrap();
        assert_eq!(output.stdout, b"from a file");
        let mut std = std::process::Command::new("cat");
        std.stdin(open());
        let output = Command::from(std).output().await.unwrap();
        assert_eq!(output.stdout, b"from a file");
        std::fs::remove_file(&path).unwrap();
    });
}

#[test]
fn a_megabyte_goes_through_a_child_and_comes_back_unchanged() {
    run_to_end(|| async {
        let mut child = spawn_piped(Command::new("cat"));
        let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let sent = megabyte();
        let mut received = Vec::new();
        let write = async {
            stdin.write_all(&sent).await?;
            stdin.close().await
        };
        let read = stdout.read_to_end(&mut received);
        try_gather((write, read)).await.unwrap();
        assert!(received == sent, "the bytes have changed");
        assert!(child.wait().await.unwrap().success());
    });
}

#[test]
fn a_child_and_its_parent_take_turns() {
    run_to_end(|| async {
        let mut child = spawn_piped(sh("while read line; do echo \"<$line>\"; done; echo end"));
        for n in 0..100 {
            let text = format!("{n:03}\n");
            let stdin = child.stdin.as_mut().unwrap();
            stdin.write_all(text.as_bytes()).await.unwrap();
            let answer = read_exactly(&mut child, 6).await;
            assert_eq!(answer, format!("<{n:03}>\n").into_bytes());
        }
        drop(child.stdin.take());
        assert_eq!(read_exactly(&mut child, 4).await, b"end\n");
        assert!(child.wait().await.unwrap().success());
    });
}

#[test]
fn the_end_of_a_pipe_that_comes_with_the_last_bytes_is_seen() {
    run_to_end(|| async {
        for _ in 0..50 {
            let mut child = sh("printf abc").stdout(Stdio::piped()).spawn().unwrap();
            // By now the bytes and the end may both be there.
            child.wait().await.unwrap();
            let mut text = String::new();
            let stdout = child.stdout.as_mut().unwrap();
            stdout.read_to_string(&mut text).await.unwrap();
            assert_eq!(text, "abc");
        }
    });
}

#[test]
fn wait_closes_the_stdin_of_a_child_that_reads_to_the_end() {
    run_to_end(|| async {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        assert!(child.wait().await.unwrap().success());
        assert!(child.stdin.is_none());
    });
}

#[test]
fn a_write_to_a_closed_stdin_says_so() {
    run_to_end(|| async {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.close().await.unwrap();
        stdin.close().await.unwrap();
        let error = stdin.write(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        assert_eq!(error.to_string(), "the child's stdin was closed");
        assert!(child.wait().await.unwrap().success());
    });
}

#[test]
fn a_write_to_a_child_that_has_closed_its_stdin_is_a_broken_pipe() {
    run_to_end(|| async {
        let mut child = sh("exec 0<&-; echo closed; exec sleep 1000")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        assert_eq!(read_exactly(&mut child, 7).await, b"closed\n");
        let stdin = child.stdin.as_mut().unwrap();
        let error = stdin.write_all(&megabyte()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_write_that_waits_for_a_child_ends_with_the_child() {
    run_to_end(|| async {
        let mut child = sleeper().stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let bytes = megabyte();
        let mut write = stdin.write_all(&bytes);
        assert!(timeout(20 * MS, &mut write).await.is_err());
        child.kill().unwrap();
        assert_eq!(write.await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert_eq!(child.wait().await.unwrap().signal(), Some(9));
    });
}

#[test]
fn a_write_of_a_child_whose_stdout_is_dropped_fails() {
    run_to_end(|| async {
        let mut child = sh("exec yes").stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        // Its next write is answered with SIGPIPE, or an error where the
        // signal is ignored.
        assert!(!child.wait().await.unwrap().success());
    });
}

#[test]
fn a_read_of_a_pipe_that_is_cancelled_loses_nothing() {
    run_to_end(|| async {
        let mut child = spawn_piped(sh("read line; printf abc"));
        let mut buffer = [0; 8];
        for _ in 0..3 {
            let read = child.stdout.as_mut().unwrap().read(&mut buffer);
            assert!(timeout(MS, read).await.is_err());
        }
        child.stdin = None;
        let mut text = String::new();
        let stdout = child.stdout.as_mut().unwrap();
        stdout.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "abc");
        child.wait().await.unwrap();
    });
}

// ---- C262: cancelled, dropped, killed -------------------------------------

#[test]
fn c262_a_wait_that_is_cancelled_can_be_made_again() {
    run_to_end(|| async {
        let mut child = sh("read line; exit 6")
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take(); // `wait` would close it
        for _ in 0..5 {
            assert!(timeout(MS, child.wait()).await.is_err());
        }
        {
            let mut wait = Box::pin(child.wait());
            assert!(poll_once(&mut wait).await.is_pending());
        }
        drop(stdin);
        assert_eq!(child.wait().await.unwrap().code(), Some(6));
        must_be_reaped(child.id());
    });
}

#[test]
fn c262_a_child_whose_waiting_task_is_cancelled_is_reaped() {
    run_to_end(|| async {
        let mut child = sleeper().kill_on_drop(true).spawn().unwrap();
        let id = child.id();
        let task = spawn(async move { child.wait().await.map(drop) });
        yield_now().await;
        assert!(exists(id) || !Path::new("/proc/self").exists());
        assert!(task.cancel());
        assert!(task.await.unwrap_err().is_cancelled());
        must_be_reaped(id);
    });
}

#[test]
fn c262_a_child_that_is_waited_for_leaves_no_zombie() {
    run_to_end(|| async {
        let mut child = sh("exit 0").spawn().unwrap();
        child.wait().await.unwrap();
        assert!(!exists(child.id()));
    });
}

#[test]
fn c262_a_dropped_child_is_killed_and_reaped_if_that_was_asked_for() {
    run_to_end(|| async {
        let child = sleeper().kill_on_drop(true).spawn().unwrap();
        let id = child.id();
        drop(child);
        must_be_reaped(id);
    });
}

#[test]
fn c262_a_dropped_child_goes_on_and_is_reaped_when_it_ends() {
    run_to_end(|| async {
        let mut child = spawn_piped(Command::new("cat"));
        let id = child.id();
        let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        drop(child);
        stdin.write_all(b"still here").await.unwrap();
        stdin.close().await.unwrap();
        let mut text = String::new();
        stdout.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "still here");
        must_be_reaped(id);
    });
}

#[test]
fn c262_a_child_that_ended_before_it_is_dropped_leaves_no_zombie() {
    run_to_end(|| async {
        let child = child_after_its_output("echo end", "end\n").await;
        let id = child.id();
        drop(child);
        must_be_reaped(id);
    });
}

#[test]
fn c262_children_of_tasks_that_are_left_at_the_end_of_the_loop_are_reaped() {
    must_end(|| {
        let ids = run(async {
            let mut ids = Vec::new();
            for _ in 0..5 {
                let mut child = sleeper().kill_on_drop(true).spawn().unwrap();
                ids.push(child.id());
                spawn(async move { child.wait().await.map(drop) });
            }
            sleep(MS).await;
            ids
        });
        ids.into_iter().for_each(must_be_reaped);
    });
}

#[test]
fn c262_a_child_that_outlives_its_loop_is_reaped_when_it_is_dropped() {
    must_end(|| {
        let mut runner = Runner::new();
        let child = runner.run(async { sleeper().kill_on_drop(true).spawn().unwrap() });
        runner.close();
        drop(runner);
        let id = child.id();
        drop(child);
        must_be_reaped(id);
    });
}

#[test]
fn c262_an_output_that_is_cancelled_kills_its_child_if_that_was_asked_for() {
    run_to_end(|| async {
        let path = scratch("id-of-a-cancelled-child");
        let _ = std::fs::remove_file(&path);
        let script = format!(
            "echo $$ > '{0}.new'; mv '{0}.new' '{0}'; exec sleep 1000",
            path.display()
        );
        let mut command = sh(&script);
        command.kill_on_drop(true);
        let id = async {
            loop {
                match std::fs::read_to_string(&path) {
                    Ok(text) => return text.trim().parse::<u32>().unwrap(),
                    Err(_) => sleep(MS).await,
                }
            }
        };
        let output = async {
            command.output().await.unwrap();
            0
        };
        let (first, id) = race((Box::pin(output), Box::pin(id))).await;
        assert_eq!(first, 1);
        must_be_reaped(id);
        std::fs::remove_file(&path).unwrap();
    });
}

/// Runs in a process of its own, because other tests open and close descriptors.
#[test]
fn children_leave_no_descriptor_and_no_task_behind() {
    let test = "os::processes::children_leave_no_descriptor_and_no_task_behind";
    if !Path::new("/proc/self/fd").exists() {
        return;
    }
    if let Some(child) = in_own_process(test, &[]) {
        assert_eq!(reports(&child), [""; 0]);
        return;
    }
    run_to_end(|| async {
        let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        // The first child makes what stays: the poller.
        sh("exit 0").output().await.unwrap();
        let (descriptors, rows) = (open(), tasks().len());
        for n in 0..30 {
            match n % 3 {
                0 => drop(sh("echo x").output().await.unwrap()),
                1 => drop(timeout(MS, sleeper().kill_on_drop(true).status()).await),
                _ => drop(Command::new("there-is-no-such-program").output().await),
            }
        }
        assert_eq!((open(), tasks().len()), (descriptors, rows));
    });
}

// ---- C263: a signal as the child exits ------------------------------------

#[test]
fn c263_a_kill_as_the_child_ends_corrupts_no_status() {
    run_to_end(|| async {
        for n in 0..50 {
            let mut child = sh("exit 8").spawn().unwrap();
            for _ in 0..n % 10 {
                yield_now().await;
            }
            if n % 2 == 0 {
                sleep(MS).await;
            }
            child.kill().unwrap();
            let status = child.wait().await.unwrap();
            let end = (status.code(), status.signal());
            assert!(
                end == (Some(8), None) || end == (None, Some(9)),
                "the child ended with {status}"
            );
        }
    });
}

#[test]
fn c263_a_kill_of_a_child_that_has_ended_changes_nothing() {
    run_to_end(|| async {
        let mut child = child_after_its_output("echo end; exit 8", "end\n").await;
        let status = child.wait().await.unwrap();
        // From this point another process may have its id.
        for _ in 0..3 {
            child.kill().unwrap();
        }
        assert_eq!(status.code(), Some(8));
        assert_eq!(child.wait().await.unwrap(), status);
    });
}

#[test]
fn c263_a_kill_while_another_part_of_the_task_waits_for_the_output_ends_the_wait() {
    run_to_end(|| async {
        let mut child = sh("echo begun; exec sleep 1000")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let id = child.id();
        assert_eq!(read_exactly(&mut child, 6).await, b"begun\n");
        let task = spawn(child.wait_with_output());
        sleep(MS).await;
        let killed = sh(&format!("kill -KILL {id}")).status().await.unwrap();
        assert!(killed.success());
        let output = task.await.unwrap().unwrap();
        assert_eq!(output.status.signal(), Some(9));
        assert_eq!(output.stdout, b"");
        must_be_reaped(id);
    });
}

/// Each read of a pipe with `O_DIRECT` returns one packet, though more are in
/// it.
#[cfg(target_os = "linux")]
#[test]
fn r007_every_packet_of_a_child_that_writes_packets_is_read() {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

    const NAME: &str = "os::processes::r007_every_packet_of_a_child_that_writes_packets_is_read";
    if crate::common::is_program() {
        let (stdout, stderr) = (std::io::stdout(), std::io::stderr());
        // A packet would join what is in the pipe before it.
        crate::common::blocking_line();
        let flags = fcntl_getfl(&stdout).unwrap();
        fcntl_setfl(&stdout, flags | OFlags::DIRECT).unwrap();
        for n in 0..10 {
            let packet = format!("packet {n}\n");
            assert_eq!(rustix::io::write(&stdout, packet.as_bytes()), Ok(9));
        }
        assert_eq!(rustix::io::write(&stderr, b"all written\n"), Ok(12));
        // Its pipe stays open: only the packets end the reads.
        crate::common::blocking_line();
        return;
    }
    run_to_end(|| async {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let command = command
            .args(["--exact", NAME, "--nocapture", "--test-threads=1"])
            .env("EXECUTOR_TEST_PROGRAM", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        read_until(&mut stdout, &format!("{NAME} ... ")).await;
        let stdin = child.stdin.as_mut().unwrap();
        stdin.write_all(b"go\n").await.unwrap();
        read_until(&mut stderr, "all written\n").await;
        let text = read_until(&mut stdout, "packet 9\n").await;
        let packets = text.matches("packet ").count();
        assert_eq!(packets, 10, "{text}");
        assert!(child.wait().await.unwrap().success());
    });
}

#[cfg(target_os = "linux")]
async fn read_until(output: &mut executor::process::ChildOutput, end: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !text.ends_with(end) {
        let length = output.read(&mut buffer).await.unwrap();
        assert_ne!(length, 0, "the child ended: {text}");
        text.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
    text
}

/// Tasks that share a pipe: it is polled by each with its own waker.
#[test]
fn several_tasks_that_read_one_pipe_are_all_served() {
    run_to_end(|| async {
        let mut child = spawn_piped(Command::new("cat"));
        let pipe = Rc::new(RefCell::new(child.stdout.take().unwrap()));
        let readers = [(); 4].map(|()| {
            let pipe = Rc::clone(&pipe);
            spawn(poll_fn(move |cx| {
                let mut byte = [0];
                let read = Pin::new(&mut *pipe.borrow_mut()).poll_read(cx, &mut byte);
                read.map(|read| (read.unwrap(), byte[0]))
            }))
        });
        yield_now().await;
        let mut stdin = child.stdin.take().unwrap();
        for byte in b"abcd" {
            stdin.write_all(&[*byte]).await.unwrap();
            sleep(MS).await;
        }
        let mut read: Vec<_> = gather(readers).await.map(Result::unwrap).into();
        read.sort_unstable();
        assert_eq!(read, b"abcd".map(|byte| (1, byte)));
    });
}
