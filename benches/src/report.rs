//! The page of results: what the passes have kept, in tables and pictures.
//!
//! Nothing here measures. The words that no program can find out stand in two
//! files of this crate: `notes.md`, what each group does and cannot say, and
//! `losses.md`, the cause of each loss.

mod kept;
mod page;
pub mod pictures;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

pub(crate) use kept::{Allocated, Criterion, Late, Point, Row};

use crate::results;

/// Everything that the page is made from.
#[derive(Debug)]
pub struct Report {
    /// The machine and the moment, as the table's pass wrote it down.
    about: Value,
    rows: Vec<Row>,
    criterion: Vec<Criterion>,
    lateness: Vec<Late>,
    scaling: Vec<Point>,
    allocations: Vec<Allocated>,
    /// By group.
    notes: Vec<(String, String)>,
    /// By row.
    losses: HashMap<String, String>,
}

impl Report {
    /// Reads the results from the build folder, and the words from the crate's.
    ///
    /// # Errors
    ///
    /// If the table has not been measured, or a file is not what this program
    /// writes. Without another pass the page says that it is missing.
    pub fn load(crate_folder: &Path) -> Result<Self, String> {
        let how = "\nMeasure first: cargo bench -p benches --features peers -- everything";
        let table = results::load("table").map_err(|problem| format!("{problem}{how}"))?;
        let words = |name| -> Result<Vec<(String, String)>, String> {
            let path = crate_folder.join(name);
            let text = fs::read_to_string(&path)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            Ok(sections(&text))
        };
        Ok(Report {
            rows: kept::all(&table, Row::from_json)?,
            about: table["about"].clone(),
            criterion: kept::criterion(&results::criterion_folder()?)?,
            lateness: pass("lateness", Late::from_json)?,
            scaling: pass("scaling", Point::from_json)?,
            allocations: pass("allocations", Allocated::from_json)?,
            notes: words("notes.md")?,
            losses: words("losses.md")?.into_iter().collect(),
        })
    }
}

/// What another pass has kept, or nothing.
fn pass<T>(name: &str, row: fn(&Value) -> Option<T>) -> Result<Vec<T>, String> {
    match results::load(name) {
        Ok(file) => kept::all(&file, row),
        Err(problem) => {
            eprintln!("the page goes without this pass: {problem}");
            Ok(Vec::new())
        }
    }
}

/// The parts of a Markdown file by their headings of the second level.
fn sections(text: &str) -> Vec<(String, String)> {
    let parts = text.split("\n## ").skip(1);
    let split = |part: &str| {
        let (heading, body) = part.split_once('\n').unwrap_or((part, ""));
        (heading.trim().to_string(), body.trim().to_string())
    };
    parts.map(split).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_named_by_their_headings() {
        let text = "# Title\n\nBefore.\n\n## one\n\nFirst.\n\n## two: 2\nSecond.\n";
        let expected = [("one", "First."), ("two: 2", "Second.")];
        let expected = expected.map(|(name, body)| (name.to_string(), body.to_string()));
        assert_eq!(sections(text), expected);
    }

    #[test]
    fn every_group_has_a_note() {
        let notes = sections(include_str!("../notes.md"));
        for row in crate::row::all() {
            let has_note = notes.iter().any(|(group, _)| group == row.group);
            assert!(has_note, "notes.md has nothing on the group {}", row.group);
        }
    }
}
