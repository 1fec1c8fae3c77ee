//! The format `loop-trace/1`: what is written, what can be read, and what is
//! refused.

use std::collections::BTreeSet;

use loop_trace::replay::{judge, states};
use loop_trace::{Event, TaskId, Trace, WaitTarget, svg, timeline};

use crate::common::{EVERY_KIND, sized, trace};

fn error(text: &str) -> String {
    Trace::parse(text).expect_err("not a trace").to_string()
}

fn kinds(trace: &Trace) -> Vec<&str> {
    trace
        .events
        .iter()
        .map(|entry| entry.event.kind())
        .collect()
}

#[test]
fn every_kind_of_event_is_read_and_written_back_byte_for_byte() {
    let trace = Trace::parse(EVERY_KIND).unwrap();
    assert_eq!(trace.to_json(), EVERY_KIND);
    assert_eq!(judge(&trace), []);
    let known = kinds(&trace).into_iter().collect::<BTreeSet<_>>();
    // 39 kinds: all but `Other`, which no writer of this version makes.
    assert_eq!(known.len(), 39, "{known:?}");
}

#[test]
fn a_script_is_the_same_text_in_a_call() {
    let trace = Trace::parse(EVERY_KIND).unwrap();
    let script = trace.to_script("a \"name\"");
    let json = script
        .strip_prefix("loopTrace(\"a \\\"name\\\"\", ")
        .unwrap();
    assert_eq!(json.strip_suffix(");\n"), Some(EVERY_KIND.trim_end()));
}

#[test]
fn a_trace_without_sites_differs_in_nothing_else() {
    let trace = Trace::parse(EVERY_KIND).unwrap();
    let without = trace.without_sites();
    assert!(without.sites.is_empty());
    assert!(without.events.iter().all(|entry| entry.site.is_none()));
    let events = |trace: &Trace| -> Vec<_> {
        let events = trace.events.iter();
        events
            .map(|entry| (entry.at, entry.thread, entry.event.clone()))
            .collect()
    };
    assert_eq!(events(&without), events(&trace));
    assert_eq!(without.duration(), trace.duration());
}

/// A recorder may name no task where this crate's own events have one.
#[test]
fn no_task_is_null_wherever_it_occurs() {
    let events = [
        r#"poll.start "task":null"#,
        r#"turn.order "order":[null,2]"#,
        r#"wake "task":null,"by":{"task":null},"effect":"queued""#,
        r#"await "task":null,"on":{"task":null}"#,
    ];
    let trace = trace(&events);
    let (task, on) = (TaskId::NONE, WaitTarget::Task(TaskId::NONE));
    assert_eq!(trace.events[3].event, Event::Await { task, on });
    let text = trace.to_json();
    assert_eq!(text.matches("null").count(), 6, "{text}");
    assert_eq!(Trace::parse(&text).as_ref(), Ok(&trace));
    assert_eq!(states(&trace).count(), 4);
}

#[test]
fn an_error_names_its_line_and_column() {
    assert_eq!(error(""), "line 1, column 1: expected a value");
    assert_eq!(error("{\n \"a\" 1}"), "line 2, column 6: expected `:`");
    assert_eq!(error("[1,]"), "line 1, column 4: expected a value");
    assert_eq!(error("[01]"), "line 1, column 2: 01 is not a number");
    assert_eq!(
        error("\"\\q\""),
        "line 1, column 2: JSON has no such escape"
    );
    assert_eq!(
        error("\"a\nb\""),
        "line 1, column 3: a string must end on its line; write \\n for a line break"
    );
    assert_eq!(
        error("{} {}"),
        "line 1, column 4: expected the end of the text"
    );
    let deep = "[".repeat(sized(100_000, 100));
    assert_eq!(
        error(&deep),
        "line 1, column 34: values are nested too deeply"
    );
    assert_eq!(
        error("{\"schema\":\"other/2\"}"),
        "line 1, column 11: the only supported schema is \"loop-trace/1\""
    );
}

#[test]
fn an_event_with_a_missing_or_wrong_member_is_refused() {
    let lacks = EVERY_KIND.replacen(",\"result\":\"pending\"", "", 1);
    assert_eq!(
        error(&lacks),
        "line 28, column 1: `result` is missing from this object"
    );
    let other = EVERY_KIND.replacen("\"result\":\"pending\"", "\"result\":\"perhaps\"", 1);
    assert!(error(&other).contains("\"perhaps\" is not a value of this member"));
    let gap = EVERY_KIND.replacen("\"i\":3,", "\"i\":4,", 1);
    assert!(error(&gap).contains("expected event 3"));
    let zero = EVERY_KIND.replacen("\"task\":1", "\"task\":0", 1);
    assert!(error(&zero).contains("tasks are numbered from 1"));
    let site = EVERY_KIND.replacen("\"s\":1", "\"s\":2", 1);
    assert!(error(&site).contains("`sites` has no such entry"));
}

#[test]
fn an_unknown_kind_of_event_is_kept_by_its_name() {
    let unknown = EVERY_KIND.replacen("\"k\":\"turn\"", "\"k\":\"from.the.future\"", 1);
    let trace = Trace::parse(&unknown).unwrap();
    assert_eq!(kinds(&trace)[3], "from.the.future");
}

/// Every text is read or refused: these have one byte broken, or are cut off.
#[test]
fn no_broken_text_makes_the_reader_panic() {
    let good = EVERY_KIND;
    let cuts = (0..good.len()).filter(|at| good.is_char_boundary(*at));
    for cut in cuts.step_by(sized(29, 2000)) {
        let _ = Trace::parse(&good[..cut]);
        for replacement in ["\"", "{", "9", "\u{e4}", "\\"] {
            let mut text = good.to_owned();
            text.replace_range(cut..=cut, replacement);
            let _ = Trace::parse(&text);
        }
    }
}

/// Numbers that no loop would write: time that decreases, a thread with the
/// largest number, any count.
#[test]
#[cfg_attr(miri, ignore = "too long for an interpreter")]
fn a_trace_that_can_be_read_can_be_judged_and_drawn() {
    let lines: Vec<_> = EVERY_KIND.lines().collect();
    let mut read = 0;
    for (n, line) in lines.iter().enumerate() {
        for digit in line.match_indices(|c: char| c.is_ascii_digit()) {
            // Every digit with each of these would take ten seconds.
            let numbers = ["0", "7", "4294967295", "18446744073709551615"];
            let number = numbers[(n + digit.0) % numbers.len()];
            let mut line = (*line).to_owned();
            line.replace_range(digit.0..=digit.0, number);
            let mut lines = lines.clone();
            lines[n] = &line;
            let Ok(trace) = Trace::parse(&lines.join("\n")) else {
                continue;
            };
            read += 1;
            let _ = judge(&trace);
            let _ = (timeline(&trace, 80), svg(&trace), trace.to_perfetto());
        }
    }
    assert!(read > 100, "{read} of these can be read");
}
