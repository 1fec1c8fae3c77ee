//! What the compiler and Cargo say about the build without features.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

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

/// Checks a package's library without features, and reads the list of files
/// that the compiler leaves beside it.
pub(crate) fn without_features(root: &Path, package: &str) -> Build {
    let root = &root.canonicalize().expect("the workspace exists");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("architecture");
    let target = target.to_str().expect("a path of text");
    let check = ["check", "--quiet", "--locked", "--offline", "--lib"];
    let features = ["--no-default-features", "-p", package];
    cargo(
        root,
        &[&check[..], &features, &["--target-dir", target]].concat(),
    );
    let list = Path::new(target).join(format!("debug/lib{package}.d"));
    let list = fs::read_to_string(&list).unwrap_or_else(|error| panic!("{list:?}: {error}"));

    let tree = [
        "tree",
        "--locked",
        "--offline",
        "-e",
        "normal",
        "--prefix",
        "none",
    ];
    let tree = cargo(root, &[&tree[..], &features].concat());
    let crates = tree.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some(format!("{} {}", words.next()?, words.next()?))
    });
    Build {
        files: files(&list, root),
        crates: crates.collect(),
    }
}

/// The Rust files of a rule `artifact: file file ..`, where `\ ` is a blank.
fn files(rule: &str, root: &Path) -> BTreeSet<String> {
    let (_, files) = rule.split_once(": ").expect("a rule of make");
    let files = files.replace("\\ ", "\0");
    let files = files.split_whitespace().map(|file| file.replace('\0', " "));
    let files = files.filter(|file| file.ends_with(".rs"));
    let inside = files.map(|file| {
        let inside = Path::new(&file).strip_prefix(root);
        let inside = inside.unwrap_or_else(|_| panic!("{file} is outside of the workspace"));
        inside.to_string_lossy().replace('\\', "/")
    });
    inside.collect()
}
