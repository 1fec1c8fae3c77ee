//! The steps of Part II, shown as what changed since the step before.
//!
//! `<!-- diff: docs/mini/09a/main.rs docs/mini/09b/main.rs -->` stands above a block
//! `diff`: the changed lines with three lines around them. Header comments
//! are left out.
//!
//! Invariant: a step that no chapter shows and runs does not exist.
//!
//! Called by `main`.

use std::fmt::Write as _;
use std::fs;

use similar::TextDiff;

use crate::check::{Finding, all_right, difference, pages, root};
use crate::code::source;
use crate::console::commands;
use crate::markdown::{Fence, Page};

pub(crate) fn check_diffs(page: &Page) -> Vec<Finding> {
    let diffs = page
        .fences
        .iter()
        .filter(|fence| fence.language() == "diff");
    diffs.filter_map(|fence| look(fence).err()).collect()
}

fn look(fence: &Fence) -> Result<(), Finding> {
    let complain = |what: String| Finding::new(fence.line, what);
    let Some((old, new)) = fence
        .directed("diff")
        .and_then(|files| files.split_once(' '))
    else {
        let what = "a diff without its files: put `<!-- diff: old.rs new.rs -->` above it";
        return Err(complain(what.into()));
    };
    let diff = diff(
        &source(old).map_err(complain)?,
        &source(new).map_err(complain)?,
    );
    if diff == fence.body {
        return Ok(());
    }
    let what = format!(
        "not the difference of the files:{}",
        difference(&fence.body, &diff)
    );
    Err(complain(what).mended_by(fence.with_body(&diff)))
}

fn diff(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let text = diff.unified_diff().context_radius(3).to_string();
    // The places in files that the reader does not see say nothing.
    let hunk = |line: &str| match line.starts_with("@@") {
        true => "@@\n".to_owned(),
        false => format!("{}\n", line.trim_end()),
    };
    text.lines().map(hunk).collect()
}

/// The programs of the steps.
fn main_files() -> Vec<String> {
    let folders = fs::read_dir(root().join("docs/mini")).into_iter().flatten();
    let names = folders.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let paths = names.map(|name| format!("docs/mini/{name}/main.rs"));
    paths.filter(|path| root().join(path).exists()).collect()
}

pub(crate) fn check_files() -> Result<(), String> {
    let mut complaints = String::new();
    let pages = pages();
    let commands: Vec<_> = pages.iter().flat_map(commands).collect();
    let fences: Vec<_> = pages.iter().flat_map(|page| &page.fences).collect();
    for path in main_files() {
        let mut complain = |what: &str| writeln!(complaints, "{path}: {what}").expect("a String");
        let shows = |verb| {
            let mut objects = fences.iter().filter_map(|fence| fence.directed(verb));
            objects.any(|object| object.contains(&path))
        };
        if !shows("code") && !shows("diff") {
            complain("no chapter shows it");
        }
        let name = path
            .trim_start_matches("docs/mini/")
            .trim_end_matches("/main.rs");
        let example = format!("--example step_{name}");
        if !commands.iter().any(|command| command.ends_with(&example)) {
            complain("no console block runs it");
        }
    }
    all_right("steps", complaints)
}

#[test]
fn a_diff_has_no_line_numbers() {
    assert_eq!(diff("a\nb\n", "a\nc\n"), "@@\n a\n-b\n+c\n");
}
