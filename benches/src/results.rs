//! Where the results lie between the benchmarks and the report: JSON files in
//! the build folder, beside criterion's.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::{effort, skipped};

/// The build folder, found from where this program stands in it.
fn build_folder() -> Result<PathBuf, String> {
    let this = env::current_exe().map_err(|error| error.to_string())?;
    let profile = this.ancestors().find(|folder| {
        let name = folder.file_name().unwrap_or_default();
        name == "release" || name == "debug"
    });
    let folder = profile.and_then(|profile| profile.parent());
    folder
        .map(PathBuf::from)
        .ok_or_else(|| format!("{} is not in a build folder", this.display()))
}

/// The folder of criterion's results.
///
/// # Errors
///
/// If this program does not stand in a build folder.
pub fn criterion_folder() -> Result<PathBuf, String> {
    match env::var_os("CRITERION_HOME") {
        Some(folder) => Ok(folder.into()),
        None => Ok(build_folder()?.join("criterion")),
    }
}

fn file(name: &str) -> Result<PathBuf, String> {
    Ok(folder()?.join(format!("{name}.json")))
}

/// Where the passes keep what they find. A try does not touch what was
/// measured.
///
/// # Errors
///
/// If this program does not stand in a build folder.
pub fn folder() -> Result<PathBuf, String> {
    match effort::is_try() {
        true => try_folder(),
        false => Ok(build_folder()?.join("bench-results")),
    }
}

/// The same for a try.
///
/// # Errors
///
/// As [`folder`].
pub fn try_folder() -> Result<PathBuf, String> {
    Ok(build_folder()?.join("bench-results-try"))
}

/// Keeps what a pass found, with the machine and the moment. Says where on
/// stderr, or why not.
pub fn save(name: &str, rows: &Value) {
    let whole = json!({ "about": about(), "rows": rows });
    let result = file(name).and_then(|path| {
        let folder = path.parent().unwrap_or(&path);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, format!("{whole:#}\n")))
            .map(|()| path.display().to_string())
            .map_err(|error| format!("{}: {error}", path.display()))
    });
    match result {
        Ok(path) => eprintln!("written: {path}"),
        Err(problem) => eprintln!("the results of {name} could not be kept: {problem}"),
    }
}

/// What [`save`] has kept.
///
/// # Errors
///
/// If there is no such file, or no JSON in it.
pub fn load(name: &str) -> Result<Value, String> {
    let path = file(name)?;
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// The machine, the commit and the moment.
pub(crate) fn about() -> Value {
    json!({
        "processor": processor(),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "system": said("uname", &["-srm"]),
        "rustc": said("rustc", &["--version"]),
        "commit": commit(),
        "date": said("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
        "load": first_words(&fs::read_to_string("/proc/loadavg").unwrap_or_default(), 3),
        "peers": cfg!(all(feature = "peers", target_os = "linux")),
        "left_out": skipped::reasons().iter().map(|(name, why)| json!([name, why])).collect::<Vec<_>>(),
    })
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(": "));
    name.map_or("unknown", |(_, name)| name).to_string()
}

fn commit() -> String {
    let commit = said("git", &["rev-parse", "--short", "HEAD"]);
    match said("git", &["status", "--porcelain", "--untracked-files=no"]).as_str() {
        "" => commit,
        _ => format!("{commit} and changes"),
    }
}

/// What another program prints, or nothing.
fn said(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output();
    output.map_or(String::new(), |output| {
        String::from_utf8_lossy(&output.stdout).trim().to_string()
    })
}

fn first_words(text: &str, count: usize) -> String {
    let words: Vec<_> = text.split_whitespace().take(count).collect();
    words.join(" ")
}
