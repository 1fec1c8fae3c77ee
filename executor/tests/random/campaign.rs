//! Many programs: runs them by number, and makes a found fault small.
//!
//! Invariant: what is reported can be run again: the report is a test to
//! paste. Called by the tests here and by the example `random_programs`.

use proptest::strategy::ValueTree;

use crate::generate::{Kind, program, shrink};
use crate::judge::complaint;
use crate::program::Body;
use crate::{print, python};

/// Runs the programs with these numbers; `Err` is the report on the first
/// that fails.
pub(crate) fn run(kind: Kind, numbers: std::ops::Range<u64>) -> Result<(), String> {
    for number in numbers {
        let tree = program(kind, number);
        if complaint(kind, &tree.current(), number).is_some() {
            return Err(report(kind, number));
        }
    }
    Ok(())
}

/// The smallest program that fails as number so-and-so does, as a test.
fn report(kind: Kind, number: u64) -> String {
    let fails = |body: &_| complaint(kind, body, number).is_some();
    let smallest = shrink(program(kind, number), 5_000, fails);
    let what = complaint(kind, &smallest, number).unwrap_or_default();
    let test = print::test(&smallest, &format!("{kind:?}"), number);
    format!("program {number} of {kind:?}: {what}\n\nThe smallest like it:\n\n{test}")
}

/// Runs the programs with these numbers on asyncio too; `Err` is the report on
/// the first that differs.
pub(crate) fn run_on_asyncio(kind: Kind, numbers: std::ops::Range<u64>) -> Result<(), String> {
    let programs: Vec<_> = numbers
        .clone()
        .map(|number| program(kind, number).current())
        .collect();
    let differences = python::differences(kind, &programs);
    match (0..programs.len()).find(|n| differences.contains_key(n)) {
        None => Ok(()),
        Some(n) => Err(report_on_asyncio(kind, numbers.start + n as u64)),
    }
}

fn report_on_asyncio(kind: Kind, number: u64) -> String {
    let difference = |body: &Body| python::differences(kind, std::slice::from_ref(body)).remove(&0);
    let smallest = shrink(program(kind, number), 150, |body| {
        difference(body).is_some()
    });
    let what = difference(&smallest).unwrap_or_default();
    let here = print::test(&smallest, &format!("{kind:?}"), number);
    let there = python::function(0, &smallest);
    format!("program {number} of {kind:?}: {what}\n\nThe smallest like it:\n\n{here}\n{there}")
}
