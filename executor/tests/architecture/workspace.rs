//! The packages of the workspace, their modules, and the imports between files.
//!
//! A module is found as the compiler finds it: from the root of a target,
//! through `mod` lines. Test code is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::reading::{Names, Scope, Use, lines_of_code, scope, split_tests, tokens};

/// Files by their path from the root of the workspace, with `/` in between.
pub(crate) type Sources = BTreeMap<String, String>;

/// Reads manifests and Rust files.
pub(crate) fn sources(root: &Path) -> Sources {
    fn collect(folder: &Path, prefix: &str, sources: &mut Sources) {
        for entry in fs::read_dir(folder).expect("a folder of the workspace can be listed") {
            let path = entry.expect("an entry can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with('.') || name == "target" {
                continue;
            } else if path.is_dir() {
                collect(&path, &format!("{prefix}{name}/"), sources);
            } else if name.ends_with(".rs") || name == "Cargo.toml" {
                let text = fs::read_to_string(&path).expect("a source file can be read");
                sources.insert(format!("{prefix}{name}"), text);
            }
        }
    }
    let mut sources = Sources::new();
    collect(root, "", &mut sources);
    sources
}

/// One reason why a file needs another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) line: usize,
    /// The path, as the source has it.
    pub(crate) path: String,
}

/// What one root file compiles to: a library, a program, a test.
#[derive(Default)]
pub(crate) struct Target {
    pub(crate) root: String,
    modules: Vec<Module>,
    pub(crate) imports: BTreeSet<Import>,
    /// Paths that begin with the name of another crate: the file, and the crate.
    pub(crate) foreign: BTreeSet<Import>,
    /// From a file to another with methods of its types. Callers reach them
    /// without an import.
    pub(crate) methods: BTreeSet<Import>,
    /// From a file to the modules that it declares.
    pub(crate) children: BTreeSet<Import>,
    /// `mod` lines without a file.
    pub(crate) missing: Vec<String>,
}

struct Module {
    file: String,
    scope: Scope,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
}

/// What a path leads to.
#[derive(Default)]
struct Found {
    /// The modules that hold the item, or re-export it on the way.
    holders: Vec<usize>,
    /// Set if the whole path is a module.
    module: Option<usize>,
    foreign: Option<String>,
}

/// Enough for any chain of re-exports, and an end for a circle of them.
const MOST_STEPS: usize = 16;

impl Target {
    fn new(root: &str, sources: &Sources) -> Self {
        let mut target = Target {
            root: root.to_owned(),
            ..Target::default()
        };
        target.add(
            root.to_owned(),
            read(&sources[root]),
            None,
            folder(root),
            sources,
        );
        let (mut imports, mut foreign) = (BTreeSet::new(), BTreeSet::new());
        for (at, module) in target.modules.iter().enumerate() {
            let uses = module.scope.uses.iter().map(|used| (&used.path, used.line));
            let paths = module.scope.paths.iter().map(|(path, line)| (path, *line));
            for (path, line) in uses.chain(paths) {
                let found = target.find(at, path, MOST_STEPS);
                let import = |to: String| Import {
                    from: module.file.clone(),
                    to,
                    line,
                    path: path.join("::"),
                };
                let files = found.holders.iter().map(|at| &target.modules[*at].file);
                let others = files.filter(|file| **file != module.file);
                imports.extend(others.cloned().map(import));
                foreign.extend(found.foreign.map(import));
            }
        }
        (target.imports, target.foreign) = (imports, foreign);
        target.methods = target.methods_elsewhere();
        target.children = target.declared();
        target
    }

    fn methods_elsewhere(&self) -> BTreeSet<Import> {
        let mut methods = BTreeSet::new();
        for (at, module) in self.modules.iter().enumerate() {
            for (path, blocks) in &module.scope.implements {
                // A trait of its own adds nothing for the users of the type.
                let own = |of_trait: &Option<String>| {
                    let name = of_trait.as_ref();
                    name.is_some_and(|name| module.scope.defines.contains(name))
                };
                let Some((_, line)) = blocks.iter().find(|(of_trait, _)| !own(of_trait)) else {
                    continue;
                };
                let name = path.last().map_or("", String::as_str);
                let holders = self.find(at, path, MOST_STEPS).holders.into_iter();
                let holders = holders.map(|holder| &self.modules[holder]);
                let homes = holders.filter(|holder| {
                    holder.scope.defines.contains(name) && holder.file != module.file
                });
                methods.extend(homes.map(|home| Import {
                    from: home.file.clone(),
                    to: module.file.clone(),
                    line: *line,
                    path: format!("impl {}", path.join("::")),
                }));
            }
        }
        methods
    }

    fn declared(&self) -> BTreeSet<Import> {
        let declared = self.modules.iter().filter_map(|module| {
            let parent = &self.modules[module.parent?];
            Some(Import {
                from: parent.file.clone(),
                to: module.file.clone(),
                line: 1,
                path: "mod".to_owned(),
            })
        });
        let others = declared.filter(|import| import.from != import.to);
        others.filter(|import| import.from != self.root).collect()
    }

    /// Adds a module and those below it. Gives its index.
    fn add(
        &mut self,
        file: String,
        scope: Scope,
        parent: Option<usize>,
        inside: String,
        sources: &Sources,
    ) -> usize {
        let at = self.modules.len();
        let declarations = scope.modules.clone();
        self.modules.push(Module {
            file: file.clone(),
            scope,
            parent,
            children: BTreeMap::new(),
        });
        for child in declarations {
            let name = child.name;
            // A path on an inline module is the folder of the files below it.
            let below = match (&child.inline, &child.path) {
                (Some(_), Some(path)) => joined(&folder(&file), path) + "/",
                _ => format!("{inside}{name}/"),
            };
            let added = if let Some(scope) = child.inline {
                self.add(file.clone(), scope, Some(at), below, sources)
            } else if let Some(path) = child.path {
                let path = joined(&folder(&file), &path);
                let Some(source) = sources.get(&path) else {
                    self.missing
                        .push(format!("{file}: `mod {name}` has no file {path}"));
                    continue;
                };
                let inside = folder(&path);
                self.add(path, read(source), Some(at), inside, sources)
            } else {
                let files = [format!("{inside}{name}.rs"), format!("{below}mod.rs")];
                let Some(path) = files.iter().find(|path| sources.contains_key(*path)) else {
                    self.missing
                        .push(format!("{file}: `mod {name}` has no file {}", files[0]));
                    continue;
                };
                let scope = read(&sources[path]);
                self.add(path.clone(), scope, Some(at), below, sources)
            };
            self.modules[at].children.insert(name, added);
        }
        at
    }

    pub(crate) fn files(&self) -> BTreeSet<&str> {
        let files = self.modules.iter().map(|module| module.file.as_str());
        files.collect()
    }

    pub(crate) fn root_scope(&self) -> &Scope {
        &self.modules[0].scope
    }

    /// Whether an import leads from a module to what is below it, or to the
    /// module that declares it.
    pub(crate) fn is_in_the_family(&self, import: &Import) -> bool {
        let file = |at: usize| self.modules[at].file.as_str();
        let above = |at: usize| self.modules[at].parent;
        (0..self.modules.len()).any(|at| {
            let outside = || std::iter::successors(above(at), |at| above(*at));
            let mut others = outside().map(file).filter(|other| *other != file(at));
            (import.to == file(at) && outside().any(|above| import.from == file(above)))
                || (import.from == file(at) && others.next() == Some(&import.to))
        })
    }

    /// The files with a `pub fn` of that name, outside of the root.
    pub(crate) fn files_that_define(&self, function: &str) -> Vec<String> {
        let modules = self.modules.iter().filter(|module| {
            module.file != self.root && module.scope.public_functions.contains(function)
        });
        modules.map(|module| module.file.clone()).collect()
    }

    /// Resolves a path that stands in a module.
    fn find(&self, at: usize, path: &[String], steps: usize) -> Found {
        let Some((first, rest)) = path.split_first().filter(|_| steps > 0) else {
            return Found::default();
        };
        match (first.as_str(), self.modules[at].parent) {
            ("crate", _) => return self.descend(0, rest, steps),
            ("$crate", _) => {
                // A macro for other crates can only name what the root exports.
                let mut found = self.descend(0, rest, steps);
                found.holders.retain(|holder| *holder != 0);
                return found;
            }
            ("self", _) => return self.descend(at, rest, steps),
            ("super", Some(mut parent)) => {
                let mut rest = rest;
                while let (Some("super"), Some(above)) = (
                    rest.first().map(String::as_str),
                    self.modules[parent].parent,
                ) {
                    (parent, rest) = (above, &rest[1..]);
                }
                return self.descend(parent, rest, steps);
            }
            _ => {}
        }
        if let Some(child) = self.modules[at].children.get(first) {
            return self.descend(*child, rest, steps);
        }
        if self.provides(at, first, steps) {
            let mut found = self.descend(at, path, steps);
            found.holders.retain(|holder| *holder != at);
            return found;
        }
        Found {
            foreign: Some(path[usize::from(first == "::")..][0].clone()),
            ..Found::default()
        }
    }

    /// Resolves the rest of a path inside a module.
    fn descend(&self, at: usize, rest: &[String], steps: usize) -> Found {
        let mut found = Found::default();
        let Some((name, rest)) = rest.split_first() else {
            found.holders.push(at);
            found.module = Some(at);
            return found;
        };
        if steps == 0 {
            return found;
        }
        let module = &self.modules[at];
        if let Some(child) = module.children.get(name) {
            found = self.descend(*child, rest, steps - 1);
            if !rest.is_empty() {
                return found;
            }
            // `sleep` may be a module and a re-exported function: both count.
        }
        let named = |used: &&Use| used.name.as_ref() == Some(name);
        let mut follow = |path: Names| {
            let more = self.find(at, &path, steps - 1);
            found.holders.extend(more.holders);
            found.module = found.module.or(more.module);
        };
        if let Some(used) = module.scope.uses.iter().find(named) {
            let is_itself = used.path.len() == 1 && used.path[0] == *name;
            if is_itself {
                found.foreign = Some(name.clone());
            } else {
                follow(used.path.iter().chain(rest).cloned().collect());
            }
        } else if !module.scope.defines.contains(name) && !module.children.contains_key(name) {
            if let Some(holder) = self.macro_holder(at, name) {
                // `#[macro_export]` puts the name at the root, wherever the
                // macro is.
                found.holders.push(holder);
                return found;
            }
            for glob in module.scope.uses.iter().filter(|used| used.name.is_none()) {
                let source = self.find(at, &glob.path, steps - 1).module;
                if source.is_some_and(|source| self.provides(source, name, steps - 1)) {
                    follow(
                        glob.path
                            .iter()
                            .chain([name])
                            .chain(rest)
                            .cloned()
                            .collect(),
                    );
                    break;
                }
            }
        } else if !module.scope.defines.contains(name) {
            return found;
        }
        found.holders.push(at);
        found
    }

    fn macro_holder(&self, at: usize, name: &str) -> Option<usize> {
        let exports = |module: &Module| module.scope.exported_macros.contains(name);
        self.modules.iter().position(exports).filter(|_| at == 0)
    }

    /// Whether a name can be reached through a module.
    fn provides(&self, at: usize, name: &str, steps: usize) -> bool {
        let module = &self.modules[at];
        module.children.contains_key(name)
            || module.scope.defines.contains(name)
            || module.scope.uses.iter().any(|used| match &used.name {
                Some(used) => used == name,
                None if steps == 0 => false,
                None => {
                    let source = self.find(at, &used.path, steps - 1).module;
                    source.is_some_and(|source| {
                        source != at && self.provides(source, name, steps - 1)
                    })
                }
            })
    }
}

fn read(source: &str) -> Scope {
    scope(&split_tests(&tokens(source)).0)
}

/// `a/b.rs` is in `a/`.
fn folder(path: &str) -> String {
    path.rfind('/')
        .map_or("", |slash| &path[..=slash])
        .to_owned()
}

fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<_> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// The lines of code of a file, without its tests.
pub(crate) fn lines(source: &str) -> usize {
    lines_of_code(source, &split_tests(&tokens(source)).0)
}

/// Every target of every package.
pub(crate) struct Workspace {
    pub(crate) sources: Sources,
    pub(crate) targets: Vec<Target>,
    /// The libraries: the name of the crate, and which target it is.
    pub(crate) libraries: BTreeMap<String, usize>,
}

impl Workspace {
    pub(crate) fn new(sources: Sources) -> Self {
        let manifests = sources.keys().filter(|path| path.ends_with("Cargo.toml"));
        let folders: Vec<String> = manifests.map(|path| folder(path)).collect();
        let (mut targets, mut libraries) = (Vec::new(), BTreeMap::new());
        for package in &folders {
            let manifest = &sources[&format!("{package}Cargo.toml")];
            let paths = manifest.lines().filter_map(|line| {
                let path = line.trim().strip_prefix("path = \"")?.strip_suffix("\"")?;
                Some(joined(package, path))
            });
            let mut roots: BTreeSet<_> = paths.filter(|path| path.ends_with(".rs")).collect();
            let is_nested = |path: &str| {
                let nested = folders.iter().filter(|folder| folder.len() > package.len());
                nested
                    .into_iter()
                    .any(|folder| path.starts_with(folder.as_str()))
            };
            let own = sources.keys().filter(|path| !is_nested(path));
            roots.extend(own.filter(|path| is_root(package, path)).cloned());
            for root in roots.iter().filter(|root| sources.contains_key(*root)) {
                if *root == format!("{package}src/lib.rs") {
                    let name = manifest
                        .lines()
                        .find_map(|line| line.strip_prefix("name = \"")?.strip_suffix("\""));
                    let name = name.unwrap_or_default().replace('-', "_");
                    libraries.insert(name, targets.len());
                }
                targets.push(Target::new(root, &sources));
            }
        }
        Workspace {
            sources,
            targets,
            libraries,
        }
    }

    pub(crate) fn library(&self, name: &str) -> &Target {
        &self.targets[self.libraries[name]]
    }

    pub(crate) fn lines_of(&self, file: &str) -> usize {
        self.sources.get(file).map_or(0, |source| lines(source))
    }
}

/// Whether Cargo finds a target in a file without being told.
fn is_root(package: &str, path: &str) -> bool {
    let Some(path) = path.strip_prefix(package) else {
        return false;
    };
    match path.split('/').collect::<Vec<_>>()[..] {
        ["build.rs"] | ["src", "lib.rs" | "main.rs"] => true,
        ["src", "bin", program] => program.ends_with(".rs"),
        ["tests" | "examples" | "benches", name] => name.ends_with(".rs"),
        ["src", "bin", _, "main.rs"] | ["tests" | "examples" | "benches", _, "main.rs"] => true,
        _ => false,
    }
}
