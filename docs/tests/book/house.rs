//! The page about the runtime's house names every module of it.
//!
//! The plan itself is `PLAN` in `executor/tests/architecture.rs`, one line for
//! each module: its name and its floor.
//!
//! Invariant: a module that is added, moved or removed is so on the page too.
//!
//! Called by `main`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::check::{all_right, read};

pub(crate) fn check() -> Result<(), String> {
    let page = read("docs/architecture.md")?;
    let plan = read("executor/tests/architecture.rs")?;
    let modules = modules(&plan);
    assert!(modules.len() > 20, "the plan is not where it was");
    let mut complaints = String::new();
    let floors: BTreeSet<_> = modules.iter().map(|(_, floor)| *floor).collect();
    for floor in floors {
        let there: BTreeSet<_> = modules.iter().filter(|(_, of)| *of == floor).collect();
        let there: BTreeSet<_> = there.iter().map(|(name, _)| *name).collect();
        let shown = on_floor(&page, floor);
        if there != shown {
            writeln!(
                complaints,
                "on floor {floor} are {there:?}, and shown {shown:?}"
            )
            .expect("a String");
        }
    }
    for (name, _) in &modules {
        if !page.contains(&format!("\n| [`{name}`](../executor/src/{name}.rs) | ")) {
            writeln!(complaints, "no line says what always holds in {name}").expect("a String");
        }
    }
    all_right("architecture.md", complaints)
}

/// Each module of the plan, and its floor.
fn modules(plan: &str) -> Vec<(&str, &str)> {
    let lines = plan.lines().filter_map(|line| {
        let (name, rest) = line.trim().strip_prefix("module(\"")?.split_once("\", ")?;
        Some((name, rest.split_once(',')?.0))
    });
    lines.collect()
}

/// The second cell of a floor's row: names between backticks.
fn on_floor<'a>(page: &'a str, floor: &str) -> BTreeSet<&'a str> {
    let row = |line: &&str| line.starts_with(&format!("| {floor}: "));
    let cell = page
        .lines()
        .find(row)
        .and_then(|row| row.split(" | ").nth(1));
    cell.unwrap_or_default()
        .split('`')
        .skip(1)
        .step_by(2)
        .collect()
}
