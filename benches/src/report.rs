//! The page of results: what the passes have kept, in tables and pictures.
//!
//! Nothing here measures. The words that no program can find out stand in two
//! files of this crate: `notes.md`, what each group does and cannot say, and
//! `losses.md`, the cause of each loss.

mod format;
mod kept;
mod llm;
mod page;
pub mod pictures;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

pub(crate) use kept::{Allocated, Criterion, Late, Llm, Point};

use crate::measured::Measured;
use crate::passes::memory;
use crate::{groups, results};

/// Everything that the page is made from.
#[derive(Debug)]
pub struct Report {
    /// The machine and the moment, as the table's pass wrote it down.
    about: Value,
    rows: Vec<Measured>,
    criterion: Vec<Criterion>,
    lateness: Vec<Late>,
    scaling: Vec<Point>,
    allocations: Vec<Allocated>,
    llm: Vec<Llm>,
    /// The rows that should be in the table and are not.
    missing: Vec<String>,
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
    /// If the table has not been measured, or on another machine; if another
    /// pass was measured elsewhere or at another commit; if a file is not what
    /// this program writes. Without another pass the page says that it is
    /// missing.
    pub fn load(crate_folder: &Path) -> Result<Self, String> {
        let table = results::load("table")
            .map_err(|problem| format!("there is no table yet ({problem})\n{MEASURE}"))?;
        let about = &table["about"];
        is_of(&results::about(), about, &["processor", "cores"])
            .map_err(|how| format!("the table is from another machine: {how}\n{MEASURE}"))?;
        let rows = kept::all(&table, Measured::from_json)?;
        let criterion = match pass("criterion", about, |_| Some(()))?.is_empty() {
            true => Vec::new(),
            false => kept::criterion(&results::criterion_folder()?)?,
        };
        let words = |name| -> Result<Vec<(String, String)>, String> {
            let path = crate_folder.join(name);
            let text = fs::read_to_string(&path)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            Ok(sections(&text))
        };
        Ok(Report {
            criterion,
            lateness: pass("lateness", about, Late::from_json)?,
            scaling: pass("scaling", about, Point::from_json)?,
            allocations: pass("allocations", about, Allocated::from_json)?,
            llm: pass("llm", about, Llm::from_json)?,
            missing: missing(&rows),
            rows,
            about: about.clone(),
            notes: words("notes.md")?,
            losses: words("losses.md")?.into_iter().collect(),
        })
    }
}

const MEASURE: &str = "Measure all of it: cargo run --release -p benches --bin report -- --run";

/// What another pass has kept, or nothing.
fn pass<T>(name: &str, table: &Value, row: fn(&Value) -> Option<T>) -> Result<Vec<T>, String> {
    let file = match results::load(name) {
        Ok(file) => file,
        Err(problem) => {
            eprintln!("the page goes without the pass {name}: {problem}");
            return Ok(Vec::new());
        }
    };
    is_of(
        table,
        &file["about"],
        &["processor", "cores", "system", "commit"],
    )
    .map_err(|how| format!("the pass {name} does not belong to the table: {how}\n{MEASURE}"))?;
    kept::all(&file, row)
}

/// Whether what is told about some results is the same, and if not, what.
fn is_of(expected: &Value, about: &Value, keys: &[&str]) -> Result<(), String> {
    match keys.iter().find(|key| expected[**key] != about[**key]) {
        None => Ok(()),
        Some(key) => Err(format!(
            "its {key} is {}, not {}",
            about[*key], expected[*key]
        )),
    }
}

/// The rows that a whole run has and this one has not: a contender failed.
fn missing(rows: &[Measured]) -> Vec<String> {
    let all = groups::all().into_iter().map(|row| row.id());
    let all = all.chain(memory::rows().into_iter().map(|row| row.id.to_string()));
    all.filter(|id| rows.iter().all(|row| row.id != *id))
        .collect()
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
        for row in groups::all() {
            let has_note = notes.iter().any(|(group, _)| group == row.group);
            assert!(has_note, "notes.md has nothing on the group {}", row.group);
        }
    }
}
