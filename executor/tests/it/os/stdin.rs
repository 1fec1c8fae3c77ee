//! Standard input: a wait for a line never delays the end of the program, and no
//! line is lost.
//!
//! Each test runs itself again as a program, which answers in lines that begin
//! with `> `.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use executor::io::{StdinLines, stdin_lines};
use executor::{run, sleep, spawn};
use futures::{Stream, StreamExt};

use crate::common::{Program, poll_once, say};

const MS: Duration = Duration::from_millis(1);

/// Runs the test of this file again as a program of its own; there it returns
/// `None`, and the test continues.
fn again(name: &str) -> Option<Program> {
    crate::common::again(module_path!(), name)
}

async fn next_line(lines: &mut StdinLines) -> String {
    match lines.next().await {
        Some(Ok(line)) => format!("{line:?}"),
        Some(Err(error)) => format!("{:?}", error.kind()),
        None => "end".to_owned(),
    }
}

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
        // Other tasks run while it waits.
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

// ---- wakers that panic ----------------------------------------------------

struct Bomb;

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        panic!("a foreign waker");
    }
}

#[test]
fn a_waker_that_panics_is_reported_and_later_streams_get_their_lines() {
    let name = "a_waker_that_panics_is_reported_and_later_streams_get_their_lines";
    if let Some(mut program) = again(name) {
        for n in 0..3 {
            assert_eq!(program.said(), "asked");
            program.write(format!("{n}\n").as_bytes());
            assert_eq!(program.said(), format!("{:?}", n.to_string()));
        }
        drop(program.stdin.take());
        let (code, _, _, errors) = program.end();
        let is_report = |line: &&String| *line == "executor: a waker panicked: a foreign waker";
        assert_eq!(errors.iter().filter(is_report).count(), 3, "{errors:?}");
        return assert_eq!(code, Some(0));
    }
    run(async {
        let bomb = Waker::from(Arc::new(Bomb));
        for _ in 0..3 {
            let mut foreign = pin!(stdin_lines());
            let mut cx = Context::from_waker(&bomb);
            assert!(foreign.as_mut().poll_next(&mut cx).is_pending());
            let mut own = stdin_lines();
            assert!(poll_once(&mut own.next()).await.is_pending());
            say("asked");
            say(next_line(&mut own).await);
        }
        assert_eq!(next_line(&mut stdin_lines()).await, "end");
    });
}

// ---- a descriptor that does not block -------------------------------------

/// Sets `O_NONBLOCK` on descriptor 0, as a program that shares the terminal or
/// the pipe may do at any time.
fn make_stdin_nonblocking() {
    use std::os::fd::AsFd;
    let stdin = std::io::stdin();
    let same = stdin.as_fd().try_clone_to_owned().unwrap();
    // The call works with any descriptor.
    std::os::unix::net::UnixStream::from(same)
        .set_nonblocking(true)
        .unwrap();
}

#[test]
fn r006_a_stdin_that_does_not_block_gives_every_line_whole_and_no_error() {
    let name = "r006_a_stdin_that_does_not_block_gives_every_line_whole_and_no_error";
    if let Some(mut program) = again(name) {
        assert_eq!(program.said(), "asks");
        // A character of two bytes arrives in two pieces.
        for byte in b"h\xc3\xa9llo\r\nnext\nlast" {
            program.write(&[*byte]);
            // So that the program finds nothing in between; it need not.
            thread::sleep(2 * MS);
        }
        assert_eq!(program.said(), r#""héllo""#);
        assert_eq!(program.said(), r#""next""#);
        drop(program.stdin.take());
        assert_eq!(program.said(), r#""last""#);
        assert_eq!(program.said(), "end");
        return program.must_succeed();
    }
    make_stdin_nonblocking();
    run(async {
        let mut lines = stdin_lines();
        say("asks");
        for _ in 0..4 {
            say(next_line(&mut lines).await);
        }
    });
}

#[test]
fn a_stdin_that_stops_blocking_in_the_middle_of_a_line_loses_nothing() {
    let name = "a_stdin_that_stops_blocking_in_the_middle_of_a_line_loses_nothing";
    if let Some(mut program) = again(name) {
        assert_eq!(program.said(), "asks");
        program.write(b"first\nha");
        assert_eq!(program.said(), r#""first""#);
        assert_eq!(program.said(), "does not block");
        program.write(b"lf\n");
        assert_eq!(program.said(), r#""half""#);
        drop(program.stdin.take());
        return program.must_succeed();
    }
    run(async {
        let mut lines = stdin_lines();
        say("asks");
        say(next_line(&mut lines).await);
        assert!(poll_once(&mut lines.next()).await.is_pending());
        make_stdin_nonblocking();
        say("does not block");
        say(next_line(&mut lines).await);
        assert_eq!(next_line(&mut lines).await, "end");
    });
}
