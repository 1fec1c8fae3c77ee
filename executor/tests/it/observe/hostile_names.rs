//! Names that try to control the terminal: every text that may reach one escapes
//! them, and shows all other characters as they are.

use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use executor::instrument::{Tracer, mark, svg, timeline};
use executor::sync::{Event, Lock, Queue, Semaphore};
use executor::{
    JoinHandle, Runner, TaskInfo, gather, sleep, spawn, spawn_named, task_tree, tasks, try_run,
    yield_now,
};

use crate::common::{in_own_process, reports, virtual_runner};

/// A line end and a false report, the clearing of a screen (with both escapes
/// that begin it), a deletion, a line separator, and a text turned round.
const HOSTILE: &str =
    "a\nexecutor: b\r\t\u{1b}[2J\u{9b}2J\u{7f}\u{2028}\u{202e}c\u{2066}é漢👩‍👧\u{200f}";
const SHOWN: &str =
    "a\\nexecutor: b\\r\\t\\u{1b}[2J\\u{9b}2J\\u{7f}\\u{2028}\\u{202e}c\\u{2066}é漢👩‍👧\u{200f}";

/// Fails if a text has a character that controls a terminal, other than line ends.
#[track_caller]
fn assert_harmless(text: &str) {
    let is_hostile = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!text.contains(is_hostile), "{text:?}");
}

#[test]
fn listings_and_the_tree_escape_names() {
    virtual_runner().run(async {
        let lock = Rc::new(Lock::named(HOSTILE, ()));
        let event = Rc::new(Event::named(HOSTILE));
        let semaphore = Rc::new(Semaphore::named(HOSTILE, 0));
        let queue = Rc::new(Queue::<u8>::named(HOSTILE, 0));
        let guard = lock.try_lock().expect("it is free");
        let (l, e, s, q) = (
            lock.clone(),
            event.clone(),
            semaphore.clone(),
            queue.clone(),
        );
        let named = spawn_named(HOSTILE, pending::<()>());
        let waits = spawn(async move {
            let waits = (l.lock(), e.wait(), s.acquire(), q.get(), named);
            drop(gather(waits).await);
        });
        yield_now().await;
        let list: Vec<_> = tasks().iter().map(TaskInfo::to_string).collect();
        let start = format!("task 2 \"{SHOWN}\" (spawned at ");
        assert!(list[1].starts_with(&start), "{list:?}");
        for wait in [
            "join task 2",
            "lock",
            "event",
            "a permit of semaphore",
            "an item of queue",
        ] {
            assert!(list[2].contains(&format!("{wait} \"{SHOWN}\"")), "{list:?}");
        }
        assert!(task_tree().contains(&format!("|-- task 2 \"{SHOWN}\": ")));
        list.iter().for_each(|text| assert_harmless(text));
        assert_harmless(&task_tree());
        assert_harmless(&format!("{:?} {waits:?} {lock:?} {queue:?}", tasks()));
        assert_eq!(
            tasks()[1].name(),
            HOSTILE,
            "the name itself is as it was given"
        );
        drop(guard);
    });
}

#[test]
fn errors_of_tasks_escape_names_and_panics() {
    virtual_runner().run(async {
        let cancelled = spawn_named(HOSTILE, pending::<()>());
        cancelled.cancel();
        let text = cancelled.await.unwrap_err().to_string();
        assert!(text.starts_with(&format!("task 2 \"{SHOWN}\" ")), "{text}");
        assert_harmless(&text);
        let panicked: JoinHandle<()> =
            spawn_named(HOSTILE, async { std::panic::panic_any(HOSTILE.to_owned()) });
        let error = panicked.await.unwrap_err();
        assert_harmless(&error.to_string().replace('\t', ""));
        assert_harmless(&format!("{error:?}").replace('\t', ""));
        assert!(error.to_string().contains("\\u{1b}[2J"));
        assert_eq!(
            *error.into_panic().downcast::<String>().unwrap(),
            HOSTILE,
            "the payload is as it was"
        );
    });
}

/// A text of several lines, such as that of `assert_eq!`, keeps them.
#[test]
fn the_text_of_a_panic_keeps_its_lines() {
    virtual_runner().run(async {
        let task: JoinHandle<()> = spawn(async { panic!("one\n\ttwo") });
        let text = task.await.unwrap_err().to_string();
        assert!(text.ends_with("panicked: one\n\ttwo"), "{text}");
    });
}

#[test]
fn the_text_of_a_stall_and_of_a_deadlock_escapes_names() {
    let stalled = try_run(async {
        let lock = Rc::new(Lock::named(HOSTILE, ()));
        let task = spawn_named(HOSTILE, async move {
            let _first = lock.lock().await;
            let _second = lock.lock().await;
        });
        let _ = task.await;
    });
    let text = stalled.unwrap_err().to_string();
    assert_harmless(&text);
    assert!(
        text.contains("\ndeadlock: a task waits for itself:"),
        "{text}"
    );
    assert!(
        text.contains(&format!(" for lock \"{SHOWN}\", which it took itself at")),
        "{text}"
    );
    assert!(
        !text.contains("\nexecutor: b"),
        "no line of its own: {text}"
    );
}

#[test]
fn drawings_escape_names_marks_and_prints() {
    let tracer = Tracer::new();
    let mut runner = Runner::builder()
        .virtual_time()
        .instrument(tracer.clone())
        .build();
    runner.run(async {
        let task = spawn_named(HOSTILE, sleep(Duration::from_secs(1)));
        mark(HOSTILE);
        let other = spawn(async { task.await.unwrap() });
        other.await.unwrap();
    });
    runner.close();
    let mut trace = tracer.trace();
    trace.program = HOSTILE.into();
    trace.args = vec![HOSTILE.into()];
    for width in [40, 80, 300] {
        let text = timeline(&trace, width);
        assert_harmless(&text);
        assert!(text.lines().all(|line| line.chars().count() <= width));
    }
    assert!(timeline(&trace, 300).contains("a\\nexecutor: b\\r\\t"));
    assert_harmless(&svg(&trace));
    assert!(!trace.to_json().contains(['\u{1b}', '\u{9b}', '\u{202e}']));
    assert!(
        !trace
            .to_perfetto()
            .contains(['\u{1b}', '\u{9b}', '\u{202e}'])
    );
    let again = executor::instrument::Trace::parse(&trace.to_json()).unwrap();
    assert_eq!(again, trace, "the trace itself keeps them");
}

/// Both crates escape the same characters.
#[test]
fn listings_and_drawings_agree_about_every_character() {
    let tracer = Tracer::new();
    let mut runner = Runner::builder()
        .virtual_time()
        .instrument(tracer.clone())
        .build();
    let all: Vec<char> = ('\0'..='\u{30ff}').collect();
    let shown = runner.run(async {
        let mut shown = Vec::new();
        for c in &all {
            let task = spawn_named(format!("x{c}x"), pending::<()>());
            let text = tasks()[1].to_string();
            let name = text.split('"').nth(1).unwrap_or_default().to_owned();
            shown.push((*c, name));
            task.cancel();
            let _ = task.await;
        }
        shown
    });
    let picture_of = |c: char| {
        let mut trace = executor::instrument::Trace::default();
        trace.program = format!("x{c}x");
        timeline(&trace, 80)
    };
    for (c, name) in shown {
        if c == '"' || c.is_whitespace() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}')
        {
            continue;
        }
        assert!(picture_of(c).starts_with(&name), "{:?}: {name}", c);
    }
}

#[test]
fn reports_on_stderr_escape_names() {
    const TEST: &str = "observe::hostile_names::reports_on_stderr_escape_names";
    if let Some(child) = in_own_process(TEST, &[("EXECUTOR_TIMELINE", "1")]) {
        assert!(child.status.success());
        let text = String::from_utf8(child.stderr.clone()).unwrap();
        assert_harmless(&text.replace('\t', ""));
        let reports = reports(&child);
        let named = |report: &&String| report.contains(SHOWN);
        assert_eq!(reports.iter().filter(named).count(), 2, "{reports:?}");
        assert!(text.contains(&format!(" for lock \"{SHOWN}\"")), "{text}");
        return;
    }
    std::panic::set_hook(Box::new(|_| {}));
    let mut runner = Runner::builder().virtual_time().debug(true).build();
    runner.run(async {
        drop(spawn_named(HOSTILE, pending::<()>()));
        drop(spawn_named(HOSTILE, async { panic!("{HOSTILE}") }));
        drop(spawn_named(HOSTILE, async {
            let lock = Lock::named(HOSTILE, ());
            let _first = lock.lock().await;
            let _second = lock.lock().await;
        }));
        sleep(Duration::from_secs(1)).await;
    });
    runner.close();
}
