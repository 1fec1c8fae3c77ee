//! The steps of Part II: the reader's small runtime as it grows.
//!
//! A folder of `docs/mini` is a step, named by its chapter and a letter: `12b`.
//! These are the main chain, in the order of their names. `12b_twice` is a side
//! step: a wrong version that is run, and not continued from. `shown` says how
//! a page shows them.
//!
//! Invariant: every line of a step is on a page, in its chapter or an earlier
//! one, and a console block runs it; it is an example of the package `mini`.
//!
//! Called by `main`; `assembly` and `programs` use the list of steps.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::check::{Finding, all_right, chapters, difference, root};
use crate::code::source;
use crate::console::commands;
use crate::diffs::{hunks, mostly_new, text};
use crate::markdown::{Fence, Page};
use crate::outline::outline;
use crate::shown::{Difference, FOLDER, Shown, What, hunks_but, shown, step_and_file, with_items};

/// What a reader can take in at one sitting, line by line.
const MOST_NEW_LINES: usize = 60;

/// What a reader copies and does not type, in the last step: tests of the real
/// runtime (`same_tests`), the file of this name and the folder beside it.
pub(crate) const COPIED: &str = "tests/ch24";

/// The texts of files, without their headers, by their paths in `src`.
pub(crate) type Files = BTreeMap<String, String>;

#[derive(Clone, Debug, Default)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) files: Files,
}

impl Step {
    pub(crate) fn is_main(&self) -> bool {
        self.name.len() == 3
    }
}

/// The chapter of a step or a page: the number its name begins with.
fn chapter(name: &str) -> usize {
    let digits = name.get(..2).and_then(|digits| digits.parse().ok());
    digits.unwrap_or_else(|| panic!("{name} begins with the number of a chapter"))
}

pub(crate) fn is_step(name: &str) -> bool {
    let (number, rest) = name.split_at_checked(2).unwrap_or_default();
    let (letter, side) = rest.split_at_checked(1).unwrap_or_default();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    number.chars().all(|c| c.is_ascii_digit())
        && letter.chars().all(|c| c.is_ascii_lowercase())
        && !letter.is_empty()
        && (side.is_empty() || side.len() > 1 && side.starts_with('_') && side.chars().all(plain))
}

/// The names of the folders with a `main.rs`, in order.
pub(crate) fn folders() -> Vec<String> {
    let entries = fs::read_dir(root().join(FOLDER)).into_iter().flatten();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let is_program = |name: &String| root().join(FOLDER).join(name).join("main.rs").exists();
    let mut names: Vec<_> = names.filter(is_program).collect();
    names.sort();
    names
}

pub(crate) fn steps() -> Vec<Step> {
    let steps = folders().into_iter().filter(|name| is_step(name));
    steps
        .map(|name| {
            let folder = root().join(FOLDER).join(&name);
            let mut files = Files::new();
            add_files(&folder, "", &mut files);
            Step { name, files }
        })
        .collect()
}

fn add_files(folder: &Path, within: &str, files: &mut Files) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        let name = path.file_name().and_then(|name| name.to_str());
        let file = format!("{within}{}", name.expect("a name in ASCII"));
        if file.trim_end_matches(".rs") == COPIED {
            continue;
        }
        if path.is_dir() {
            add_files(&path, &format!("{file}/"), files);
            continue;
        }
        let place = path.strip_prefix(root()).expect("it is in the workspace");
        let text = source(place.to_str().expect("a path in ASCII"));
        files.insert(file, text.unwrap_or_else(|error| panic!("{error}")));
    }
}

/// The pieces of the steps that the chapters show, each no later than in the
/// step's own chapter: what comes after is repetition.
pub(crate) fn pieces() -> Vec<Shown> {
    let pages = chapters();
    let all = pages.iter().flat_map(|page| {
        let number = chapter(page.name());
        let pieces = shown(page).into_iter();
        pieces.filter(move |piece| is_step(&piece.step) && number <= chapter(&piece.step))
    });
    all.collect()
}

/// What a step is shown as a change of: the main step before it. A side step
/// branches from the step that its differences name, or from a main step.
pub(crate) fn base(steps: &[Step], step: &Step, pieces: &[&Shown]) -> Step {
    let before = |name: &str| {
        let mut before = steps.iter().rev();
        let found = before.find(|other| other.is_main() && *other.name < *name);
        found.cloned().unwrap_or_default()
    };
    if step.is_main() {
        return before(&step.name);
    }
    let named = pieces.iter().find_map(|piece| match &piece.what {
        What::Diff(difference) => step_and_file(&difference.old),
        _ => None,
    });
    if let Some((name, _)) = named {
        let found = steps.iter().find(|other| other.name == name);
        return found.cloned().unwrap_or_default();
    }
    let candidates = [before(&step.name[..3]), before(&step.name), Step::default()];
    let missing = |base: &Step| missing(base, step, pieces).len();
    let best = candidates.into_iter().min_by_key(missing);
    best.expect("there are three")
}

/// What of a step no piece shows, given that the reader has its base.
fn missing(base: &Step, step: &Step, pieces: &[&Shown]) -> Vec<String> {
    let mut missing = Vec::new();
    let files: BTreeSet<_> = base.files.keys().chain(step.files.keys()).collect();
    for file in files {
        let own: Vec<_> = pieces.iter().copied().filter(|p| p.file == *file).collect();
        let is_whole = own.iter().any(|piece| matches!(piece.what, What::Whole));
        match (base.files.get(file), step.files.get(file)) {
            (None, Some(new)) if !is_whole && !new.is_empty() => {
                missing.push(format!("the new file {file} is not shown whole"))
            }
            (Some(_), None) if !own.iter().any(|piece| matches!(piece.what, What::Removed)) => {
                missing.push(format!("no `removed` says that {file} is gone"));
            }
            (Some(old), Some(new)) if old != new && !is_whole => {
                let parts = missing_parts(&base.name, old, new, &own);
                missing.extend(parts.into_iter().map(|part| format!("{file}: {part}")));
            }
            _ => {}
        }
    }
    missing
}

/// What is not shown of a file that changed.
fn missing_parts(base: &str, old: &str, new: &str, pieces: &[&Shown]) -> Vec<String> {
    let diffs: Vec<_> = differences_from(base, pieces).collect();
    let items = pieces.iter().flat_map(|piece| match &piece.what {
        What::Items(items) => &items[..],
        _ => &[],
    });
    let items: BTreeSet<_> = items.cloned().collect();
    let except = match diffs.first() {
        Some(first) => first.except.clone(),
        None => items.iter().cloned().collect(),
    };
    if diffs.iter().any(|diff| diff.except != except) {
        return vec![
            "its diffs have different `except`, so their hunks are not those of one difference"
                .into(),
        ];
    }
    let unshown = except.iter().filter(|item| !items.contains(*item));
    let unshown = unshown.map(|item| format!("`{item}` is in `except` and in no block `code`"));
    match with_items(old, new, &except) {
        Ok(old) => {
            let is_shown = |n| diffs.iter().any(|diff| diff.shows(n));
            unshown.chain(hunks_but(&old, new, is_shown)).collect()
        }
        Err(item) => vec![format!(
            "`{item}` is shown as an item, and the file had none: show it in a diff"
        )],
    }
}

/// The differences from this step; others compare with a wrong version.
pub(crate) fn differences_from<'a>(
    base: &str,
    pieces: &[&'a Shown],
) -> impl Iterator<Item = &'a Difference> {
    pieces.iter().filter_map(move |piece| match &piece.what {
        What::Diff(diff) if step_and_file(&diff.old).is_some_and(|(step, _)| step == base) => {
            Some(diff)
        }
        _ => None,
    })
}

pub(crate) fn of<'a>(step: &Step, pieces: &'a [Shown]) -> Vec<&'a Shown> {
    pieces
        .iter()
        .filter(|piece| piece.step == step.name)
        .collect()
}

pub(crate) fn check_shown() -> Result<(), String> {
    let steps = steps();
    assert!(!steps.is_empty(), "there are no steps");
    let pieces = pieces();
    let mut complaints = out_of_order(&pieces);
    for step in &steps {
        let own = of(step, &pieces);
        let base = base(&steps, step, &own);
        for missing in missing(&base, step, &own) {
            let _ = writeln!(
                complaints,
                "{FOLDER}{}, after {:?}: {missing}",
                step.name, base.name
            );
        }
    }
    all_right("steps", complaints)
}

/// The main steps come one after another: a reader types from top to bottom.
fn out_of_order(pieces: &[Shown]) -> String {
    let mut complaints = String::new();
    let mut last = "";
    for piece in pieces {
        let repeats = matches!(piece.what, What::Items(_));
        if repeats || piece.step.len() > 3 {
            continue;
        }
        if *piece.step < *last {
            let Shown {
                page,
                line,
                step,
                file,
                ..
            } = piece;
            let _ = writeln!(
                complaints,
                "{page}:{line}: {file} of step {step} comes after step {last}"
            );
        }
        last = last.max(&piece.step);
    }
    complaints
}

pub(crate) fn check_run() -> Result<(), String> {
    let mut complaints = String::new();
    let commands: Vec<_> = chapters().iter().flat_map(commands).collect();
    for Step { name, .. } in steps() {
        let example = format!("step_{name}");
        let runs = |command: &String| command.split(' ').any(|word| word == example);
        if !commands.iter().any(runs) {
            let _ = writeln!(complaints, "{FOLDER}{name}: no console block runs it");
        }
    }
    all_right("steps", complaints)
}

/// Each step adds little enough to be read line by line.
pub(crate) fn check_sizes() -> Result<(), String> {
    let (steps, pieces) = (steps(), pieces());
    let mut complaints = String::new();
    for step in &steps {
        let base = base(&steps, step, &of(step, &pieces));
        let new = new_lines(&base.files, &step.files);
        if new > MOST_NEW_LINES {
            let _ = writeln!(
                complaints,
                "{FOLDER}{}: {new} new lines of code after {:?}; {MOST_NEW_LINES} are enough",
                step.name, base.name
            );
        }
    }
    all_right("steps", complaints)
}

fn new_lines(old: &Files, new: &Files) -> usize {
    let seen: BTreeSet<_> = old.values().flat_map(|text| code_lines(text)).collect();
    let own = new.iter().filter(|(file, _)| !is_of_tests(file));
    let lines = own.flat_map(|(_, text)| code_lines(text));
    lines.filter(|line| !seen.contains(line)).count()
}

/// Whether a file has the tests of a step and nothing else.
fn is_of_tests(file: &str) -> bool {
    file == "tests.rs" || file.starts_with("tests/")
}

/// The lines that count: no imports, comments, tests, blanks, and no braces.
fn code_lines(text: &str) -> Vec<String> {
    let lines: Vec<_> = text.lines().collect();
    let mut counts = vec![true; lines.len()];
    for item in outline(&lines) {
        let tests = |line: &&str| line.starts_with("#[cfg(") && line.contains("test");
        let is_tests = item.name.starts_with("mod ") && lines[item.lines.clone()].iter().any(tests);
        if is_tests || item.name == "imports" {
            counts[item.lines].fill(false);
        }
    }
    let lines = lines.iter().zip(counts).filter(|(_, counts)| *counts);
    let lines = lines.map(|(line, _)| line.trim());
    let is_code =
        |line: &&str| line.len() > 2 && !line.starts_with("//") && !line.starts_with("use ");
    lines.filter(is_code).map(str::to_owned).collect()
}

pub(crate) fn check_diffs(page: &Page) -> Vec<Finding> {
    let fences = page.fences.iter();
    let diffs = fences.filter(|fence| fence.language() == "diff");
    diffs.filter_map(|fence| look(fence).err()).collect()
}

fn look(fence: &Fence) -> Result<(), Finding> {
    let complain = |what: String| Finding::new(fence.line, what);
    let object = fence.directed("diff").unwrap_or_default();
    let diff = Difference::parse(object).map_err(complain)?;
    let (old, new) = (
        diff.old_text().map_err(complain)?,
        source(&diff.new).map_err(complain)?,
    );
    let all = hunks(&old, &new);
    let shown = diff.select(&all).map_err(complain)?;
    let file = step_and_file(&diff.new).map_or(&diff.new[..], |(_, file)| file);
    let wanted = text(file, &shown);
    if wanted != fence.body {
        let what = format!(
            "not the difference of the files:{}",
            difference(&fence.body, &wanted)
        );
        return Err(complain(what).mended_by(fence.with_body(&wanted)));
    }
    let mostly = mostly_new(&new, &shown).join(", ");
    if !mostly.is_empty() {
        let what = format!(
            "over half of the lines changed: say `except {mostly}`, and show that whole in a block `code`"
        );
        return Err(complain(what));
    }
    Ok(())
}

#[cfg(test)]
fn step(name: &str, files: &[(&str, &str)]) -> Step {
    let files = files
        .iter()
        .map(|(file, text)| (file.to_string(), text.to_string()));
    Step {
        name: name.into(),
        files: files.collect(),
    }
}

/// What `missing` says about a step if a page consists of these directives.
#[cfg(test)]
fn missing_on(page: &str, base: &Step, new: &Step) -> Vec<String> {
    let page = Page::parse("docs/12-a.md", page);
    let pieces = shown(&page);
    missing(base, new, &of(new, &pieces))
}

#[cfg(test)]
const CODE: &str = "```rust\n```\n\n";

#[test]
fn what_a_page_leaves_out_is_found() {
    let middle =
        "\n\nfn b() {\n    1;\n    2;\n    3;\n    4;\n    5;\n    6;\n    7;\n    8;\n}\n\n";
    let old = format!("fn a() {{\n    1;\n}}{middle}fn c() {{}}\n");
    let new = format!("fn a() {{\n    2;\n}}{middle}fn c() {{ 1; }}\n");
    let base = step(
        "12a",
        &[("main.rs", "m"), ("mini/x.rs", "x"), ("mini/run.rs", &old)],
    );
    let next = step(
        "12b",
        &[("main.rs", "m"), ("mini/y.rs", "y"), ("mini/run.rs", &new)],
    );
    let nothing = missing_on("", &base, &next);
    let expected = [
        "mini/run.rs: hunk 1 (fn a) is not shown",
        "mini/run.rs: hunk 2 (fn c) is not shown",
        "no `removed` says that mini/x.rs is gone",
        "the new file mini/y.rs is not shown whole",
    ];
    assert_eq!(nothing, expected);
    let files = "docs/mini/12a/mini/run.rs docs/mini/12b/mini/run.rs";
    let rest = format!(
        "<!-- code: docs/mini/12b/mini/y.rs -->\n{CODE}<!-- removed: docs/mini/12b/mini/x.rs -->\n\n"
    );
    let diff = |options: &str| format!("{rest}<!-- diff: {files}{options} -->\n```diff\n```\n\n");
    assert!(missing_on(&diff(""), &base, &next).is_empty());
    assert_eq!(
        missing_on(&diff(" hunks 2"), &base, &next),
        ["mini/run.rs: hunk 1 (fn a) is not shown"]
    );
    let both = diff(" hunks 1") + &diff(" hunks 2");
    assert!(missing_on(&both, &base, &next).is_empty());
    let except = diff(" except fn a");
    let unshown = "mini/run.rs: `fn a` is in `except` and in no block `code`";
    assert_eq!(missing_on(&except, &base, &next), [unshown]);
    let item = format!("<!-- code: docs/mini/12b/mini/run.rs#fn a -->\n{CODE}");
    assert!(missing_on(&(except + &item), &base, &next).is_empty());
    let hunk = "mini/run.rs: hunk 1 (fn c) is not shown";
    assert_eq!(missing_on(&(rest.clone() + &item), &base, &next), [hunk]);
    // A difference from a wrong version does not count.
    let other = diff("").replace("12a", "12a_twice");
    assert_eq!(missing_on(&other, &base, &next), &expected[..2]);
    let whole = rest + "<!-- code: docs/mini/12b/mini/run.rs -->\n" + CODE;
    assert!(missing_on(&whole, &base, &next).is_empty());
}

#[test]
fn steps_that_are_shown_in_another_order_are_found() {
    let piece = |step: &str| format!("<!-- code: docs/mini/{step}/main.rs -->\n{CODE}");
    let order = |steps: [&str; 3]| {
        let page: String = steps.map(piece).concat();
        out_of_order(&shown(&Page::parse("docs/12-a.md", &page)))
    };
    assert_eq!(order(["12a", "12b", "12b"]), "");
    assert_eq!(order(["12a", "12c_wrong", "12b"]), "");
    let complaint = "docs/12-a.md:6: main.rs of step 12a comes after step 12b\n";
    assert_eq!(order(["12b", "12a", "12b"]), complaint);
}

#[test]
fn a_line_counts_once_and_tests_do_not() {
    let old = "use a::b;\n\nfn a() {\n    one();\n}\n";
    let tests = "#[cfg(test)]\nmod tests {\n    fn c() {}\n}\n";
    let new = format!("use a::b;\nuse c::d;\n\n// Why.\nfn b() {{\n    two();\n}}\n\n{tests}");
    let files = |text: &str| step("12a", &[("main.rs", text)]).files;
    assert_eq!(new_lines(&files(old), &files(&new)), 2);
    assert_eq!(new_lines(&files(""), &files(old)), 2);
    assert_eq!(new_lines(&files(old), &files(old)), 0);
}
