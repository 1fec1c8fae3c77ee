//! Every Python program of the book is shown on a page and run there.
//!
//! Invariant: no Python on a page is older than its file, and none is unrun
//! (where there is a Python; without one the run says so).
//!
//! Called by `main`; the running is `console`'s.

use std::fmt::Write as _;

use crate::check::{all_right, files, pages};
use crate::console::commands;

pub(crate) fn check() -> Result<(), String> {
    let mut complaints = String::new();
    let pages = pages();
    let commands: Vec<_> = pages.iter().flat_map(commands).collect();
    let fences: Vec<_> = pages.iter().flat_map(|page| &page.fences).collect();
    for path in files("docs/python", ".py") {
        let shows = |object: &str| object.split('#').next() == Some(&path);
        if !fences
            .iter()
            .any(|fence| fence.directed("code").is_some_and(shows))
        {
            writeln!(complaints, "no page shows {path}").expect("a String");
        }
        if !commands.iter().any(|command| command.contains(&path)) {
            writeln!(complaints, "no console block runs {path}").expect("a String");
        }
    }
    all_right("python", complaints)
}
