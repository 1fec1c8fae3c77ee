//! Links lead somewhere, and the contents list every page.
//!
//! A link within the repository names a file that exists; behind `#`, a
//! heading of that page. A link into a source file may have a title, which
//! then names an item there: `[the poll](../executor/src/event_loop/run.rs "fn poll_task")`.
//! A link into the player names recordings, and an event of the first one.
//!
//! Invariant: nothing is fetched. Addresses on the web are not followed.
//!
//! Called by `main`.

use std::fmt::Write as _;

use crate::check::{Finding, all_right, pages, read, root};
use crate::items::select;
use crate::markdown::{Link, Page};

pub(crate) fn check(page: &Page) -> Vec<Finding> {
    let complaint = |link: &Link| {
        let what = follow(page, link).err()?;
        Some(Finding::new(link.line, format!("`{}`: {what}", link.to)))
    };
    page.links.iter().filter_map(complaint).collect()
}

fn follow(page: &Page, link: &Link) -> Result<(), String> {
    if link.to.contains("://") {
        return Ok(());
    }
    let (path, anchor) = link.to.split_once('#').unwrap_or((&link.to, ""));
    let path = resolve(&page.path, path)?;
    if !root().join(&path).exists() {
        return Err("there is no such file".into());
    }
    if path.ends_with("player/index.html") && !anchor.is_empty() {
        return recorded(anchor);
    }
    if path.ends_with(".rs") && !link.title.is_empty() {
        return select(&path, &read(&path)?, Some(&link.title)).map(drop);
    }
    if path.ends_with(".md") && !path.starts_with("docs/") {
        return Err("on the site it would end in .html; link to its folder".into());
    }
    if path.ends_with(".md") && !anchor.is_empty() {
        let target = Page::parse(&path, &read(&path)?);
        let found = anchors(&target).iter().any(|a| a == anchor);
        return found
            .then_some(())
            .ok_or("that page has no such heading".into());
    }
    Ok(())
}

/// Does the player have the step `NAME.EVENT`, or `NAME.EVENT&OTHER`?
fn recorded(step: &str) -> Result<(), String> {
    let (step, other) = step.split_once('&').unwrap_or((step, ""));
    let (name, event) = step.rsplit_once('.').ok_or("it names no event")?;
    let states = |name: &str| read(&format!("docs/player/traces/{name}.states.jsonl"));
    let events = states(name)?.lines().count();
    let event: usize = event.parse().map_err(|_| "it names no event")?;
    if event >= events {
        return Err(format!("{name} has no event {event}, but {events}"));
    }
    match other {
        "" => Ok(()),
        other => states(other).map(drop),
    }
}

/// A path from the workspace's folder.
fn resolve(from: &str, to: &str) -> Result<String, String> {
    if to.is_empty() {
        return Ok(from.into());
    }
    let mut parts: Vec<_> = from.split('/').collect();
    parts.pop();
    for part in to.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop().ok_or("it leaves the repository")?),
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &Page) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for heading in &page.headings {
        let kept = heading.to_lowercase();
        let kept = kept
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let same = anchors.iter().filter(|a| **a == anchor).count();
        let suffix = match same {
            0 => String::new(),
            n => format!("-{n}"),
        };
        anchors.push(anchor + &suffix);
    }
    anchors
}

/// The lists themselves, and the table that `cargo bench` writes.
const UNLISTED: [&str; 3] = ["README.md", "SUMMARY.md", "benchmarks.md"];

/// Both lists of contents name every page, in the same order.
pub(crate) fn check_contents() -> Result<(), String> {
    let mut complaints = String::new();
    let pages = pages();
    let listed = |name: &str| {
        let page = pages.iter().find(|page| page.name() == name);
        let links = page.into_iter().flat_map(|page| &page.links);
        let own = links.filter(|link| link.to.ends_with(".md") && !link.to.contains('/'));
        own.map(|link| link.to.as_str()).collect::<Vec<_>>()
    };
    let (summary, contents) = (listed("SUMMARY.md"), listed("README.md"));
    for page in pages.iter().map(Page::name) {
        for (list, name) in [(&summary, "SUMMARY.md"), (&contents, "README.md")] {
            if !UNLISTED.contains(&page) && !list.contains(&page) {
                writeln!(complaints, "{name} does not list {page}").expect("a String");
            }
        }
    }
    all_right("contents", complaints)
}

#[test]
fn anchors_are_github_s() {
    let page = Page::parse("p.md", "# What *is* `run`?\n\n## A-b, c\n\n## A-b, c\n");
    assert_eq!(anchors(&page), ["what-is-run", "a-b-c", "a-b-c-1"]);
}

#[test]
fn paths_are_followed_from_the_page() {
    let run = resolve("docs/a.md", "../executor/src/event_loop/run.rs");
    assert_eq!(run.as_deref(), Ok("executor/src/event_loop/run.rs"));
    assert!(resolve("docs/a.md", "../../etc").is_err());
}

#[test]
fn a_step_of_the_player_exists() {
    assert_eq!(recorded("fetch_data.22&fetch_data.python"), Ok(()));
    assert!(recorded("fetch_data.1000").is_err());
    assert!(recorded("no_such_run.1").is_err());
}
