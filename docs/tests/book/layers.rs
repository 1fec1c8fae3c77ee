//! The page about the runtime's architecture names every directory of it.
//!
//! The plan itself is `PLAN` in `executor/tests/architecture.rs`, one line for
//! each directory: its layer and its name.
//!
//! Invariant: a directory that is added, moved or removed is so on the page too.
//!
//! Called by `main`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::check::{all_right, read};

pub(crate) fn check() -> Result<(), String> {
    let page = read("docs/architecture.md")?;
    let plan = read("executor/tests/architecture.rs")?;
    let planned = directories(&plan);
    assert!(planned.len() > 10, "PLAN is not where it was");
    let mut complaints = String::new();
    for layer in ["0", "1", "2", "3"] {
        let of_layer = |(of, name): &(&str, &str)| {
            (*of == layer).then(|| format!("[`{name}`](../executor/src/{name}.rs)"))
        };
        let planned: BTreeSet<_> = planned.iter().filter_map(of_layer).collect();
        let shown = shown(&page, layer);
        if planned != shown {
            writeln!(
                complaints,
                "in layer {layer} are {planned:?}, and rows `| {layer} | ..` show {shown:?}"
            )
            .expect("a String");
        }
    }
    all_right("architecture.md", complaints)
}

/// The layer and the name of each directory of the plan.
fn directories(plan: &str) -> Vec<(&str, &str)> {
    let lines = plan.lines().filter_map(|line| {
        let (layer, rest) = line.trim().strip_prefix("directory(")?.split_once(", \"")?;
        Some((layer, rest.split_once('"')?.0))
    });
    lines.collect()
}

/// The links in the second cells of a layer's rows.
fn shown(page: &str, layer: &str) -> BTreeSet<String> {
    let rows = page.lines().filter_map(|line| {
        let cells = line.strip_prefix(&format!("| {layer} | "))?;
        cells.split(" | ").next()
    });
    let links = rows.flat_map(|cell| cell.split(')').filter(|link| link.contains('[')));
    let link = |link: &str| link.find('[').map(|at| format!("{})", &link[at..]));
    links.filter_map(link).collect()
}
