//! The form of a chapter: short, with questions at its end, and pictures that
//! can be heard.
//!
//! Invariant: a chapter has at most 2,000 words and 60 new lines of Rust, and
//! at least one recorded figure that leads into the player.
//!
//! Called by `main`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::check::{Finding, all_right, chapters, files, read};
use crate::markdown::{Fence, Page};

/// More than a quarter of an hour's reading is two chapters.
const MOST_WORDS: usize = 2_000;
/// What a reader can take in at one sitting, line by line.
const MOST_NEW_LINES: usize = 60;
/// Each chapter ends with as many questions, their answers folded away.
const QUESTIONS: usize = 3;

pub(crate) fn check_chapters() -> Result<(), String> {
    let mut complaints = String::new();
    let mut shown = BTreeSet::new();
    for chapter in chapters() {
        let mut complain = |what: String| {
            writeln!(complaints, "{}: {what}", chapter.path).expect("a String takes everything");
        };
        let fences = chapter.fences.iter().filter(is_rust);
        let new = fences
            .flat_map(new_lines)
            .filter(|line| shown.insert(line.clone()));
        let new = new.count();
        if new > MOST_NEW_LINES {
            complain(format!(
                "{new} new lines of code; {MOST_NEW_LINES} are enough"
            ));
        }
        if chapter.words > MOST_WORDS {
            complain(format!("{} words; {MOST_WORDS} are enough", chapter.words));
        }
        if !chapter.text.contains(".svg)](player/index.html#") {
            complain("no recorded figure that leads into the player".into());
        }
        if chapter.text.matches("<details>").count() < QUESTIONS {
            complain(format!(
                "fewer than {QUESTIONS} questions with folded answers"
            ));
        }
    }
    all_right("form", complaints)
}

fn is_rust(fence: &&Fence) -> bool {
    matches!(fence.language(), "rust" | "diff")
}

/// Lines that the reader sees for the first time, if no chapter had them.
fn new_lines(fence: &Fence) -> Vec<String> {
    let is_diff = fence.language() == "diff";
    let lines = fence.body.lines().filter_map(|line| match is_diff {
        true => line.strip_prefix('+'),
        false => Some(line),
    });
    let is_code = |line: &&str| line.len() > 2 && !line.starts_with("//");
    let lines = lines.map(str::trim).filter(is_code);
    lines.map(str::to_owned).collect()
}

pub(crate) fn check_pictures(page: &Page) -> Vec<Finding> {
    let mut findings = Vec::new();
    for image in page.links.iter().filter(|link| link.is_image) {
        // A sentence, not a name: it is all that some readers get.
        if image.text.split_whitespace().count() < 5 {
            findings.push(Finding::new(
                image.line,
                "the picture's alt text is no sentence",
            ));
        }
    }
    if page.name() == "README.md" {
        findings.extend(files("docs/figures", ".svg").iter().filter_map(silent));
    }
    findings
}

/// A figure without words in it.
fn silent(path: &String) -> Option<Finding> {
    let svg = read(path).unwrap_or_default();
    let speaks = svg.contains("<title") && svg.contains("<desc");
    (!speaks).then(|| Finding::new(1, format!("{path} has no title or no desc")))
}
