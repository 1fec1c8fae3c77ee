//! Many programs: runs them by number, and makes a found fault small.
//!
//! Invariant: what is reported can be run again: the report is a test to
//! paste. Called by the tests here and by the example `random_programs`.

use proptest::strategy::ValueTree;

use crate::generate::{Kind, program, shrink};
use crate::judge::complaint;
use crate::print;

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
    let smallest = shrink(program(kind, number), fails);
    let what = complaint(kind, &smallest, number).unwrap_or_default();
    let test = print::test(&smallest, &format!("{kind:?}"), number);
    format!("program {number} of {kind:?}: {what}\n\nThe smallest like it:\n\n{test}")
}
