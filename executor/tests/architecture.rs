//! The floor plan of `executor/src`, as data, and a test for each of its rules.
//!
//! A module is a file `src/x.rs` and whatever is in the folder `src/x`. The
//! plan says in which order they are read and which may import which. To
//! change the house, change `PLAN`, and say why in the commit.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use Floor::{Foundation, Loop, Organ, Room, Upper};

/// Where a module lives, from the top down.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Floor {
    /// Built from rooms. May import everything below, and of its own floor what
    /// is listed.
    Upper,
    /// What users call. May import organs and foundations; never another room,
    /// and never the loop, so that each room can be read without the others.
    Room,
    /// What turns the organs: the loop, and its end. Only what is listed.
    Loop,
    /// A part of the loop, and `runtime`, which owns them. Only what is listed.
    Organ,
    /// Plain data and helpers. Only what is listed.
    Foundation,
}

struct Module {
    name: &'static str,
    floor: Floor,
    /// What a module may import, unless its floor says it.
    imports: &'static [&'static str],
}

const fn module(name: &'static str, floor: Floor, imports: &'static [&'static str]) -> Module {
    Module {
        name,
        floor,
        imports,
    }
}

/// In the order of the `mod` list in `lib.rs`, which is the order of reading.
#[rustfmt::skip]
const PLAN: &[Module] = &[
    module("run", Loop, &["instrument", "runtime", "shutdown", "task", "waker", "ready", "context", "error", "clock",
        "probe", "slab"]),
    module("task", Organ, &["waker", "join", "context", "info"]),
    module("waker", Organ, &["ready", "slab", "sys"]),
    module("ready", Organ, &["error", "probe", "rng", "slab", "sys"]),
    module("join", Organ, &["error"]),
    module("timers", Organ, &["waker", "clock", "slab"]),
    module("reactor", Organ, &["waker", "probe", "slab"]),
    module("pool", Organ, &["ready", "context", "error", "probe", "slab", "sys"]),
    module("runtime", Organ, &["task", "waker", "ready", "join", "timers", "reactor", "pool",
        "slab", "error", "info", "clock", "rng", "probe", "context", "watch", "sys"]),
    module("shutdown", Loop, &["runtime", "ready", "pool", "error", "probe"]),
    module("slab", Foundation, &[]),
    module("error", Foundation, &["info", "sys"]),
    module("info", Foundation, &[]),
    module("clock", Foundation, &[]),
    module("rng", Foundation, &[]),
    module("probe", Foundation, &["clock", "error", "info", "slab", "sys"]),
    module("context", Foundation, &["sys"]),
    module("sys", Foundation, &[]),
    module("children", Organ, &["waker", "sys"]),
    module("watch", Organ, &["error", "info", "sys"]),
    module("spawn", Room, &[]),
    module("time", Room, &[]),
    module("combine", Room, &[]),
    module("scope", Room, &[]),
    module("sync", Room, &[]),
    module("threads", Room, &[]),
    module("sockets", Room, &[]),
    module("remote", Room, &[]),
    module("vars", Room, &[]),
    module("instrument", Room, &[]),
    module("print", Room, &[]),
    module("runner", Upper, &[]),
    module("cancel", Upper, &[]),
    module("dns", Upper, &[]),
    module("serve", Upper, &[]),
    module("io", Upper, &[]),
    module("signal", Upper, &[]),
    module("process", Upper, &[]),
    module("ps", Upper, &[]),
    module("testing", Upper, &["runner"]),
    module("hyper", Upper, &[]),
];

/// A file has to fit into a reader's head.
const MOST_LINES: usize = 400;

fn may_import(importer: &Module, imported: &Module) -> bool {
    match importer.floor {
        Upper => imported.floor != Upper || importer.imports.contains(&imported.name),
        Room => matches!(imported.floor, Organ | Foundation),
        Loop | Organ | Foundation => importer.imports.contains(&imported.name),
    }
}

// ---- the rules ------------------------------------------------------------

#[test]
fn every_import_is_on_the_plan() {
    assert_clean(&unplanned_imports(PLAN, &the_house()));
}

#[test]
fn there_is_no_circle_of_imports() {
    assert_clean(&circles(&imports_by_module(&the_house())));
}

#[test]
fn the_plan_itself_allows_no_circle() {
    let allowed = |importer: &Module| {
        let imported = PLAN
            .iter()
            .filter(|imported| may_import(importer, imported));
        imported.map(|imported| imported.name.to_owned()).collect()
    };
    let plan = PLAN
        .iter()
        .map(|module| (module.name.to_owned(), allowed(module)));
    assert_clean(&circles(&plan.collect()));
}

#[test]
fn the_plan_names_every_file_and_nothing_else() {
    assert_clean(&strangers_and_ghosts(PLAN, &the_house()));
}

#[test]
fn the_mod_list_stands_in_the_order_of_the_plan() {
    let house = the_house();
    let lib = house.iter().find(|file| file.path == "lib.rs");
    assert_clean(&disorder(PLAN, &lib.expect("src/lib.rs").text));
}

#[test]
fn no_file_is_longer_than_its_readers_patience() {
    assert_clean(&long_files(&the_house()));
}

#[test]
fn every_file_opens_with_its_invariant() {
    assert_clean(&files_without_invariant(&the_house()));
}

// ---- the checkers: from files to complaints ---------------------------------

/// A file under `src`, by its path there, with `/` between the parts.
struct File {
    path: String,
    text: String,
}

impl File {
    /// `combine/tuples.rs` belongs to `combine`.
    fn module(&self) -> &str {
        let top = self.path.split('/').next().unwrap_or_default();
        top.strip_suffix(".rs").unwrap_or(top)
    }

    fn is_lib(&self) -> bool {
        self.path == "lib.rs"
    }

    /// Unit tests that have a file of their own: `children/tests.rs`.
    fn is_tests(&self) -> bool {
        self.path.ends_with("/tests.rs")
    }
}

fn unplanned_imports(plan: &[Module], house: &[File]) -> Vec<String> {
    let find = |name: &str| plan.iter().find(|module| module.name == name);
    let mut complaints = Vec::new();
    for file in house.iter().filter(|file| !file.is_lib()) {
        let Some(importer) = find(file.module()) else {
            continue; // `strangers_and_ghosts` complains about it
        };
        for name in imports(file).iter().filter(|name| *name != importer.name) {
            let complaint = match find(name) {
                Some(imported) if may_import(importer, imported) => continue,
                Some(imported) => format!(
                    "src/{} imports `{name}`: {:?} `{}` may not import {:?} `{name}`. Move what is \
                     needed to a module below both, or change PLAN and say why in the commit.",
                    file.path, importer.floor, importer.name, imported.floor
                ),
                None => format!(
                    "src/{} names `crate::{name}`, which is no module. Import it from the module \
                     that defines it, so that the plan can be checked.",
                    file.path
                ),
            };
            complaints.push(complaint);
        }
    }
    complaints
}

type Graph = BTreeMap<String, BTreeSet<String>>;

fn imports_by_module(house: &[File]) -> Graph {
    let mut graph = Graph::new();
    for file in house.iter().filter(|file| !file.is_lib()) {
        let all = graph.entry(file.module().to_owned()).or_default();
        let others = imports(file)
            .into_iter()
            .filter(|name| name != file.module());
        all.extend(others);
    }
    graph
}

/// One complaint for each circle that a walk along the imports runs into.
fn circles(graph: &Graph) -> Vec<String> {
    fn walk(
        graph: &Graph,
        path: &mut Vec<String>,
        done: &mut BTreeSet<String>,
        out: &mut Vec<String>,
    ) {
        let Some(name) = path.last().cloned() else {
            return;
        };
        for next in graph.get(&name).into_iter().flatten() {
            if let Some(start) = path.iter().position(|seen| seen == next) {
                out.push(format!(
                    "these modules import each other in a circle: {} -> {next}. Move what two of \
                     them share to a module below both.",
                    path[start..].join(" -> ")
                ));
            } else if !done.contains(next) {
                path.push(next.clone());
                walk(graph, path, done, out);
                path.pop();
            }
        }
        done.insert(name);
    }
    let (mut done, mut complaints) = (BTreeSet::new(), Vec::new());
    for name in graph.keys() {
        if !done.contains(name) {
            walk(graph, &mut vec![name.clone()], &mut done, &mut complaints);
        }
    }
    complaints
}

fn strangers_and_ghosts(plan: &[Module], house: &[File]) -> Vec<String> {
    let strangers = house.iter().filter(|file| !file.is_lib());
    let strangers = strangers.filter(|file| plan.iter().all(|module| module.name != file.module()));
    let strangers = strangers.map(|file| {
        format!(
            "src/{} is not on the plan. Add `{}` to PLAN in tests/architecture.rs, at its place in \
             the reading order.",
            file.path,
            file.module()
        )
    });
    let is_there = |name: &str| house.iter().any(|file| file.path == format!("{name}.rs"));
    let ghosts = plan.iter().filter(|module| !is_there(module.name));
    let ghosts = ghosts.map(|module| {
        let name = module.name;
        format!("PLAN has `{name}`, and there is no src/{name}.rs. Remove it from PLAN.")
    });
    strangers.chain(ghosts).collect()
}

fn disorder(plan: &[Module], lib: &str) -> Vec<String> {
    let tokens = tokens(&without_tests(&code_only(lib)));
    let declared = tokens
        .windows(3)
        .filter(|three| three[0] == "mod" && three[2] == ";");
    let declared: Vec<_> = declared.map(|three| three[1].as_str()).collect();
    let planned: Vec<_> = plan.iter().map(|module| module.name).collect();
    if declared == planned {
        return Vec::new();
    }
    let at = declared
        .iter()
        .zip(&planned)
        .take_while(|(a, b)| a == b)
        .count();
    vec![format!(
        "the mod list in lib.rs and PLAN part at place {}: lib.rs has {:?}, PLAN has {:?}. Bring \
         both into the order in which the house is read.",
        at + 1,
        declared.get(at),
        planned.get(at)
    )]
}

fn long_files(house: &[File]) -> Vec<String> {
    let lines = |file: &File| file.text.lines().count();
    let long = house.iter().filter(|file| lines(file) > MOST_LINES);
    let complaint = |file: &File| {
        format!(
            "src/{} has {} lines, more than {MOST_LINES}. Find the second noun in it, and give that \
             a file of its own.",
            file.path,
            lines(file)
        )
    };
    long.map(complaint).collect()
}

fn files_without_invariant(house: &[File]) -> Vec<String> {
    let says_it = |file: &File| {
        let header = file.text.lines().take_while(|line| line.starts_with("//!"));
        header
            .collect::<String>()
            .to_lowercase()
            .contains("invariant")
    };
    let code = house
        .iter()
        .filter(|file| !file.is_lib() && !file.is_tests());
    let silent = code.filter(|file| !says_it(file));
    let complaint = |file: &File| {
        format!(
            "src/{} does not open with a `//!` header that names its invariant. Say what the file \
             is, its **Invariant:**, and who calls it.",
            file.path
        )
    };
    silent.map(complaint).collect()
}

#[track_caller]
fn assert_clean(complaints: &[String]) {
    let mut list = String::new();
    for complaint in complaints {
        let _ = write!(list, "\n- {complaint}");
    }
    assert!(complaints.is_empty(), "the floor plan is broken:{list}");
}

fn the_house() -> Vec<File> {
    fn collect(folder: &Path, prefix: &str, house: &mut Vec<File>) {
        let mut paths: Vec<PathBuf> = fs::read_dir(folder)
            .expect("src can be listed")
            .map(|entry| entry.expect("src can be listed").path())
            .collect();
        paths.sort();
        for path in paths {
            let name = path
                .file_name()
                .expect("an entry has a name")
                .to_string_lossy();
            if path.is_dir() && prefix.is_empty() && name == "bin" {
                // Programs: they stand outside and come in by the front door.
            } else if path.is_dir() {
                collect(&path, &format!("{prefix}{name}/"), house);
            } else if name.ends_with(".rs") {
                let text = fs::read_to_string(&path).expect("a source file can be read");
                let path = format!("{prefix}{name}");
                house.push(File { path, text });
            }
        }
    }
    let mut house = Vec::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        "",
        &mut house,
    );
    assert!(!house.is_empty(), "src has files");
    house
}

#[path = "architecture/reading.rs"]
mod reading;
use reading::{code_only, imports, tokens, without_tests};

#[path = "architecture/negative.rs"]
mod negative;
