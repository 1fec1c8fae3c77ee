//! Outline of a Rust file: which item is on which lines.
//!
//! Items of a module, an `impl`, a trait and a `thread_local!` are items inside
//! an item; what a function contains is not looked at. Imports that follow one
//! another are one item.
//!
//! Invariant: the items of a level are in order and do not overlap, and those
//! inside an item are within its lines.
//!
//! Used by `diffs` and `steps`; pure.

use std::ops::Range;

use crate::items::{Language, indent};

/// An item with the attributes and comments directly above it.
#[derive(Debug, PartialEq)]
pub(crate) struct Item {
    /// As a reader says it: `fn run`, `impl Future for Sleep`, `imports`.
    pub(crate) name: String,
    /// Counted from zero.
    pub(crate) lines: Range<usize>,
    pub(crate) inner: Vec<Item>,
}

const IMPORTS: &str = "imports";

pub(crate) fn outline(lines: &[&str]) -> Vec<Item> {
    level(lines, 0..lines.len(), 0)
}

/// The items in these lines that are indented by so many columns.
fn level(lines: &[&str], range: Range<usize>, columns: usize) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let mut start = None; // the attributes and comments above the next item
    let mut at = range.start;
    while at < range.end {
        let line = lines[at];
        if line.trim().is_empty() {
            start = None;
        } else if indent(line) == columns {
            let is_above = line.trim_start().starts_with(['/', '#']);
            let first = start.unwrap_or(at);
            start = is_above.then_some(first).or(start);
            if let Some(name) = name(line) {
                let last = Language::Rust.end(lines, at).min(range.end - 1);
                let inner = match has_items(&name) {
                    true => level(lines, at + 1..last.max(at + 1), columns + 4),
                    false => Vec::new(),
                };
                add(&mut items, name, first..last + 1, inner);
                (start, at) = (None, last);
            }
        }
        at += 1;
    }
    items
}

fn add(items: &mut Vec<Item>, name: String, lines: Range<usize>, inner: Vec<Item>) {
    match items.last_mut() {
        Some(last) if name == IMPORTS && last.name == IMPORTS => last.lines.end = lines.end,
        _ => items.push(Item { name, lines, inner }),
    }
}

fn has_items(name: &str) -> bool {
    let kinds = ["impl", "mod ", "trait ", "thread_local!"];
    kinds.iter().any(|kind| name.starts_with(kind))
}

/// The name of the item that begins on this line.
fn name(line: &str) -> Option<String> {
    let mut text = line.trim();
    loop {
        let modifiers = ["pub ", "pub(crate) ", "pub(super) ", "async "];
        let stripped = modifiers.iter().find_map(|word| text.strip_prefix(word));
        let const_fn = || text.strip_prefix("const ").filter(|t| t.starts_with("fn "));
        match stripped.or_else(const_fn) {
            Some(rest) => text = rest,
            None => break,
        }
    }
    let in_name = |c: char| c.is_alphanumeric() || c == '_';
    let keyword = text.find(|c| !in_name(c) && c != '!').unwrap_or(text.len());
    let (keyword, rest) = text.split_at(keyword);
    match keyword {
        "use" => Some(IMPORTS.into()),
        "thread_local!" => Some(keyword.into()),
        "impl" => {
            let end = text.find(" {").or_else(|| text.find(" where"));
            Some(text[..end.unwrap_or(text.len())].into())
        }
        "fn" | "struct" | "enum" | "trait" | "mod" | "type" | "const" | "static"
        | "macro_rules!" => {
            let own: String = rest
                .trim_start()
                .chars()
                .take_while(|c| in_name(*c))
                .collect();
            (!own.is_empty()).then(|| format!("{keyword} {own}"))
        }
        _ => None,
    }
}

/// Where a line is: the items around it, from the file inwards. `inserts`: it is
/// new, and goes above line `at`. Between two items it is `after` the first.
pub(crate) fn place(items: &[Item], at: usize, inserts: bool) -> String {
    let is_in = |item: &&Item| item.lines.contains(&at) && !(inserts && at == item.lines.start);
    if let Some(around) = items.iter().find(is_in) {
        let inside = place(&around.inner, at, inserts);
        return match inside.is_empty() {
            true => around.name.clone(),
            false => format!("{}, {inside}", around.name),
        };
    }
    let before = items.iter().rfind(|item| item.lines.end <= at);
    before.map_or_else(String::new, |item| format!("after {}", item.name))
}

#[cfg(test)]
const FILE: &str = "\
use std::fmt;

use std::rc::Rc;

/// Documentation.
#[derive(Clone)]
struct Task {
    id: u32,
}

static NAME: &str =
    \"a\";

impl<T> Future for Task<T>
where
    T: Copy,
{
    type Output = ();

    // Why.
    fn poll(&self) {
        fn inside() {}
    }
}

pub(crate) const fn last() {}
";

#[test]
fn an_outline_has_the_items_and_those_inside_them() {
    let lines: Vec<_> = FILE.lines().collect();
    let items = outline(&lines);
    let all: Vec<_> = items
        .iter()
        .map(|i| (&i.name[..], i.lines.clone()))
        .collect();
    let expected = [
        ("imports", 0..3),
        ("struct Task", 4..9),
        ("static NAME", 10..12),
        ("impl<T> Future for Task<T>", 13..24),
        ("fn last", 25..26),
    ];
    assert_eq!(all, expected);
    let inner = items[3].inner.iter();
    let inner: Vec<_> = inner.map(|i| (&i.name[..], i.lines.clone())).collect();
    assert_eq!(inner, [("type Output", 17..18), ("fn poll", 19..23)]);
}

#[test]
fn a_place_is_said_from_the_file_inwards() {
    let lines: Vec<_> = FILE.lines().collect();
    let items = outline(&lines);
    let place = |at, inserts| place(&items, at, inserts);
    assert_eq!(place(7, false), "struct Task");
    assert_eq!(place(4, false), "struct Task");
    assert_eq!(place(4, true), "after imports");
    assert_eq!(place(0, true), "");
    assert_eq!(place(21, true), "impl<T> Future for Task<T>, fn poll");
    assert_eq!(place(23, true), "impl<T> Future for Task<T>, after fn poll");
    assert_eq!(place(14, false), "impl<T> Future for Task<T>");
    assert_eq!(place(26, true), "after fn last");
}
