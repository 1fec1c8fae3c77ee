//! Shown code equals its source.
//!
//! A block of Rust or Python says where it comes from in the comment above it:
//! `<!-- code: docs/examples/lazy.rs#fn main -->`. A block that must not
//! compile stands for itself and is `compile_fail`'s business.
//!
//! Invariant: there is no third sort of block. Every line of code on a page is
//! in a program that is built and run.
//!
//! Called by `main`.

use crate::check::{Finding, difference, read};
use crate::items::select;
use crate::markdown::{Fence, Page};

pub(crate) fn check(page: &Page) -> Vec<Finding> {
    let fences = page.fences.iter();
    fences.filter_map(|fence| look(fence).err()).collect()
}

fn look(fence: &Fence) -> Result<(), Finding> {
    if fence.info.contains("compile_fail") {
        return Ok(());
    }
    let complain = |what: String| Finding::new(fence.line, what);
    let Some(place) = fence.directed("code") else {
        return match fence.language() {
            "rust" | "python" | "toml" => Err(complain(
                "code without a source: put `<!-- code: path#item -->` above it".into(),
            )),
            "" => Err(complain("a block without a language".into())),
            _ => Ok(()),
        };
    };
    let source = source(place).map_err(complain)?;
    if source == fence.body {
        return Ok(());
    }
    let what = format!("not what {place} says:{}", difference(&fence.body, &source));
    Err(complain(what).mended_by(fence.with_body(&source)))
}

/// The text that `path#item` names.
pub(crate) fn source(place: &str) -> Result<String, String> {
    let (path, selector) = match place.split_once('#') {
        Some((path, selector)) => (path, Some(selector)),
        None => (place, None),
    };
    select(path, &read(path)?, selector)
}
