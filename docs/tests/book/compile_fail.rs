//! Code that must not compile gives the error that the page shows.
//!
//! A block `rust,compile_fail` is followed by a block `text` whose first line
//! is the compiler's: the code of the error and its sentence.
//!
//! Invariant: the compiler is the one that built this test.
//!
//! Called by `main`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::check::{Finding, root};
use crate::markdown::{Fence, Page};
use crate::programs::profile_folder;

pub(crate) fn check(page: &Page) -> Vec<Finding> {
    let pairs = page
        .fences
        .iter()
        .zip(page.fences.iter().skip(1).map(Some).chain([None]));
    let refused = pairs.filter(|(fence, _)| fence.info.contains("compile_fail"));
    refused
        .filter_map(|(fence, next)| look(fence, next).err())
        .collect()
}

fn look(fence: &Fence, next: Option<&Fence>) -> Result<(), Finding> {
    let complain = |what: String| Finding::new(fence.line, what);
    let message = next.filter(|next| next.language() == "text");
    let message = message.ok_or_else(|| complain("no text block with the error follows".into()))?;
    let real = compile(&fence.body).map_err(complain)?;
    if message.body.lines().next() == Some(&real) {
        return Ok(());
    }
    let what = format!("rustc says:\n{real}");
    Err(complain(what).mended_by(message.with_body(&real)))
}

/// The first error of the compiler.
fn compile(code: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let file = folder.path().join("shown.rs");
    let code = match code.contains("fn main()") {
        true => code.to_owned(),
        false => format!("{code}\nfn main() {{}}\n"),
    };
    fs::write(&file, code).map_err(|error| format!("cannot write the code: {error}"))?;
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition=2024", "--emit=metadata", "--color=never"]);
    rustc
        .arg("-L")
        .arg(deps())
        .arg("--out-dir")
        .arg(folder.path());
    if let Some(library) = library() {
        rustc
            .arg("--extern")
            .arg(format!("executor={}", library.display()));
    }
    let output = rustc.arg(&file).current_dir(root()).output();
    let output = output.map_err(|error| format!("cannot start rustc: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().find(|line| line.starts_with("error"));
    first.map(str::to_owned).ok_or_else(|| "it compiles".into())
}

fn deps() -> PathBuf {
    profile_folder().join("deps")
}

/// The library as it was built last.
fn library() -> Option<PathBuf> {
    let entries = fs::read_dir(deps()).ok()?.filter_map(Result::ok);
    let libraries = entries.filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libexecutor-") && name.ends_with(".rlib")
    });
    let newest =
        libraries.max_by_key(|entry| entry.metadata().and_then(|data| data.modified()).ok());
    newest.map(|entry| entry.path())
}

#[test]
fn rustc_is_asked() {
    let said = compile("fn f() -> u8 { \"no\" }").unwrap();
    assert_eq!(said, "error[E0308]: mismatched types");
    assert_eq!(compile("fn f() {}"), Err("it compiles".into()));
    assert_eq!(
        compile("pub fn f() { executor::run(async {}) }"),
        Err("it compiles".into())
    );
}
