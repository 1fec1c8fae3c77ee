//! A program as Rust source: a test to paste into `found.rs`.
//!
//! Invariant: the source does what the data says, step for step. Called by
//! `campaign`.

use std::fmt::Write as _;

use crate::program::{Body, Step};

/// A test that runs and judges the program.
pub(crate) fn test(program: &Body, kind: &str, seed: u64) -> String {
    let mut out = String::from("#[test]\nfn found() {\n    let program = |w: &World| {\n");
    body(&mut out, program, 2);
    out.push_str("\n    };\n");
    let _ = write!(
        out,
        "    // Its data, as `Step`s:\n    let data = {};\n    judge(Kind::{kind}, {seed}, &data, program);\n}}\n",
        data(program)
    );
    out
}

/// `w.body(3, async |w: World| { .. })`, without a line end.
fn body(out: &mut String, program: &Body, depth: usize) {
    let indent = "    ".repeat(depth);
    if program.steps.is_empty() {
        let _ = write!(out, "{indent}w.body({}, async |_| Ok(()))", program.id);
        return;
    }
    let _ = writeln!(out, "{indent}w.body({}, async |w: World| {{", program.id);
    for one in &program.steps {
        step(out, one, depth + 1);
    }
    let ends = matches!(program.steps.last(), Some(Step::Fail));
    if !ends {
        let _ = writeln!(out, "{indent}    Ok(())");
    }
    let _ = write!(out, "{indent}}})");
}

fn step(out: &mut String, step: &Step, depth: usize) {
    let indent = "    ".repeat(depth);
    let simple = match step {
        Step::Sleep(us) => format!("w.sleep({us}).await"),
        Step::Yield => "w.yield_now().await".into(),
        Step::Join(id) => format!("w.join({id}).await"),
        Step::Cancel(id) => format!("w.cancel({id})"),
        Step::Detach(id) => format!("w.detach({id})"),
        Step::CancelWithin(id, us) => format!("w.cancel_within({id}, {us}).await"),
        Step::Wait(which) => format!("w.wait({which}).await"),
        Step::Set(which) => format!("w.set({which})"),
        Step::Clear(which) => format!("w.clear({which})"),
        Step::Put(which) => format!("w.put({which}).await"),
        Step::Get(which) => format!("w.get({which}).await"),
        Step::SetVar(value) => format!("w.set_var({value})"),
        Step::GetVar => "w.get_var()".into(),
        Step::Fail => "return Err(Failed)".into(),
        Step::Panic => "w.panic()".into(),
        Step::PanicOnDrop => "w.panic_on_drop()".into(),
        Step::Thread => "w.thread().await".into(),
        nested => return call(out, nested, depth),
    };
    let _ = writeln!(out, "{indent}{simple};");
}

/// A call with bodies for arguments.
fn call(out: &mut String, step: &Step, depth: usize) {
    let indent = "    ".repeat(depth);
    let (name, first, list, ending) = match step {
        Step::Spawn(_) => ("spawn", None, false, ""),
        Step::Timeout(us, _) => ("timeout", Some(*us), false, ".await"),
        Step::UntilAsked(_) => ("until_asked", None, false, ".await"),
        Step::Lock(which, _) => ("lock", Some(u64::from(*which)), false, ".await"),
        Step::Permit(which, _) => ("permit", Some(u64::from(*which)), false, ".await"),
        Step::Gather(_) => ("gather", None, true, ".await"),
        Step::TryGather(_) => ("try_gather", None, true, ".await"),
        Step::Race(_) => ("race", None, true, ".await"),
        Step::Scope(..) => ("scope", None, true, ".await"),
        _ => unreachable!("it has no bodies"),
    };
    let _ = writeln!(out, "{indent}w.{name}(");
    if let Some(first) = first {
        let _ = writeln!(out, "{indent}    {first},");
    }
    let mut bodies = step.bodies();
    let own = match step {
        Step::Scope(..) => bodies.pop(),
        _ => None,
    };
    if list {
        let _ = writeln!(out, "{indent}    vec![");
    }
    for one in bodies {
        body(out, one, depth + 1 + usize::from(list));
        out.push_str(",\n");
    }
    if list {
        let _ = writeln!(out, "{indent}    ],");
    }
    if let Some(own) = own {
        body(out, own, depth + 1);
        out.push_str(",\n");
    }
    let _ = writeln!(out, "{indent}){ending};");
}

/// A body as an expression of Rust: what `Debug` says, with the names in full.
fn data(program: &Body) -> String {
    let mut text = format!("{program:?}").replace('[', "vec![");
    for name in VARIANTS {
        for before in ["[", " "] {
            let short = format!("{before}{name}");
            text = text.replace(&short, &format!("{before}Step::{name}"));
        }
    }
    text
}

/// The steps, none the beginning of a longer one behind it.
const VARIANTS: [&str; 27] = [
    "Sleep",
    "Yield",
    "Spawn",
    "Join",
    "CancelWithin",
    "Cancel(",
    "Detach",
    "Gather",
    "TryGather",
    "Race",
    "Timeout",
    "Scope",
    "UntilAsked",
    "Lock",
    "Permit",
    "Wait",
    "SetVar",
    "Set(",
    "Clear",
    "Put",
    "GetVar",
    "Get(",
    "Fail",
    "PanicOnDrop",
    "Panic,",
    "Panic]",
    "Thread",
];
