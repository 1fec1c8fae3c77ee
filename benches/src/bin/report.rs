//! Writes `docs/benchmarks.md` and its pictures from what was measured.
//!
//! ```text
//! cargo run --release -p benches --bin report             from the last results
//! cargo run --release -p benches --bin report -- --run    measures first, with all peers
//! ```
//!
//! Reads criterion's results and the files that the other passes keep beside
//! them. The words on each row come from `benches/rows.md`, the causes of losses
//! from `benches/losses.md`; a loss without a cause is written down as one.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use benches::child::answer_if_asked;
use benches::report::{Report, pictures};

fn main() -> ExitCode {
    if answer_if_asked() {
        return ExitCode::SUCCESS;
    }
    let words: Vec<_> = env::args().skip(1).collect();
    let result = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => write(),
        ["--run"] => measure().and_then(|()| write()),
        _ => Err("usage: report [--run]".to_string()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// The repository's root: this crate's folder is in it.
fn root() -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder.parent().unwrap_or(crate_folder).to_path_buf()
}

fn measure() -> Result<(), String> {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_string());
    let status = Command::new(cargo)
        .args([
            "bench",
            "-p",
            "benches",
            "--features",
            "peers,llm",
            "--",
            "everything",
        ])
        .current_dir(root())
        .status()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    match status.success() {
        true => Ok(()),
        false => Err("cargo bench has failed; see above".to_string()),
    }
}

fn write() -> Result<(), String> {
    let report = Report::load(&root().join("benches"))?;
    let docs = root().join("docs");
    for (name, svg) in pictures::all(&report)? {
        put(&docs.join("figures").join(name), &svg)?;
    }
    put(&docs.join("benchmarks.md"), &report.to_string())
}

fn put(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    println!("written: {}", path.display());
    Ok(())
}
