//! Writes `docs/benchmarks.md` and its pictures from what was measured.
//!
//! ```text
//! cargo run --release -p benches --bin report             from the last results
//! cargo run --release -p benches --bin report -- --run    measures first, with all peers
//! cargo run --release -p benches --bin report -- --try    the same, each thing once and briefly
//! ```
//!
//! Reads criterion's results and the files that the other passes keep beside
//! them. The words on each group come from `benches/notes.md`, the causes of
//! losses from `benches/losses.md`; a loss without a cause is written down as
//! one. What a try finds says only that all of it works; it and its page stay in
//! the build folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use benches::answers::answer_if_asked;
use benches::report::{Report, pictures};
use benches::{effort, results};

fn main() -> ExitCode {
    if answer_if_asked() {
        return ExitCode::SUCCESS;
    }
    let words: Vec<_> = env::args().skip(1).collect();
    let result = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => write(),
        ["--run"] => measure(&[]).and_then(|()| write()),
        ["--try"] => try_all(),
        _ => Err("usage: report [--run | --try]".to_string()),
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

/// What the variables of a try change, another process has to read.
fn try_all() -> Result<(), String> {
    let criterion = results::try_folder()?.join("criterion");
    let variables = [
        (effort::TRY, OsString::from("1")),
        ("CRITERION_HOME", criterion.into()),
    ];
    measure(&variables)?;
    let this = env::current_exe().map_err(|error| error.to_string())?;
    run(Command::new(this).envs(variables), "report")
}

fn measure(variables: &[(&str, OsString)]) -> Result<(), String> {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_string());
    let words = "bench -p benches --features peers,llm -- everything";
    let mut bench = Command::new(cargo);
    bench
        .args(words.split(' '))
        .envs(variables.iter().cloned())
        .current_dir(root());
    run(&mut bench, "cargo bench")
}

fn run(command: &mut Command, name: &str) -> Result<(), String> {
    let status = command
        .status()
        .map_err(|error| format!("{name} does not start: {error}"))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{name} has failed; see above")),
    }
}

fn write() -> Result<(), String> {
    let report = Report::load(&root().join("benches"))?;
    let docs = match effort::is_try() {
        true => results::folder()?,
        false => root().join("docs"),
    };
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
