//! The rules: from a workspace and a plan to complaints.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;

use super::reading::{Token, split_tests, tokens};
use super::workspace::{Import, Target, Workspace};
use super::{Directory, Walk};

/// The directory of layers that a file under `src` belongs to: the first part
/// of its path, without `.rs`.
pub(crate) fn place<'a>(src: &str, file: &'a str) -> &'a str {
    let inside = file.strip_prefix(src).unwrap_or(file);
    let top = inside.split('/').next().unwrap_or_default();
    top.strip_suffix(".rs").unwrap_or(top)
}

/// The plan of a library: its folder, and its directories from the bottom up.
pub(crate) struct Plan<'a> {
    pub(crate) src: &'a str,
    pub(crate) directories: &'a [Directory],
    /// Libraries of the workspace, and the lowest directory that may use each.
    pub(crate) libraries: &'a [(&'a str, &'a str)],
    /// The module that is built from the public API.
    pub(crate) adapters: &'a str,
}

impl Plan<'_> {
    fn rank(&self, name: &str) -> Option<usize> {
        let is_named = |directory: &Directory| directory.name == name;
        self.directories.iter().position(is_named)
    }

    fn layer(&self, rank: usize) -> String {
        let directory = &self.directories[rank];
        format!("`{}` (layer {})", directory.name, directory.layer)
    }

    /// Imports that point up, and imports from the root.
    pub(crate) fn wrong_directions(&self, library: &Target) -> Vec<String> {
        let mut complaints = Vec::new();
        let from_root = format!("{}lib.rs", self.src);
        let mut seen = BTreeSet::new();
        for import in &library.imports {
            let (from, to) = (place(self.src, &import.from), place(self.src, &import.to));
            // The composition root may import everything; see `not_public` for
            // the adapters.
            let is_free = import.from == from_root || from == self.adapters;
            if is_free || !seen.insert((&import.from, &import.to)) {
                continue;
            }
            let Import {
                from: file,
                line,
                path,
                ..
            } = import;
            if import.to == from_root {
                complaints.push(format!(
                    "{file}:{line}: `{path}` leads to the root of the crate. Import it from the \
                     module that defines it."
                ));
            } else if let (Some(importer), Some(imported)) = (self.rank(from), self.rank(to)) {
                if imported > importer {
                    complaints.push(format!(
                        "{file}:{line}: `{path}`: {} may not import {}, which comes after it. Move \
                         what is needed down, or report through a hook.",
                        self.layer(importer),
                        self.layer(imported)
                    ));
                }
            }
        }
        for import in &library.foreign {
            let lowest = self.libraries.iter().find(|(name, _)| *name == import.to);
            let lowest = lowest.and_then(|(_, lowest)| self.rank(lowest));
            let importer = self.rank(place(self.src, &import.from));
            if let (Some(importer), Some(lowest)) = (importer, lowest) {
                if importer < lowest {
                    complaints.push(format!(
                        "{}:{}: {} may not use the crate `{}`, which is for {} and what comes \
                         after it.",
                        import.from,
                        import.line,
                        self.layer(importer),
                        import.to,
                        self.layer(lowest)
                    ));
                }
            }
        }
        complaints
    }

    /// What a module that is built from the public API imports of private
    /// modules.
    pub(crate) fn not_public(&self, library: &Target) -> Vec<String> {
        let module = self.adapters;
        let root = library.root_scope();
        let private = root.modules.iter().filter(|module| !module.is_public);
        let private: BTreeSet<_> = private.map(|module| module.name.as_str()).collect();
        let imports = library.imports.iter().filter(|import| {
            let first = import.path.strip_prefix("crate::").unwrap_or_default();
            let first = first.split("::").next().unwrap_or_default();
            let is_exported = root
                .uses
                .iter()
                .any(|used| used.name.as_deref() == Some(first));
            place(self.src, &import.from) == module && private.contains(first) && !is_exported
        });
        let complaints: BTreeSet<_> = imports
            .map(|import| {
                format!(
                    "{}:{}: `{}` is private; `{module}` is built from the public API only.",
                    import.from, import.line, import.path
                )
            })
            .collect();
        complaints.into_iter().collect()
    }

    /// Files off the plan, entries without files, folders without the file
    /// beside them, and a root folder that a reader cannot take in.
    pub(crate) fn misplaced(&self, workspace: &Workspace) -> Vec<String> {
        let inside = workspace
            .sources
            .keys()
            .filter_map(|file| file.strip_prefix(self.src));
        let inside: BTreeSet<&str> = inside.collect();
        let folders = inside
            .iter()
            .filter_map(|file| Some(file.split_once('/')?.0));
        let folders: BTreeSet<&str> = folders.collect();
        let mut complaints = Vec::new();
        for file in inside.iter().filter(|file| !file.contains('/')) {
            let name = file.strip_suffix(".rs").unwrap_or(file);
            if self.rank(name).is_none() && !["lib", self.adapters].contains(&name) {
                complaints.push(format!(
                    "{}{file} is not on the plan. Move it into a directory of PLAN.",
                    self.src
                ));
            }
        }
        for folder in &folders {
            if self.rank(folder).is_none() && *folder != "bin" {
                complaints.push(format!("{}{folder}/ is not on the plan.", self.src));
            }
        }
        for directory in self.directories {
            let name = directory.name;
            if !inside.contains(format!("{name}.rs").as_str()) {
                complaints.push(format!(
                    "PLAN has `{name}`, and {}{name}.rs is missing.",
                    self.src
                ));
            }
        }
        let parents = inside
            .iter()
            .filter_map(|file| Some(file.rsplit_once('/')?.0));
        for parent in parents.collect::<BTreeSet<_>>() {
            if parent.split('/').next() != Some("bin")
                && !inside.contains(format!("{parent}.rs").as_str())
            {
                complaints.push(format!(
                    "{}{parent}.rs is missing beside {parent}/.",
                    self.src
                ));
            }
        }
        let files = inside.iter().filter(|file| !file.contains('/')).count();
        for (count, what) in [(files, "files"), (folders.len(), "folders")] {
            if count > super::MOST_AT_THE_TOP {
                complaints.push(format!(
                    "{} has {count} {what} at its top, more than {}.",
                    self.src,
                    super::MOST_AT_THE_TOP
                ));
            }
        }
        complaints
    }

    /// Directories that are behind another feature than planned.
    pub(crate) fn wrong_features(&self, library: &Target) -> Vec<String> {
        let mut complaints = Vec::new();
        for directory in self.directories {
            let modules = &library.root_scope().modules;
            let module = modules.iter().find(|module| module.name == directory.name);
            let Some(module) = module else {
                complaints.push(format!("lib.rs has no `mod {};`.", directory.name));
                continue;
            };
            if module.feature.as_deref() != directory.feature {
                complaints.push(format!(
                    "lib.rs declares `{}` with the feature {:?}; PLAN says {:?}.",
                    directory.name, module.feature, directory.feature
                ));
            }
        }
        complaints
    }
}

/// Files under a folder that no `mod` line leads to, and `mod` lines without
/// files.
pub(crate) fn unreachable(workspace: &Workspace, src: &str) -> Vec<String> {
    let targets = &workspace.targets;
    let missing = targets.iter().flat_map(|target| target.missing.clone());
    let mut complaints: Vec<_> = missing.collect();
    // A file that only tests declare is no orphan.
    let tests = workspace.sources.iter().flat_map(|(path, source)| {
        let words = split_tests(&tokens(source)).1;
        let folder = path.strip_suffix(".rs").unwrap_or(path).to_owned();
        let declared = words.windows(3).filter_map(move |three| {
            let is_module = three[0].text == "mod" && three[2].text == ";";
            is_module.then(|| format!("{folder}/{}", three[1].text))
        });
        declared.collect::<Vec<_>>()
    });
    let mut tests: BTreeSet<_> = tests.collect();
    tests.extend(tests.clone().iter().filter_map(|path| {
        let root = path.strip_prefix(src)?.strip_prefix("lib/")?;
        Some(format!("{src}{root}"))
    }));
    let reached: BTreeSet<_> = targets.iter().flat_map(Target::files).collect();
    for file in workspace
        .sources
        .keys()
        .filter(|file| file.starts_with(src))
    {
        let mut parts = file.strip_suffix(".rs").unwrap_or(file);
        let mut is_test = tests.contains(parts);
        while let Some((parent, _)) = parts.rsplit_once('/') {
            parts = parent;
            is_test |= tests.contains(parts);
        }
        if file.ends_with(".rs") && !reached.contains(file.as_str()) && !is_test {
            complaints.push(format!("{file}: no `mod` line leads to this file."));
        }
    }
    complaints
}

/// One complaint for each set of files that import each other. Edges from a
/// module to those below it, and back to the module that declares it, are left
/// aside.
pub(crate) fn cycles(target: &Target) -> Vec<String> {
    let mut edges: BTreeMap<&str, BTreeMap<&str, &Import>> = BTreeMap::new();
    for import in &target.imports {
        if !target.is_in_the_family(import) {
            let next = edges.entry(&import.from).or_default();
            next.entry(&import.to).or_insert(import);
        }
    }
    let (mut done, mut complaints) = (BTreeSet::new(), Vec::new());
    for file in edges.keys() {
        if done.contains(file) {
            continue;
        }
        let Some(cycle) = shortest_cycle(&edges, file) else {
            continue;
        };
        let reach = |from: &str| reached(&edges, from);
        let all = reach(file);
        let members = all.into_iter().filter(|other| reach(other).contains(file));
        let members: BTreeSet<_> = members.collect();
        let mut text = format!(
            "{}: {} files import each other, by way of:",
            target.root,
            members.len()
        );
        for import in cycle {
            let Import {
                from,
                to,
                line,
                path,
            } = import;
            write!(text, "\n    {from}:{line} imports {to} (`{path}`)").expect("a String");
        }
        let named: BTreeSet<_> = shortest_cycle(&edges, file)
            .into_iter()
            .flatten()
            .map(|import| import.from.as_str())
            .collect();
        let others: Vec<_> = members.difference(&named).copied().collect();
        if !others.is_empty() {
            write!(text, "\n    and also: {}", others.join(", ")).expect("a String");
        }
        complaints.push(text);
        done.extend(members);
    }
    complaints
}

type Edges<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a Import>>;

/// The files that a file imports, and those that they import.
fn reached<'a>(edges: &Edges<'a>, from: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut next = vec![from];
    while let Some(file) = next.pop() {
        for to in edges.get(file).into_iter().flat_map(BTreeMap::keys) {
            if found.insert(*to) {
                next.push(to);
            }
        }
    }
    found
}

fn shortest_cycle<'a>(edges: &Edges<'a>, start: &str) -> Option<Vec<&'a Import>> {
    let mut ways: BTreeMap<&str, Vec<&Import>> = BTreeMap::new();
    let mut next = VecDeque::from([(start, Vec::new())]);
    while let Some((file, way)) = next.pop_front() {
        for (to, import) in edges.get(file).into_iter().flatten() {
            if ways.contains_key(to) {
                continue;
            }
            let mut way: Vec<&'a Import> = way.clone();
            way.push(import);
            if *to == start {
                return Some(way);
            }
            ways.insert(to, way.clone());
            next.push_back((to, way));
        }
    }
    None
}

/// The files that some files need, and why.
pub(crate) struct Closure {
    pub(crate) files: BTreeMap<String, Option<Import>>,
}

/// What counts as needed by a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// What it imports, and the modules that it declares.
    Imports,
    /// The files with methods of its types as well, unless those are in a
    /// directory above it: that adds methods for its own callers.
    Methods,
}

/// Follows what some files need. A crate of the workspace counts as a whole.
pub(crate) fn closure(
    workspace: &Workspace,
    plan: &Plan<'_>,
    library: &Target,
    needs: Needs,
    starts: &[String],
) -> Closure {
    // What is off the plan is above it.
    let rank = |file: &str| plan.rank(place(plan.src, file)).unwrap_or(usize::MAX);
    let methods = library.methods.iter();
    let methods =
        methods.filter(|import| needs == Needs::Methods && rank(&import.to) <= rank(&import.from));
    let foreign = library.foreign.iter().flat_map(|import| {
        let library = workspace.libraries.get(&import.to);
        let files = library.map(|library| workspace.targets[*library].files());
        let files = files.into_iter().flatten().map(str::to_owned);
        files.map(|to| Import {
            to,
            ..import.clone()
        })
    });
    let edges = library.imports.iter().chain(&library.children);
    let edges: BTreeSet<Import> = edges.chain(methods).cloned().chain(foreign).collect();
    let mut next: VecDeque<String> = starts.iter().cloned().collect();
    let mut files: BTreeMap<String, Option<Import>> = BTreeMap::new();
    files.extend(starts.iter().map(|start| (start.clone(), None)));
    while let Some(file) = next.pop_front() {
        for import in edges.iter().filter(|import| import.from == file) {
            if !files.contains_key(&import.to) {
                next.push_back(import.to.clone());
                files.insert(import.to.clone(), Some(import.clone()));
            }
        }
    }
    Closure { files }
}

impl Closure {
    pub(crate) fn lines(&self, workspace: &Workspace) -> usize {
        self.files.keys().map(|file| workspace.lines_of(file)).sum()
    }

    /// Every file with its lines, the biggest first, and the imports that lead
    /// to it.
    pub(crate) fn explain(&self, workspace: &Workspace, src: &str) -> String {
        let mut files: Vec<_> = self.files.keys().collect();
        files.sort_by_key(|file| std::cmp::Reverse(workspace.lines_of(file)));
        let short = |file: &str| file.strip_prefix(src).unwrap_or(file).to_owned();
        let mut text = String::new();
        for file in files {
            let mut chain = vec![short(file)];
            let mut at = file;
            while let Some(import) = self.files.get(at).and_then(Option::as_ref) {
                chain.push(match import.path.as_str() {
                    "mod" => format!("{} (mod)", short(&import.from)),
                    path if path.starts_with("impl ") => {
                        format!("{} ({path})", short(&import.from))
                    }
                    _ => format!("{}:{}", short(&import.from), import.line),
                });
                at = &import.from;
            }
            let lines = workspace.lines_of(file);
            write!(text, "\n  {lines:5}  {}", chain.join(" <- ")).expect("a String");
        }
        text
    }
}

/// Checks that the lists of a walk name each file of `all` once, and only
/// files that exist.
pub(crate) fn incomplete(
    workspace: &Workspace,
    src: &str,
    walk: &Walk,
    all: &[String],
) -> Vec<String> {
    let mut complaints = Vec::new();
    let listed = walk.passes.iter().chain(walk.leaves_aside);
    let mut seen = BTreeSet::new();
    for (file, _) in listed {
        if !workspace.sources.contains_key(&format!("{src}{file}")) {
            complaints.push(format!("{}: {src}{file} does not exist.", walk.name));
        }
        if !seen.insert(format!("{src}{file}")) {
            complaints.push(format!("{}: {file} is listed twice.", walk.name));
        }
    }
    for file in all.iter().filter(|file| !seen.contains(*file)) {
        let file = file.strip_prefix(src).unwrap_or(file);
        complaints.push(format!(
            "{}: list {file} in `passes` or in `leaves_aside`, with the reason.",
            walk.name
        ));
    }
    complaints
}

/// The calls of each method of the hook trait, as `file:line`.
pub(crate) struct HookCalls {
    pub(crate) by_method: BTreeMap<String, Vec<String>>,
}

/// Finds the methods with a default body in `trait Hook`, and where `hook.NAME(`
/// calls them.
pub(crate) fn hook_calls(
    workspace: &Workspace,
    src: &str,
    subscribers: &str,
) -> Result<HookCalls, String> {
    let home = format!("{src}base/hooks.rs");
    let source = workspace.sources.get(&home);
    let source = source.ok_or_else(|| format!("{home} does not exist"))?;
    let methods = default_methods(&split_tests(&tokens(source)).0, "Hook");
    if methods.is_empty() {
        return Err(format!("{home} has no `trait Hook` with default methods"));
    }
    let methods = methods.into_iter().map(|method| (method, Vec::new()));
    let mut by_method: BTreeMap<String, Vec<String>> = methods.collect();
    for (file, source) in &workspace.sources {
        let Some(inside) = file.strip_prefix(src).filter(|file| file.ends_with(".rs")) else {
            continue;
        };
        if *file == home || place(src, file) == subscribers {
            continue;
        }
        for four in split_tests(&tokens(source)).0.windows(4) {
            let is_call = four[0].text == "hook" && four[1].text == "." && four[3].text == "(";
            if let Some(calls) = by_method.get_mut(&four[2].text).filter(|_| is_call) {
                calls.push(format!("{inside}:{}", four[2].line));
            }
        }
    }
    Ok(HookCalls { by_method })
}

/// The names of the methods of a trait that have a body.
fn default_methods(tokens: &[Token], name: &str) -> Vec<String> {
    let start = tokens
        .windows(2)
        .position(|two| two[0].text == "trait" && two[1].text == name);
    let Some(start) = start else {
        return Vec::new();
    };
    let (mut methods, mut depth) = (Vec::new(), 0);
    let mut method = None;
    for two in tokens[start..].windows(2) {
        match two[0].text.as_str() {
            "fn" if depth == 1 => method = Some(two[1].text.clone()),
            ";" if depth == 1 => method = None,
            "{" | "(" | "[" => {
                if depth == 1 && two[0].text == "{" {
                    methods.extend(method.take());
                }
                depth += 1;
            }
            "}" if depth == 1 => break,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
    }
    methods
}

impl HookCalls {
    /// Methods that are never called, and those called in more places than
    /// allowed.
    pub(crate) fn complaints(&self, exceptions: &[(&str, usize, &str)]) -> Vec<String> {
        let mut complaints = Vec::new();
        for (method, calls) in &self.by_method {
            let exception = exceptions.iter().find(|(name, ..)| name == method);
            let most = exception.map_or(1, |(_, most, _)| *most);
            if calls.is_empty() {
                complaints.push(format!(
                    "no code calls `hook.{method}(`: remove the method."
                ));
            } else if calls.len() > most {
                complaints.push(format!(
                    "`hook.{method}(` has {} call sites, more than {most}: {}",
                    calls.len(),
                    calls.join(", ")
                ));
            } else if exception.is_some() && calls.len() < most {
                complaints.push(format!(
                    "`hook.{method}(` has {} call sites; EXCEPTIONS still allows {most}.",
                    calls.len()
                ));
            }
        }
        for (name, ..) in exceptions {
            if !self.by_method.contains_key(*name) {
                complaints.push(format!(
                    "EXCEPTIONS names `{name}`, which is no method of Hook."
                ));
            }
        }
        complaints
    }
}
