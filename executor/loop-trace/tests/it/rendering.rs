//! The drawings of a trace: the timeline, and the slices and arrows for
//! Perfetto.

use loop_trace::{Trace, svg, timeline};

use crate::common::{EVERY_KIND, sleep, spawn, trace};

const SECOND: u64 = 1_000_000_000;

/// Returns a trace of one task that waits for timers with these deadlines.
fn waits(deadlines: &[u64]) -> Trace {
    let mut events = vec![spawn(1, "Task-1")];
    for (n, deadline) in deadlines.iter().enumerate() {
        events.extend(sleep(1, n + 1, *deadline));
    }
    for (n, deadline) in deadlines.iter().enumerate() {
        events.push(format!(r#"@{deadline} timer.fire "timer":{}"#, n + 1));
    }
    trace(&events)
}

/// Returns a member of an event that is a line of its own.
fn member<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let rest = line.split_once(&format!("\"{name}\":"))?.1;
    let end = rest.find([',', '}']).unwrap_or(rest.len());
    Some(rest[..end].trim_matches('"'))
}

fn number(line: &str, name: &str) -> f64 {
    let text = member(line, name).unwrap_or_else(|| panic!("{name} is missing: {line}"));
    let number = text.parse();
    number.unwrap_or_else(|_| panic!("{name} is not a number: {line}"))
}

/// Returns the slice to which a reader ties an arrow: of the slices of its row
/// before it in the file, the last, if it has not ended.
fn slice_of<'a>(lines: &[&'a str], arrow: usize) -> Option<&'a str> {
    let row = |line: &str| (member(line, "pid").map(str::to_owned), number(line, "tid"));
    let line = lines[arrow];
    let before = lines[..arrow].iter().rev();
    let mut slices = before.filter(|line| member(line, "ph") == Some("X"));
    let slice = slices.find(|slice| row(slice) == row(line))?;
    let (from, at) = (number(slice, "ts"), number(line, "ts"));
    (from <= at && at <= from + number(slice, "dur")).then_some(slice)
}

#[test]
fn for_perfetto_each_wake_is_an_arrow_from_its_cause_to_the_next_poll() {
    let text = Trace::parse(EVERY_KIND).unwrap().to_perfetto();
    let lines = text.lines().filter(|line| line.contains("\"ph\""));
    let lines: Vec<_> = lines.collect();
    let mut tails = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let name = || slice_of(&lines, n).and_then(|slice| member(slice, "name"));
        match member(line, "ph") {
            Some("s") => tails.push((number(line, "id"), name().expect(line))),
            Some("f") => assert_eq!(name(), Some("poll"), "{line}"),
            _ => {}
        }
    }
    let heads = lines.iter().filter(|line| member(line, "ph") == Some("f"));
    let mut heads: Vec<_> = heads.map(|line| number(line, "id")).collect();
    heads.sort_by(f64::total_cmp);
    tails.sort_by(|a, b| a.0.total_cmp(&b.0));
    let ids: Vec<_> = tails.iter().map(|(id, _)| *id).collect();
    assert_eq!(heads, ids, "each arrow has both ends");
    for cause in ["poll", "loop", "job 1", "inbox", "timer 1"] {
        assert!(tails.iter().any(|(_, name)| *name == cause), "{tails:?}");
    }
    assert!(Trace::parse(&text).is_err(), "this is another format");
}

#[test]
fn the_drawings_show_every_task_and_thread() {
    let trace = Trace::parse(EVERY_KIND).unwrap();
    let (text, picture) = (timeline(&trace, 100), svg(&trace));
    for row in [
        "main",
        "Task-2 (cancelled)",
        "of a scope (panicked)",
        "thread 1",
    ] {
        assert!(text.contains(row), "{row} is missing:\n{text}");
        assert!(picture.contains(row), "{row} is missing:\n{picture}");
    }
    let first = text.lines().next();
    let heading = "every_kind --quotes \" \\ and lines: 5 ms of virtual time";
    assert_eq!(
        first,
        Some(heading),
        "a line break in an argument is a space"
    );
    assert!(text.contains("4 turns, 7 polls, 7 wakes"), "{text}");
    assert!(picture.ends_with("</svg>\n"));
}

#[test]
fn waits_that_are_too_short_for_a_label_have_one_in_common() {
    let mut events = vec![spawn(1, "heart")];
    for beat in 0..40 {
        for child in 0..2 {
            events.push(format!(r#"child.poll "task":1,"child":{child}"#));
            events.extend(sleep(1, 2 * beat + child + 1, (beat as u64 + 1) * SECOND));
        }
        let now = (beat as u64 + 1) * SECOND;
        for child in 0..2 {
            events.push(format!(
                r#"@{now} timer.fire "timer":{}"#,
                2 * beat + child + 1
            ));
        }
    }
    let picture = timeline(&trace(&events), 80);
    assert_eq!(picture.matches(" 40 × sleep 1 s ").count(), 2, "{picture}");
}

#[test]
fn a_time_limit_that_was_not_reached_is_not_counted_as_a_wait() {
    let mut events = vec![spawn(1, "Task-1")];
    events.extend(sleep(1, 1, SECOND));
    events.extend(sleep(1, 2, 60 * SECOND));
    events.push(format!(r#"@{SECOND} timer.fire "timer":1"#));
    events.push(r#"timer.cancel "timer":2"#.into());
    let picture = timeline(&trace(&events), 80);
    assert!(picture.contains("sleep 1 s"), "{picture}");
    assert!(!picture.contains("of waiting took"), "{picture}");
}

#[test]
fn a_long_command_line_leaves_room_for_the_time() {
    let mut trace = waits(&[SECOND]);
    trace.args = (0..500).map(|n| n.to_string()).collect();
    let picture = timeline(&trace, 60);
    let first = picture.lines().next().unwrap();
    assert!(first.ends_with("…: 1 s of virtual time"), "{first}");
    assert_eq!(first.chars().count(), 60);
}

#[test]
fn a_number_and_its_unit_are_on_one_line() {
    let trace = waits(&[SECOND; 3]);
    assert!(timeline(&trace, 80).contains("3 s of waiting took 1 s"));
    for width in 40..120 {
        let picture = timeline(&trace, width);
        let mut lines = picture.lines();
        assert!(!lines.any(|line| line.starts_with("s,")), "{picture}");
    }
}

#[test]
fn a_timeline_is_neither_wider_than_requested_nor_longer_than_a_screen() {
    let mut events = Vec::new();
    for task in 1..200 {
        events.push(spawn(task, "a name that is rather long, too long"));
        events.extend(sleep(task, task, SECOND));
    }
    let trace = trace(&events);
    for width in [1, 40, 80, 200] {
        let picture = timeline(&trace, width);
        let mut widths = picture.lines().map(|line| line.chars().count());
        assert!(widths.all(|columns| columns <= width.max(40)), "{picture}");
        assert!(picture.lines().count() < 60);
        assert!(picture.contains("more tasks"));
    }
}

#[test]
fn the_thread_with_the_largest_number_is_one_row() {
    let events = [
        spawn(1, "Task-1"),
        r#"pool.submit "job":1,"task":1,"at":"src/main.rs:2:5""#.into(),
        r#"pool.start "th":4294967295,"job":1"#.into(),
        r#"@1000 pool.end "th":4294967295,"job":1,"result":"ok""#.into(),
    ];
    let picture = timeline(&trace(&events), 80);
    assert!(picture.contains("thread 4294967295"), "{picture}");
    assert_eq!(picture.matches("thread 42").count(), 1, "{picture}");
}

/// The time per wait does not grow with the number of waits: with a search for
/// each wait, this test would take minutes.
#[test]
fn forty_thousand_waits_can_be_drawn() {
    const TASKS: usize = 20_000;
    let mut events = vec![spawn(1, "main")];
    for n in 2..TASKS {
        events.push(spawn(n, "nap"));
        events.extend(sleep(n, n, SECOND));
        events.push(format!(r#"child.poll "task":1,"child":{n}"#));
        events.extend(sleep(1, TASKS + n, SECOND));
    }
    for n in 2..TASKS {
        events.push(format!(r#"@{SECOND} timer.fire "timer":{n}"#));
        events.push(format!(r#"timer.fire "timer":{}"#, TASKS + n));
    }
    let picture = timeline(&trace(&events), 80);
    assert!(picture.contains("more tasks"), "{picture}");
}
