//! The plan of `executor/src` as data, and a test for each of its rules.
//!
//! To change the architecture, change `PLAN` or a limit below, and say why in
//! the commit. `cargo test -p executor --test architecture -- --nocapture`
//! prints every figure; with `BLESS=1` the pages that quote figures are
//! rewritten. `ARCHITECTURE_SRC` names another `executor/src` to check.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A directory of `src`, with the file of the same name beside it.
struct Directory {
    layer: u8,
    name: &'static str,
    /// The feature that it is behind.
    feature: Option<&'static str>,
}

const fn directory(layer: u8, name: &'static str, feature: Option<&'static str>) -> Directory {
    Directory {
        layer,
        name,
        feature,
    }
}

/// From the bottom up. A directory imports from itself and from those before
/// it, so imports point to the same or a lower layer, and the core (layers 0
/// and 1) imports no observer.
#[rustfmt::skip]
const PLAN: &[Directory] = &[
    directory(0, "base", None),
    directory(0, "driver", None),
    directory(0, "event_loop", None),
    directory(1, "spawn", None),
    directory(1, "time", None),
    directory(1, "combine", None),
    directory(1, "blocking", None),
    directory(1, "runner", None),
    directory(2, "scope", Some("scope")),
    directory(2, "sync", Some("sync")),
    directory(2, "net", Some("net")),
    directory(2, "os", Some("os")),
    directory(3, "observe", Some("observe")),
    directory(3, "testing", Some("testing")),
];

/// Libraries of this workspace, and the first directory that may use each.
const LIBRARIES: &[(&str, &str)] = &[("loop_trace", "observe")];

/// Built from the public API: imports from the root of the crate.
const ON_THE_PUBLIC_API: &str = "hyper";

/// Files, and folders, at the top of `src`.
const MOST_AT_THE_TOP: usize = 16;

/// A number of lines of code, files and crates, and how many there may be.
struct Figure {
    name: &'static str,
    lines: usize,
    files: usize,
    crates: Option<usize>,
}

struct Limits {
    lines: usize,
    files: usize,
    crates: usize,
    /// What the limits are to become; empty if they are there.
    goal: &'static str,
}

const NO_LIMIT: usize = usize::MAX;

/// The functions that make up the core.
const CORE: &[&str] = &["run", "spawn", "sleep", "timeout", "gather", "to_thread"];

// The limits go down with each simplification; a fix that needs lines raises
// them, and its commit says how many. Where the code does not meet its goal yet,
// the limit is what it needs today, and the goal is printed beside the figure.
//
// A closure is counted twice: by imports, as its goal is stated, and with every
// file that adds methods to what it imports, so that a method moved to a file
// that is not imported hides no line.

const CORE_LIMITS: Limits = Limits {
    lines: 3_787,
    files: 33,
    crates: NO_LIMIT,
    goal: "3,000 lines in 32 files",
};
const CORE_METHODS_LIMITS: Limits = Limits {
    lines: 4_412,
    files: 38,
    crates: NO_LIMIT,
    goal: "",
};
const RUN_LIMITS: Limits = Limits {
    lines: 2_203,
    files: NO_LIMIT,
    crates: NO_LIMIT,
    goal: "2,000 lines",
};
const RUN_METHODS_LIMITS: Limits = Limits {
    lines: 2_790,
    files: NO_LIMIT,
    crates: NO_LIMIT,
    goal: "",
};
const BUILD_LIMITS: Limits = Limits {
    lines: 6_014,
    files: 64,
    crates: 13,
    goal: "4,500 lines in 55 files",
};

/// What one operation goes through, file by file.
struct Walk {
    name: &'static str,
    limits: Limits,
    /// Each file under `src` with code that runs, and what it does.
    passes: &'static [(&'static str, &'static str)],
    /// Each file that the code of the walk imports and does not run, and why.
    leaves_aside: &'static [(&'static str, &'static str)],
}

/// One poll: from a task in the ready queue to the end of its poll and the next
/// turn. It lists every file of layer 0 that `run` imports.
#[rustfmt::skip]
const ONE_POLL: Walk = Walk {
    name: "one poll",
    limits: Limits { lines: 1500, files: NO_LIMIT, crates: NO_LIMIT, goal: "" },
    passes: &[
        ("event_loop/run.rs", "the turn, and the poll sequence"),
        ("event_loop/look.rs", "looks at the inbox after each turn"),
        ("event_loop/task.rs", "the future that is polled"),
        ("event_loop/waker.rs", "the waker that the poll gets"),
        ("event_loop/ready.rs", "the queue that the task comes from"),
        ("event_loop/wake.rs", "queues the task for its next poll"),
        ("event_loop/poll.rs", "the current task, its waker and its budget"),
        ("event_loop/runtime.rs", "the parts of the loop, and its thread-local lookup"),
        ("base/slab.rs", "finds the task by its key"),
        ("base/hooks.rs", "reports the turn, and both ends of the poll"),
        ("base/inbox.rs", "one load: whether there are messages"),
        ("base/rng.rs", "the order of the turn, if there is a seed"),
        ("base/sys.rs", "the atomics of the waker"),
        ("base/waiter.rs", "the task or waker that a wake goes to"),
    ],
    leaves_aside: &[
        ("base/clock.rs", "read between turns"),
        ("base/error.rs", "a task failed"),
        ("base/loop_id.rs", "a timer is used from another loop or thread"),
        ("base/nesting.rs", "a destructor ends a task"),
        ("base/printable.rs", "an error is shown"),
        ("base/task_info.rs", "a task is listed"),
        ("base/timers.rs", "looked at between turns"),
        ("base/wait_text.rs", "a task is listed"),
        ("driver/fork.rs", "checked before a park"),
        ("driver/park.rs", "nothing is ready"),
        ("event_loop/context.rs", "a variable is read or set"),
        ("event_loop/recycle.rs", "the start and the end of `run`"),
        ("event_loop/shutdown.rs", "the end of `run`"),
        ("event_loop/tasks.rs", "the start and the end of a task"),
    ],
};

/// A sleep: from its first poll to the wake of its task. It lists every file
/// that the file of `sleep` imports.
#[rustfmt::skip]
const A_SLEEP: Walk = Walk {
    name: "a sleep",
    limits: Limits { lines: NO_LIMIT, files: 8, crates: NO_LIMIT, goal: "" },
    passes: &[
        ("time/sleep.rs", "the future"),
        ("event_loop/poll.rs", "tells which task waits"),
        ("base/timers.rs", "keeps the deadline"),
        ("event_loop/look.rs", "asks for the next deadline, parks, and fires it"),
        ("base/clock.rs", "tells whether the deadline has passed"),
        ("driver/park.rs", "waits until the deadline"),
        ("event_loop/wake.rs", "queues the task"),
        ("event_loop/run.rs", "polls the task again"),
    ],
    leaves_aside: &[
        ("base/error.rs", "the loop cannot be unparked"),
        ("base/hooks.rs", "one branch"),
        ("base/inbox.rs", "used from another loop or thread"),
        ("base/loop_id.rs", "used from another loop or thread"),
        ("base/slab.rs", "keys"),
        ("event_loop/runtime.rs", "declares the parts, and finds them by a thread-local"),
    ],
};

/// Methods of the hook trait with several call sites: how many, and why.
const EXCEPTIONS: &[(&str, usize, &str)] = &[];

/// The pages that may quote figures, see [`pages`].
const PAGES: &[&str] = &[
    "README.md",
    "executor/README.md",
    "executor/src/lib.rs",
    "docs/architecture.md",
];

// ---- the tests --------------------------------------------------------------

#[test]
fn imports_point_down() {
    assert_clean(&plan().wrong_directions(library()));
}

#[test]
fn the_adapters_use_the_public_api() {
    assert_clean(&plan().not_public(library()));
}

/// The runtime that readers of the book build is not held to it: it is one piece
/// of 1,300 lines in the order of its chapters, not of its layers.
#[test]
fn no_files_import_each_other() {
    let targets = workspace().targets.iter();
    let mut complaints: Vec<_> = targets.flat_map(cycles).collect();
    complaints.retain(|complaint| !complaint.contains("docs/mini/"));
    assert_clean(&complaints);
}

#[test]
fn every_file_is_where_the_plan_says() {
    let misplaced = plan().misplaced(workspace());
    assert_clean(&[misplaced, unreachable(workspace(), SRC)].concat());
}

#[test]
fn optional_directories_are_features() {
    assert_clean(&plan().wrong_features(library()));
}

#[test]
fn the_core_is_small() {
    for (needs, limits) in [
        (Needs::Imports, CORE_LIMITS),
        (Needs::Methods, CORE_METHODS_LIMITS),
    ] {
        assert_within(&core_figure(needs), &limits, || {
            closure_of(CORE, needs).explain(workspace(), SRC)
        });
    }
}

#[test]
fn run_needs_little() {
    for (needs, limits) in [
        (Needs::Imports, RUN_LIMITS),
        (Needs::Methods, RUN_METHODS_LIMITS),
    ] {
        assert_within(&run_figure(needs), &limits, || {
            closure_of(&["run"], needs).explain(workspace(), SRC)
        });
    }
}

#[test]
fn one_poll_is_short() {
    let is_lowest = |file: &String| layer_of(file) == Some(0);
    let all: Vec<_> = closure_of(&["run"], Needs::Methods)
        .files
        .into_keys()
        .filter(is_lowest)
        .collect();
    assert_walk(&ONE_POLL, &all);
}

#[test]
fn a_sleep_is_short() {
    let sleep = file_of("sleep");
    let imports = library()
        .imports
        .iter()
        .filter(|import| import.from == sleep);
    let mut all: Vec<_> = imports.map(|import| import.to.clone()).collect();
    all.push(sleep.clone());
    all.sort();
    all.dedup();
    assert_walk(&A_SLEEP, &all);
}

#[test]
#[cfg_attr(windows, ignore = "Wine cannot start Cargo")]
fn the_build_without_features_is_small() {
    let build = build();
    let figure = build_figure();
    assert_within(&figure, &BUILD_LIMITS, || {
        let mut files: Vec<_> = build.files.iter().collect();
        files.sort_by_key(|file| std::cmp::Reverse(workspace().lines_of(file)));
        let mut text = String::new();
        for file in files {
            write!(text, "\n  {:5}  {file}", workspace().lines_of(file)).expect("a String");
        }
        let crates: Vec<_> = build.crates.iter().map(String::as_str).collect();
        text + "\n  " + &crates.join(", ")
    });
}

#[test]
#[cfg_attr(windows, ignore = "Wine cannot start Cargo")]
fn pages_quote_these_figures() {
    let figures = [
        core_figure(Needs::Imports),
        core_figure(Needs::Methods),
        run_figure(Needs::Imports),
        run_figure(Needs::Methods),
        walk_figure(&ONE_POLL),
        walk_figure(&A_SLEEP),
        build_figure(),
    ];
    let mut complaints = Vec::new();
    for page in PAGES {
        let path = root().join(page);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{page}: {error}"));
        let (mended, wrong) = pages::mended(page, &text, &figures);
        if mended != text && std::env::var_os("BLESS").is_some_and(|value| value == "1") {
            fs::write(&path, mended).unwrap_or_else(|error| panic!("{page}: {error}"));
        } else {
            complaints.extend(wrong);
        }
    }
    assert!(
        complaints.is_empty(),
        "BLESS=1 writes the figures anew:\n{}",
        complaints.join("\n")
    );
}

#[test]
fn each_event_is_reported_in_one_place() {
    let calls = hook_calls(workspace(), SRC, "observe").unwrap_or_else(|error| panic!("{error}"));
    let sites: usize = calls.by_method.values().map(Vec::len).sum();
    println!(
        "hooks: {sites} call sites of {} methods",
        calls.by_method.len()
    );
    for (method, sites) in &calls.by_method {
        println!("  {method}: {}", sites.join(", "));
    }
    assert_clean(&calls.complaints(EXCEPTIONS));
}

// ---- what they stand on -----------------------------------------------------

const SRC: &str = "executor/src/";

fn plan() -> Plan<'static> {
    Plan {
        src: SRC,
        directories: PLAN,
        libraries: LIBRARIES,
        adapters: ON_THE_PUBLIC_API,
    }
}

fn root() -> PathBuf {
    let src = std::env::var_os("ARCHITECTURE_SRC").map(PathBuf::from);
    let package = src.as_deref().and_then(Path::parent);
    let package = package.unwrap_or(Path::new(env!("CARGO_MANIFEST_DIR")));
    package
        .parent()
        .expect("a package of the workspace")
        .to_owned()
}

fn workspace() -> &'static Workspace {
    static WORKSPACE: OnceLock<Workspace> = OnceLock::new();
    WORKSPACE.get_or_init(|| {
        let mut sources = sources(&root());
        if std::env::var_os("ARCHITECTURE_SRC").is_some() {
            // In a tree that is being moved, lib.rs may come last.
            let lib = sources.get_mut("executor/src/lib.rs").expect("lib.rs");
            let names = PLAN.iter().map(|directory| directory.name);
            for line in names.map(|name| format!("mod {name};")) {
                if !lib.contains(&line) {
                    lib.push_str(&format!("\n{line}"));
                }
            }
        }
        Workspace::new(sources)
    })
}

fn library() -> &'static Target {
    workspace().library("executor")
}

fn build() -> &'static Build {
    static BUILD: OnceLock<Build> = OnceLock::new();
    BUILD.get_or_init(|| build::without_features(workspace(), &root(), "executor"))
}

/// The layer of a file of the library.
fn layer_of(file: &str) -> Option<u8> {
    let place = rules::place(SRC, file);
    let directory = PLAN.iter().find(|directory| directory.name == place);
    directory.map(|directory| directory.layer)
}

/// The one file of the core that defines a public function.
fn file_of(function: &str) -> String {
    let mut files = library().files_that_define(function);
    files.retain(|file| layer_of(file).is_none_or(|layer| layer <= 1));
    assert_eq!(
        files.len(),
        1,
        "`pub fn {function}` is defined in {files:?}"
    );
    files.remove(0)
}

fn closure_of(functions: &[&str], needs: Needs) -> Closure {
    let starts: Vec<_> = functions.iter().map(|function| file_of(function)).collect();
    closure(workspace(), &plan(), library(), needs, &starts)
}

fn closure_figure(name: &'static str, closure: &Closure) -> Figure {
    Figure {
        name,
        lines: closure.lines(workspace()),
        files: closure.files.len(),
        crates: None,
    }
}

fn core_figure(needs: Needs) -> Figure {
    let name = match needs {
        Needs::Imports => "the six functions with their imports",
        Needs::Methods => "the six functions with all methods of what they import",
    };
    closure_figure(name, &closure_of(CORE, needs))
}

fn run_figure(needs: Needs) -> Figure {
    let name = match needs {
        Needs::Imports => "`run` with its imports",
        Needs::Methods => "`run` with all methods of what it imports",
    };
    closure_figure(name, &closure_of(&["run"], needs))
}

fn walk_figure(walk: &Walk) -> Figure {
    let files = walk.passes.iter().map(|(file, _)| format!("{SRC}{file}"));
    Figure {
        name: walk.name,
        lines: files.map(|file| workspace().lines_of(&file)).sum(),
        files: walk.passes.len(),
        crates: None,
    }
}

fn build_figure() -> Figure {
    let build = build();
    Figure {
        name: "the build without features",
        lines: build
            .files
            .iter()
            .map(|file| workspace().lines_of(file))
            .sum(),
        files: build.files.len(),
        crates: Some(build.crates.len()),
    }
}

impl Figure {
    /// As pages quote it.
    fn value(&self) -> String {
        let lines = match self.lines {
            lines @ 0..1000 => lines.to_string(),
            lines => format!("{},{:03}", lines / 1000, lines % 1000),
        };
        let crates = self.crates.map(|crates| format!(" and {crates} crates"));
        let crates = crates.unwrap_or_default();
        format!("{lines} lines of code in {} files{crates}", self.files)
    }
}

#[track_caller]
fn assert_within(figure: &Figure, limits: &Limits, explain: impl Fn() -> String) {
    println!("{}: {}", figure.name, figure.value());
    if !limits.goal.is_empty() {
        println!("    the goal is {}", limits.goal);
    }
    let counts = [
        (figure.lines, limits.lines, "lines of code"),
        (figure.files, limits.files, "files"),
        (figure.crates.unwrap_or_default(), limits.crates, "crates"),
    ];
    for (count, most, what) in counts {
        assert!(
            count <= most,
            "{}: {count} {what}, more than {most}. Its lines of code, file by file:{}",
            figure.name,
            explain()
        );
    }
}

#[track_caller]
fn assert_walk(walk: &Walk, all: &[String]) {
    assert_clean(&incomplete(workspace(), SRC, walk, all));
    assert_within(&walk_figure(walk), &walk.limits, || {
        let mut text = String::new();
        for (file, reason) in walk.passes {
            let lines = workspace().lines_of(&format!("{SRC}{file}"));
            write!(text, "\n  {lines:5}  {file}: {reason}").expect("a String");
        }
        text
    });
}

#[track_caller]
fn assert_clean(complaints: &[String]) {
    let list: String = complaints
        .iter()
        .map(|text| format!("\n- {text}"))
        .collect();
    assert!(
        complaints.is_empty(),
        "{} complaints:{list}",
        complaints.len()
    );
}

#[path = "architecture/build.rs"]
mod build;
#[path = "architecture/negative.rs"]
mod negative;
#[path = "architecture/pages.rs"]
mod pages;
#[path = "architecture/reading.rs"]
mod reading;
#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/workspace.rs"]
mod workspace;

use build::Build;
use rules::{Closure, Needs, Plan, closure, cycles, hook_calls, incomplete, unreachable};
use workspace::{Target, Workspace, sources};
