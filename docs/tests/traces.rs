//! The recordings that the loop player shows, and the pictures of the book,
//! are what the programs do now.
//!
//! `BLESS=1 cargo test -p docs --test traces` writes them anew. The lines of
//! the runtime are left out of the comparison: else every edit there would
//! break it.

use std::fs;
use std::path::{Path, PathBuf};

use docs::programs::{ALL, Program};
use executor::instrument::replay::{self, Rule};
use executor::instrument::{Trace, svg, timeline};

/// How wide the book's timelines are.
const COLUMNS: usize = 88;

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn file(program: &Program, folder_name: &str, ending: &str) -> PathBuf {
    folder(folder_name).join(format!("{}.{ending}", program.name))
}

fn blesses() -> bool {
    std::env::var_os("BLESS").is_some_and(|value| value == "1")
}

/// Compares a file with what it should be, or writes it.
fn check(file: &Path, wanted: &str, complaints: &mut Vec<String>) {
    if blesses() {
        fs::create_dir_all(file.parent().expect("it is in a folder")).expect("a folder");
        fs::write(file, wanted).expect("the file can be written");
        return;
    }
    let found = fs::read_to_string(file).unwrap_or_default();
    if found == wanted {
        return;
    }
    let differs = found.lines().zip(wanted.lines()).position(|(a, b)| a != b);
    let line = differs.unwrap_or_else(|| found.lines().count().min(wanted.lines().count()));
    complaints.push(format!(
        "{} is stale from line {}.\n  it has:    {:?}\n  should be: {:?}",
        file.display(),
        line + 1,
        found.lines().nth(line),
        wanted.lines().nth(line),
    ));
}

fn committed(program: &Program) -> Option<Trace> {
    let text = fs::read_to_string(file(program, "player/traces", "json")).ok()?;
    Some(Trace::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", program.name)))
}

#[track_caller]
fn assert_none(complaints: &[String]) {
    assert!(
        complaints.is_empty(),
        "{}\nIf that is as it should be: BLESS=1 cargo test -p docs --test traces",
        complaints.join("\n")
    );
}

/// One test, because it writes the files that it reads.
#[test]
fn recordings_and_pictures_are_those_of_the_programs() {
    let mut complaints = Vec::new();
    for program in &ALL {
        let trace = program.record();
        let json = file(program, "player/traces", "json");
        if blesses() {
            check(&json, &trace.to_json(), &mut complaints);
        }
        let Some(old) = committed(program) else {
            complaints.push(format!("{} is missing", json.display()));
            continue;
        };
        let (old_text, text) = (
            old.without_sites().to_json(),
            trace.without_sites().to_json(),
        );
        if old_text != text {
            let lines = old_text.lines().zip(text.lines());
            let first = lines.filter(|(a, b)| a != b).next();
            complaints.push(format!("{} is stale: {first:?}", json.display()));
        }
        let script = old.to_script(program.name);
        check(
            &file(program, "player/traces", "js"),
            &script,
            &mut complaints,
        );
        let states: String = replay::states(&trace)
            .map(|state| state.to_json() + "\n")
            .collect();
        check(
            &file(program, "player/traces", "states.jsonl"),
            &states,
            &mut complaints,
        );
        check(
            &file(program, "figures", "svg"),
            &svg(&trace),
            &mut complaints,
        );
        let picture = timeline(&trace, COLUMNS);
        check(&file(program, "figures", "txt"), &picture, &mut complaints);
    }
    assert_none(&complaints);
}

#[test]
fn every_recorded_loop_keeps_the_rules() {
    for program in &ALL {
        let broken = replay::judge(&program.record());
        let rules: Vec<_> = broken.iter().map(|broken| broken.rule).collect();
        match program.name {
            // The two tasks that nobody can wake are what it shows.
            "lost_waker" => assert_eq!(rules, [Rule::LiveWaker, Rule::LiveWaker], "{broken:?}"),
            name => assert_eq!(broken, [], "{name}"),
        }
    }
}

#[test]
fn recording_twice_gives_the_same_bytes() {
    for program in &ALL {
        assert_eq!(program.record().to_json(), program.record().to_json());
    }
}

#[test]
fn what_is_written_is_read_back_as_it_was() {
    for program in &ALL {
        let trace = program.record();
        assert_eq!(Trace::parse(&trace.to_json()).as_ref(), Ok(&trace));
    }
}
