//! Chapter 24 judges the reader's runtime by tests of the real one, and counts
//! the lines of both.
//!
//! A header `//! From `executor/tests/it/x.rs`, ..` names the file that a copy
//! is taken from, or the folder (and the file beside it) for `common.rs`.
//!
//! Invariant: each item of a copy is an item of that file, but for its imports
//! and for what is public. A number beside links to sources is their number of
//! lines of code, a rounded one for the real runtime.
//!
//! Called by `main`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use crate::check::{Finding, all_right, files, read, root};
use crate::items::select;
use crate::lines_of_code::{lines_of_code, split_tests, tokens};
use crate::markdown::Page;
use crate::outline::outline;
use crate::shown::FOLDER;
use crate::steps::COPIED;

/// What a copy has of its own: the runtimes are made in different ways.
const OWN: [&str; 1] = ["fn virtual_runner"];

pub(crate) fn check() -> Result<(), String> {
    let mut complaints = String::new();
    let copies = files(&format!("{FOLDER}24a/{COPIED}"), ".rs");
    assert!(!copies.is_empty(), "there are no copies of tests");
    for path in copies {
        if let Err(what) = compare(&path) {
            let _ = writeln!(complaints, "{path}: {what}");
        }
    }
    if let Err(what) = compare_exercise() {
        let _ = writeln!(complaints, "{EXERCISE}: {what}");
    }
    all_right("tests of the real runtime", complaints)
}

/// The exercise of the chapter: a test that the reader's runtime fails.
const EXERCISE: &str = "docs/exercises/24_the_failing_test.rs";
const FAILING: &str = "fn a_nested_run_panics_with_a_text_that_says_what_to_do";

fn compare_exercise() -> Result<(), String> {
    let text = |path| -> Result<String, String> {
        let test = select(path, &read(path)?, Some(FAILING))?;
        Ok(normal(&test).replace("#[test] ", ""))
    };
    match text(EXERCISE)? == text("executor/tests/it/event_loop/run.rs")? {
        true => Ok(()),
        false => Err(format!("`{FAILING}` is not that of the real runtime")),
    }
}

fn compare(path: &str) -> Result<(), String> {
    let copy = read(path)?;
    let header = copy.lines().next().unwrap_or_default();
    let place = header.split('`').nth(1);
    let place = place.ok_or("its header names no file of the real runtime")?;
    let mut real = BTreeSet::new();
    for file in originals(place) {
        real.extend(items(&read(&file)?).into_iter().map(|(_, text)| text));
    }
    for (name, text) in items(&copy) {
        if !real.contains(&text) && !OWN.contains(&&name[..]) {
            return Err(format!("`{name}` is not as it is in {place}"));
        }
    }
    Ok(())
}

/// The file, or those of the folder and the one beside it.
fn originals(place: &str) -> Vec<String> {
    if place.ends_with(".rs") {
        return vec![place.into()];
    }
    let mut all = files(place, ".rs");
    all.push(format!("{place}.rs"));
    all
}

/// Names and texts of a file's items, without its imports.
fn items(source: &str) -> Vec<(String, String)> {
    let lines: Vec<_> = source.lines().collect();
    let items = outline(&lines).into_iter();
    let items = items.filter(|item| item.name != "imports");
    items
        .map(|item| (item.name, normal(&lines[item.lines].join("\n"))))
        .collect()
}

/// The text, whatever is public, and however rustfmt then breaks its lines.
fn normal(text: &str) -> String {
    let text = text.replace("pub(crate) ", "pub ");
    let words: Vec<_> = text.split_whitespace().collect();
    let text = words.join(" ").replace("( ", "(");
    text.replace(", )", ")")
}

/// The rows of a table with a number of lines after the links to the sources.
pub(crate) fn check_counts(page: &Page) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut start = 0;
    for (n, line) in page.text.split_inclusive('\n').enumerate() {
        let range = start..start + line.len();
        start = range.end;
        match counted(line) {
            Ok(new) if new == line => {}
            Ok(new) => {
                let what = format!("not the lines of code that there are: {}", new.trim());
                findings.push(Finding::new(n + 1, what).mended_by((range, new)));
            }
            Err(what) => findings.push(Finding::new(n + 1, what)),
        }
    }
    findings
}

/// A row with the numbers as they are: `| .. | links | 7 | links | 8 | .. |`. Those
/// of the real runtime are rounded, and may be off by a twentieth: else every
/// change there would be one of the page.
fn counted(line: &str) -> Result<String, String> {
    let mut cells: Vec<_> = line.split('|').map(str::to_owned).collect();
    for n in 1..cells.len() {
        let Ok(shown) = cells[n].trim().parse::<usize>() else {
            continue;
        };
        let sources = sources(&cells[n - 1]);
        let mut lines = 0;
        for source in &sources {
            lines += lines_in(source)?;
        }
        let is_real = sources.iter().any(|source| !source.starts_with(FOLDER));
        let is_near = is_real && shown.abs_diff(lines) * 20 <= lines;
        if !sources.is_empty() && !is_near {
            let lines = if is_real {
                (lines + 5) / 10 * 10
            } else {
                lines
            };
            cells[n] = format!(" {lines} ");
        }
    }
    Ok(cells.join("|"))
}

/// The sources that a cell links to, from the workspace's folder.
fn sources(cell: &str) -> Vec<String> {
    let links = cell.split("](").skip(1);
    let links = links.filter_map(|rest| rest.split([')', ' ']).next());
    links
        .filter_map(|link| match link.strip_prefix("../executor/src/") {
            Some(rest) => Some(format!("executor/src/{rest}")),
            None => link
                .strip_prefix("mini/")
                .map(|rest| format!("{FOLDER}{rest}")),
        })
        .collect()
}

/// The lines of a file, or of a folder without its tests.
fn lines_in(path: &str) -> Result<usize, String> {
    if !root().join(path).is_dir() {
        let source = read(path)?;
        return Ok(lines_of_code(&source, &split_tests(&tokens(&source)).0));
    }
    let entries = fs::read_dir(root().join(path)).map_err(|error| error.to_string())?;
    let mut lines = 0;
    for entry in entries.flatten() {
        let name = entry.file_name().into_string().expect("a name in ASCII");
        let is_test = ["model.rs", "modelled.rs", "tests.rs"].contains(&&name[..]);
        if !is_test {
            lines += lines_in(&format!("{}/{name}", path.trim_end_matches('/')))?;
        }
    }
    Ok(lines)
}

#[test]
fn an_item_that_differs_is_found() {
    let real = "//! A.\n\nuse b::c;\n\n/// Doc.\npub(crate) fn d(\n    e: u8,\n) {\n    f();\n}\n";
    let copy = "//! B.\n\n/// Doc.\npub fn d(e: u8) {\n    f();\n}\n";
    assert_eq!(items(real), items(copy));
    assert_ne!(items(real), items(&copy.replace("f()", "g()")));
    assert_ne!(items(real), items(&copy.replace("/// Doc.\n", "")));
    assert!(compare("docs/tests/book/same_tests.rs").is_err());
}

#[test]
fn a_number_beside_links_is_counted() {
    let path = "mini/24a/mini/sync.rs";
    let row = format!("| a | [`sync.rs`](../{FOLDER}x) [x]({path}) | 7 | words | 8 |\n");
    let lines = lines_in(&format!("docs/{path}")).unwrap();
    let expected = row.replace("| 7 |", &format!("| {lines} |"));
    assert_eq!(counted(&row), Ok(expected));
    let real = |n: usize| format!("| [x](../executor/src/lib.rs) | {n} |");
    let lines = lines_in("executor/src/lib.rs").unwrap();
    assert_eq!(counted(&real(lines + 1)), Ok(real(lines + 1)));
    let rounded = (lines + 5) / 10 * 10;
    assert_eq!(counted(&real(2 * lines)), Ok(real(rounded)));
    assert!(counted("| [x](mini/24a/no.rs) | 1 |").is_err());
    let text = "Links ([x](mini/24a/mini.rs)) in a sentence.\n";
    assert_eq!(counted(text).as_deref(), Ok(text));
}
