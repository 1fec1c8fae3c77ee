//! Traces written by hand.

use std::borrow::Borrow;

use loop_trace::Trace;

/// A trace with an event of every kind, in the form in which it is written.
pub(crate) const EVERY_KIND: &str = include_str!("../data/every_kind.json");

/// Returns how much of a test to do: less under Miri, which is a thousand times
/// slower.
pub(crate) const fn sized<T: Copy>(usual: T, in_miri: T) -> T {
    if cfg!(miri) { in_miri } else { usual }
}

/// Returns a trace of these events. Each is its kind and its other members:
/// `poll.start "task":1`. A time in nanoseconds may precede the kind:
/// `@100 timer.fire "timer":1`; the events that follow have the same time.
pub(crate) fn trace<T: Borrow<str>>(events: &[T]) -> Trace {
    let mut time = 0;
    let mut lines = Vec::new();
    for (i, event) in events.iter().enumerate() {
        let mut event = event.borrow();
        if let Some(rest) = event.strip_prefix('@') {
            let (at, rest) = rest.split_once(' ').expect("a time and an event");
            (time, event) = (at.parse().expect("a time"), rest);
        }
        let time: u64 = time;
        let (kind, rest) = event.split_once(' ').unwrap_or((event, ""));
        let comma = if rest.is_empty() { "" } else { "," };
        lines.push(format!(
            r#"{{"i":{i},"t":{time},"k":"{kind}"{comma}{rest}}}"#
        ));
    }
    let text = format!(
        r#"{{"schema":"loop-trace/1","program":"by_hand","args":[],"lang":"rust",
        "runtime":"executor","version":"0","clock":"virtual","unit":"ns","sites":[],
        "dropped":0,"events":[{}]}}"#,
        lines.join(",\n")
    );
    Trace::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Returns the event of a spawn.
pub(crate) fn spawn(task: usize, name: &str) -> String {
    format!(r#"task.spawn "task":{task},"name":"{name}","parent":null,"at":"src/main.rs:1:1""#)
}

/// Returns the events of a task that arms a timer and waits for it.
pub(crate) fn sleep(task: usize, timer: usize, deadline: u64) -> [String; 2] {
    [
        format!(r#"timer.add "timer":{timer},"task":{task},"deadline":{deadline}"#),
        format!(r#"await "task":{task},"on":{{"timer":{timer}}}"#),
    ]
}
