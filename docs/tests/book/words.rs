//! Words: each term of a chapter is in the glossary, each line of the phrase
//! book in a program.
//!
//! In a chapter, bold is for terms only. A term is explained where it stands
//! in bold, and the glossary says the same in one line.
//!
//! Invariant: the two lists cannot grow apart from the chapters and programs.
//!
//! Called by `main`.

use std::fmt::Write as _;

use crate::check::{all_right, chapters, files, pages, read};
use crate::markdown::Page;

pub(crate) fn check_glossary() -> Result<(), String> {
    let mut complaints = String::new();
    let pages = pages();
    let glossary = pages.iter().find(|page| page.name() == "glossary.md");
    let glossary = glossary.ok_or("there is no glossary.md")?;
    let terms: Vec<_> = glossary.bold.iter().map(|(term, _)| plain(term)).collect();
    for chapter in chapters() {
        for (term, line) in &chapter.bold {
            if !terms.contains(&plain(term)) {
                let path = &chapter.path;
                writeln!(complaints, "{path}:{line}: `{term}` is not in glossary.md")
                    .expect("a String takes everything");
            }
        }
    }
    let mut sorted = terms.clone();
    sorted.sort();
    if sorted != terms {
        complaints += "glossary.md is not in the order of the alphabet\n";
    }
    all_right("glossary", complaints)
}

fn plain(term: &str) -> String {
    term.trim_end_matches('.').to_lowercase()
}

/// Every Rust line of the phrase book stands in `docs/examples/phrasebook.rs`
/// or in a demo program or its tests.
pub(crate) fn check_phrasebook() -> Result<(), String> {
    let pages = pages();
    let Some(page) = pages.iter().find(|page| page.name() == "phrasebook.md") else {
        return Err("there is no phrasebook.md".into());
    };
    let mut paths = vec!["docs/examples/phrasebook.rs".to_owned()];
    paths.extend(files("llm-demo/first/src/bin", ".rs"));
    paths.extend(files("llm-demo/src/bin", ".rs"));
    paths.extend(files("llm-demo/tests/it", ".rs"));
    let programs: Vec<_> = paths
        .iter()
        .map(|path| read(path))
        .collect::<Result<_, _>>()?;
    let programs: Vec<_> = programs.iter().map(|text| squeezed(text)).collect();
    let mut complaints = String::new();
    let mut lines = 0;
    for line in rust_lines(page) {
        lines += 1;
        if !programs.iter().any(|text| text.contains(&squeezed(&line))) {
            writeln!(complaints, "no program has the line: {line}").expect("a String");
        }
    }
    assert!(lines > 0, "the phrase book has no line of Rust");
    all_right("phrase book", complaints)
}

/// The second column of the tables "asyncio, here": what stands there as code.
fn rust_lines(page: &Page) -> Vec<String> {
    let mut of_phrases = false;
    let rows = page
        .text
        .lines()
        .filter(|line| match line.strip_prefix("| ") {
            Some(row) => {
                of_phrases |= row.contains(" | here |");
                of_phrases
            }
            None => {
                of_phrases &= line.starts_with('|');
                false
            }
        });
    let cells = rows.filter_map(|row| row.split(" | ").nth(1));
    let code = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    code.map(|line| line.replace("\\|", "|")).collect()
}

/// Without blanks, so that rustfmt may break a line where it likes.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn the_second_column_is_rust() {
    let page = Page::parse(
        "p.md",
        "| Python | here |\n|---|---|\n| `a()` | `x(\\|\\| y)` or `z` |\n\n| A | B |\n| `c` | `d` |\n",
    );
    assert_eq!(rust_lines(&page), ["x(|| y)", "z"]);
}
