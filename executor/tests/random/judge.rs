//! The judges: what is wrong with a run of a program, if anything.
//!
//! Invariant: a verdict depends on the program and the seed alone. Called by
//! `campaign`.

use std::collections::BTreeMap;
use std::time::Duration;

use executor::instrument::{Ending, Event, TaskId, Trace, replay};

use crate::generate::Kind;
use crate::interpret::{End, Run, interpret, stalls_late};
use crate::model::foretell;
use crate::program::{Body, Step};

/// What is wrong with a program: without a seed, and with this one.
pub(crate) fn complaint(kind: Kind, program: &Body, seed: u64) -> Option<String> {
    let plain = interpret(kind, program, None);
    let found = keeps_its_promises(kind, program, &plain)
        .or_else(|| is_as_foretold(kind, program, &plain))
        .or_else(|| stalls_for_certain(kind, program, &plain));
    if found.is_some() {
        return found;
    }
    let shuffled = interpret(kind, program, Some(seed));
    let again = interpret(kind, program, Some(seed));
    keeps_its_promises(kind, program, &shuffled)
        .or_else(|| is_the_same(kind, &shuffled, &again))
        .map(|what| format!("with the seed {seed}: {what}"))
}

/// What holds for every program.
fn keeps_its_promises(kind: Kind, program: &Body, run: &Run) -> Option<String> {
    if let Some(broken) = run.remains.broken.first() {
        return Some(broken.clone());
    }
    let broken = replay::judge(&run.trace);
    if let Some(broken) = broken.first() {
        return Some(format!("the loop broke a rule: {broken}"));
    }
    if run.remains.guards != 0 {
        let left = run.remains.guards;
        return Some(format!("{left} bodies were begun and not dropped"));
    }
    if run.remains.tokens != 0 {
        let left = run.remains.tokens;
        return Some(format!("{left} outputs were made and not dropped"));
    }
    if run.end == End::Stalled && !program.may_wait_for_ever() {
        return Some("it stalled, and waits for nothing that may not come".into());
    }
    if run.end == End::Stalled && kind == Kind::Sources {
        return Some("it stalled beside a timer".into());
    }
    every_task_ended_once(kind, &run.trace)
}

/// Checks that a certain stall is reported at once. Runs the program again with
/// longer limits, so that a busy machine is no fault.
fn stalls_for_certain(kind: Kind, program: &Body, run: &Run) -> Option<String> {
    const LIMITS: [u64; 3] = [50, 250, 2000];
    let is_late = |ms| stalls_late(kind, program, Duration::from_millis(ms));
    let asked = kind.is_closed() && run.end == End::Stalled;
    let late = asked && LIMITS.into_iter().all(is_late);
    late.then(|| "a certain stall is reported as if another thread could end it".into())
}

/// spawned = finished + cancelled + panicked, task by task.
///
/// Tasks panic only in programs with steps that panic.
fn every_task_ended_once(kind: Kind, trace: &Trace) -> Option<String> {
    let mut ends: BTreeMap<TaskId, (u32, [u32; 3])> = BTreeMap::new();
    for entry in &trace.events {
        match &entry.event {
            Event::TaskSpawn { task, .. } => ends.entry(*task).or_default().0 += 1,
            Event::TaskEnd { task, how, .. } => {
                let counts = &mut ends.entry(*task).or_default().1;
                match how {
                    Ending::Returned => counts[0] += 1,
                    Ending::Cancelled => counts[1] += 1,
                    _ => counts[2] += 1,
                }
            }
            _ => {}
        }
    }
    let may_panic = !matches!(kind, Kind::Wakers | Kind::Sources | Kind::Spent);
    let odd = ends.iter().find(|(_, (spawns, ends))| {
        *spawns != 1 || ends.iter().sum::<u32>() != 1 || (ends[2] > 0 && !may_panic)
    })?;
    let (task, (spawns, [finished, cancelled, panicked])) = odd;
    Some(format!(
        "task {task}: spawned {spawns}, finished {finished}, cancelled {cancelled}, panicked {panicked} times"
    ))
}

/// Compares with the reference model, if it knows all the steps.
fn is_as_foretold(kind: Kind, program: &Body, run: &Run) -> Option<String> {
    let unknown = |step: &Step| {
        use Step::{CancelWithin, Scope, Thread, UntilAsked};
        matches!(step, CancelWithin(..) | Scope(..) | Thread | UntilAsked(_))
    };
    if !kind.is_modelled() || program.has(unknown) {
        return None;
    }
    let (log, end) = foretell(program, kind.is_bounded());
    first_difference("foretold", &log, "the executor", &run.remains.log).or_else(|| {
        let ended = run.end;
        (end != ended).then(|| format!("foretold to have {end:?}, and it {ended:?}"))
    })
}

/// The same seed, the same trace; unless threads have a say.
fn is_the_same(kind: Kind, one: &Run, other: &Run) -> Option<String> {
    if kind.is_out_of_order() {
        return None;
    }
    if one.trace != other.trace {
        return Some("another run with the same seed has another trace".into());
    }
    first_difference("one run", &one.remains.log, "another", &other.remains.log)
}

/// Where two logs part.
pub(crate) fn first_difference(
    one: &str,
    log: &[String],
    other: &str,
    other_log: &[String],
) -> Option<String> {
    let common = log.iter().zip(other_log).take_while(|(a, b)| a == b);
    let at = common.count();
    if at == log.len() && at == other_log.len() {
        return None;
    }
    let show = |log: &[String]| {
        let from = at.saturating_sub(3);
        let some: Vec<_> = log.iter().skip(from).take(8).cloned().collect();
        some.join("\n    ")
    };
    Some(format!(
        "the logs part at line {at}\n  {one}:\n    {}\n  {other}:\n    {}",
        show(log),
        show(other_log)
    ))
}
