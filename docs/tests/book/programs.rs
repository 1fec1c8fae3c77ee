//! The programs of the workspace: where they lie, that they are fresh, and
//! what they print.
//!
//! Invariant: what runs was built from the sources as they are now: it is newer
//! than those that it may be built from. If it is not, or is missing, cargo
//! builds it. After a `cargo test` of the workspace there is nothing to build.
//!
//! The steps of Part II are built all at once, by cargo, which knows what is
//! fresh: one call for the programs, one for their tests.
//!
//! Used by `console` and `exercises`, and by the test `traces`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

/// A program may take this long before it counts as hung. Generous: a busy
/// machine must not fail a test.
const LONGEST: Duration = Duration::from_secs(120);

/// What a command printed, stdout and stderr together as a terminal shows
/// them, and how it ended.
pub(crate) struct Printed {
    pub(crate) text: String,
    pub(crate) status: ExitStatus,
}

/// `--bin NAME` or `--example NAME` of a package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    pub(crate) package: String,
    /// `bin` or `example`.
    pub(crate) kind: String,
    pub(crate) name: String,
}

/// The folder that holds the workspace.
pub(crate) fn root() -> PathBuf {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR"));
    docs.parent().expect("docs lies in the workspace").into()
}

/// The package of the steps.
const STEPS: &str = "mini";

/// Where the program lies, built if need be.
pub(crate) fn program(target: &Target) -> Result<PathBuf, String> {
    if target.package == STEPS {
        let steps = built(&["build", "--examples"])?;
        let program = steps.programs.get(&target.name);
        return program.cloned().ok_or_else(|| no_step(&target.name));
    }
    static BUILDING: Mutex<BTreeSet<Target>> = Mutex::new(BTreeSet::new());
    let path = place(target);
    let mut tried = BUILDING.lock().map_err(|_| "an earlier build failed")?;
    if is_fresh(target, &path) || !tried.insert(target.clone()) {
        return Ok(path);
    }
    let mut cargo = cargo(&["build"], &target.package);
    cargo.args([format!("--{}", target.kind), target.name.clone()]);
    let output = cargo.output();
    let output = output.map_err(|error| format!("cannot start cargo: {error}"))?;
    if !output.status.success() || !path.exists() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo could not build {target:?}:\n{said}"));
    }
    Ok(path)
}

/// Cargo at work on a package, in the folder that this test was built in,
/// whatever cargo would choose now.
fn cargo(verb: &[&str], package: &str) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(verb).args(["--quiet", "--package", package]);
    if let Some(folder) = profile_folder().parent() {
        cargo.arg("--target-dir").arg(folder);
    }
    if profile_folder().ends_with("release") {
        cargo.arg("--release");
    }
    cargo.current_dir(root());
    cargo
}

/// The programs of the steps, or of their tests.
#[derive(Clone, Default)]
struct Steps {
    programs: BTreeMap<String, PathBuf>,
    warnings: BTreeSet<String>,
}

/// Builds all steps, at the first call: `build` or `test --no-run`, with
/// `--examples`; or one of them with a feature.
fn built(verb: &[&str]) -> Result<Steps, String> {
    type Built = BTreeMap<String, Result<Steps, String>>;
    static BUILT: Mutex<Built> = Mutex::new(Built::new());
    let mut built = BUILT.lock().map_err(|_| "an earlier build failed")?;
    let key = verb.concat();
    built.entry(key).or_insert_with(|| build(verb)).clone()
}

fn build(verb: &[&str]) -> Result<Steps, String> {
    let mut cargo = cargo(verb, STEPS);
    let output = cargo.arg("--message-format=json").output();
    let output = output.map_err(|error| format!("cannot start cargo: {error}"))?;
    let mut steps = Steps::default();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let told: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if let (Some(name), Some(path)) =
            (told["target"]["name"].as_str(), told["executable"].as_str())
        {
            steps.programs.insert(name.into(), path.into());
        }
        if let Some(text) = told["message"]["rendered"].as_str() {
            steps.warnings.insert(text.into());
        }
    }
    if !output.status.success() {
        let said: Vec<_> = steps.warnings.into_iter().collect();
        let more = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "cargo could not build the steps:\n{}{more}",
            said.concat()
        ));
    }
    Ok(steps)
}

fn no_step(example: &str) -> String {
    format!(
        "{example} is no example of docs/mini; if it has just been written, BLESS=1 adds it for the next run"
    )
}

/// What runs the tests of a step, as cargo would, with a feature or without.
pub(crate) fn tests(example: &str, feature: Option<&str>) -> Result<Command, String> {
    let steps = match feature {
        None => built(&["test", "--no-run", "--examples"])?,
        Some(feature) => {
            let one = ["--features", feature, "--example", example];
            built(&[&["test", "--no-run"], &one[..]].concat())?
        }
    };
    let program = steps.programs.get(example);
    let program = program.ok_or_else(|| no_step(example))?;
    let mut command = Command::new(program);
    command.arg("--quiet").current_dir(root().join("docs/mini"));
    // Tests that fail are listed as they end: one after another.
    command.env("RUST_TEST_THREADS", "1");
    Ok(command)
}

/// A reader who is told to look at warnings finds none.
pub(crate) fn check_steps() -> Result<(), String> {
    let mut warnings = BTreeSet::new();
    for verb in [&["build"][..], &["test", "--no-run"]] {
        warnings.extend(built(&[verb, &["--examples"]].concat())?.warnings);
    }
    match warnings.is_empty() {
        true => Ok(()),
        false => Err(warnings.into_iter().collect::<Vec<_>>().concat()),
    }
}

fn place(target: &Target) -> PathBuf {
    let mut folder = profile_folder();
    if target.kind == "example" {
        folder.push("examples");
    }
    folder.join(format!("{}{}", target.name, std::env::consts::EXE_SUFFIX))
}

/// The folder of the profile that this test was built with: `target/debug`.
pub(crate) fn profile_folder() -> PathBuf {
    let own = std::env::current_exe().expect("a test knows its own file");
    let deps = own.parent().and_then(Path::parent);
    deps.expect("a test lies in target/PROFILE/deps").into()
}

/// Is the program newer than all its sources?
///
/// Cargo's own list of them (the `.d` file beside it) is there for examples;
/// for programs only after a `cargo build`.
fn is_fresh(target: &Target, path: &Path) -> bool {
    let Some(built) = modified(path) else {
        return false;
    };
    let lock = root().join("Cargo.lock");
    let mut sources = sources_of(target, path).into_iter().chain([lock]);
    sources.all(|source| modified(&source).is_some_and(|at| at <= built))
}

fn sources_of(target: &Target, path: &Path) -> Vec<PathBuf> {
    if target.kind == "example" {
        let list = path.with_extension("d");
        let Ok(text) = fs::read_to_string(&list) else {
            return vec![list]; // which is not there, so the program is not fresh
        };
        // A blank in a path has a backslash before it.
        let text = text.replace("\\ ", "\0");
        let sources = text.split_once(": ").map_or("", |(_, sources)| sources);
        let paths = sources.split_whitespace();
        return paths.map(|path| path.replace('\0', " ").into()).collect();
    }
    let mut folders = sources_in(&target.package).map(|folder| root().join(folder));
    let own = folders.next().expect("a package has sources");
    let mut sources = vec![own.join(format!("bin/{}.rs", target.name))];
    let mut folders: Vec<_> = folders.chain([own]).collect();
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            match path.is_dir() {
                true if path.ends_with("bin") => {} // other programs
                true => folders.push(path),
                false => sources.push(path),
            }
        }
    }
    sources
}

/// The folders that a package's programs are built from, its own one first.
fn sources_in(package: &str) -> impl Iterator<Item = String> {
    let folders: &[&str] = match package {
        "first-programs" => &["llm-demo/first"],
        "llm-demo" => &["llm-demo", "llm-demo/server", "llm-demo/first"],
        package => &[package],
    };
    let folders = folders.iter().chain(&["executor"]);
    folders
        .map(|folder| format!("{folder}/src"))
        .collect::<Vec<_>>()
        .into_iter()
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

/// What changes the output of the programs, or where they look for a model.
const VARIABLES: [&str; 24] = [
    "ALL_PROXY",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "EXECUTOR_DEBUG",
    "EXECUTOR_PS",
    "EXECUTOR_TIMELINE",
    "EXECUTOR_TRACE",
    "HTTPS_PROXY",
    "MINI_TRACE",
    "NO_PROXY",
    "OPENAI_API_BASE",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_MODEL",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    "RUST_BACKTRACE",
    "RUST_LIB_BACKTRACE",
    "RUST_LOG",
    "RUST_TEST_THREADS",
    "all_proxy",
    "https_proxy",
    "no_proxy",
];

/// A page shows what a program prints where nothing is set, but for what the
/// command on the page sets itself.
fn forget_surroundings(command: &mut Command) {
    let set: Vec<_> = command
        .get_envs()
        .map(|(name, _)| name.to_owned())
        .collect();
    for name in VARIABLES {
        if !set.iter().any(|own| own == name) {
            command.env_remove(name);
        }
    }
}

/// Runs a command with nothing to read, in the workspace's folder if it has none.
pub(crate) fn run(command: &mut Command) -> Result<Printed, String> {
    let printed = tempfile::tempfile().map_err(|error| format!("no temporary file: {error}"))?;
    let copy = |file: &File| {
        file.try_clone()
            .map_err(|error| format!("no copy: {error}"))
    };
    if command.get_current_dir().is_none() {
        command.current_dir(root());
    }
    command.stdin(Stdio::null());
    command.stdout(copy(&printed)?).stderr(copy(&printed)?);
    forget_surroundings(command);
    let child = command.spawn();
    let mut child = child.map_err(|error| format!("cannot start {command:?}: {error}"))?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            break status;
        }
        if start.elapsed() > LONGEST {
            let _ = child.kill(); // it may have ended just now
            let _ = child.wait();
            return Err(format!("{command:?} did not end within {LONGEST:?}"));
        }
        thread::sleep(Duration::from_millis(5));
    };
    let mut text = String::new();
    let mut printed = printed;
    printed.rewind().map_err(|error| error.to_string())?;
    let read = printed.read_to_string(&mut text);
    read.map_err(|error| format!("{command:?} printed no text: {error}"))?;
    Ok(Printed { text, status })
}

/// The Python to run examples with, if there is one that is new enough.
pub(crate) fn python() -> Option<&'static str> {
    static FOUND: OnceLock<bool> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let version = "import sys; sys.exit(sys.version_info < (3, 11))";
        let python = Command::new("python3").args(["-c", version]).status();
        let found = python.is_ok_and(|status| status.success());
        if !found {
            eprintln!("skipped: no python3 (3.11 or newer), so the Python programs are not run");
        }
        found
    });
    found.then_some("python3")
}
