//! The examples, run as a user runs them, over loopback.
//!
//! `cargo test` builds them beside the tests. When only this test is built,
//! they may be missing; then its tests are skipped.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{Program, without_settings};

/// An example with its arguments, or `None` if it was not built.
fn example(name: &str, args: &[&str]) -> Option<Program> {
    let test = std::env::current_exe().expect("a test knows its own program");
    let profile = test.parent()?.parent()?;
    let path = profile.join("examples").join(name);
    if !path.exists() {
        println!(
            "example {name} was not built: `cargo test` builds it, `--test features` alone does not"
        );
        return None;
    }
    let mut command = Command::new(path);
    Some(Program::start(without_settings(command.args(args))))
}

/// The address in its first line.
#[track_caller]
fn address_of(program: &Program) -> String {
    let line = program.line();
    let address = line.strip_prefix("listening on ");
    let address = address.and_then(|rest| rest.strip_suffix("; Ctrl-C stops"));
    address
        .unwrap_or_else(|| panic!("it says {line:?}"))
        .to_owned()
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the example listens");
    let limit = Some(Duration::from_secs(60));
    stream.set_read_timeout(limit).unwrap();
    stream
}

/// Says something and reads as many bytes.
#[track_caller]
fn must_echo(stream: &mut TcpStream, text: &[u8]) {
    stream.write_all(text).unwrap();
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, text);
}

#[track_caller]
fn must_be_refused(address: &str) {
    let begin = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "it still listens"
        );
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn echo_serves_until_ctrl_c_and_lets_open_connections_end() {
    let Some(program) = example("echo", &["127.0.0.1:0"]) else {
        return;
    };
    let address = address_of(&program);
    let (mut one, mut two) = (connect(&address), connect(&address));
    must_echo(&mut one, b"one");
    must_echo(&mut two, b"two");
    drop(one);
    program.press_ctrl_c();
    // It goes on with the open one: closing the listener is what says that it
    // heard.
    must_be_refused(&address);
    must_echo(&mut two, b"still there?");
    two.shutdown(Shutdown::Write).unwrap();
    assert_eq!(two.read(&mut [0]).unwrap(), 0);
    let (code, _, lines, errors) = program.end();
    assert_eq!(code, Some(0));
    assert_eq!(errors, [""; 0]);
    let [line] = &lines[..] else {
        panic!("{lines:?}")
    };
    // The look whether it still listens may have been served too.
    assert!(
        line.starts_with("served ") && line.ends_with(", 0 of them cut off"),
        "{line}"
    );
}

#[test]
fn echo_ends_at_once_on_the_second_ctrl_c() {
    let Some(program) = example("echo", &["127.0.0.1:0"]) else {
        return;
    };
    let address = address_of(&program);
    let mut open = connect(&address);
    must_echo(&mut open, b"one");
    program.press_ctrl_c();
    must_be_refused(&address);
    program.press_ctrl_c();
    let (code, signal, ..) = program.end();
    assert_eq!((code, signal), (Some(130), None));
}

#[test]
fn echo_with_two_loops_stops_both_on_one_ctrl_c() {
    let Some(program) = example("echo", &["127.0.0.1:0", "--loops", "2"]) else {
        return;
    };
    for address in [address_of(&program), address_of(&program)] {
        // An echo says that this loop polls its server and so waits for Ctrl-C.
        must_echo(&mut connect(&address), b"hello");
    }
    program.press_ctrl_c();
    let (code, _, lines, errors) = program.end();
    assert_eq!((code, errors), (Some(0), vec![]));
    assert_eq!(lines, ["served 1 connections, 0 of them cut off"; 2]);
}

#[test]
fn echo_names_the_address_that_it_cannot_listen_on() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let Some(program) = example("echo", &[&address]) else {
        return;
    };
    let (code, _, _, errors) = program.end();
    assert_eq!(code, Some(1));
    let [error] = &errors[..] else {
        panic!("{errors:?}")
    };
    let start = format!("echo: cannot listen on {address}: ");
    assert!(error.starts_with(&start), "{error}");
    let Some(program) = example("echo", &["nonsense"]) else {
        return;
    };
    let (code, _, _, errors) = program.end();
    assert_eq!(code, Some(1));
    assert!(errors[0].contains("nonsense"), "{errors:?}");
}

#[test]
fn the_examples_say_how_they_are_used() {
    for (name, args, expected) in [
        ("echo", &["--help"][..], 0),
        ("echo", &["--loops"], 2),
        ("echo", &["--loops", "0"], 2),
        ("echo", &["--nonsense"], 2),
        ("proxy", &[], 2),
        ("proxy", &["127.0.0.1:0"], 2),
        ("chat", &["--nonsense"], 2),
    ] {
        let Some(program) = example(name, args) else {
            return;
        };
        let (code, _, lines, errors) = program.end();
        assert_eq!(code, Some(expected), "{name} {args:?}");
        let usage = format!("usage: {name} ");
        // Help that was asked for is output; help after a mistake is not.
        let place = if expected == 0 { lines } else { errors };
        assert!(
            place.iter().any(|line| line.starts_with(&usage)),
            "{place:?}"
        );
    }
}

#[test]
fn a_line_of_one_chat_client_reaches_all_the_others() {
    let Some(program) = example("chat", &["127.0.0.1:0"]) else {
        return;
    };
    let address = address_of(&program);
    let join = |before: &mut [BufReader<TcpStream>]| {
        let stream = connect(&address);
        let name = stream.local_addr().unwrap().to_string();
        for other in before {
            assert_eq!(line_of(other), format!("* {name} is here\n"));
        }
        (name, BufReader::new(stream))
    };
    let (_, one) = join(&mut []);
    let mut listeners = vec![one];
    let (name_of_two, two) = join(&mut listeners);
    listeners.push(two);
    let (name_of_three, mut three) = join(&mut listeners);
    three.get_mut().write_all(b"hello\nall of you\r\n").unwrap();
    for listener in &mut listeners {
        assert_eq!(line_of(listener), format!("{name_of_three}: hello\n"));
        assert_eq!(line_of(listener), format!("{name_of_three}: all of you\n"));
    }
    drop(listeners.pop());
    let left = format!("* {name_of_two} has left\n");
    assert_eq!(line_of(&mut three), left);
    assert_eq!(line_of(&mut listeners[0]), left);
}

fn line_of(reader: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    line
}

#[test]
fn the_proxy_passes_on_both_directions_and_their_ends() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = target.local_addr().unwrap().to_string();
    let Some(program) = example("proxy", &["127.0.0.1:0", &to]) else {
        return;
    };
    let line = program.line();
    let from = line.strip_suffix(&format!(" -> {to}; Ctrl-C stops"));
    let from = from.unwrap_or_else(|| panic!("it says {line:?}"));
    let mut client = connect(from);
    let request = vec![b'x'; 300_000];
    client.write_all(&request).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    // The target answers once it has heard the end: only a half-close lets it.
    let (mut server, _) = target.accept().unwrap();
    let mut heard = Vec::new();
    server.read_to_end(&mut heard).unwrap();
    assert!(heard == request);
    server.write_all(b"thank you").unwrap();
    drop(server);
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "thank you");
    let peer = client.local_addr().unwrap();
    assert_eq!(
        program.line(),
        format!("{peer}: 300000 bytes there, 9 back")
    );
}

#[test]
fn the_proxy_names_the_client_and_the_target_that_it_cannot_reach() {
    // A port that a datagram socket holds has no listener. (A dropped listener
    // stays open in a child process that another test starts, until the
    // child's program begins.)
    let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = datagrams.local_addr().unwrap().to_string();
    let Some(program) = example("proxy", &["127.0.0.1:0", &to]) else {
        return;
    };
    let line = program.line();
    let (from, _) = line
        .split_once(" -> ")
        .expect("it says from where to where");
    let mut client = connect(from);
    let peer = client.local_addr().unwrap();
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    let error = program.complaint();
    let start = format!("executor: connection from {peer}: cannot connect to {to}");
    assert!(error.starts_with(&start), "{error}");
}
