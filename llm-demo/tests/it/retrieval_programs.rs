//! The programs `aretrieve` and `aquery`, run as a user runs them.

use serde_json::Value;

use super::common::{Said, refusal, said_to_closed_pipe, said_with};

const ARETRIEVE: &str = env!("CARGO_BIN_EXE_aretrieve");
const AQUERY: &str = env!("CARGO_BIN_EXE_aquery");
/// A text of this crate that the tests know.
const FABLE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/server/src/fables/04-the-ants-and-the-bridge.txt"
);

#[track_caller]
fn well(program: &str, arguments: &[&str]) -> Said {
    let said = said_with(program, arguments, &[]);
    assert_eq!(said.code, 0, "{said:?}");
    said
}

#[test]
fn without_arguments_they_search_this_project_for_the_event_loop() {
    let said = well(ARETRIEVE, &[]);
    assert!(said.out.contains(".md"), "{said:?}");
    assert!(said.err.starts_with("2 of "), "{said:?}");
    let said = well(AQUERY, &[]);
    assert!(!said.out.trim().is_empty(), "{said:?}");
    assert!(said.err.contains("Sources:\n[1] "), "{said:?}");
    assert!(said.err.contains("no neural network"), "{said:?}");
}

#[test]
fn the_answer_is_on_stdout_and_its_source_on_stderr() {
    let said = well(AQUERY, &["--docs", FABLE, "Who should step aside?"]);
    let sentence = "An ant who wants to look at the water should step aside, she said, and let \
        the next ant cross.";
    assert!(said.out.contains(sentence), "{said:?}");
    assert!(!said.out.contains("Sources"), "{said:?}");
    assert!(
        said.err.contains("[1] 04-the-ants-and-the-bridge.txt ("),
        "{said:?}"
    );
}

#[test]
fn as_json_there_is_an_object_on_each_line() {
    let said = well(
        AQUERY,
        &["--docs", FABLE, "--json", "Who should step aside?"],
    );
    let lines: Vec<Value> = said
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let text: String = lines
        .iter()
        .filter_map(|line| line["delta"].as_str())
        .collect();
    assert!(text.contains("step aside"), "{said:?}");
    assert!(
        lines
            .iter()
            .any(|line| line["source"] == "04-the-ants-and-the-bridge.txt")
    );
    assert!(
        lines.last().is_some_and(|line| line["usage"].is_object()),
        "{said:?}"
    );
    let said = well(
        ARETRIEVE,
        &["--docs", FABLE, "--json", "--embeddings", "ants"],
    );
    let found: Value = serde_json::from_str(said.out.lines().next().expect("one")).expect("JSON");
    assert!(
        found["score"].is_f64() && found["text"].is_string(),
        "{found}"
    );
}

#[test]
fn what_cannot_be_read_is_named_in_one_line() {
    for program in [ARETRIEVE, AQUERY] {
        let said = said_with(program, &["--docs", "no/such/folder"], &[]);
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{said:?}");
        assert!(said.err.starts_with("error: no/such/folder: "), "{said:?}");
        assert_eq!(said.err.lines().count(), 1, "{said:?}");
        assert!(refusal(program, &["--top-k", "0"]).contains("--top-k"));
    }
}

#[test]
fn a_closed_pipe_ends_them_quietly() {
    for program in [ARETRIEVE, AQUERY] {
        assert_eq!(said_to_closed_pipe(program, &[]).code, 0);
    }
}
