//! Instruments that fail, in every place where one is called: it is removed,
//! and the program has the same result as without it.

use std::collections::BTreeSet;
use std::panic::panic_any;
use std::pin::pin;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use executor::instrument::{Event, Instrument, Recorder, mark};
use executor::net::{TcpListener, TcpStream};
use executor::{
    Builder, Handle, Runner, ThreadPool, gather, run_in_executor, scope, sleep, spawn, tasks,
    timeout, to_thread, yield_now,
};
use futures::io::{AsyncReadExt, AsyncWriteExt};

use crate::common::{Count, Log, OnDrop, poll_once, recorded_virtual_runner, sized};

const MS: Duration = Duration::from_millis(1);

/// `Wake` of `Wake { task: .. }`.
fn kind(event: &Event) -> String {
    let text = format!("{event:?}");
    let end = text.find([' ', '{', '(']).unwrap_or(text.len());
    text[..end].to_owned()
}

/// Panics at the first event of a kind, and counts the calls after that, which
/// must be none.
struct PanicsAt {
    kind: String,
    panicked: bool,
    calls_after: Count,
    panics: Count,
}

impl Instrument for PanicsAt {
    fn event(&mut self, _: Duration, event: &Event) {
        if self.panicked {
            self.calls_after.add();
        }
        if kind(event) == self.kind {
            self.panicked = true;
            self.panics.add();
            panic!("this hook fails at {}", self.kind);
        }
    }
}

/// Under a clock that jumps and with a seed, so that every kind of event that
/// there is comes up.
fn builder() -> Builder {
    Runner::builder().virtual_time().seed(3)
}

/// A program that makes the loop do everything that it tells of, but what
/// needs sockets. Its result is the same each time.
async fn everything_but_sockets(log: Log) {
    let napper = spawn(sleep(MS));
    let doomed = spawn(sleep(Duration::from_secs(60)));
    yield_now().await;
    doomed.cancel();
    log.push(format!("cancelled: {}", doomed.await.is_err()));
    log.push(format!("slept: {}", napper.await.is_ok()));
    let late = timeout(MS, std::future::pending::<()>()).await;
    log.push(format!("too late: {}", late.is_err()));
    log.push(format!("in time: {:?}", timeout(MS, async { 1 }).await));
    drop_what_waits().await;
    let mut moved = pin!(sleep(Duration::from_secs(60)));
    assert!(poll_once(&mut moved).await.is_pending());
    moved.reset(MS);
    moved.await;
    let naps: Vec<_> = (0..40).map(|_| sleep(MS)).collect();
    log.push(format!("gathered: {}", gather(naps).await.len()));
    let sum = scope(async |s| {
        let children = [1, 2, 3].map(|n| {
            s.spawn(async move {
                yield_now().await;
                n
            })
        });
        let mut sum = 0;
        for child in children {
            sum += child.await.unwrap();
        }
        sum
    });
    log.push(format!("in a scope: {}", sum.await));
    log.push(format!("a call: {}", to_thread(|| 5).await));
    give_up_a_call().await;
    let handle = Handle::current();
    let posted = std::thread::spawn(move || handle.spawn(async || 6));
    let posted = posted.join().unwrap();
    log.push(format!("posted: {}", posted.await.unwrap()));
    let broken = spawn(async { panic!("a task") });
    log.push(format!(
        "panicked: {}",
        broken.await.unwrap_err().is_panic()
    ));
    mark("a mark");
    executor::println!("a line");
}

async fn drop_what_waits() {
    let mut nap = Box::pin(sleep(Duration::from_secs(60)));
    assert!(poll_once(&mut nap).await.is_pending());
    drop(nap);
    let mut task = spawn(sleep(MS));
    assert!(poll_once(&mut task).await.is_pending());
    drop(task);
}

/// One that waits behind another and is dropped.
async fn give_up_a_call() {
    let pool = ThreadPool::new(1);
    let (open, gate) = mpsc::channel::<()>();
    let mut first = run_in_executor(&pool, move || gate.recv().is_err());
    assert!(poll_once(&mut first).await.is_pending());
    let mut second = run_in_executor(&pool, || ());
    assert!(poll_once(&mut second).await.is_pending());
    drop(second);
    drop(open);
    assert!(first.await);
}

async fn an_echo(log: Log) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = [0; 4];
        stream.read_exact(&mut bytes).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
    });
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"echo").await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    server.await.unwrap();
    log.push(format!("echoed: {answer}"));
}

async fn everything(log: Log) {
    everything_but_sockets(log.clone()).await;
    if cfg!(not(miri)) {
        an_echo(log).await;
    }
}

/// The kinds that come up, and what the program did.
fn recorded() -> (BTreeSet<String>, Vec<String>) {
    let (recorder, log) = (Recorder::new(), Log::new());
    let mut runner = builder().instrument(recorder.clone()).build();
    runner.run(everything(log.clone()));
    runner.close();
    let kinds = recorder.take().into_iter();
    let kinds = kinds.map(|(_, event)| kind(&event));
    (kinds.collect(), log.take())
}

/// Events for sockets, which Miri does not have.
const OF_SOCKETS: [&str; 5] = [
    "SourceAdd",
    "SourceReady",
    "SourceRemove",
    "SourceTry",
    "SourceWait",
];

const OF_THE_REST: [&str; 32] = [
    "Await",
    "AwaitEnd",
    "ChildDone",
    "ChildPoll",
    "InboxDrained",
    "JobCancel",
    "JobEnd",
    "JobFinish",
    "JobStart",
    "JobSubmit",
    "LoopClose",
    "LoopClosed",
    "Mark",
    "MessageSent",
    "ParkEnd",
    "ParkStart",
    "PollEnd",
    "PollStart",
    "Print",
    "ReadyPush",
    "RunEnd",
    "RunStart",
    "ScopePush",
    "TaskCancel",
    "TaskEnd",
    "TaskSpawn",
    "TimerAdd",
    "TimerCancel",
    "TimerFire",
    "TimerMove",
    "Turn",
    "TurnOrder",
];

#[test]
fn the_program_of_these_tests_makes_every_kind_of_event() {
    let (kinds, _) = recorded();
    let sockets = OF_SOCKETS.into_iter().filter(|_| cfg!(not(miri)));
    let expected = OF_THE_REST.into_iter().chain(sockets);
    let missing: Vec<_> = expected.filter(|&kind| !kinds.contains(kind)).collect();
    assert!(missing.is_empty(), "{missing:?} are not among {kinds:?}");
    assert!(kinds.contains("Wake") && kinds.contains("WakerCount"));
}

#[test]
fn c278_a_hook_may_panic_at_every_kind_of_event_and_the_program_goes_on() {
    let (kinds, expected) = recorded();
    // Each would take Miri minutes.
    for kind in kinds.into_iter().step_by(sized(1, 8)) {
        let (log, panics, calls_after) = (Log::new(), Count::default(), Count::default());
        let mut runner = builder()
            .instrument(PanicsAt {
                kind: kind.clone(),
                panicked: false,
                calls_after: calls_after.clone(),
                panics: panics.clone(),
            })
            .build();
        runner.run(everything(log.clone()));
        assert_eq!(log.take(), expected, "with a panic at {kind}");
        runner.close();
        assert_eq!(panics.get(), 1, "{kind} came up");
        assert_eq!(calls_after.get(), 0, "it is removed after {kind}");
    }
}

#[test]
fn a_hook_that_panics_while_a_task_unwinds_leaves_the_tasks_own_panic() {
    let mut runner = builder()
        .instrument(PanicsAt {
            kind: "Mark".into(),
            panicked: false,
            calls_after: Count::default(),
            panics: Count::default(),
        })
        .build();
    let error = runner.run(async {
        let task = spawn(async {
            let _marks = OnDrop(|| mark("while it unwinds"));
            panic!("the task's own");
        });
        task.await.unwrap_err()
    });
    assert!(error.to_string().ends_with("the task's own"), "{error}");
}

/// Its lock was poisoned by a thread that panicked: a common way for an
/// instrument to fail at each call.
#[test]
fn a_hook_with_a_poisoned_lock_is_removed_at_its_first_call() {
    struct Locked(Arc<Mutex<u32>>, Count);
    impl Instrument for Locked {
        fn event(&mut self, _: Duration, _: &Event) {
            self.1.add();
            *self.0.lock().unwrap() += 1;
        }
    }
    let (shared, calls) = (Arc::new(Mutex::new(0)), Count::default());
    let poison = Arc::clone(&shared);
    let poisoned = std::thread::spawn(move || {
        let _guard = poison.lock().unwrap();
        panic!("with the lock held");
    });
    assert!(poisoned.join().is_err());
    let instrument = Locked(shared, calls.clone());
    let mut runner = builder().instrument(instrument).build();
    assert_eq!(runner.run(async { spawn(async { 7 }).await.unwrap() }), 7);
    assert_eq!(calls.get(), 1);
}

struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the destructor of {}", self.0);
    }
}

/// The worst that a hook can do: what its panic carries panics when it is
/// dropped, and so does the instrument itself.
#[test]
fn a_hook_whose_panic_and_destructor_panic_as_well_does_not_stop_the_loop() {
    struct Worst(#[allow(dead_code, reason = "it is there to be dropped")] Bomb);
    impl Instrument for Worst {
        fn event(&mut self, _: Duration, event: &Event) {
            if kind(event) == "PollStart" {
                panic_any(Bomb("what a hook panics with"));
            }
        }
    }
    let mut runner = builder().instrument(Worst(Bomb("a hook"))).build();
    assert_eq!(runner.run(async { spawn(async { 7 }).await.unwrap() }), 7);
    runner.close();
}

#[test]
fn c281_what_a_recording_counts_is_what_a_hand_counts() {
    let (mut runner, recorder) = recorded_virtual_runner();
    runner.run(async {
        let naps: Vec<_> = (1..=5).map(|n| spawn(sleep(MS * n))).collect();
        let doomed = spawn(sleep(MS * 60));
        let call = spawn(to_thread(|| ()));
        yield_now().await;
        assert_eq!(
            tasks().len(),
            8,
            "main, five that nap, the doomed one, the call"
        );
        doomed.cancel();
        assert!(doomed.await.unwrap_err().is_cancelled());
        call.await.unwrap();
        for nap in naps {
            nap.await.unwrap();
        }
        assert_eq!(tasks().len(), 1);
    });
    let events = recorder.take();
    let kinds: Vec<_> = events.iter().map(|(_, event)| kind(event)).collect();
    let number = |of: &str| kinds.iter().filter(|kind| *kind == of).count();
    for (kind, expected) in [
        ("TaskSpawn", 8),
        ("TaskEnd", 8),
        ("TaskCancel", 1),
        ("TimerAdd", 6),
        ("TimerFire", 5),
        ("TimerCancel", 1),
        ("JobSubmit", 1),
        ("JobEnd", 1),
    ] {
        assert_eq!(number(kind), expected, "{kind}");
    }
    let polls = number("PollStart");
    assert_eq!(number("PollEnd"), polls);
}
