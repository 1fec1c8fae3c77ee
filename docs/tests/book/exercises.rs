//! Exercises: unsolved they fail, solved they pass.
//!
//! `docs/exercises/NAME.rs` is what the reader edits, `docs/solutions/NAME.rs`
//! one answer. Both are examples of this crate, `ex_NAME` and `sol_NAME`.
//!
//! Invariant: an exercise has a place to work at (`TODO`), a hint, and a
//! solution; a hang in it is reported with the task's name (`docs::exercise`).
//!
//! Called by `main`.

use std::fmt::Write as _;
use std::process::Command;

use crate::check::{all_right, files, read};
use crate::programs::{Target, program, run};

pub(crate) fn check() -> Result<(), String> {
    let mut complaints = String::new();
    let paths = files("docs/exercises", ".rs");
    assert!(!paths.is_empty(), "there are no exercises");
    for path in paths {
        if let Err(what) = try_out(&path) {
            writeln!(complaints, "{path}: {what}").expect("a String takes everything");
        }
    }
    all_right("exercises", complaints)
}

fn try_out(path: &str) -> Result<(), String> {
    let name = path
        .trim_start_matches("docs/exercises/")
        .trim_end_matches(".rs");
    if !read(path)?.contains("// TODO") {
        return Err("no TODO says where to work".into());
    }
    let (passed, said) = outcome(&format!("ex_{name}"), "3")?;
    if passed {
        return Err("it passes unsolved".into());
    }
    if !said.contains("hint: ") {
        return Err(format!("it fails without a hint:\n{said}"));
    }
    let (passed, said) = outcome(&format!("sol_{name}"), "100")?;
    if !passed {
        return Err(format!("the solution fails:\n{said}"));
    }
    Ok(())
}

/// What an exercise says; the watchdog ends it after so many seconds. One that
/// must fail may fail by that; one that must pass gets all the time it needs.
fn outcome(example: &str, seconds: &str) -> Result<(bool, String), String> {
    let target = Target {
        package: "docs".into(),
        kind: "example".into(),
        name: example.into(),
    };
    let mut command = Command::new(program(&target)?);
    let printed = run(command.env("EXERCISE_SECONDS", seconds))?;
    Ok((printed.status.success(), printed.text))
}
