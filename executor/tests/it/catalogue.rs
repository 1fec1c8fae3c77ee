//! The behaviour catalogue beside this crate's tests: which of its cases are
//! covered, by which tests.
//!
//! Invariant: it believes nothing. The cases stand in `tests/catalogue.txt`,
//! and that a test is there is read from its source.
//!
//! Used by `coverage` here, and by the book's tests, which write the page
//! `docs/conformance.md` with it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// One case.
pub(crate) struct Case {
    pub(crate) id: u16,
    pub(crate) title: String,
    /// Why there is no test, if there is to be none.
    pub(crate) not_here: Option<String>,
}

/// Cases about one subject.
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) cases: Vec<Case>,
}

/// Where a test stands, and what it is called: by the id of its case.
pub(crate) type Tests = BTreeMap<u16, Vec<(String, String)>>;

/// Reads the catalogue. The path is that of the crate `executor`.
pub(crate) fn catalogue(executor: &Path) -> Vec<Section> {
    let path = executor.join("tests/catalogue.txt");
    let text = fs::read_to_string(path).expect("the catalogue can be read");
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            let name = name.to_owned();
            let cases = Vec::new();
            sections.push(Section { name, cases });
        } else if let Some(reason) = line.trim_start().strip_prefix("not here: ") {
            let cases = sections.last_mut().map(|section| &mut section.cases);
            let case = cases.and_then(|cases| cases.last_mut());
            case.expect("a reason stands under its case").not_here = Some(reason.to_owned());
        } else if let Some((id, title)) = line.split_once(' ').filter(|(id, _)| is_id(id)) {
            let section = sections.last_mut();
            section
                .expect("a case stands in a section")
                .cases
                .push(Case {
                    id: id.parse().expect("three digits are a number"),
                    title: title.to_owned(),
                    not_here: None,
                });
        } else {
            assert!(line.starts_with('#'), "the catalogue says: {line}");
        }
    }
    sections
}

/// Every test of the crate whose name begins with an id.
pub(crate) fn tests(executor: &Path) -> Tests {
    let mut tests = Tests::new();
    collect(&executor.join("tests"), executor, &mut tests);
    for found in tests.values_mut() {
        found.sort();
    }
    tests
}

fn collect(folder: &Path, executor: &Path, tests: &mut Tests) {
    for entry in fs::read_dir(folder).expect("the tests can be listed") {
        let path = entry.expect("the tests can be listed").path();
        if path.is_dir() {
            collect(&path, executor, tests);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a test can be read");
            let place = path.strip_prefix(executor).expect("it lies in there");
            let place = place.to_string_lossy().replace('\\', "/");
            for (id, name) in text.lines().filter_map(covering) {
                let found = tests.entry(id).or_default();
                found.push((place.clone(), name.to_owned()));
            }
        }
    }
}

/// The id and the name in a line like `fn c142_equal_deadlines_fire() {`.
pub(crate) fn covering(line: &str) -> Option<(u16, &str)> {
    let (visibility, name) = line.split_once("fn ")?;
    if !matches!(visibility.trim(), "" | "pub(super)") {
        return None;
    }
    let (name, _) = name.split_once('(')?;
    let (id, _) = name.strip_prefix('c')?.split_once('_')?;
    is_id(id).then(|| (id.parse().expect("three digits are a number"), name))
}

fn is_id(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The tables of the page, section by section.
#[allow(dead_code, reason = "for the book's tests")]
pub(crate) fn page(executor: &Path) -> String {
    let tests = tests(executor);
    let mut text = String::new();
    for section in catalogue(executor) {
        writeln!(text, "\n## {}\n", section.name).expect("a String takes everything");
        text.push_str("| case | what is pinned | tests |\n|---|---|---|\n");
        for Case {
            id,
            title,
            not_here,
        } in &section.cases
        {
            let found = tests.get(id).map_or(&[][..], Vec::as_slice);
            let what = match not_here {
                Some(reason) => format!("none: {reason}"),
                None => linked(found),
            };
            writeln!(text, "| C{id:03} | {title} | {what} |").expect("as above");
        }
    }
    text
}

/// `2 in [time](../executor/tests/it/time.rs)`.
fn linked(found: &[(String, String)]) -> String {
    let mut places = BTreeMap::<&str, usize>::new();
    for (place, _) in found {
        *places.entry(place).or_default() += 1;
    }
    let link = |(place, n): (&&str, &usize)| {
        let short = place.trim_start_matches("tests/").trim_start_matches("it/");
        format!("{n} in [`{short}`](../executor/{place})")
    };
    places.iter().map(link).collect::<Vec<_>>().join(", ")
}
