//! What the passes have kept, read back.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::stats::Middle;

/// How late the sleeps of one length were.
#[derive(Debug)]
pub(crate) struct Late {
    pub(crate) name: String,
    pub(crate) length: String,
    pub(crate) sleeps: u64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Late {
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        Some(Late {
            name: text(value, "name")?,
            length: text(value, "length")?,
            sleeps: value["sleeps"].as_u64()?,
            p50: value["p50"].as_f64()?,
            p99: value["p99"].as_f64()?,
        })
    }
}

/// What one of so many items costs.
#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) series: String,
    pub(crate) count: u64,
    pub(crate) name: String,
    pub(crate) cost: Middle,
}

impl Point {
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        Some(Point {
            series: text(value, "series")?,
            count: value["count"].as_u64()?,
            name: text(value, "name")?,
            cost: Middle::from_json(&value["cost"])?,
        })
    }
}

/// What an operation allocates.
#[derive(Debug)]
pub(crate) struct Allocated {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) allocations: f64,
    pub(crate) bytes: f64,
}

impl Allocated {
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        Some(Allocated {
            id: text(value, "id")?,
            name: text(value, "name")?,
            allocations: value["allocations"].as_f64()?,
            bytes: value["bytes"].as_f64()?,
        })
    }
}

/// A measure of a client that asks a thousand things at once.
#[derive(Debug)]
pub(crate) struct Llm {
    pub(crate) setting: String,
    pub(crate) measure: String,
    pub(crate) name: String,
    pub(crate) value: Middle,
}

impl Llm {
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        Some(Llm {
            setting: text(value, "setting")?,
            measure: text(value, "measure")?,
            name: text(value, "name")?,
            value: Middle::from_json(&value["value"])?,
        })
    }
}

fn text(value: &Value, key: &str) -> Option<String> {
    Some(value[key].as_str()?.to_string())
}

/// The rows of a pass.
pub(crate) fn all<T>(file: &Value, row: fn(&Value) -> Option<T>) -> Result<Vec<T>, String> {
    let rows = file["rows"].as_array().map(Vec::as_slice);
    let rows: Option<Vec<_>> = rows.unwrap_or_default().iter().map(row).collect();
    rows.ok_or_else(|| "the kept results are of another version: measure again".to_string())
}

/// What criterion found for one row on one runtime, in ns per operation.
#[derive(Debug)]
pub(crate) struct Criterion {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) mean: Middle,
}

/// All that criterion has kept, folder by folder.
pub(crate) fn criterion(folder: &Path) -> Result<Vec<Criterion>, String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        if folder.file_name().is_some_and(|name| name == "new") {
            found.extend(one(&folder));
            continue;
        }
        let entries = fs::read_dir(&folder)
            .map_err(|error| format!("criterion's {}: {error}", folder.display()))?;
        let inner = entries.flatten().map(|entry| entry.path());
        folders.extend(inner.filter(|path| path.is_dir()));
    }
    Ok(found)
}

fn one(folder: &Path) -> Option<Criterion> {
    let read = |name: &str| -> Option<Value> {
        serde_json::from_str(&fs::read_to_string(folder.join(name)).ok()?).ok()
    };
    let (benchmark, estimates) = (read("benchmark.json")?, read("estimates.json")?);
    let operations = benchmark["throughput"]["Elements"].as_f64()?;
    let mean = &estimates["mean"];
    let interval = &mean["confidence_interval"];
    let nanos = |value: &Value| Some(value.as_f64()? / operations);
    let (group, row) = (
        text(&benchmark, "group_id")?,
        text(&benchmark, "function_id")?,
    );
    Some(Criterion {
        id: format!("{group}/{row}"),
        name: text(&benchmark, "value_str")?,
        mean: Middle {
            low: nanos(&interval["lower_bound"])?,
            median: nanos(&mean["point_estimate"])?,
            high: nanos(&interval["upper_bound"])?,
        },
    })
}
