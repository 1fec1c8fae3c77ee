//! The lists of examples in the manifests: one for each step of Part II, and one
//! for each exercise and each solution.
//!
//! Invariant: a list is made of the names of the files. It is between two marks,
//! `# steps: begin` and `# steps: end`, and `BLESS=1` rewrites it.
//!
//! Called by `main`.

use std::fs;

use crate::check::{all_right, difference, files, read, root};
use crate::shown::FOLDER;
use crate::steps::{folders, is_step};

/// What an entry of a list says.
struct Example {
    name: String,
    path: String,
    /// Whether `cargo test` runs the tests in it.
    test: bool,
}

/// Each step is an example of the package `mini`, and each example a step.
pub(crate) fn check_steps() -> Result<(), String> {
    let steps = folders();
    if let Some(other) = steps.iter().find(|name| !is_step(name)) {
        let rule = "a step is called 12b, a side step 12b_name";
        return Err(format!("{FOLDER}{other}: {rule}"));
    }
    let examples = steps.iter().map(|name| Example {
        name: format!("step_{name}"),
        path: format!("{name}/main.rs"),
        // The wrong versions may fail the tests that they have with them.
        test: !name.contains('_'),
    });
    check(
        "docs/mini/Cargo.toml",
        "steps",
        &examples.collect::<Vec<_>>(),
    )
}

pub(crate) fn check_exercises() -> Result<(), String> {
    let mut examples = Vec::new();
    for (folder, kind) in [("exercises", "ex"), ("solutions", "sol")] {
        for path in files(&format!("docs/{folder}"), ".rs") {
            let path = path.trim_start_matches("docs/").to_owned();
            let name = path.trim_start_matches(folder).trim_end_matches(".rs");
            let name = format!("{kind}_{}", name.trim_start_matches('/'));
            let test = false;
            examples.push(Example { name, path, test });
        }
    }
    check("docs/Cargo.toml", "exercises", &examples)
}

fn check(path: &str, list: &str, examples: &[Example]) -> Result<(), String> {
    let manifest = read(path)?;
    let wanted = with_list(&manifest, list, examples)?;
    if wanted == manifest {
        return Ok(());
    }
    if std::env::var_os("BLESS").is_some() {
        return fs::write(root().join(path), wanted).map_err(|error| error.to_string());
    }
    let difference = difference(&manifest, &wanted);
    all_right("list of examples", format!("{path}:{difference}"))
}

/// The manifest with this list between its marks.
fn with_list(manifest: &str, list: &str, examples: &[Example]) -> Result<String, String> {
    let (begin, end) = (format!("# {list}: begin\n"), format!("\n# {list}: end"));
    let parts = manifest.split_once(&begin).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(&end)?;
        Some((before, after))
    });
    let (before, after) = parts.ok_or("the list has no marks")?;
    let entry = |Example { name, path, test }: &Example| {
        let test = if *test { "test = true\n" } else { "" };
        format!("\n[[example]]\nname = \"{name}\"\npath = \"{path}\"\n{test}")
    };
    let entries: String = examples.iter().map(entry).collect();
    Ok(format!("{before}{begin}{entries}{end}{after}"))
}

#[test]
fn a_list_is_between_its_marks() {
    let manifest = "before\n# a: begin\n\n# a: end\nafter\n";
    let example = |name: &str, test| Example {
        name: name.into(),
        path: format!("{name}.rs"),
        test,
    };
    let two = [example("x", false), example("y", true)];
    let new = with_list(manifest, "a", &two).unwrap();
    let expected = "before\n# a: begin\n\n[[example]]\nname = \"x\"\npath = \"x.rs\"\n\n\
                    [[example]]\nname = \"y\"\npath = \"y.rs\"\ntest = true\n\n# a: end\nafter\n";
    assert_eq!(new, expected);
    assert_eq!(with_list(&new, "a", &two).as_ref(), Ok(&new));
    assert_eq!(with_list(&new, "a", &[]).as_deref(), Ok(manifest));
    assert!(with_list(manifest, "b", &two).is_err());
}
