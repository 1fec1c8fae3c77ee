//! Which cases of the behaviour catalogue have a test, and which do not.
//!
//! A test covers a case if its name begins with the case's id: `c022_…`. The
//! table is printed by `cargo test --test it coverage -- --nocapture`, and
//! shown in `docs/conformance.md`.

use std::path::Path;

use crate::catalogue::{catalogue, covering, tests};

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn list(ids: &[u16]) -> String {
    let names: Vec<_> = ids.iter().map(|id| format!("C{id:03}")).collect();
    names.join(" ")
}

#[test]
fn every_case_of_the_catalogue_is_covered_or_decided_against() {
    let tests = tests(here());
    println!(
        "{:<28} {:>7} {:>7}   missing",
        "subject", "covered", "cases"
    );
    let (mut missing, mut both, mut sum) = (Vec::new(), Vec::new(), 0);
    for section in catalogue(here()) {
        let mut absent = Vec::new();
        let mut covered = 0;
        for case in &section.cases {
            match (tests.contains_key(&case.id), &case.not_here) {
                (true, None) => covered += 1,
                (false, None) => absent.push(case.id),
                (true, Some(_)) => both.push(case.id),
                (false, Some(_)) => {}
            }
        }
        let (name, all) = (&section.name, section.cases.len());
        println!("{name:<28} {covered:>7} {all:>7}   {}", list(&absent));
        missing.extend(absent);
        sum += covered;
    }
    let number: usize = tests.values().map(Vec::len).sum();
    println!("{sum} cases are covered, by {number} tests; decided against:");
    for case in catalogue(here()).iter().flat_map(|section| &section.cases) {
        if let Some(reason) = &case.not_here {
            println!("  C{:03} ({}): {reason}", case.id, case.title);
        }
    }
    assert!(missing.is_empty(), "without a test: {}", list(&missing));
    assert!(
        both.is_empty(),
        "decided against, and covered: {}",
        list(&both)
    );
}

#[test]
fn every_id_in_the_name_of_a_test_is_in_the_catalogue() {
    let sections = catalogue(here());
    let cases = || sections.iter().flat_map(|section| &section.cases);
    let unknown: Vec<_> = tests(here()).into_keys().collect();
    let is_unknown = |id: &u16| !cases().any(|case| case.id == *id);
    let unknown: Vec<_> = unknown.into_iter().filter(is_unknown).collect();
    assert!(
        unknown.is_empty(),
        "not in the catalogue: {}",
        list(&unknown)
    );
}

#[test]
fn the_catalogue_has_its_191_cases_once_each() {
    let sections = catalogue(here());
    let cases = sections.iter().flat_map(|section| &section.cases);
    let ids: Vec<_> = cases.map(|case| case.id).collect();
    assert_eq!(ids.len(), 191);
    assert!(ids.is_sorted_by(|one, next| one < next));
}

#[test]
fn a_test_covers_the_case_that_its_name_begins_with() {
    let id = |line| covering(line).map(|(id, _)| id);
    assert_eq!(id("fn c142_equal_deadlines_fire() {"), Some(142));
    assert_eq!(id("    fn c007_main_returns() {"), Some(7));
    assert_eq!(id("    pub(super) fn c020_a_child() {"), Some(20));
    for other in [
        "fn check() {",
        "fn c7_short() {",
        "fn count_(",
        "// fn c142_x",
        "fn c12a_x() {",
    ] {
        assert_eq!(id(other), None, "{other}");
    }
}
