//! Which cases of the behaviour catalogue have a test, and which do not.
//!
//! A test covers a case if its name begins with the case's id, `c022_…`, or if
//! the catalogue names it below the case. The table is printed by
//! `cargo test --test it coverage -- --nocapture`, and shown in
//! `docs/conformance.md`.

use std::collections::BTreeSet;
use std::path::Path;

use crate::catalogue::{Case, Id, Section, catalogue, function_in, id_of, tests};

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cases(sections: &[Section]) -> impl Iterator<Item = &Case> {
    sections.iter().flat_map(|section| &section.cases)
}

fn list(ids: &[Id]) -> String {
    let names: Vec<_> = ids.iter().map(Id::to_string).collect();
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
    let mut covering = BTreeSet::new();
    for section in catalogue(here()) {
        let mut absent = Vec::new();
        let mut covered = 0;
        for case in &section.cases {
            let found = case.tests(&tests);
            match (!found.is_empty(), &case.not_here) {
                (true, None) => covered += 1,
                (false, None) => absent.push(case.id),
                (true, Some(_)) => both.push(case.id),
                (false, Some(_)) => {}
            }
            covering.extend(found);
        }
        let (name, all) = (&section.name, section.cases.len());
        println!("{name:<28} {covered:>7} {all:>7}   {}", list(&absent));
        missing.extend(absent);
        sum += covered;
    }
    let number = covering.len();
    println!("{sum} cases are covered, by {number} tests; decided against:");
    for case in cases(&catalogue(here())) {
        if let Some(reason) = &case.not_here {
            println!("  {} ({}): {reason}", case.id, case.title);
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
    let known: BTreeSet<_> = cases(&sections).map(|case| case.id).collect();
    let tests = tests(here());
    let named: BTreeSet<_> = tests.iter().filter_map(|(_, name)| id_of(name)).collect();
    let unknown: Vec<_> = named.difference(&known).copied().collect();
    assert!(
        unknown.is_empty(),
        "not in the catalogue: {}",
        list(&unknown)
    );
}

#[test]
fn every_test_that_the_catalogue_names_exists() {
    let tests = tests(here());
    let names: BTreeSet<_> = tests.iter().map(|(_, name)| name).collect();
    let sections = catalogue(here());
    let named = cases(&sections).flat_map(|case| &case.covered_by);
    let unknown: Vec<_> = named.filter(|name| !names.contains(name)).collect();
    assert!(unknown.is_empty(), "no such tests: {unknown:?}");
}

#[test]
fn the_catalogue_has_its_191_cases_and_every_report_once() {
    let sections = catalogue(here());
    let ids: Vec<_> = cases(&sections).map(|case| case.id).collect();
    assert!(ids.is_sorted_by(|one, next| one < next));
    let (reports, cases): (Vec<Id>, Vec<Id>) = ids.iter().partition(|id| id.is_report());
    assert_eq!(cases.len(), 191);
    let last = reports.last().map(ToString::to_string).unwrap_or_default();
    assert_eq!(last, format!("R{:03}", reports.len()), "no gaps");
}

#[test]
fn a_test_covers_the_case_that_its_name_begins_with() {
    let id = |line| function_in(line).and_then(id_of).map(|id| id.to_string());
    let some = |id: &str| Some(id.to_owned());
    assert_eq!(id("fn c142_equal_deadlines_fire() {"), some("C142"));
    assert_eq!(id("    fn c007_main_returns() {"), some("C007"));
    assert_eq!(id("    pub(super) fn c020_a_child() {"), some("C020"));
    assert_eq!(id("fn r001_four_tasks_accept() {"), some("R001"));
    for other in [
        "fn check() {",
        "fn c7_short() {",
        "fn count_(",
        "// fn c142_x",
        "fn c12a_x() {",
        "fn run_all() {",
    ] {
        assert_eq!(id(other), None, "{other}");
    }
}
