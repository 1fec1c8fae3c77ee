//! How a test goes through the pages, complains and rewrites.
//!
//! Invariant: with `BLESS=1` only the parts that a check names are rewritten,
//! and a page is read and written under one lock, so that tests that run at
//! the same time do not undo each other's work.
//!
//! Called by every test in `main`.

use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::sync::Mutex;
use std::thread;

use crate::markdown::Page;

pub(crate) use crate::programs::root;

/// The text of a file, by its path from the workspace's folder.
pub(crate) fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(root().join(path)).map_err(|error| format!("cannot read {path}: {error}"))
}

/// The names of the files in a folder of the workspace, in order.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).into_iter().flatten();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut paths: Vec<_> = names
        .filter(|name| name.ends_with(extension))
        .map(|name| format!("{folder}/{name}"))
        .collect();
    paths.sort();
    paths
}

/// Every page of the book.
pub(crate) fn pages() -> Vec<Page> {
    let paths = files("docs", ".md");
    paths.iter().map(|path| page(path)).collect()
}

/// The chapters: pages whose name begins with a number.
pub(crate) fn chapters() -> Vec<Page> {
    let is_chapter = |page: &Page| page.name().starts_with(|c: char| c.is_ascii_digit());
    pages().into_iter().filter(is_chapter).collect()
}

fn page(path: &str) -> Page {
    let text = read(path).unwrap_or_else(|error| panic!("{error}"));
    Page::parse(path, &text)
}

/// What a check found wrong with a page.
pub(crate) struct Finding {
    pub(crate) line: usize,
    pub(crate) what: String,
    /// What would make it right: this part of the page, replaced by this.
    pub(crate) mend: Option<(Range<usize>, String)>,
}

impl Finding {
    pub(crate) fn new(line: usize, what: impl Into<String>) -> Self {
        let what = what.into();
        let mend = None;
        Finding { line, what, mend }
    }

    pub(crate) fn mended_by(mut self, edit: (Range<usize>, String)) -> Self {
        self.mend = Some(edit);
        self
    }
}

/// The findings of one check, over all pages.
pub(crate) struct Report {
    check: &'static str,
    text: String,
}

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

impl Report {
    /// Runs a check over every page, and mends what it can if asked to.
    pub(crate) fn of(check: &'static str, look: fn(&Page) -> Vec<Finding>) -> Result<(), String> {
        let bless = std::env::var_os("BLESS").is_some();
        let _lock = bless.then(|| ONE_AT_A_TIME.lock());
        let text = String::new();
        let mut report = Report { check, text };
        let pages = pages();
        // Side by side: most of the time goes by in programs that sleep.
        let findings = thread::scope(|scope| {
            let started = pages.iter().map(|page| scope.spawn(move || look(page)));
            let started: Vec<_> = started.collect();
            let ended = started.into_iter().map(|looking| looking.join());
            ended
                .map(|findings| findings.expect("a check panicked"))
                .collect::<Vec<_>>()
        });
        for (page, findings) in pages.iter().zip(findings) {
            if bless {
                mend(page, &findings);
            }
            let left = |finding: &&Finding| !bless || finding.mend.is_none();
            for Finding { line, what, .. } in findings.iter().filter(left) {
                report.add(&page.path, *line, what);
            }
        }
        report.end()
    }

    fn add(&mut self, path: &str, line: usize, what: &str) {
        writeln!(self.text, "{path}:{line}: {what}").expect("a String takes everything");
    }

    fn end(self) -> Result<(), String> {
        all_right(self.check, self.text)
    }
}

/// `Ok` if there is nothing to complain about.
pub(crate) fn all_right(check: &str, complaints: String) -> Result<(), String> {
    if complaints.is_empty() {
        return Ok(());
    }
    // The text goes out as it is: the `Debug` of an error would be one long line.
    eprintln!("{complaints}");
    Err(format!(
        "{check}: see above; BLESS=1 mends what can be mended"
    ))
}

fn mend(page: &Page, findings: &[Finding]) {
    let mut edits: Vec<_> = findings.iter().filter_map(|f| f.mend.clone()).collect();
    if edits.is_empty() {
        return;
    }
    edits.sort_by_key(|(range, _)| range.start);
    let mut text = page.text.clone();
    for (range, new) in edits.into_iter().rev() {
        text.replace_range(range, &new);
    }
    fs::write(root().join(&page.path), text).expect("a page can be written");
}

/// The difference, as a reader wants to see it.
pub(crate) fn difference(shown: &str, real: &str) -> String {
    let diff = similar::TextDiff::from_lines(shown, real);
    let diff = diff.unified_diff().context_radius(2).to_string();
    format!("\n{diff}")
}
