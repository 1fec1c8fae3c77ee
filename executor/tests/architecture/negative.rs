//! The checkers do find what they look for, in houses that are made up.

use std::collections::BTreeSet;

use super::*;

const LITTLE_PLAN: &[Module] = &[
    module("run", Loop, &["heart"]),
    module("heart", Organ, &["bone"]),
    module("bone", Foundation, &[]),
    module("kitchen", Room, &[]),
    module("attic", Room, &[]),
    module("roof", Upper, &[]),
];

fn file(path: &str, text: &str) -> File {
    let (path, text) = (path.to_owned(), text.to_owned());
    File { path, text }
}

/// What a file at `path` with this text is found to import.
#[track_caller]
fn assert_imports(path: &str, text: &str, expected: &[&str]) {
    let found = imports(&file(path, text));
    let expected: BTreeSet<_> = expected.iter().map(|name| name.to_string()).collect();
    assert_eq!(found, expected, "in {path}: {text}");
}

#[track_caller]
fn assert_one(complaints: &[String], words: &[&str]) {
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    for word in words {
        assert!(
            complaints[0].contains(word),
            "no {word:?} in {complaints:?}"
        );
    }
}

#[test]
fn an_import_is_found_however_it_is_written() {
    assert_imports("a.rs", "use crate::b::C;", &["b"]);
    assert_imports(
        "a.rs",
        "use crate::{b::{C, D}, e, f::g as h};",
        &["b", "e", "f"],
    );
    assert_imports("a.rs", "pub(crate) use crate::\n    b::C;", &["b"]);
    assert_imports(
        "a.rs",
        "fn f() -> crate :: b::C { crate::d::e() }",
        &["b", "d"],
    );
    assert_imports(
        "a.rs",
        "macro_rules! m { () => { $crate::b::c() } }",
        &["b"],
    );
    assert_imports(
        "a.rs",
        "use super::b; fn f() { super::c::d() }",
        &["b", "c"],
    );
    assert_imports("a/part.rs", "use super::super::b::C;", &["b"]);
    assert_imports("a.rs", "mod inner { use super::super::b; }", &["b"]);
    assert_imports("a.rs", "use crate::*;", &["*"]);
}

#[test]
fn what_is_no_import_is_not_found() {
    assert_imports(
        "a.rs",
        "/// See [`b`](crate::b).\n//! crate::c\nfn f() {}",
        &[],
    );
    assert_imports(
        "a.rs",
        "/* crate::b /* crate::c */ crate::d */ use crate::e;",
        &["e"],
    );
    assert_imports(
        "a.rs",
        r##"const A: &str = "\" crate::b"; const B: &str = r#"crate::"c"#;"##,
        &[],
    );
    assert_imports(
        "a.rs",
        "const A: char = '\"'; use crate::b; const B: char = '\\'';",
        &["b"],
    );
    assert_imports("a.rs", "fn f<'a>(x: &'a str) -> crate::b::C<'a> {}", &["b"]);
    assert_imports("a.rs", "mod inner { use super::b; }", &[]);
    assert_imports("a/part.rs", "use super::b; pub(super) fn f() {}", &[]);
    assert_imports("a.rs", "use std::b; use self::c; pub(crate) fn f() {}", &[]);
}

#[test]
fn test_code_may_import_what_it_likes_and_the_code_after_it_may_not() {
    let tests = "#[cfg(test)]\nmod tests { use crate::b; fn f() { let _ = '}'; } }";
    assert_imports("a.rs", tests, &[]);
    assert_imports("a.rs", &format!("{tests} use crate::c;"), &["c"]);
    assert_imports("a.rs", "#[cfg(test)] use crate::b; use crate::c;", &["c"]);
    assert_imports("a.rs", "#[cfg(test)] mod tests; use crate::c;", &["c"]);
    assert_imports("a/tests.rs", "use crate::c;", &[]);
}

#[test]
fn a_forbidden_import_is_found() {
    let house = [file("bone.rs", "use crate::heart::Beat;")];
    let complaints = unplanned_imports(LITTLE_PLAN, &house);
    assert_one(&complaints, &["src/bone.rs", "`heart`", "PLAN"]);
}

#[test]
fn a_room_that_imports_a_room_or_the_loop_is_found_in_its_folder_too() {
    for forbidden in ["attic", "run", "roof"] {
        let house = [file(
            "kitchen/stove.rs",
            &format!("use crate::{forbidden}::x;"),
        )];
        let complaints = unplanned_imports(LITTLE_PLAN, &house);
        assert_one(&complaints, &["src/kitchen/stove.rs", forbidden]);
    }
}

#[test]
fn an_import_through_the_front_door_is_found() {
    let house = [file("heart.rs", "use crate::JoinHandle;")];
    assert_one(
        &unplanned_imports(LITTLE_PLAN, &house),
        &["`crate::JoinHandle`"],
    );
}

#[test]
fn what_the_plan_allows_is_no_complaint() {
    let house = [
        file("lib.rs", "pub use crate::kitchen::cook;"),
        file(
            "roof.rs",
            "use crate::{attic::x, run::run, kitchen::cook, bone};",
        ),
        file(
            "kitchen.rs",
            "use crate::heart::Beat; use crate::bone::x; crate::kitchen::y!();",
        ),
        file("run.rs", "use crate::heart::Beat;"),
    ];
    assert_clean(&unplanned_imports(LITTLE_PLAN, &house));
}

#[test]
fn a_circle_is_found_and_told_in_its_order() {
    let house = [
        file("a.rs", "use crate::b;"),
        file("b/part.rs", "use crate::c;"),
        file("c.rs", "use crate::{d, a};"),
        file("d.rs", ""),
    ];
    let complaints = circles(&imports_by_module(&house));
    assert_one(&complaints, &["a -> b -> c -> a"]);
}

#[test]
fn two_ways_to_one_module_are_no_circle() {
    let house = [
        file("a.rs", "use crate::{b, c, a};"),
        file("b.rs", "use crate::d;"),
        file("c.rs", "use crate::d;"),
        file("d.rs", ""),
    ];
    assert_clean(&circles(&imports_by_module(&house)));
}

#[test]
fn a_file_off_the_plan_and_an_entry_without_a_file_are_found() {
    let mut house: Vec<_> = ["run", "heart", "bone", "kitchen", "attic", "roof"]
        .map(|name| file(&format!("{name}.rs"), ""))
        .into();
    assert_clean(&strangers_and_ghosts(LITTLE_PLAN, &house));
    house.push(file("shed/rake.rs", ""));
    assert_one(
        &strangers_and_ghosts(LITTLE_PLAN, &house),
        &["src/shed/rake.rs"],
    );
    house.pop();
    house.pop();
    assert_one(
        &strangers_and_ghosts(LITTLE_PLAN, &house),
        &["`roof`", "src/roof.rs"],
    );
}

#[test]
fn a_mod_list_in_another_order_is_found() {
    let plan = &LITTLE_PLAN[..3];
    assert_clean(&disorder(
        plan,
        "// mod x;\nmod run; pub(crate) mod heart; pub mod bone;",
    ));
    assert_one(
        &disorder(plan, "mod run; mod bone; mod heart;"),
        &["place 2"],
    );
    assert_one(&disorder(plan, "mod run; mod heart;"), &["place 3", "None"]);
    assert_one(
        &disorder(plan, "mod run; mod heart; mod bone; mod x;"),
        &["place 4"],
    );
}

#[test]
fn a_file_that_is_too_long_is_found() {
    let lines = |count| [file("a.rs", &"x\n".repeat(count))];
    assert_clean(&long_files(&lines(MOST_LINES)));
    assert_one(&long_files(&lines(MOST_LINES + 1)), &["src/a.rs", "401"]);
}

#[test]
fn a_file_without_its_invariant_is_found() {
    let good = "//! A heart.\n//!\n//! **Invariant:** it beats.\n";
    assert_clean(&files_without_invariant(&[file("heart.rs", good)]));
    for bad in [
        "",
        "//! A heart.\n",
        "use x;\n//! Invariant: late.\n",
        "//! A heart.\n\n// invariant",
    ] {
        assert_one(
            &files_without_invariant(&[file("heart.rs", bad)]),
            &["src/heart.rs"],
        );
    }
}

#[test]
fn the_real_house_is_read() {
    let graph = imports_by_module(&the_house());
    assert_eq!(graph.len(), PLAN.len());
    assert!(graph["run"].contains("runtime"));
    assert!(graph["runtime"].contains("task"), "found in its folder too");
}
