//! Differences between two versions of a Rust file, as a reader is shown them.
//!
//! Items are compared by name, each with its older version: a new function is
//! one block of new lines, and its closing brace is its own. The head of a hunk
//! names file and item: `@@ mini/run.rs, fn run`. Line numbers would say
//! nothing, because the reader's comments are the reader's own.
//!
//! Invariant: `apply(old, &text(file, &hunks(old, new)))` is `new`.
//!
//! Used by `steps` and `assembly`; pure.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices};

use crate::outline::{Item, outline, place};

/// How many unchanged lines are shown around a change.
const AROUND: usize = 3;
/// A shorter item is seen whole in its hunk, whatever of it changed.
const SHORT: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Edit<'a> {
    /// ` `, `-` or `+`, as it is shown.
    tag: char,
    line: &'a str,
    /// The first line of the old file that this edit is not after.
    at: usize,
    /// The index of the item, if both versions have it.
    segment: Option<usize>,
}

/// Some changed lines and those around them.
pub(crate) struct Hunk<'a> {
    /// Where the first change is; empty at the top of the file.
    pub(crate) place: String,
    edits: Vec<Edit<'a>>,
}

/// The lines of an item without items inside, or of what is around some.
struct Segment {
    name: String,
    lines: Range<usize>,
}

fn segments(lines: &[&str]) -> Vec<Segment> {
    let mut segments = Vec::new();
    let end = split(&outline(lines), "", 0, &mut segments);
    let (name, lines) = ("end".to_owned(), end..lines.len());
    segments.push(Segment { name, lines });
    segments
}

/// Blank lines belong to the item below them. Gives the first line after all.
fn split(items: &[Item], around: &str, mut at: usize, segments: &mut Vec<Segment>) -> usize {
    for item in items {
        let name = format!("{around}{}", item.name);
        if let Some(inner) = item.inner.first() {
            let (head, lines) = (format!("{name} {{"), at..inner.lines.start);
            segments.push(Segment { name: head, lines });
            at = split(
                &item.inner,
                &format!("{name}, "),
                inner.lines.start,
                segments,
            );
        }
        let lines = at..item.lines.end;
        at = item.lines.end;
        segments.push(Segment { name, lines });
    }
    at
}

fn edits<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Edit<'a>> {
    let (old_segments, new_segments) = (segments(old), segments(new));
    let names = |segments: &[Segment]| segments.iter().map(|s| s.name.clone()).collect();
    let (old_names, new_names): (Vec<_>, Vec<_>) = (names(&old_segments), names(&new_segments));
    let mut edits = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &old_names, &new_names) {
        if op.tag() != DiffTag::Equal {
            let lines = |segments: &[Segment], range: Range<usize>, end: usize| {
                let first = segments.get(range.start).map_or(end, |s| s.lines.start);
                let after = segments.get(range.end).map_or(end, |s| s.lines.start);
                first..after
            };
            let old_lines = lines(&old_segments, op.old_range(), old.len());
            let new_lines = lines(&new_segments, op.new_range(), new.len());
            line_edits(old, old_lines, new, new_lines, None, &mut edits);
            continue;
        }
        for (one, other) in op.old_range().zip(op.new_range()) {
            let old_lines = old_segments[one].lines.clone();
            let new_lines = new_segments[other].lines.clone();
            line_edits(old, old_lines, new, new_lines, Some(other), &mut edits);
        }
    }
    edits
}

fn line_edits<'a>(
    old: &[&'a str],
    old_lines: Range<usize>,
    new: &[&'a str],
    new_lines: Range<usize>,
    segment: Option<usize>,
    edits: &mut Vec<Edit<'a>>,
) {
    let (first_old, first_new) = (old_lines.start, new_lines.start);
    let ops = capture_diff_slices(Algorithm::Myers, &old[old_lines], &new[new_lines]);
    let mut add = |tag, line, at| {
        edits.push(Edit {
            tag,
            line,
            at,
            segment,
        })
    };
    for op in ops {
        let kept = matches!(op, DiffOp::Equal { .. });
        for n in op.old_range() {
            let tag = if kept { ' ' } else { '-' };
            add(tag, old[first_old + n], first_old + n);
        }
        let new_range = if kept { 0..0 } else { op.new_range() };
        for n in new_range {
            add('+', new[first_new + n], first_old + op.old_range().end);
        }
    }
}

/// The changes from `old` to `new`, in the order of the file.
pub(crate) fn hunks<'a>(old: &'a str, new: &'a str) -> Vec<Hunk<'a>> {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let edits = edits(&old, &new);
    let items = outline(&old);
    let changed = edits.iter().enumerate().filter(|(_, edit)| edit.tag != ' ');
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (n, _) in changed {
        let range = n.saturating_sub(AROUND)..(n + AROUND + 1).min(edits.len());
        match ranges.last_mut() {
            Some(last) if last.end >= range.start => last.end = range.end,
            _ => ranges.push(range),
        }
    }
    let hunk = |range: Range<usize>| {
        let edits = edits[range].to_vec();
        let first = edits.iter().find(|edit| edit.tag != ' ');
        let first = first.expect("a hunk has a change");
        let place = place(&items, first.at, first.tag == '+');
        Hunk { place, edits }
    };
    ranges.into_iter().map(hunk).collect()
}

/// The hunks as they are shown.
pub(crate) fn text(file: &str, hunks: &[&Hunk<'_>]) -> String {
    let mut text = String::new();
    for hunk in hunks {
        let _ = writeln!(text, "@@ {file}, {}", said(&hunk.place)); // a String takes everything
        for Edit { tag, line, .. } in &hunk.edits {
            let _ = writeln!(text, "{}", format!("{tag}{line}").trim_end());
        }
    }
    text
}

fn said(place: &str) -> &str {
    match place {
        "" => "top",
        place => place,
    }
}

/// The items of which these hunks change over half of the lines, as selectors:
/// a reader follows the new version more easily than the difference.
pub(crate) fn mostly_new(new: &str, hunks: &[&Hunk<'_>]) -> Vec<String> {
    let lines: Vec<_> = new.lines().collect();
    let mut added: BTreeMap<usize, usize> = BTreeMap::new();
    let edits = hunks.iter().flat_map(|hunk| &hunk.edits);
    for edit in edits.filter(|edit| edit.tag == '+' && !edit.line.trim().is_empty()) {
        if let Some(segment) = edit.segment {
            *added.entry(segment).or_default() += 1;
        }
    }
    let segments = segments(&lines);
    let is_text = |line: &&&str| !line.trim().is_empty();
    let mostly = added.into_iter().filter_map(|(segment, added)| {
        let Segment { name, lines: range } = &segments[segment];
        let all = lines[range.clone()].iter().filter(is_text).count();
        (all > SHORT && 2 * added > all).then(|| name.replace(", ", " / "))
    });
    mostly.collect()
}

/// `old` with the shown hunks applied.
pub(crate) fn apply(old: &str, shown: &str) -> Result<String, String> {
    let old: Vec<_> = old.lines().collect();
    let items = outline(&old);
    let mut new: Vec<&str> = Vec::new();
    let mut done = 0;
    for hunk in parse(shown)? {
        let at = fit(&old, &items, done, &hunk)?;
        new.extend(&old[done..at]);
        new.extend(
            hunk.lines
                .iter()
                .filter(|(tag, _)| *tag != '-')
                .map(|(_, line)| *line),
        );
        done = at + hunk.old().count();
    }
    new.extend(&old[done..]);
    Ok(new.iter().map(|line| format!("{line}\n")).collect())
}

/// A hunk as it stands on a page.
struct Shown<'a> {
    head: &'a str,
    lines: Vec<(char, &'a str)>,
}

impl<'a> Shown<'a> {
    fn old(&self) -> impl Iterator<Item = &'a str> {
        let old = self.lines.iter().filter(|(tag, _)| *tag != '+');
        old.map(|(_, line)| *line)
    }
}

fn parse(shown: &str) -> Result<Vec<Shown<'_>>, String> {
    let mut hunks: Vec<Shown<'_>> = Vec::new();
    for line in shown.lines() {
        if let Some(head) = line.strip_prefix("@@") {
            let (head, lines) = (head.trim(), Vec::new());
            hunks.push(Shown { head, lines });
            continue;
        }
        let hunk = hunks
            .last_mut()
            .ok_or("a diff begins with `@@ file, item`")?;
        hunk.lines.push(match line.chars().next() {
            None => (' ', ""),
            Some(tag @ (' ' | '-' | '+')) => (tag, &line[1..]),
            Some(_) => return Err(format!("`{line}` is no line of a diff")),
        });
    }
    Ok(hunks)
}

/// The one line of `old` at which the hunk fits, by its lines and its head.
fn fit(old: &[&str], items: &[Item], from: usize, hunk: &Shown<'_>) -> Result<usize, String> {
    let wanted: Vec<_> = hunk.old().collect();
    let first = hunk.lines.iter().position(|(tag, _)| *tag != ' ');
    let first = first.ok_or_else(|| format!("`@@ {}` changes nothing", hunk.head))?;
    let inserts = hunk.lines[first].0 == '+';
    let named = |at: &usize| {
        let (_, head) = hunk.head.split_once(", ").unwrap_or_default();
        said(&place(items, at + first, inserts)) == head
    };
    let starts = from..=old.len().saturating_sub(wanted.len());
    let mut fitting = starts.filter(|at| old[*at..].starts_with(&wanted) && named(at));
    match (fitting.next(), fitting.next()) {
        (Some(at), None) => Ok(at),
        (None, _) => Err(format!(
            "`@@ {}` fits nowhere in the file before it",
            hunk.head
        )),
        (Some(_), Some(_)) => Err(format!("`@@ {}` fits in more than one place", hunk.head)),
    }
}

#[cfg(test)]
const OLD: &str = "\
use std::fmt;

struct Task {
    id: u32,
}

impl Task {
    fn poll(&self) {
        one();
    }
}

fn run() {
    one();
    two();
    three();
    four();
    five();
}
";

#[cfg(test)]
const NEW: &str = "\
use std::fmt;
use std::rc::Rc;

struct Task {
    id: u32,
}

impl Task {
    fn poll(&self) {
        one();
    }

    fn wake(&self) {
        one();
    }
}

fn run() {
    one();
    two();
    three();
    four();
    six();
}
";

#[cfg(test)]
fn all<'a, 'b>(hunks: &'b [Hunk<'a>]) -> Vec<&'b Hunk<'a>> {
    hunks.iter().collect()
}

#[test]
fn a_hunk_names_file_and_item_and_a_new_function_has_its_own_brace() {
    let shown = "\
@@ mini/run.rs, after imports
 use std::fmt;
+use std::rc::Rc;

 struct Task {
     id: u32,
@@ mini/run.rs, impl Task, after fn poll
     fn poll(&self) {
         one();
     }
+
+    fn wake(&self) {
+        one();
+    }
 }

 fn run() {
@@ mini/run.rs, fn run
     two();
     three();
     four();
-    five();
+    six();
 }
";
    assert_eq!(text("mini/run.rs", &all(&hunks(OLD, NEW))), shown);
}

#[test]
fn an_applied_diff_gives_the_new_file() {
    for (old, new) in [(OLD, NEW), (NEW, OLD), (OLD, ""), ("", NEW), (OLD, OLD)] {
        let shown = text("a.rs", &all(&hunks(old, new)));
        assert_eq!(apply(old, &shown).as_deref(), Ok(new), "{shown}");
    }
}

#[test]
fn one_hunk_of_a_diff_can_be_applied_alone() {
    let hunks = hunks(OLD, NEW);
    let last = apply(OLD, &text("a.rs", &[&hunks[2]])).unwrap();
    assert_eq!(last, OLD.replace("five", "six"));
    let rest = apply(&last, &text("a.rs", &[&hunks[0], &hunks[1]]));
    assert_eq!(rest.as_deref(), Ok(NEW));
}

#[test]
fn a_hunk_that_fits_nowhere_or_twice_is_not_applied() {
    let twice = "fn a() {\n    x();\n    x();\n}\n";
    let remove = "@@ a.rs, fn a\n-    x();\n";
    assert!(
        apply(twice, remove)
            .unwrap_err()
            .contains("more than one place")
    );
    assert!(
        apply("fn a() {}\n", remove)
            .unwrap_err()
            .contains("nowhere")
    );
    // The head is part of where it fits.
    let two = "fn a() {\n    x();\n}\n\nfn b() {\n    x();\n}\n";
    let b = apply(two, "@@ a.rs, fn b\n-    x();\n+    y();\n").unwrap();
    assert_eq!(b, "fn a() {\n    x();\n}\n\nfn b() {\n    y();\n}\n");
    assert!(apply(two, "@@ a.rs, fn c\n-    x();\n").is_err());
    assert!(apply(two, "x").unwrap_err().contains("begins with"));
}

#[test]
fn an_item_that_is_mostly_new_is_found() {
    let long = |word| {
        (0..9).fold("fn a() {\n".to_owned(), |f, n| {
            format!("{f}    {word}{n}();\n")
        }) + "}\n"
    };
    let (old, new) = (long("x"), long("y"));
    assert_eq!(mostly_new(&new, &all(&hunks(&old, &new))), ["fn a"]);
    let new = old.replacen("x1", "z", 1);
    assert!(mostly_new(&new, &all(&hunks(&old, &new))).is_empty());
    let (old, new) = ("fn a() {\n    x();\n}\n", "fn a() {\n    y();\n}\n");
    assert!(mostly_new(new, &all(&hunks(old, new))).is_empty());
}
