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
        Step::Spend(n) => format!("w.spend({n}).await"),
        Step::Drain(how, n) => format!("w.drain({how}, {n}).await"),
        Step::Rounds(what) => format!("w.rounds({what}).await"),
        Step::Busy(how) => format!("w.busy({how}).await"),
        Step::Send(which, n) => format!("w.send({which}, {n}).await"),
        Step::Receive(which, n) => format!("w.receive({which}, {n}).await"),
        Step::Nap(which, us) => format!("w.nap({which}, {us}).await"),
        Step::Reset(which, us, place) => format!("w.reset({which}, {us}, Place::{place:?}).await"),
        Step::Read(id, place) => format!("w.read({id}, Place::{place:?}).await"),
        Step::AwaitRemote(n) => format!("w.await_remote({n}).await"),
        Step::UseRemote(n, uses) => format!("w.use_remote({n}, vec!{uses:?}).await"),
        Step::DropLoop(how) => format!("w.drop_loop({how}).await"),
        nested => return call(out, nested, depth),
    };
    let _ = writeln!(out, "{indent}{simple};");
}

/// A call with bodies for arguments.
fn call(out: &mut String, step: &Step, depth: usize) {
    let indent = "    ".repeat(depth);
    let (name, first, list, ending) = match step {
        Step::Spawn(_) => ("spawn", None, false, ""),
        Step::Remote(_) => ("remote", None, false, ""),
        Step::Foreign(act, _) => ("foreign", Some(format!("Act::{act:?}")), false, ".await"),
        Step::Limited(n, _) => ("limited", Some(n.to_string()), true, ".await"),
        Step::AsCompleted(_) => ("as_completed", None, true, ".await"),
        Step::Timeout(us, _) => ("timeout", Some(us.to_string()), false, ".await"),
        Step::UntilAsked(_) => ("until_asked", None, false, ".await"),
        Step::Lock(which, _) => ("lock", Some(which.to_string()), false, ".await"),
        Step::Permit(which, _) => ("permit", Some(which.to_string()), false, ".await"),
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
    let steps = VARIANTS.map(|name| (name, "Step"));
    for (name, of) in steps.into_iter().chain(CHOICES) {
        for before in ["[", " ", "("] {
            let short = format!("{before}{name}");
            text = text.replace(&short, &format!("{before}{of}::{name}"));
        }
    }
    text
}

/// What steps choose from. No name begins with that of a step.
const CHOICES: [(&str, &str); 13] = [
    ("Nothing", "Act"),
    ("Starts", "Act"),
    ("Lists", "Act"),
    ("Opens", "Act"),
    ("Closes", "Act"),
    ("Drops", "Act"),
    ("Nests", "Act"),
    ("Panics", "Act"),
    ("Inside", "Place"),
    ("Job", "Place"),
    ("Away", "Place"),
    ("Between", "Place"),
    ("OtherLoop", "Place"),
];

/// The steps, none the beginning of a longer one behind it.
const VARIANTS: [&str; 43] = [
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
    "Limited",
    "AsCompleted",
    "Spend",
    "Drain",
    "Rounds",
    "Busy",
    "Foreign",
    "Send",
    "Receive",
    "Nap",
    "Reset",
    "Read(",
    "Remote",
    "AwaitRemote",
    "UseRemote",
    "DropLoop",
];
