//! The recordings that the loop player shows, and the pictures of the book,
//! are what the programs do now.
//!
//! `BLESS=1 cargo test -p docs --test traces` writes them anew. The lines of
//! the runtime are left out of the comparison: else every edit there would
//! break it. A recording with the real clock is made once and kept: of a new
//! one, the rules and the kinds of events are looked at.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use docs::programs::ALL;
use docs::real_time;
use executor::instrument::replay::{self, Rule};
use executor::instrument::{Trace, svg, timeline};

/// How wide the book's timelines are.
const COLUMNS: usize = 88;

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn file(program: &str, folder_name: &str, ending: &str) -> PathBuf {
    folder(folder_name).join(format!("{program}.{ending}"))
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

fn committed(program: &str) -> Option<Trace> {
    let text = fs::read_to_string(file(program, "player/traces", "json")).ok()?;
    Some(Trace::parse(&text).unwrap_or_else(|error| panic!("{program}: {error}")))
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
        let json = file(program.name, "player/traces", "json");
        if blesses() {
            check(&json, &trace.to_json(), &mut complaints);
        }
        let Some(old) = committed(program.name) else {
            complaints.push(format!("{} is missing", json.display()));
            continue;
        };
        let (old_text, text) = (
            old.without_sites().to_json(),
            trace.without_sites().to_json(),
        );
        if old_text != text {
            let mut lines = old_text.lines().zip(text.lines());
            let first = lines.find(|(a, b)| a != b);
            complaints.push(format!("{} is stale: {first:?}", json.display()));
        }
        check_what_is_made_of(program.name, &old, &trace, &mut complaints);
    }
    assert_none(&complaints);
}

/// The script, the states and the pictures. With virtual time the new recording
/// has the runtime's lines as they are now; the kept one may have older ones.
fn check_what_is_made_of(program: &str, kept: &Trace, new: &Trace, complaints: &mut Vec<String>) {
    let traces = |ending| file(program, "player/traces", ending);
    check(&traces("js"), &kept.to_script(program), complaints);
    let states: String = replay::states(new)
        .map(|state| state.to_json() + "\n")
        .collect();
    check(&traces("states.jsonl"), &states, complaints);
    check(&file(program, "figures", "svg"), &svg(new), complaints);
    let picture = timeline(new, COLUMNS);
    check(&file(program, "figures", "txt"), &picture, complaints);
}

/// The kinds of its events.
fn kinds(trace: &Trace) -> BTreeSet<String> {
    assert_eq!(replay::judge(trace), [], "{}", trace.program);
    let events = trace.events.iter();
    events.map(|entry| entry.event.kind().to_owned()).collect()
}

/// `BLESS=1` makes the first recording only: another machine's, or a busy
/// one's, is not better. To have a new one, remove the old one.
#[test]
fn recordings_in_real_time_are_of_programs_that_do_the_same_now() {
    let mut complaints = Vec::new();
    for program in real_time::NAMES {
        let json = file(program, "player/traces", "json");
        if blesses() && !json.exists() {
            check(
                &json,
                &real_time::record(program).to_json(),
                &mut complaints,
            );
        }
        let Some(kept) = committed(program) else {
            complaints.push(format!("{} is missing", json.display()));
            continue;
        };
        // More than once, because a machine that stops for a while may change
        // what is waited for. What is wrong with a recording is wrong each time.
        let new = (0..5).map(|_| kinds(&real_time::record(program)));
        let new: Vec<_> = new.take_while(|new| *new != kinds(&kept)).collect();
        if new.len() == 5 {
            complaints.push(format!(
                "{} has {:?}, and a run has {new:?}",
                json.display(),
                kinds(&kept)
            ));
        }
        check_what_is_made_of(program, &kept, &kept, &mut complaints);
    }
    assert_none(&complaints);
}

#[test]
fn every_recorded_loop_keeps_the_rules() {
    for program in &ALL {
        let broken = replay::judge(&program.record());
        let rules: Vec<_> = broken.iter().map(|broken| broken.rule).collect();
        match program.name {
            // The two tasks that nothing can wake are what it shows.
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

/// The recorder for CPython's loop writes the same format.
#[test]
fn every_trace_beside_the_player_can_be_read() {
    let entries = fs::read_dir(folder("player/traces")).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be listed").path());
    let traces: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    assert!(traces.len() >= ALL.len());
    for path in traces {
        let text = fs::read_to_string(&path).expect("it can be read");
        if let Err(error) = Trace::parse(&text) {
            panic!("{}: {error}", path.display());
        }
    }
}
