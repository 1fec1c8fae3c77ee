//! The behaviour catalogue beside this crate's tests: which of its cases are
//! covered, by which tests.
//!
//! Invariant: a case counts as covered only by a test that is found in the
//! sources; `tests/catalogue.txt` lists the cases.
//!
//! Used by `coverage` in this crate, and by the book's tests, which write the
//! page `docs/conformance.md` with it.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;

/// The id of a case: `C022`, or `R001` for a report about another runtime. In
/// the name of a test it is in lower case: `c022_..`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Id(char, u16);

impl Id {
    /// Parses three digits after `C` or `R`; the catalogue leaves the `C` out.
    fn parse(text: &str) -> Option<Self> {
        let (kind, digits) = match text.strip_prefix('R') {
            Some(digits) => ('R', digits),
            None => ('C', text.strip_prefix('C').unwrap_or(text)),
        };
        let is_id = digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_id.then(|| Id(kind, digits.parse().expect("three digits are a number")))
    }

    pub(crate) fn is_report(self) -> bool {
        self.0 == 'R'
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:03}", self.0, self.1)
    }
}

/// One case.
pub(crate) struct Case {
    pub(crate) id: Id,
    /// The report that the case is from, as `repository#number`.
    pub(crate) report: Option<String>,
    pub(crate) title: String,
    /// Tests that cover it besides those that have its id in their names.
    pub(crate) covered_by: Vec<String>,
    /// Why there is no test, if there is to be none.
    pub(crate) not_here: Option<String>,
}

/// Cases about one subject.
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) cases: Vec<Case>,
}

/// The file and the name of each test.
pub(crate) type Tests = Vec<(String, String)>;

/// Reads the catalogue. The path is that of the crate `executor`.
pub(crate) fn catalogue(executor: &Path) -> Vec<Section> {
    let path = executor.join("tests/catalogue.txt");
    let text = fs::read_to_string(path).expect("the catalogue can be read");
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines() {
        let cases = sections.last_mut().map(|section| &mut section.cases);
        if let Some(name) = line.strip_prefix("## ") {
            let name = name.to_owned();
            let cases = Vec::new();
            sections.push(Section { name, cases });
        } else if let Some(detail) = line.strip_prefix("   ") {
            let case = cases.and_then(|cases| cases.last_mut());
            add_detail(case.expect("a detail belongs to the case above it"), detail);
        } else if let Some(case) = case_in(line) {
            cases.expect("a case belongs to a section").push(case);
        } else {
            assert!(line.starts_with('#'), "the catalogue says: {line}");
        }
    }
    sections
}

/// Reads `022 title`, or `R001 repository#number title`.
fn case_in(line: &str) -> Option<Case> {
    let (id, title) = line.split_once(' ')?;
    let id = Id::parse(id)?;
    let (report, title) = match id.is_report() {
        true => title
            .split_once(' ')
            .map(|(report, title)| (Some(report), title))?,
        false => (None, title),
    };
    Some(Case {
        id,
        report: report.map(str::to_owned),
        title: title.to_owned(),
        covered_by: Vec::new(),
        not_here: None,
    })
}

fn add_detail(case: &mut Case, detail: &str) {
    if let Some(reason) = detail.strip_prefix("not here: ") {
        case.not_here = Some(reason.to_owned());
    } else if let Some(tests) = detail.strip_prefix("covered by: ") {
        let tests = tests.split_whitespace().map(str::to_owned);
        case.covered_by.extend(tests);
    } else {
        panic!("the catalogue says below {}: {detail}", case.id);
    }
}

impl Case {
    /// Returns the tests that cover the case.
    pub(crate) fn tests<'a>(&self, all: &'a Tests) -> Vec<&'a (String, String)> {
        let is_named = |name: &String| self.covered_by.contains(name);
        let covers = |(_, name): &&(String, String)| id_of(name) == Some(self.id) || is_named(name);
        all.iter().filter(covers).collect()
    }
}

/// Every function of the crate's tests, sorted.
pub(crate) fn tests(executor: &Path) -> Tests {
    let mut tests = Tests::new();
    collect(&executor.join("tests"), executor, &mut tests);
    tests.sort();
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
            let names = text.lines().filter_map(function_in);
            tests.extend(names.map(|name| (place.clone(), name.to_owned())));
        }
    }
}

/// The name in a line like `fn c142_equal_deadlines_fire() {`.
pub(crate) fn function_in(line: &str) -> Option<&str> {
    let (visibility, name) = line.split_once("fn ")?;
    let is_test = matches!(visibility.trim(), "" | "pub(super)");
    let (name, _) = name.split_once('(')?;
    is_test.then_some(name)
}

/// The id that the name of a test begins with.
pub(crate) fn id_of(name: &str) -> Option<Id> {
    let (id, _) = name.split_once('_')?;
    let is_lower = id.starts_with(['c', 'r']);
    is_lower.then(|| Id::parse(&id.to_uppercase())).flatten()
}

/// The tables of the page, section by section.
#[allow(dead_code, reason = "for the book's tests")]
pub(crate) fn page(executor: &Path) -> String {
    let tests = tests(executor);
    let mut text = String::new();
    for section in catalogue(executor) {
        writeln!(text, "\n## {}\n", section.name).expect("a String takes everything");
        text.push_str(match section.cases.first() {
            Some(case) if case.id.is_report() => {
                "| case | report | what is pinned | tests |\n|---|---|---|---|\n"
            }
            _ => "| case | what is pinned | tests |\n|---|---|---|\n",
        });
        for case in &section.cases {
            let what = match &case.not_here {
                Some(reason) => format!("none: {reason}"),
                None => linked(&case.tests(&tests)),
            };
            let report = case.report.as_ref().map(|report| format!(" {report} |"));
            let (id, report, title) = (case.id, report.unwrap_or_default(), &case.title);
            writeln!(text, "| {id} |{report} {title} | {what} |").expect("as above");
        }
    }
    text
}

/// `2 in [time](../executor/tests/it/time.rs)`.
fn linked(found: &[&(String, String)]) -> String {
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
