//! The form of a chapter: short, with questions at its end, and pictures that
//! can be heard.
//!
//! Invariant: a chapter has at most 2,000 words and 60 new lines of Rust, and
//! at least one recorded figure that leads into the player. Chapters of Part II
//! may have 2,500 words, and `steps` counts their new lines step by step; they
//! begin with a question, and until tasks are traced a drawing in text is enough.
//!
//! Called by `main`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::check::{Finding, all_right, chapters, files, read};
use crate::markdown::{Fence, Page};

/// More than a quarter of an hour's reading is two chapters.
const MOST_WORDS: usize = 2_000;
/// A chapter of Part II shows code that is wrong first, and its repair.
const MOST_WORDS_OF_PART_II: usize = 2_500;
/// What a reader can take in at one sitting, line by line.
const MOST_NEW_LINES: usize = 60;
/// Each chapter ends with as many questions, their answers folded away.
const QUESTIONS: usize = 3;

/// The chapters in which the reader builds a runtime.
const PART_II: std::ops::Range<usize> = 8..25;
/// The first one whose loop writes a trace.
const TRACED: usize = 12;

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
        let part_ii = PART_II.contains(&number(&chapter));
        if new > MOST_NEW_LINES && !part_ii {
            complain(format!(
                "{new} new lines of code; {MOST_NEW_LINES} are enough"
            ));
        }
        let most_words = match part_ii {
            true => MOST_WORDS_OF_PART_II,
            false => MOST_WORDS,
        };
        if chapter.words > most_words {
            complain(format!("{} words; {most_words} are enough", chapter.words));
        }
        if !has_figure(&chapter) {
            complain("no recorded figure that leads into the player".into());
        }
        if part_ii && !asks(&chapter.text) {
            complain("no question in a quote under the title".into());
        }
        if chapter.text.matches("<details>").count() < QUESTIONS {
            complain(format!(
                "fewer than {QUESTIONS} questions with folded answers"
            ));
        }
    }
    all_right("form", complaints)
}

/// The number that its name begins with.
fn number(chapter: &Page) -> usize {
    let digits = chapter.name().split('-').next().unwrap_or_default();
    digits
        .parse()
        .expect("a chapter's name begins with its number")
}

fn has_figure(chapter: &Page) -> bool {
    let pictures = ".svg)](player/index.html#";
    // A few chapters come before the reader's loop, or its traces: they draw
    // with text, or have a table.
    let untraced = PART_II.start..TRACED;
    let is_drawing = |fence: &Fence| fence.language() == "text";
    let drawn = chapter.fences.iter().any(is_drawing) || chapter.text.contains("\n|---");
    chapter.text.contains(pictures) || untraced.contains(&number(chapter)) && drawn
}

/// Is there a question in a quote under the title?
fn asks(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.is_empty());
    let question = lines.nth(1).and_then(|line| line.strip_prefix("> "));
    question.is_some_and(|question| question.ends_with('?'))
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

#[test]
fn a_question_is_a_quote_under_the_title() {
    assert!(asks(
        "# 12. Tasks\n\n> How do many share one thread?\n\nWords.\n"
    ));
    assert!(!asks("# 12. Tasks\n\nWords.\n\n> How?\n"));
    assert!(!asks("# 12. Tasks\n\n> It runs.\n"));
}
