//! The program `serve`, run as a user runs it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

use super::common::{command, refusal, said};

const PROGRAM: &str = env!("CARGO_BIN_EXE_serve");

/// A running `serve`; killed when the test ends, however it ends.
struct Serve {
    child: Child,
    out: BufReader<ChildStdout>,
    err: BufReader<ChildStderr>,
}

impl Drop for Serve {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(arguments: &[&str]) -> Serve {
    let mut child = command(PROGRAM)
        .args(["--port", "0", "--delay", "0s", "--first-token-delay", "0s"])
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let out = BufReader::new(child.stdout.take().expect("piped"));
    let err = BufReader::new(child.stderr.take().expect("piped"));
    Serve { child, out, err }
}

fn line(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).expect("a line");
    line.trim_end().to_string()
}

#[test]
fn it_prints_the_two_variables_answers_and_ends_well_at_ctrl_c() {
    let mut serve = serve(&[]);
    let url = line(&mut serve.out);
    let addr = url
        .strip_prefix("export OPENAI_BASE_URL=http://")
        .expect(&url);
    let addr = addr.strip_suffix("/v1").expect(&url);
    assert_eq!(line(&mut serve.out), "export OPENAI_API_KEY=any");
    let honest = line(&mut serve.err);
    assert!(honest.contains("no neural network"), "{honest}");

    let mut stream = TcpStream::connect(addr).expect("it listens");
    let request = "GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert_eq!(line(&mut serve.err), "req_000001 GET /v1/models: 200");

    let pid = serve.child.id().to_string();
    let sent = Command::new("kill")
        .args(["-INT", &pid])
        .status()
        .expect("kill");
    assert!(sent.success());
    assert_eq!(serve.child.wait().expect("its end").code(), Some(0));
    assert_eq!(line(&mut serve.err), "connections: 1");
}

#[test]
fn a_key_is_wanted_but_not_printed() {
    let mut serve = serve(&["--api-key", "sk-of-the-test"]);
    line(&mut serve.out);
    assert_eq!(
        line(&mut serve.out),
        "export OPENAI_API_KEY=the-one-you-gave"
    );
}

#[test]
fn a_port_that_is_taken_is_named() {
    let mut first = serve(&[]);
    let url = line(&mut first.out);
    let port = url.trim_end_matches("/v1").rsplit(':').next().expect(&url);
    let second = said(PROGRAM, &["--port", port]);
    assert_eq!((second.code, second.out.as_str()), (1, ""));
    let begin = format!("error: cannot listen on 127.0.0.1:{port}: ");
    assert!(second.err.starts_with(&begin), "{}", second.err);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let text = refusal(PROGRAM, &["--fault", "gremlins"]);
    assert!(text.contains("there are stall, silent, cut"), "{text}");
    assert!(refusal(PROGRAM, &["--delay", "5"]).contains("unit"));
    assert!(refusal(PROGRAM, &["--fault-every", "0"]).contains("--fault-every"));
}
