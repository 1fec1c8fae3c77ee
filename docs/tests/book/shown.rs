//! What the pages show of the steps: whole files, items, differences, and the
//! names of files that are removed.
//!
//! | above a block | the block |
//! |---|---|
//! | `<!-- code: docs/mini/12b/mini/run.rs -->` | the whole file, without its header |
//! | `<!-- code: docs/mini/12b/mini/run.rs#fn run -->` | an item |
//! | `<!-- diff: docs/mini/12a/mini/run.rs docs/mini/12b/mini/run.rs -->` | how the file changes |
//! | the same with `hunks 1-2` before `-->` | only these hunks; others are in another block |
//! | the same with `except fn run, struct Task` | the difference without these items, which are shown whole in blocks `code` |
//! | `<!-- removed: docs/mini/12b/mini/x.rs -->` | none: step 12b does not have the file |
//!
//! `hunks` comes before `except` where a block has both.
//!
//! Used by `steps` and `assembly`; pure.

use crate::code::source;
use crate::diffs::{Hunk, hunks};
use crate::items::replace;
use crate::markdown::Page;

/// A piece of a step on a page.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// The name of the step: `12b`, `12b_twice`.
    pub(crate) step: String,
    /// The file in the step: `mini/run.rs`.
    pub(crate) file: String,
    pub(crate) what: What,
    pub(crate) body: String,
    /// The page and its line, for a complaint.
    pub(crate) page: String,
    pub(crate) line: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    Whole,
    Items(Vec<String>),
    Diff(Difference),
    Removed,
}

/// What stands after `diff:`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    pub(crate) old: String,
    pub(crate) new: String,
    /// The numbers of the hunks, counted from one; all if there are none.
    pub(crate) hunks: Vec<usize>,
    /// The items that are shown whole.
    pub(crate) except: Vec<String>,
}

/// The folder of the steps.
pub(crate) const FOLDER: &str = "docs/mini/";

/// The step and the file that a path names.
pub(crate) fn step_and_file(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix(FOLDER)?.split_once('/')
}

impl Difference {
    pub(crate) fn parse(object: &str) -> Result<Self, String> {
        let mut words = object.split_whitespace();
        let (Some(old), Some(new)) = (words.next(), words.next()) else {
            return Err(
                "a diff without its files: put `<!-- diff: old.rs new.rs -->` above it".into(),
            );
        };
        let options: Vec<_> = words.collect();
        let options = options.join(" ");
        let (hunks, except) = match options.split_once("except ") {
            Some((hunks, except)) => (hunks.trim(), except),
            None => (&options[..], ""),
        };
        let hunks = match hunks.strip_prefix("hunks ") {
            Some(numbers) => numbers
                .split(',')
                .map(range)
                .collect::<Result<Vec<_>, _>>()?,
            None if hunks.is_empty() => Vec::new(),
            None => {
                return Err(format!(
                    "`{hunks}`? say `hunks 1-2`, `except fn a, struct B`"
                ));
            }
        };
        let items = except
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty());
        Ok(Difference {
            old: old.into(),
            new: new.into(),
            hunks: hunks.concat(),
            except: items.map(str::to_owned).collect(),
        })
    }

    /// The older version, with the items that are shown whole as they are now.
    pub(crate) fn old_text(&self) -> Result<String, String> {
        with_items(&source(&self.old)?, &source(&self.new)?, &self.except).map_err(|item| {
            format!("`except {item}`: both files must have it; show a new item in the diff")
        })
    }

    pub(crate) fn shows(&self, hunk: usize) -> bool {
        self.hunks.is_empty() || self.hunks.contains(&hunk)
    }

    /// Those of the hunks that this block shows.
    pub(crate) fn select<'a, 'b>(&self, all: &'b [Hunk<'a>]) -> Result<Vec<&'b Hunk<'a>>, String> {
        if let Some(missing) = self.hunks.iter().find(|n| !(1..=all.len()).contains(n)) {
            return Err(format!(
                "there is no hunk {missing}: the difference has {}",
                all.len()
            ));
        }
        let selected = all.iter().enumerate().filter(|(n, _)| self.shows(n + 1));
        Ok(selected.map(|(_, hunk)| hunk).collect())
    }
}

/// `old` with some items of `new`; an item that one of them lacks is the error.
pub(crate) fn with_items(old: &str, new: &str, items: &[String]) -> Result<String, String> {
    let mut text = old.to_owned();
    for item in items {
        let own = crate::items::select("a.rs", new, Some(item)).map_err(|_| item.clone())?;
        text = replace(&text, item, &own).ok_or_else(|| item.clone())?;
    }
    Ok(text)
}

/// `3` or `1-3`.
fn range(text: &str) -> Result<Vec<usize>, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| {
        let number = text.trim().parse::<usize>();
        number.map_err(|_| format!("`{}` is no number of a hunk", text.trim()))
    };
    Ok((number(first)?..=number(last)?).collect())
}

/// What a page shows of the steps, from its top to its end.
pub(crate) fn shown(page: &Page) -> Vec<Shown> {
    let mut shown: Vec<_> = page
        .removed
        .iter()
        .filter_map(|(path, line)| piece(page, *line, path, What::Removed, ""))
        .collect();
    for fence in &page.fences {
        if let Some(place) = fence.directed("code") {
            let (path, items) = place.split_once('#').unwrap_or((place, ""));
            let items: Vec<_> = items
                .split(',')
                .map(|item| item.trim().to_owned())
                .collect();
            let what = match place.contains('#') {
                true => What::Items(items),
                false => What::Whole,
            };
            shown.extend(piece(page, fence.line, path, what, &fence.body));
        }
        let difference = fence.directed("diff").map(Difference::parse);
        if let Some(Ok(difference)) = difference {
            let path = difference.new.clone();
            shown.extend(piece(
                page,
                fence.line,
                &path,
                What::Diff(difference),
                &fence.body,
            ));
        }
    }
    shown.sort_by_key(|shown| shown.line);
    shown
}

fn piece(page: &Page, line: usize, path: &str, what: What, body: &str) -> Option<Shown> {
    let (step, file) = step_and_file(path)?;
    Some(Shown {
        step: step.into(),
        file: file.into(),
        what,
        body: body.into(),
        page: page.path.clone(),
        line,
    })
}

/// All hunks between two texts of a file, as complaints, but for those that are shown.
pub(crate) fn hunks_but(old: &str, new: &str, is_shown: impl Fn(usize) -> bool) -> Vec<String> {
    let hunks = hunks(old, new);
    let hunks = hunks.iter().zip(1..).filter(|(_, n)| !is_shown(*n));
    hunks
        .map(|(hunk, n)| format!("hunk {n} ({}) is not shown", hunk.place))
        .collect()
}

#[test]
fn a_difference_has_options() {
    let parse = |object| Difference::parse(object);
    let all = parse("a.rs b.rs").unwrap();
    assert_eq!((&all.hunks[..], all.except.len()), (&[][..], 0));
    assert!(all.shows(7));
    let some = parse("a.rs b.rs hunks 1-2, 4 except fn run, struct Task").unwrap();
    assert_eq!(some.hunks, [1, 2, 4]);
    assert_eq!(some.except, ["fn run", "struct Task"]);
    assert!(!some.shows(3));
    assert!(parse("a.rs").is_err());
    assert!(parse("a.rs b.rs hunk 1").is_err());
    assert!(parse("a.rs b.rs hunks one").is_err());
}

#[test]
fn pieces_are_in_the_order_of_the_page() {
    let text = "<!-- code: docs/mini/12b/main.rs#fn a, fn b -->\n```rust\n```\n\n\
                <!-- removed: docs/mini/12b/mini/x.rs -->\n\n\
                <!-- diff: docs/mini/12a/mini.rs docs/mini/12b/mini.rs -->\n```diff\n```\n\n\
                <!-- code: docs/examples/lazy.rs -->\n```rust\n```\n";
    let shown = shown(&Page::parse("docs/12-a.md", text));
    let files: Vec<_> = shown.iter().map(|s| (&s.step[..], &s.file[..])).collect();
    assert_eq!(
        files,
        [("12b", "main.rs"), ("12b", "mini/x.rs"), ("12b", "mini.rs")]
    );
    assert!(matches!(&shown[0].what, What::Items(items) if items == &["fn a", "fn b"]));
}
