//! The page with the behaviour catalogue says what the tests' sources say.
//!
//! Invariant: below the mark, the page is generated.
//!
//! Called by `main`.

use std::fs;

use crate::catalogue;
use crate::check::{all_right, difference, read, root};

const PAGE: &str = "docs/conformance.md";
const MARK: &str = "<!-- cases: written from the sources of the tests -->\n";

pub(crate) fn check() -> Result<(), String> {
    let text = read(PAGE)?;
    let (head, shown) = text
        .split_once(MARK)
        .ok_or_else(|| format!("{PAGE} has no line {MARK}"))?;
    let real = catalogue::page(&root().join("executor"));
    if shown == real {
        return Ok(());
    }
    if std::env::var_os("BLESS").is_some() {
        let text = format!("{head}{MARK}{real}");
        return fs::write(root().join(PAGE), text).map_err(|error| error.to_string());
    }
    all_right("the behaviour catalogue", difference(shown, &real))
}
