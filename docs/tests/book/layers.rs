//! The page about the runtime's architecture names every directory of it, and
//! every file; so does the map in the documentation of the crate.
//!
//! The plan itself is `PLAN` in `executor/tests/architecture.rs`, one line for
//! each directory: its layer and its name.
//!
//! Invariant: what is added, moved or removed in the source is so in both.
//!
//! Called by `main`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::check::{all_right, files, read};

pub(crate) fn check() -> Result<(), String> {
    let page = read("docs/architecture.md")?;
    let plan = read("executor/tests/architecture.rs")?;
    let planned = directories(&plan);
    assert!(planned.len() > 10, "PLAN is not where it was");
    let mut complaints = missing_files(&page, &planned)?;
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

/// Complains about each file that the page does not link, or that the row of
/// its directory in `lib.rs` does not name.
fn missing_files(page: &str, planned: &[(&str, &str)]) -> Result<String, String> {
    let map = read("executor/src/lib.rs")?;
    let mut complaints = String::new();
    for (layer, directory) in planned {
        let row = format!("//! | {layer} | `{directory}`: ");
        let row = map.lines().find(|line| line.starts_with(&row));
        let paths = files(&format!("executor/src/{directory}"), ".rs");
        // Model checks are described in the files that they check.
        for path in paths.iter().filter(|path| !path.ends_with("/model.rs")) {
            if !page.contains(&format!("](../{path})")) {
                writeln!(complaints, "no link to {path}").expect("a String");
            }
            let file = path.rsplit('/').next().unwrap_or_default();
            let name = format!("`{}`", file.trim_end_matches(".rs"));
            if !row.is_some_and(|row| row.contains(&name)) {
                writeln!(complaints, "the map in lib.rs does not name {path}").expect("a String");
            }
        }
    }
    Ok(complaints)
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
