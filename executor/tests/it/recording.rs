//! Recordings: what is written, what can be read, and what the environment
//! may ask for.

use std::future::pending;
use std::path::PathBuf;
use std::time::Duration;

use executor::instrument::replay::{Rule, judge};
use executor::instrument::{Event, Instrument, Trace, Tracer, svg, timeline};
use executor::net::{TcpListener, TcpStream};
use executor::{Builder, Handle, Runner, gather, run, sleep, spawn, to_thread, yield_now};

use crate::common::{in_own_process, reports, sized, sized_by_build};

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

#[test]
fn an_instrument_is_told_the_runtimes_line() {
    struct Lines(std::rc::Rc<std::cell::RefCell<Vec<String>>>);
    impl Instrument for Lines {
        fn event(&mut self, _: Duration, _: &Event) {}
        fn note(&mut self, note: &executor::instrument::Note<'_>) {
            let (file, line) = note.site();
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
    assert!(files.contains(&"executor/src/run.rs".to_owned()));
}

// ---- reading ----------------------------------------------------------------

fn error(text: &str) -> String {
    Trace::parse(text).expect_err("it is no trace").to_string()
}

#[test]
fn what_is_wrong_with_a_text_is_named_with_its_line_and_column() {
    assert_eq!(error(""), "line 1, column 1: a value was expected here");
    assert_eq!(
        error("{\n \"a\" 1}"),
        "line 2, column 6: `:` was expected here"
    );
    assert_eq!(error("[1,]"), "line 1, column 4: a value was expected here");
    assert_eq!(error("[01]"), "line 1, column 2: 01 is no number");
    assert_eq!(
        error("\"\\q\""),
        "line 1, column 2: this is no escape that JSON has"
    );
    assert_eq!(
        error("\"a\nb\""),
        "line 1, column 3: a text ends on its line; write \\n for a new one"
    );
    assert_eq!(
        error("{} {}"),
        "line 1, column 4: the end of the text was expected here"
    );
    let deep = "[".repeat(sized(100_000, 100));
    assert_eq!(error(&deep), "line 1, column 34: this is nested too deep");
    assert_eq!(
        error("{\"schema\":\"other/2\"}"),
        "line 1, column 11: only the schema \"loop-trace/1\" can be read"
    );
}

#[test]
fn an_event_that_lacks_something_is_named() {
    let good = record(Runner::builder().virtual_time(), naps).to_json();
    let lacks = good.replace(",\"result\":\"pending\"", "");
    assert!(
        error(&lacks).contains("`result` is missing in what begins here"),
        "{}",
        error(&lacks)
    );
    let other = good.replace("\"result\":\"pending\"", "\"result\":\"perhaps\"");
    assert!(error(&other).contains("\"perhaps\" is none of the words for this"));
    let gap = good.replacen("\"i\":3,", "\"i\":4,", 1);
    assert!(error(&gap).contains("event 3 was expected here"));
    let unknown = good.replacen("\"k\":\"turn\"", "\"k\":\"from.the.future\"", 1);
    let kind = kinds(&Trace::parse(&unknown).unwrap());
    assert!(kind.contains(&"from.the.future".to_owned()));
}

/// Any text is read or refused: here, a good one with each byte broken.
#[test]
fn no_broken_text_makes_the_reader_panic() {
    let good = record(Runner::builder().virtual_time(), || {
        sleep(Duration::from_secs(1))
    })
    .to_json();
    let cuts = (0..good.len()).filter(|at| good.is_char_boundary(*at));
    for cut in cuts.step_by(sized_by_build(1, 7, 2000)) {
        let _ = Trace::parse(&good[..cut]);
        for letter in ["\"", "{", "9", "\u{e4}", "\\"] {
            let mut text = good.clone();
            text.replace_range(cut..=cut, letter);
            let _ = Trace::parse(&text);
        }
    }
}

/// A trace from elsewhere, with numbers that no loop would write: time that
/// goes back, a thread with the largest number there is, counts of anything.
#[test]
#[cfg_attr(miri, ignore = "draws too much for an interpreter")]
fn a_trace_that_can_be_read_can_be_judged_and_drawn_whatever_is_in_it() {
    let good = record(Runner::builder().virtual_time(), naps).to_json();
    let lines: Vec<_> = good.lines().collect();
    let mut read = 0;
    for (n, line) in lines.iter().enumerate() {
        let digits = line.match_indices(|letter: char| letter.is_ascii_digit());
        for digits in digits.step_by(sized_by_build(1, 11, 11)) {
            for number in ["0", "7", "4294967295", "18446744073709551615"] {
                let mut line = (*line).to_owned();
                line.replace_range(digits.0..=digits.0, number);
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
    }
    assert!(read > 100, "{read} of these can be read");
}

#[test]
fn a_job_of_a_thread_with_the_largest_number_is_one_row() {
    let mut trace = record(Runner::builder().virtual_time(), || async {
        to_thread(|| ()).await;
    });
    for entry in &mut trace.events {
        entry.thread = entry.thread.map(|_| u32::MAX);
    }
    let picture = timeline(&trace, 80);
    assert!(picture.contains("thread 4294967295"), "{picture}");
    assert_eq!(picture.matches("thread 42").count(), 1, "{picture}");
}

/// The picture of many takes as long for each as that of a few: with a search
/// for each wait this would not end within the patience of a test.
#[test]
#[cfg_attr(miri, ignore = "draws too much for an interpreter")]
fn thousands_of_waits_can_be_drawn() {
    let trace = record(Runner::builder().virtual_time(), || async {
        let nap = || sleep(Duration::from_millis(1));
        let each = sized_by_build(20_000, 2_500, 2_500);
        let tasks: Vec<_> = (0..each).map(|_| spawn(nap())).collect();
        gather((0..each).map(|_| nap()).collect::<Vec<_>>()).await;
        drop(tasks);
    });
    let picture = timeline(&trace, 80);
    assert!(picture.contains("more tasks"), "{picture}");
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

#[test]
#[cfg_attr(miri, ignore = "draws too much for an interpreter")]
fn a_timeline_is_never_wider_than_asked_for_nor_longer_than_a_screen() {
    let trace = record(Runner::builder().virtual_time(), || async {
        let tasks: Vec<_> = (1..200)
            .map(|ms| {
                executor::spawn_named(
                    "a name that is rather long, too long",
                    sleep(Duration::from_millis(ms)),
                )
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    for width in [1, 40, 80, 200] {
        let picture = timeline(&trace, width);
        assert!(
            picture
                .lines()
                .all(|line| line.chars().count() <= width.max(40)),
            "{picture}"
        );
        assert!(picture.lines().count() < 60);
        assert!(picture.contains("more tasks"));
    }
}
