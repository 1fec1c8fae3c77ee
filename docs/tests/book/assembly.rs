//! What a reader has who types what the pages show: the steps, made of the
//! shown blocks alone, and the last one built and tested.
//!
//! A whole file is written, an item replaced, a diff applied as it stands on
//! the page. The result of each step is compared with the step's folder.
//!
//! Invariant: the text comes from the Markdown, never from `docs/mini`, but for
//! the tests that the reader copies.
//!
//! Called by `main`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::check::{all_right, chapters, difference, root};
use crate::diffs::apply;
use crate::items::replace;
use crate::shown::{FOLDER, Shown, What, step_and_file};
use crate::steps::{COPIED, Files, Step, base, differences_from, of, pieces, steps};

/// What `cargo new mini` writes.
const NEW: &str = "\
[package]
name = \"mini\"
version = \"0.1.0\"
edition = \"2024\"

[dependencies]
";

pub(crate) fn check() -> Result<(), String> {
    let (_, complaints) = assemble_all();
    all_right("assembled steps", complaints)
}

/// The files after the last step of the main chain.
fn assemble_all() -> (Files, String) {
    let (steps, pieces) = (steps(), pieces());
    let mut complaints = String::new();
    let mut assembled: BTreeMap<&str, Files> = BTreeMap::new();
    let mut last = Files::new();
    for step in &steps {
        let own = of(step, &pieces);
        let base = base(&steps, step, &own);
        let before = assembled.get(&base.name[..]).cloned();
        let (files, errors) = assemble(&base.name, before.unwrap_or_default(), &own);
        complaints += &errors;
        complaints += &differences(step, &files);
        if step.is_main() {
            last = files;
        }
        // One mistake on a page is not one in each step that follows.
        assembled.insert(&step.name, step.files.clone());
    }
    (last, complaints)
}

fn differences(step: &Step, files: &Files) -> String {
    let mut complaints = String::new();
    let names = files.keys().chain(step.files.keys());
    let names: std::collections::BTreeSet<_> = names.collect();
    for name in names {
        let text = |files: &Files| files.get(name).cloned().unwrap_or_default();
        let (have, want) = (text(files), text(&step.files));
        if have != want {
            let step = &step.name;
            let diff = difference(&have, &want);
            let _ = writeln!(
                complaints,
                "{FOLDER}{step}/{name}: the pages give another text:{diff}"
            );
        }
    }
    complaints
}

/// The files of a step: those of its base, changed as these pieces say.
fn assemble(base: &str, mut files: Files, pieces: &[&Shown]) -> (Files, String) {
    let mut complaints = String::new();
    // Items first: the lines around a hunk are those of the new items.
    let (items, others): (Vec<_>, Vec<_>) = pieces
        .iter()
        .partition(|piece| matches!(piece.what, What::Items(_)));
    for piece in items.into_iter().chain(others) {
        if let Err(what) = add(base, &mut files, piece, pieces) {
            let _ = writeln!(
                complaints,
                "{}:{}: {}: {what}",
                piece.page, piece.line, piece.file
            );
        }
    }
    (files, complaints)
}

fn add(base: &str, files: &mut Files, piece: &Shown, all: &[&Shown]) -> Result<(), String> {
    let file = &piece.file;
    let old = || files.get(file).ok_or("it is changed before it is there");
    let new = match &piece.what {
        What::Whole => piece.body.clone(),
        What::Removed => {
            let removed = files.remove(file);
            return removed.map(drop).ok_or("there is no such file".into());
        }
        What::Items(names) => {
            let mut text = old()?.clone();
            for name in names.iter().filter(|name| is_typed(base, name, file, all)) {
                let new = replace(&text, name, &piece.body);
                text = new.ok_or_else(|| format!("it had no `{name}` to replace"))?;
            }
            text
        }
        What::Diff(diff) => match step_and_file(&diff.old) {
            Some((step, _)) if step == base => apply(old()?, &piece.body)?,
            _ => return Ok(()), // compared with a wrong version
        },
    };
    files.insert(file.clone(), new);
    Ok(())
}

/// Is this item what the reader types? Not if a difference, or the whole file,
/// has it too.
fn is_typed(base: &str, item: &str, file: &str, all: &[&Shown]) -> bool {
    let own: Vec<_> = all
        .iter()
        .copied()
        .filter(|piece| piece.file == file)
        .collect();
    if own.iter().any(|piece| matches!(piece.what, What::Whole)) {
        return false;
    }
    let mut diffs = differences_from(base, &own).peekable();
    diffs.peek().is_none() || diffs.any(|diff| diff.except.iter().any(|e| e == item))
}

/// Builds what the pages give, and runs its tests, in a package of its own.
pub(crate) fn build() -> Result<(), String> {
    let (files, complaints) = assemble_all();
    all_right("assembled steps", complaints)?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    write(folder.path(), &files).map_err(|error| error.to_string())?;
    copy_tests(folder.path()).map_err(|error| error.to_string())?;
    cargo(folder.path(), "build")?;
    cargo(folder.path(), "test")
}

fn write(folder: &Path, files: &Files) -> std::io::Result<()> {
    fs::write(folder.join("Cargo.toml"), manifest())?;
    // The versions of the dependencies that this machine has.
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    for (name, text) in files {
        let path = folder.join("src").join(name);
        fs::create_dir_all(path.parent().expect("it is in a folder"))?;
        fs::write(path, text)?;
    }
    Ok(())
}

/// What the reader copies, if a step is there that has it.
fn copy_tests(folder: &Path) -> std::io::Result<()> {
    let Some(last) = steps().into_iter().rfind(Step::is_main) else {
        return Ok(());
    };
    let from = root().join(FOLDER).join(last.name).join(COPIED);
    let to = folder.join("src").join(COPIED);
    let Ok(entries) = fs::read_dir(&from) else {
        return Ok(());
    };
    fs::create_dir_all(&to)?;
    fs::copy(from.with_extension("rs"), to.with_extension("rs"))?;
    for entry in entries {
        let name = entry?.file_name();
        fs::copy(from.join(&name), to.join(&name))?;
    }
    Ok(())
}

/// The last `Cargo.toml` that a chapter shows.
fn manifest() -> String {
    let place = format!("{FOLDER}reader.toml");
    let chapters = chapters();
    let fences = chapters.iter().flat_map(|page| &page.fences);
    let mut shown = fences.filter(|fence| fence.directed("code") == Some(&place));
    shown
        .next_back()
        .map_or(NEW.into(), |fence| fence.body.clone())
}

fn cargo(folder: &Path, what: &str) -> Result<(), String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([what, "--quiet", "--offline", "--target-dir"]);
    cargo.arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("mini"));
    // A reader starts with no warnings, and is to know what a new one means.
    cargo.env("RUSTFLAGS", "-D warnings");
    let output = cargo.current_dir(folder).output();
    let output = output.map_err(|error| format!("cannot start cargo: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    all_right("what the pages give", format!("cargo {what}:\n{said}"))
}

#[cfg(test)]
fn assembled(page: &str, base: &str, files: &[(&str, &str)]) -> (Files, String) {
    let page = crate::markdown::Page::parse("docs/12-a.md", page);
    let pieces = crate::shown::shown(&page);
    let files = files
        .iter()
        .map(|(file, text)| (file.to_string(), text.to_string()));
    assemble(base, files.collect(), &pieces.iter().collect::<Vec<_>>())
}

#[test]
fn blocks_make_a_step() {
    let page = "\
<!-- diff: docs/mini/12a/main.rs docs/mini/12b/main.rs except fn c -->
```diff
@@ main.rs, fn a
 fn a() {
-    1;
+    2;
 }

 fn c() {
```

<!-- code: docs/mini/12b/main.rs#fn c -->
```rust
fn c() {
    3;
}
```

<!-- code: docs/mini/12b/mini/y.rs -->
```rust
fn y() {}
```

<!-- removed: docs/mini/12b/mini/x.rs -->
";
    let old = "fn a() {\n    1;\n}\n\nfn c() {}\n";
    let (files, complaints) = assembled(page, "12a", &[("main.rs", old), ("mini/x.rs", "")]);
    assert_eq!(complaints, "");
    let new = "fn a() {\n    2;\n}\n\nfn c() {\n    3;\n}\n";
    let expected = [("main.rs", new), ("mini/y.rs", "fn y() {}\n")];
    let files: Vec<_> = files.iter().map(|(f, t)| (&f[..], &t[..])).collect();
    assert_eq!(files, expected);
}

#[test]
fn a_block_that_does_not_fit_is_found() {
    let page = "\
<!-- diff: docs/mini/12a/main.rs docs/mini/12b/main.rs -->
```diff
@@ main.rs, fn a
-    one();
+    two();
```
";
    let (_, complaints) = assembled(page, "12a", &[("main.rs", "fn a() {}\n")]);
    assert!(
        complaints.starts_with("docs/12-a.md:2: main.rs: `@@ main.rs, fn a` fits nowhere"),
        "{complaints}"
    );
    let (_, complaints) = assembled(page, "12a", &[]);
    assert!(
        complaints.contains("it is changed before it is there"),
        "{complaints}"
    );
    let removed = "<!-- removed: docs/mini/12b/mini/x.rs -->\n";
    assert!(
        assembled(removed, "12a", &[])
            .1
            .contains("there is no such file")
    );
}

#[test]
fn a_step_that_the_pages_do_not_give_is_found() {
    let files = Files::from([("main.rs".to_owned(), "fn a() {}\n".to_owned())]);
    let name = "12a".to_owned();
    let step = Step { name, files };
    assert_eq!(differences(&step, &step.files), "");
    assert!(differences(&step, &Files::new()).contains("docs/mini/12a/main.rs: the pages give"));
}
