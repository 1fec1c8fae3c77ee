//! `executor-ps`: the tasks of another process, waiting or stuck.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::mpsc;
use std::time::Duration;

use executor::{run, sleep, spawn_named};
use futures::channel::oneshot;

use crate::common::{Folder, as_program, blocking_line, is_program, say};

fn ps(folder: &Folder, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_executor-ps"))
        .args(arguments)
        .env("XDG_RUNTIME_DIR", folder.text())
        .env("TMPDIR", folder.text())
        .output()
        .unwrap()
}

#[track_caller]
fn answer(folder: &Folder, arguments: &[&str]) -> String {
    let output = ps(folder, arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{error}");
    text
}

#[track_caller]
fn refusal(folder: &Folder, arguments: &[&str], code: i32) -> String {
    let output = ps(folder, arguments);
    assert_eq!(output.status.code(), Some(code));
    assert_eq!(output.stdout, b"");
    String::from_utf8(output.stderr).unwrap()
}

/// The program that is asked: it waits, then it is stuck, then it ends.
fn program() {
    let (tell, wait) = oneshot::channel();
    let (go_on, stuck) = mpsc::channel();
    std::thread::spawn(move || {
        tell.send(blocking_line()).unwrap();
        go_on.send(blocking_line()).unwrap();
    });
    run(async {
        let _sleeper = spawn_named("sleeper \"1\"", sleep(Duration::MAX));
        let worker = spawn_named("worker", async move {
            spawn_named("grandchild", std::future::pending::<()>());
            say("waits");
            wait.await.unwrap();
            say("is stuck");
            stuck.recv().unwrap();
        });
        worker.await.unwrap();
    });
    say("ended");
    blocking_line();
}

#[test]
fn a_process_answers_while_it_waits_and_while_it_is_stuck_and_cleans_up() {
    let name = "observe::executor_ps::a_process_answers_while_it_waits_and_while_it_is_stuck_and_cleans_up";
    if is_program() {
        return program();
    }
    let folder = Folder::new("answers");
    let environment = [("EXECUTOR_PS", "1"), ("XDG_RUNTIME_DIR", folder.text())];
    let mut child = as_program(name, &environment);
    let pid = child.id().to_string();
    assert_eq!(child.said(), "waits");

    // A loop that does not come to answer in time is shown as it stood before.
    let answers_itself = |_| {
        let json = answer(&folder, &[&pid, "--json"]);
        json.contains(r#""answered":true"#)
    };
    assert!((0..600).any(answers_itself), "it never answers");
    let tree = answer(&folder, &[&pid, "--tree"]);
    let lines: Vec<_> = tree.lines().collect();
    assert_eq!(lines.len(), 5, "{tree}");
    assert!(lines[0].starts_with("loop on thread "), "{tree}");
    assert!(lines[0].contains("tasks: 4"), "{tree}");
    assert!(lines[1].starts_with("  task 1: "), "{tree}");
    assert!(
        lines[2].starts_with("  |-- task 2 \"sleeper \"1\"\": "),
        "{tree}"
    );
    assert!(lines[3].starts_with("  `-- task 3 \"worker\": "), "{tree}");
    assert!(
        lines[4].starts_with("      `-- task 4 \"grandchild\": "),
        "{tree}"
    );
    let socket = &folder.sockets()[0];
    assert_eq!(mode(socket), 0o600);
    assert_eq!(mode(socket.parent().unwrap()), 0o700);

    child.write(b"\n");
    assert_eq!(child.said(), "is stuck");
    let list = answer(&folder, &[&pid]);
    assert!(
        list.contains("; stuck in a poll of task 3; as it stood "),
        "{list}"
    );
    assert!(list.contains("task 3 \"worker\""), "{list}");
    assert!(list.contains("): running"), "{list}");
    assert!(list.contains("waits for sleep forever"), "{list}");
    let json = answer(&folder, &[&pid, "--json"]);
    assert!(
        json.starts_with(&format!("{{\"pid\":{pid},\"loops\":[{{")),
        "{json}"
    );
    assert!(json.contains(r#""answered":false"#), "{json}");
    assert!(json.contains(r#""name":"sleeper \"1\"""#), "{json}");
    assert!(
        json.contains(r#""state":"running","waits_for":[]"#),
        "{json}"
    );

    child.write(b"\n");
    assert_eq!(child.said(), "ended");
    assert_eq!(folder.sockets(), Vec::<PathBuf>::new());
    let error = refusal(&folder, &[&pid], 1);
    assert!(
        error.contains("does not listen: start it with EXECUTOR_PS=1"),
        "{error}"
    );
    child.write(b"\n");
    child.must_succeed();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_wrong_process_or_wrong_arguments_are_an_error_that_says_what_is_wrong() {
    let folder = Folder::new("refused");
    let mut gone = Command::new("true").spawn().unwrap();
    let pid = gone.id().to_string();
    gone.wait().unwrap();
    assert_eq!(
        refusal(&folder, &[&pid], 1),
        format!("executor-ps: there is no process {pid}\n")
    );
    let own = std::process::id().to_string();
    let error = refusal(&folder, &[&own], 1);
    assert!(
        error.contains(&format!("process {own} does not listen")),
        "{error}"
    );
    for (arguments, error) in [
        (&[][..], "which process? Give its number"),
        (&["x"], "\"x\" is no process number"),
        (&["0"], "\"0\" is no process number"),
        (&["1", "2"], "what is \"2\"?"),
        (&["1", "--json", "--tree"], "one of --tree and --json, once"),
    ] {
        let told = refusal(&folder, arguments, 2);
        assert!(
            told.starts_with(&format!("executor-ps: {error}\n")),
            "{told}"
        );
    }
    assert!(answer(&folder, &["--help"]).starts_with("Shows the tasks of a running program"));
}

#[test]
fn no_socket_is_trusted_in_a_folder_that_others_may_enter() {
    let folder = Folder::new("open");
    let open = folder.path().join("executor-ps");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let own = std::process::id().to_string();
    let socket = open.join(format!("{own}.sock"));
    let _liar = std::os::unix::net::UnixListener::bind(socket).unwrap();
    let error = refusal(&folder, &[&own], 1);
    assert!(error.contains("cannot be reached: "), "{error}");
    assert!(error.contains("that other users cannot enter"), "{error}");
}
