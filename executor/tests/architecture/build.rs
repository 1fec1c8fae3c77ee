//! What the compiler and Cargo say about the build without features.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::workspace::Workspace;

/// What went into a build of the library.
pub(crate) struct Build {
    /// By their path from the root of the workspace.
    pub(crate) files: BTreeSet<String>,
    /// Names and versions, the library itself included.
    pub(crate) crates: BTreeSet<String>,
}

fn cargo(root: &Path, arguments: &[&str]) -> String {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root).args(arguments);
    let output = command.output().expect("Cargo can be started");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Checks a package's library without features, and reads the lists of files
/// that the compiler leaves: of the package, and of others of the workspace
/// that it needs.
pub(crate) fn without_features(workspace: &Workspace, root: &Path, package: &str) -> Build {
    let root = &root.canonicalize().expect("the workspace exists");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("architecture");
    let target = target.to_str().expect("a path of text");
    let features = [
        "--locked",
        "--offline",
        "--no-default-features",
        "-p",
        package,
    ];
    let check = ["check", "--quiet", "--lib", "--message-format", "json"];
    let check = [&check[..], &features, &["--target-dir", target]].concat();
    let messages = cargo(root, &check);
    // `"../debug/deps/libNAME-HASH.rmeta"` is beside `NAME-HASH.d`.
    let artifacts = messages.split('"').filter_map(|word| {
        let (folder, artifact) = word.strip_suffix(".rmeta")?.rsplit_once('/')?;
        let artifact = artifact.strip_prefix("lib")?;
        let (name, _) = artifact.rsplit_once('-')?;
        let list = format!("{folder}/{artifact}.d");
        workspace.libraries.contains_key(name).then_some(list)
    });
    let mut found = BTreeSet::new();
    for list in artifacts {
        let list = fs::read_to_string(&list).unwrap_or_else(|error| panic!("{list}: {error}"));
        found.extend(files(&list, root));
    }
    assert!(!found.is_empty(), "no list of files in: {messages}");

    let tree = ["tree", "-e", "normal", "--prefix", "none"];
    let tree = cargo(root, &[&tree[..], &features].concat());
    let crates = tree.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some(format!("{} {}", words.next()?, words.next()?))
    });
    Build {
        files: found,
        crates: crates.collect(),
    }
}

/// The Rust files of the first rule `artifact: file file ..`, where `\ ` is a
/// blank.
fn files(rules: &str, root: &Path) -> BTreeSet<String> {
    let rule = rules.lines().next().unwrap_or_default();
    let (_, files) = rule.split_once(": ").expect("a rule of make");
    let files = files.replace("\\ ", "\0");
    let files = files.split_whitespace().map(|file| file.replace('\0', " "));
    let files = files.filter(|file| file.ends_with(".rs"));
    let inside = files.map(|file| {
        let file = Path::new(&file);
        let file = file.strip_prefix(root).unwrap_or(file);
        file.to_string_lossy().replace('\\', "/")
    });
    inside.collect()
}
