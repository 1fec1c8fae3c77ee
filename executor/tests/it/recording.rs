//! Recordings of real runs, and what the environment may ask for. The tests of
//! traces that need no runtime are in `loop-trace/tests`.

use std::collections::BTreeMap;
use std::future::{pending, poll_fn};
use std::path::PathBuf;
use std::task::Poll;
use std::time::Duration;

use executor::instrument::replay::{Rule, judge};
use executor::instrument::{Event, EventRecord, Instrument, TaskId, Trace, Tracer, svg, timeline};
use executor::net::{TcpListener, TcpStream};
use executor::{Builder, Handle, Runner, gather, run, scope, sleep, spawn, to_thread, yield_now};

use crate::common::{in_own_process, reports};

fn record<F: Future>(builder: Builder, program: impl FnOnce() -> F) -> Trace {
    let tracer = Tracer::new();
    let mut runner = builder.instrument(tracer.clone()).build();
    runner.run(program());
    drop(runner);
    tracer.trace()
}

fn kinds(trace: &Trace) -> Vec<String> {
    let kinds = trace.events.iter().map(|entry| entry.event.kind());
    kinds.map(str::to_owned).collect()
}

/// One timer at a time: which of two comes first, or whether they come
/// together, is up to a real clock.
async fn one_by_one() {
    sleep(Duration::from_millis(1)).await;
    let task = spawn(sleep(Duration::from_millis(1)));
    task.await.unwrap();
}

async fn naps() {
    let nap = |ms| sleep(Duration::from_millis(ms));
    gather((nap(50), nap(50), nap(50))).await;
    let task = spawn(nap(1));
    task.await.unwrap();
}

#[test]
fn the_real_clock_gives_the_same_kinds_in_the_same_order() {
    let virtually = record(Runner::builder().virtual_time(), one_by_one);
    let really = record(Runner::builder(), one_by_one);
    let without_parks = |trace: &Trace| {
        // A real sleep may end early, or not begin because its time is over.
        let kinds = kinds(trace).into_iter();
        let kinds = kinds.filter(|kind| !kind.starts_with("park") && kind != "turn");
        kinds.collect::<Vec<_>>()
    };
    assert_eq!(without_parks(&virtually), without_parks(&really));
    assert!(virtually.virtual_time && !really.virtual_time);
    assert_eq!(judge(&really), []);
}

#[test]
fn recording_twice_gives_the_same_bytes() {
    let once = || record(Runner::builder().virtual_time().seed(3), naps).to_json();
    assert_eq!(once(), once());
    assert!(once().contains("\"seed\": 3,"));
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no sockets")]
fn a_trace_with_sockets_threads_and_messages_is_read_back_and_keeps_the_rules() {
    let trace = record(Runner::builder(), || async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (server, client) = gather((listener.accept(), TcpStream::connect(addr))).await;
        drop((server.unwrap(), client.unwrap()));
        let handle = Handle::current();
        let answer = to_thread(move || handle.spawn(|| async { 7 }).wait());
        assert_eq!(answer.await.unwrap(), 7);
        let odd = "quotes \" and \\ and \u{1f600} and\nlines";
        executor::instrument::mark(odd);
    });
    assert_eq!(Trace::parse(&trace.to_json()).as_ref(), Ok(&trace));
    assert_eq!(judge(&trace), []);
    let kinds = kinds(&trace);
    for kind in [
        "io.register",
        "io.deregister",
        "io.try",
        "inbox.push",
        "inbox.drain",
        "pool.submit",
        "pool.start",
        "pool.end",
        "pool.done",
        "mark",
        "loop.closed",
    ] {
        assert!(
            kinds.iter().any(|known| known == kind),
            "{kind} is missing: {kinds:?}"
        );
    }
    let order = ["pool.submit", "pool.start", "pool.end", "pool.done"];
    let places = order.map(|kind| kinds.iter().position(|known| known == kind));
    assert!(places.is_sorted(), "{places:?}");
    let far = trace.events.iter().filter(|entry| entry.thread.is_some());
    assert!(far.count() >= 4, "start, end and two letters");
    // And whatever is drawn from it is drawn.
    assert!(timeline(&trace, 80).contains("thread 1"));
    assert!(svg(&trace).ends_with("</svg>\n"));
    assert!(
        Trace::parse(&trace.to_perfetto()).is_err(),
        "that is another format"
    );
}

#[test]
fn a_panic_is_in_the_trace_with_its_text() {
    let trace = record(Runner::builder().virtual_time(), || async {
        let task = spawn(async { panic!("no luck") });
        Result::<(), _>::unwrap_err(task.await);
    });
    let text = trace.events.iter().find_map(|entry| match &entry.event {
        Event::TaskEnd { text, .. } => text.clone(),
        _ => None,
    });
    assert_eq!(text.as_deref(), Some("no luck"));
}

#[test]
fn a_task_that_nobody_can_wake_is_seen() {
    let tracer = Tracer::new();
    let builder = Runner::builder().virtual_time();
    let mut runner = builder.instrument(tracer.clone()).build();
    runner.try_run(pending::<()>()).unwrap_err();
    drop(runner);
    let broken = judge(&tracer.trace());
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0].rule, Rule::LiveWaker);
}

/// Keeps a clone of its waker, and never completes.
async fn keep_waker() {
    let mut kept = None;
    poll_fn(|cx| {
        kept = Some(cx.waker().clone());
        Poll::<()>::Pending
    })
    .await;
}

/// At the end of the poll in which a task keeps its first clone, the clone is
/// counted before the task has the waker in its slot.
#[test]
fn a_task_that_was_woken_and_then_keeps_its_waker_is_not_lost() {
    let tracer = Tracer::new();
    let builder = Runner::builder().virtual_time();
    let builder = builder.stall_timeout(Duration::ZERO);
    let mut runner = builder.instrument(tracer.clone()).build();
    let main = scope(async |scope| {
        scope.spawn(async {
            sleep(Duration::from_millis(2)).await;
            keep_waker().await;
        });
        sleep(Duration::from_millis(1)).await;
        keep_waker().await;
    });
    runner.try_run(main).unwrap_err();
    drop(runner);
    let trace = tracer.trace();
    assert_eq!(judge(&trace), []);
    let counts = trace.events.iter().filter_map(|entry| match entry.event {
        Event::WakerCount { task, n, .. } => Some((task.to_string(), n)),
        _ => None,
    });
    let last: BTreeMap<_, _> = counts.collect();
    assert_eq!(last, BTreeMap::from([("1".into(), 1), ("2".into(), 1)]));
}

#[test]
fn an_instrument_is_told_the_runtimes_line() {
    struct Lines(std::rc::Rc<std::cell::RefCell<Vec<String>>>);
    impl Instrument for Lines {
        fn event(&mut self, _: Duration, _: &Event) {}
        fn record(&mut self, record: &EventRecord<'_>) {
            let (file, line) = record.site();
            assert!(line > 0);
            self.0.borrow_mut().push(file);
        }
    }
    let files = std::rc::Rc::default();
    let lines = Lines(std::rc::Rc::clone(&files));
    Runner::builder().instrument(lines).build().run(yield_now());
    let files = files.borrow();
    assert!(
        files.iter().all(|file| file.starts_with("executor/src/")),
        "{files:?}"
    );
    assert!(files.contains(&"executor/src/event_loop/run.rs".to_owned()));
}

/// Without its last events a trace has no end to be balanced.
#[test]
fn a_recording_that_was_cut_off_is_judged_as_far_as_it_goes() {
    let tracer = Tracer::with_room(10);
    let builder = Runner::builder().virtual_time();
    let mut runner = builder.instrument(tracer.clone()).build();
    runner.run(async {
        for _ in 0..10 {
            drop(spawn(sleep(Duration::from_secs(1))));
        }
    });
    drop(runner);
    let trace = tracer.trace();
    assert_eq!(trace.events.len(), 10);
    assert!(trace.dropped > 10, "{}", trace.dropped);
    assert_eq!(judge(&trace), []);
}

#[test]
fn a_task_of_the_loop_and_a_task_of_a_trace_can_be_compared() {
    let mut task = None;
    let trace = record(Runner::builder().virtual_time(), || async {
        let handle = spawn(async {});
        task = Some(handle.id());
        handle.await.unwrap();
    });
    let spawned = trace
        .events
        .iter()
        .rev()
        .find_map(|entry| match entry.event {
            Event::TaskSpawn { task, .. } => Some(task),
            _ => None,
        });
    let (spawned, task) = (spawned.unwrap(), task.unwrap());
    assert_eq!(spawned, task);
    assert_eq!(task, spawned);
    assert_eq!(spawned, TaskId::from(task));
    assert_eq!(spawned.to_string(), task.to_string());
    assert_ne!(task, TaskId::NONE);
}

// ---- the environment --------------------------------------------------------

fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("executor-{}-{name}", std::process::id()))
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn the_environment_asks_for_a_trace_of_each_loop() {
    let file = scratch("trace.json");
    let test = "recording::the_environment_asks_for_a_trace_of_each_loop";
    let environment = [("EXECUTOR_TRACE", file.to_str().unwrap())];
    let Some(child) = in_own_process(test, &environment) else {
        run(async { executor::println!("the first") });
        Runner::builder().virtual_time().build().run(naps());
        return;
    };
    assert_eq!(reports(&child), Vec::<String>::new());
    let second = file.with_file_name(format!(
        "{}.2.json",
        file.file_stem().unwrap().to_str().unwrap()
    ));
    let read = |file: &PathBuf| Trace::parse(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(kinds(&read(&file)).contains(&"print".to_owned()));
    assert!(read(&second).virtual_time);
    std::fs::remove_file(&file).unwrap();
    std::fs::remove_file(&second).unwrap();
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn a_trace_that_cannot_be_written_is_reported_and_the_program_goes_on() {
    let test = "recording::a_trace_that_cannot_be_written_is_reported_and_the_program_goes_on";
    let environment = [("EXECUTOR_TRACE", "/nowhere/at/all.json")];
    let Some(child) = in_own_process(test, &environment) else {
        assert_eq!(run(async { 7 }), 7);
        return;
    };
    let reports = reports(&child);
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].starts_with("EXECUTOR_TRACE: /nowhere/at/all.json could not be written: "));
}

#[test]
#[cfg_attr(miri, ignore = "needs a process of its own")]
fn the_environment_asks_for_a_timeline() {
    let test = "recording::the_environment_asks_for_a_timeline";
    let environment = [("EXECUTOR_TIMELINE", "1"), ("COLUMNS", "60")];
    let Some(child) = in_own_process(test, &environment) else {
        let wait = || sleep(Duration::from_secs(2));
        Runner::builder()
            .virtual_time()
            .build()
            .run(gather((wait(), wait(), wait())));
        return;
    };
    let picture = String::from_utf8(child.stderr).unwrap();
    assert!(picture.contains("6 s of waiting took 2 s"), "{picture}");
    assert_eq!(picture.matches(" sleep 2 s ").count(), 3, "{picture}");
    assert!(
        !picture.contains('\x1b'),
        "no colours where there is no terminal"
    );
    let widest = picture.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(60), "{picture}");
}
