//! The programs that ask a model, run as a user runs them.

use std::ffi::OsStr;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;

use futures::channel::oneshot;

use super::common::{Said, command, refusal, said_to_closed_pipe, said_with};
use super::script::*;

const ACHAT: &str = env!("CARGO_BIN_EXE_achat");
const ASTREAM_CHAT: &str = env!("CARGO_BIN_EXE_astream_chat");
const RUN_JOBS: &str = env!("CARGO_BIN_EXE_run_jobs");
const INTERLEAVE: &str = env!("CARGO_BIN_EXE_interleave");
const FAULTS: &str = env!("CARGO_BIN_EXE_faults");
const FETCH_URLS: &str = env!("CARGO_BIN_EXE_fetch_urls");
const PROGRAMS: [&str; 6] = [
    ASTREAM_CHAT,
    ACHAT,
    RUN_JOBS,
    INTERLEAVE,
    FAULTS,
    FETCH_URLS,
];

/// Runs a program that asks only its own server.
fn alone(program: &str, arguments: &[&str]) -> Said {
    said_with(program, arguments, &[])
}

/// Runs a program that asks a scripted server.
fn against(script: Vec<Step>, program: &'static str, arguments: &[&str]) -> Said {
    run(async {
        let server = Server::start(vec![script]).await;
        let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        let url = server.url();
        executor::to_thread(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let url: &OsStr = url.as_ref();
            let key: &OsStr = "topsecret".as_ref();
            said_with(
                program,
                &arguments,
                &[("OPENAI_BASE_URL", url), ("OPENAI_API_KEY", key)],
            )
        })
        .await
    })
}

fn story() -> Vec<Step> {
    let end = format!("{STOP}{USAGE}{DONE}");
    vec![
        Request,
        stream_to_close(),
        send(delta("Once") + &delta(" upon") + &end),
    ]
}

#[test]
fn a_story_streams_with_nothing_configured() {
    let said = alone(ASTREAM_CHAT, &[]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.ends_with('\n') && said.out.len() > 50, "{said:?}");
    let lines: Vec<_> = said.err.lines().collect();
    assert_eq!(lines.len(), 2, "what the model is, and how fast: {said:?}");
    assert!(lines[0].starts_with("embedded model: "), "{said:?}");
    assert!(
        lines[1].starts_with("first token after ") && lines[1].ends_with(" out"),
        "{said:?}"
    );
}

#[test]
fn stdout_carries_the_answer_and_stderr_the_rest() {
    let said = against(story(), ASTREAM_CHAT, &["Tell me"]);
    assert_eq!(
        (said.out.as_str(), said.code),
        ("Once upon\n", 0),
        "{said:?}"
    );
    assert!(said.err.ends_with("3 tokens in, 2 out\n"), "{said:?}");
    assert_eq!(said.err.lines().count(), 1, "{said:?}");
}

#[test]
fn json_is_an_object_per_delta_and_one_at_the_end() {
    let said = against(story(), ASTREAM_CHAT, &["--json"]);
    let lines: Vec<serde_json::Value> = said
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3, "{said:?}");
    assert_eq!(
        (&lines[0]["delta"], &lines[1]["delta"]),
        (&"Once".into(), &" upon".into())
    );
    assert_eq!(lines[2]["usage"]["total_tokens"], 5);
    assert!(lines[2]["ttft_ms"].as_f64().unwrap() >= 0.0);
    assert_eq!(said.err, "");
}

#[test]
fn v_says_what_happens_on_the_wire_and_never_the_key() {
    let once = against(story(), ASTREAM_CHAT, &["-v"]);
    assert!(
        once.err.contains("/v1/chat/completions: 200 after "),
        "{once:?}"
    );
    assert!(once.err.contains("end of the answer after "), "{once:?}");
    let twice = against(story(), ASTREAM_CHAT, &["-vv"]);
    assert!(twice.err.contains("event: {\"choices\":"), "{twice:?}");
    assert!(!once.err.contains("topsecret") && !twice.err.contains("topsecret"));
}

#[test]
fn an_answer_that_is_cut_off_is_kept_and_the_error_stands_on_a_line_of_its_own() {
    let script = vec![Request, stream_to_close(), send(delta("Once"))];
    let said = against(script, ASTREAM_CHAT, &[]);
    assert_eq!((said.out.as_str(), said.code), ("Once\n", 1));
    assert!(
        said.err
            .starts_with("error: the answer was cut off after 1 deltas: "),
        "{said:?}"
    );
    assert_eq!(said.err.lines().count(), 1, "{said:?}");
}

#[test]
fn a_refusal_is_one_line_and_code_1() {
    let refuses = answer(
        "401 Unauthorized",
        "",
        r#"{"error":{"message":"Wrong key","code":"invalid_api_key"}}"#,
    );
    let said = against(vec![Request, refuses], ACHAT, &["hi"]);
    let expected =
        "error: 401 invalid_api_key: Wrong key; OPENAI_API_KEY or the base URL does not fit\n";
    assert_eq!(
        (said.out.as_str(), said.err.as_str(), said.code),
        ("", expected, 1)
    );
}

#[test]
fn a_base_url_that_is_none_is_one_line_and_code_1() {
    let said = alone(ACHAT, &["--base-url", "nonsense", "hi"]);
    let expected = "error: --base-url or OPENAI_BASE_URL: nonsense: write a URL like http://127.0.0.1:8080/v1 or https://api.openai.com/v1\n";
    assert_eq!(
        (said.out.as_str(), said.err.as_str(), said.code),
        ("", expected, 1)
    );
}

#[test]
fn a_server_that_is_not_there_is_named_with_what_to_set() {
    let (_held, port) = deaf_port();
    let said = alone(
        ACHAT,
        &["--base-url", &format!("http://127.0.0.1:{port}/v1"), "hi"],
    );
    assert_eq!((said.out.as_str(), said.code), ("", 1));
    let last = said.err.lines().last().unwrap();
    let expected = format!(
        "error: no connection to http://127.0.0.1:{port} (from --base-url or OPENAI_BASE_URL): "
    );
    assert!(last.starts_with(&expected), "{said:?}");
}

#[test]
fn achat_prints_one_whole_answer() {
    let said = against(vec![Request, chat("Hello!")], ACHAT, &["hi"]);
    assert_eq!(
        (said.out.as_str(), said.err.as_str(), said.code),
        ("Hello!\n", "", 0)
    );
}

#[test]
fn a_key_without_a_base_url_is_remarked_upon() {
    let key: &OsStr = "topsecret".as_ref();
    let said = said_with(ACHAT, &["hi"], &[("OPENAI_API_KEY", key)]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.err
            .contains("OPENAI_BASE_URL=https://api.openai.com/v1"),
        "{said:?}"
    );
    assert!(!said.err.contains("topsecret"));
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let story = |seed| alone(ACHAT, &["--seed", seed, "Tell me a story"]).out;
    // Side by side: each is told at the speed of a model.
    let [third, again, fourth] = thread::scope(|scope| {
        let tellers = ["3", "3", "4"].map(|seed| scope.spawn(move || story(seed)));
        tellers.map(|teller| teller.join().unwrap())
    });
    assert_eq!(third, again);
    assert_ne!(third, fourth);
}

#[test]
fn run_jobs_prints_the_answers_in_the_order_of_the_questions() {
    let script = |text: &str| {
        let body = delta(text) + STOP + DONE;
        [Request, stream_head(), only_chunk(&body)]
    };
    let steps = script("one")
        .into_iter()
        .chain(script("two"))
        .chain(script("three"));
    let said = against(
        steps.collect(),
        RUN_JOBS,
        &["--workers", "1", "a", "b", "c"],
    );
    assert_eq!(said.out, "1. a: one\n2. b: two\n3. c: three\n", "{said:?}");
    assert!(
        said.err
            .starts_with("asking: 1 of 3\nasking: 2 of 3\nasking: 3 of 3\n3 answers, 3 deltas in "),
        "{said:?}"
    );
}

#[test]
fn run_jobs_ends_with_the_first_error() {
    let said = alone(RUN_JOBS, &["--model", "missing"]);
    assert_eq!((said.out.as_str(), said.code), ("", 1));
    assert!(
        said.err.contains("error: 404 model_not_found: "),
        "{said:?}"
    );
}

#[test]
fn three_answers_interleave_and_the_server_notices_that_one_was_dropped() {
    let said = alone(INTERLEAVE, &["--drop-after", "3"]);
    assert_eq!(said.code, 0, "{said:?}");
    let streams: Vec<_> = said
        .out
        .split_whitespace()
        .filter_map(|word| word.split(':').next())
        .collect();
    let count = |stream: &str| streams.iter().filter(|name| **name == stream).count();
    assert!(
        count("3") <= 3 && count("1") > 3 && count("2") > 3,
        "{said:?}"
    );
    let last_of_2 = streams.iter().rposition(|name| *name == "2");
    let first_of_1 = streams.iter().position(|name| *name == "1");
    assert!(
        first_of_1 < last_of_2,
        "they are beside each other: {said:?}"
    );
    assert!(said.err.contains("the client left after "), "{said:?}");
    assert!(
        said.err.contains("together: ") && said.err.contains("heartbeat: "),
        "{said:?}"
    );
}

#[test]
fn each_fault_has_one_line() {
    let said = alone(FAULTS, &[]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(said.out.lines().count(), 16, "{said:?}");
    for (fault, outcome) in [
        ("stall", "the answer stalled: nothing more came"),
        ("silent", "no answer began"),
        ("cut", "the answer was cut off after 5 deltas: "),
        ("reset", "the answer was cut off after"),
        ("end", "the stream ended without finish_reason and [DONE]"),
        ("503", "503 "),
        ("wrong key", "401 invalid_api_key: "),
        ("no such model", "404 model_not_found: "),
        ("busy", "a whole answer: "),
        ("no server", "no connection to http://127.0.0.1:1 "),
        ("no URL", "write a URL like http://"),
    ] {
        let line = said
            .out
            .lines()
            .find(|line| line.starts_with(&format!("{fault:<14} ")));
        let line = line.unwrap_or_else(|| panic!("no line on {fault}: {said:?}"));
        assert!(line.contains(outcome), "{line}");
    }
}

#[test]
fn fetch_urls_fetches_every_url() {
    let said = run(async {
        let page = || vec![Request, answer("200 OK", "", "hello")];
        let server = Server::start(vec![page(), page()]).await;
        let url = server.url();
        executor::to_thread(move || alone(FETCH_URLS, &[&url, &url])).await
    });
    let (fetching, data) = said.out.split_once("Data from").unwrap();
    assert_eq!(fetching.lines().count(), 2);
    assert_eq!(
        data.matches("/v1: 200 OK, 5 bytes\n").count(),
        2,
        "{said:?}"
    );
    assert!(said.err.contains("; one after another: "), "{said:?}");
    assert_eq!(said.code, 0);
}

#[test]
fn fetch_urls_asks_the_embedded_server_by_default() {
    let said = alone(FETCH_URLS, &["--sequential"]);
    assert_eq!(
        said.out.matches("/v1/models: 200 OK, ").count(),
        3,
        "{said:?}"
    );
    assert_eq!(said.code, 0);
}

#[test]
fn fetch_urls_says_what_it_could_not_fetch() {
    let (_held, port) = deaf_port();
    let said = alone(FETCH_URLS, &[&format!("http://127.0.0.1:{port}/")]);
    assert_eq!(said.code, 1);
    assert!(
        said.err.starts_with(&format!(
            "error: no connection to http://127.0.0.1:{port}: "
        )),
        "{said:?}"
    );
    assert!(
        !said.out.contains("Data from"),
        "the first error cancels the rest: {said:?}"
    );
    let said = alone(FETCH_URLS, &["API 1"]);
    assert!(
        said.err.starts_with("error: API 1: write a URL"),
        "{said:?}"
    );
}

#[test]
fn a_closed_pipe_ends_every_program_quietly() {
    let check = |program| {
        let question: &[&str] = if program == ACHAT { &["hi"] } else { &[] };
        let said = said_to_closed_pipe(program, question);
        assert_eq!(said.code, 0, "{program}: {said:?}");
        assert!(
            !said.err.contains("panicked") && !said.err.contains("error"),
            "{program}: {said:?}"
        );
    };
    // Side by side: some tell a story first, at the speed of a model.
    thread::scope(|scope| {
        for program in PROGRAMS {
            scope.spawn(move || check(program));
        }
    });
}

#[test]
fn an_option_that_nobody_knows_is_refused() {
    for program in PROGRAMS {
        assert!(refusal(program, &["--faster"]).contains("--faster"));
    }
    assert!(refusal(RUN_JOBS, &["--workers", "0"]).contains("1 or more"));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_story_with_what_has_come_and_code_130() {
    run(async {
        let (tell, told) = oneshot::channel();
        let script = vec![Request, stream_head(), chunk(&delta("Once")), Closed(tell)];
        let server = Server::start(vec![script]).await;
        let url = server.url();
        let interrupted = executor::to_thread(move || interrupt(&url));
        let (code, out) = interrupted.await;
        assert_eq!((code, out.as_str()), (Some(130), "Once\n"));
        told.await.expect("the connection is closed");
    });
}

/// Sends Ctrl-C to a program as soon as it has printed something.
#[cfg(unix)]
fn interrupt(url: &str) -> (Option<i32>, String) {
    let mut command = command(ASTREAM_CHAT);
    command.args(["--base-url", url]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut text = vec![0; 4];
    out.read_exact(&mut text).unwrap();
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    out.read_to_end(&mut text).unwrap();
    (
        child.wait().unwrap().code(),
        String::from_utf8(text).unwrap(),
    )
}
