//! What is drawn from a recording: the timeline's words, and the slices and
//! arrows for Perfetto.

use std::time::Duration;

use executor::instrument::{Trace, Tracer, timeline};
use executor::{Runner, gather, sleep, spawn, spawn_named, timeout, yield_now};

fn record<F: Future>(program: F) -> Trace {
    let tracer = Tracer::new();
    let builder = Runner::builder().virtual_time();
    let mut runner = builder.instrument(tracer.clone()).build();
    runner.run(program);
    drop(runner);
    tracer.trace()
}

const SECOND: Duration = Duration::from_secs(1);

/// A member of an event, which stands on a line of its own.
fn member<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let rest = line.split_once(&format!("\"{name}\":"))?.1;
    let end = rest.find([',', '}']).unwrap_or(rest.len());
    Some(rest[..end].trim_matches('"'))
}

fn number(line: &str, name: &str) -> f64 {
    let text = member(line, name).unwrap_or_else(|| panic!("{name} is missing: {line}"));
    let number = text.parse();
    number.unwrap_or_else(|_| panic!("{name} is no number: {line}"))
}

/// The slice that a reader hangs an arrow on: of those of its row that stand
/// before it in the file, the last, if it goes on.
fn slice_of<'a>(lines: &[&'a str], arrow: usize) -> Option<&'a str> {
    let row = |line: &str| (member(line, "pid").map(str::to_owned), number(line, "tid"));
    let here = lines[arrow];
    let before = lines[..arrow].iter().rev();
    let mut slices = before.filter(|line| member(line, "ph") == Some("X"));
    let slice = slices.find(|line| row(line) == row(here))?;
    let (from, at) = (number(slice, "ts"), number(here, "ts"));
    (from <= at && at <= from + number(slice, "dur")).then_some(slice)
}

#[test]
fn for_perfetto_every_wake_is_an_arrow_from_its_cause_to_the_poll_that_came_of_it() {
    let trace = record(async {
        let other = spawn(async {
            yield_now().await;
            sleep(SECOND).await;
        });
        gather((sleep(SECOND), sleep(SECOND * 2))).await;
        other.await.unwrap();
    });
    let text = trace.to_perfetto();
    let lines: Vec<_> = text
        .lines()
        .filter(|line| line.contains("\"ph\""))
        .collect();
    let mut from = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let name = || slice_of(&lines, n).and_then(|slice| member(slice, "name"));
        match member(line, "ph") {
            Some("s") => from.push((number(line, "id"), name().expect(line).to_owned())),
            Some("f") => assert_eq!(name(), Some("poll"), "{line}"),
            _ => {}
        }
    }
    let heads = lines.iter().filter(|line| member(line, "ph") == Some("f"));
    let mut heads: Vec<_> = heads.map(|line| number(line, "id")).collect();
    heads.sort_by(f64::total_cmp);
    let mut tails: Vec<_> = from.iter().map(|(id, _)| *id).collect();
    tails.sort_by(f64::total_cmp);
    assert_eq!(heads, tails, "each arrow has both ends");
    let causes: Vec<_> = from.into_iter().map(|(_, name)| name).collect();
    for cause in ["poll", "timer 1", "timer 2", "timer 3"] {
        assert!(causes.iter().any(|name| name == cause), "{causes:?}");
    }
}

#[test]
fn waits_that_are_too_short_for_a_name_have_one_in_common() {
    let trace = record(async {
        let beat = spawn_named("heart", async {
            for _ in 0..40 {
                gather((sleep(SECOND), sleep(SECOND))).await;
            }
        });
        beat.await.unwrap();
    });
    let picture = timeline(&trace, 80);
    assert_eq!(picture.matches(" 40 × sleep 1 s ").count(), 2, "{picture}");
}

#[test]
fn a_time_limit_that_was_not_reached_is_not_counted_as_a_wait() {
    let trace = record(timeout(SECOND * 60, sleep(SECOND)));
    let picture = timeline(&trace, 80);
    assert!(!picture.contains("of waiting took"), "{picture}");
}

#[test]
fn a_long_command_line_leaves_room_for_the_time() {
    let mut trace = record(sleep(SECOND));
    trace.args = (0..500).map(|n| n.to_string()).collect();
    let picture = timeline(&trace, 60);
    let first = picture.lines().next().unwrap();
    assert!(first.ends_with("…: 1 s of virtual time"), "{first}");
    assert_eq!(first.chars().count(), 60);
}

#[test]
fn a_number_and_its_unit_stand_on_one_line() {
    let trace = record(gather((sleep(SECOND), sleep(SECOND), sleep(SECOND))));
    for width in 40..120 {
        let picture = timeline(&trace, width);
        assert!(
            !picture.lines().any(|line| line.starts_with("s,")),
            "{picture}"
        );
    }
}
