//! The recordings that the loop player shows, and the pictures of the book,
//! are what the programs do now.
//!
//! `BLESS=1 cargo test -p docs --test traces` writes them anew. The lines of
//! the runtime are left out of the comparison: else every edit there would
//! break it. A recording with the real clock is made once and kept: of a new
//! one, the rules and the kinds of events are looked at.
//!
//! The steps of Part II write recordings themselves, with the variable
//! `MINI_TRACE`; their lines are those that the reader types, and are compared.

#[allow(dead_code)] // the tests of the pages use the rest
#[path = "book/programs.rs"]
mod programs;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use docs::programs::ALL;
use docs::real_time;
use executor::instrument::replay::{self, Rule};
use executor::instrument::{Trace, svg, timeline};

use programs::Target;

/// How wide the book's timelines are.
const COLUMNS: usize = 88;

/// A step of Part II with a recording.
struct Step {
    /// The folder in `docs/mini`.
    step: &'static str,
    /// The name of the recording and of its pictures.
    name: &'static str,
    /// What the recording shows; `docs/player/programs.js` reads it here.
    #[allow(dead_code, reason = "another program reads it")]
    shows: &'static str,
    /// Whether each run gives the same recording, byte for byte.
    virtual_time: bool,
}

const STEPS: [Step; 14] = [
    Step {
        step: "12e",
        name: "relay",
        shows: "a relay, and two players: who wakes whom",
        virtual_time: true,
    },
    Step {
        step: "13e",
        name: "join",
        shows: "a task starts another one and waits for it",
        virtual_time: true,
    },
    Step {
        step: "14b",
        name: "leaked_timers",
        shows: "sleeps that were dropped, and timers that stay",
        virtual_time: false,
    },
    Step {
        step: "14c",
        name: "freed_timers",
        shows: "sleeps that take their timers with them",
        virtual_time: false,
    },
    Step {
        step: "15b",
        name: "reminders",
        shows: "a year of reminders in virtual time",
        virtual_time: true,
    },
    Step {
        step: "16b",
        name: "cancel_is_drop",
        shows: "a cancelled task is dropped at its next turn",
        virtual_time: true,
    },
    Step {
        step: "17b",
        name: "race",
        shows: "three sleeps, and the first of them",
        virtual_time: true,
    },
    Step {
        step: "18b",
        name: "unpark",
        shows: "a wake by another thread ends a park",
        virtual_time: false,
    },
    Step {
        step: "19b",
        name: "to_thread",
        shows: "a call on a thread, and a beat that goes on",
        virtual_time: false,
    },
    Step {
        step: "20c",
        name: "reactor",
        shows: "two sockets, one poller",
        virtual_time: false,
    },
    Step {
        step: "21b",
        name: "partial_write",
        shows: "a big message, written in parts",
        virtual_time: false,
    },
    Step {
        step: "22a",
        name: "lines",
        shows: "lines from bytes that arrive in pieces",
        virtual_time: false,
    },
    Step {
        step: "23a",
        name: "leftovers",
        shows: "the main future returns, and three tasks still wait",
        virtual_time: true,
    },
    Step {
        step: "24a",
        name: "own_loop",
        shows: "three waits of two seconds, on the reader's own loop",
        virtual_time: true,
    },
];

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

impl Step {
    /// Runs the step, and gives what it recorded.
    fn record(&self) -> Result<String, String> {
        let target = Target {
            package: "mini".into(),
            kind: "example".into(),
            name: format!("step_{}", self.step),
        };
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let trace = folder.path().join("trace.json");
        let mut command = Command::new(programs::program(&target)?);
        let printed = programs::run(command.env("MINI_TRACE", &trace))?;
        if !printed.status.success() {
            return Err(format!("it fails:\n{}", printed.text));
        }
        fs::read_to_string(trace).map_err(|error| format!("it recorded nothing: {error}"))
    }

    /// What is wrong with the kept recording beside this one, if anything is.
    fn stale(&self, kept: &str, new: &str) -> Option<String> {
        let [kept_trace, new_trace] = match [kept, new].map(Trace::parse) {
            [Ok(kept), Ok(new)] => [kept, new],
            [Err(error), _] => return Some(format!("the kept one: {error}")),
            [_, Err(error)] => return Some(error.to_string()),
        };
        for trace in [&kept_trace, &new_trace] {
            if trace.virtual_time != self.virtual_time {
                return Some("the table and the recording differ in their clocks".into());
            }
            let broken = replay::judge(trace);
            if !broken.is_empty() {
                return Some(format!("it breaks the rules: {broken:?}"));
            }
        }
        if !self.virtual_time {
            let (kept, new) = (kinds(&kept_trace), kinds(&new_trace));
            return (kept != new).then(|| format!("it has {kept:?}, and a run has {new:?}"));
        }
        let first = kept.lines().zip(new.lines()).find(|(a, b)| a != b);
        (kept != new).then(|| format!("it is stale: {first:?}"))
    }

    /// Compares a run with the kept recording, and what is made of that.
    fn check(&self, complaints: &mut Vec<String>) -> Result<(), String> {
        let json = file(self.name, "player/traces", "json");
        if blesses() && (self.virtual_time || !json.exists()) {
            check(&json, &self.record()?, complaints);
        }
        let kept = fs::read_to_string(&json).map_err(|error| error.to_string())?;
        // A machine that stops for a while may change what is waited for.
        let tries = if self.virtual_time { 1 } else { 5 };
        let mut wrong = Vec::new();
        while wrong.len() < tries {
            match self.stale(&kept, &self.record()?) {
                None => break,
                Some(what) => wrong.push(what),
            }
        }
        if wrong.len() == tries {
            complaints.push(format!("{}: {}", json.display(), wrong.join("\n")));
        }
        let trace = Trace::parse(&kept).map_err(|error| error.to_string())?;
        check_what_is_made_of(self.name, &trace, &trace, complaints);
        Ok(())
    }
}

#[test]
fn recordings_of_steps_are_what_the_steps_record() {
    let mut complaints = Vec::new();
    for step in &STEPS {
        if let Err(what) = step.check(&mut complaints) {
            complaints.push(format!("step {}, {}: {what}", step.step, step.name));
        }
    }
    assert_none(&complaints);
}

#[test]
fn a_stale_recording_of_a_step_is_found() {
    let kept = |name| fs::read_to_string(file(name, "player/traces", "json")).unwrap();
    let step = |virtual_time| Step {
        step: "12a",
        name: "a",
        shows: "",
        virtual_time,
    };
    let (tasks, cancel, wire) = (kept("tasks"), kept("cancel"), kept("by_wire"));
    assert_eq!(step(true).stale(&tasks, &tasks), None);
    let stale = step(true).stale(&tasks, &cancel).unwrap();
    assert!(stale.contains("it is stale"), "{stale}");
    let other_line = tasks.replacen("run.rs\",", "run.rs\",1", 1);
    assert!(step(true).stale(&tasks, &other_line).is_some());
    // With the real clock, only the kinds of events are compared.
    assert_eq!(
        step(false).stale(&wire, &wire.replace("Once", "Twice")),
        None
    );
    let thread = kept("on_a_thread");
    let other = step(false).stale(&wire, &thread).unwrap();
    assert!(other.contains("and a run has"), "{other}");
    let clock = step(false).stale(&tasks, &tasks).unwrap();
    assert!(clock.contains("clocks"), "{clock}");
    let lost = kept("lost_waker");
    let rules = step(true).stale(&lost, &lost).unwrap();
    assert!(rules.contains("breaks the rules"), "{rules}");
    assert!(step(true).stale(&tasks, "").is_some());
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
