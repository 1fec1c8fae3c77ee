//! Small programs whose recordings the loop player shows and the book draws.
//!
//! Each is one idea. They run in virtual time, so that a recording is the same
//! bytes every time; `tests/traces.rs` records them.

#[allow(dead_code, reason = "its own `main`")]
#[path = "../examples/await_may_not_yield.rs"]
mod await_may_not_yield;
#[allow(dead_code, reason = "its own `main`")]
#[path = "../examples/await_yields.rs"]
mod await_yields;
#[allow(dead_code, reason = "its own `main`")]
#[path = "../examples/tick_tock.rs"]
mod tick_tock;

use std::future::{pending, poll_fn};
use std::task::Poll;
use std::time::Duration;

use executor::instrument::{Trace, Tracer, mark};
use executor::{Runner, gather, now, scope, sleep, spawn, spawn_named, timeout, yield_now};

/// A program to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Its name; that of its files too.
    pub name: &'static str,
    /// What it shows, in a sentence.
    pub shows: &'static str,
    /// The seed of its loop, if its order is drawn from one.
    pub seed: Option<u64>,
    run: fn(&mut Runner),
}

/// All programs.
pub const ALL: [Program; 14] = [
    program(
        "fetch_data",
        "three waits of two seconds, at once",
        |runner| {
            runner.run(fetch_data());
        },
    ),
    program(
        "one_after_another",
        "the same waits, without gather",
        |runner| {
            runner.run(one_after_another());
        },
    ),
    program("tasks", "three tasks, each with a name", |runner| {
        runner.run(tasks());
    }),
    program("borrowing", "tasks of a scope borrow", |runner| {
        runner.run(borrowing());
    }),
    program("cancel", "a task is cancelled", |runner| {
        runner.run(cancel());
    }),
    program("too_slow", "a timeout drops what it waited for", |runner| {
        runner.run(too_slow());
    }),
    program("lost_waker", "a future that keeps no waker", |runner| {
        let stalled = runner.try_run(lost_waker());
        assert!(stalled.is_err(), "nothing can wake it");
    }),
    program("tick_tock", "two tasks, each with its own pace", |runner| {
        runner.run(tick_tock::program());
    }),
    program(
        "no_turns",
        "awaits that have nothing to wait for",
        |runner| {
            runner.run(await_may_not_yield::program());
        },
    ),
    program("take_turns", "awaits that give way", |runner| {
        runner.run(await_yields::program());
    }),
    program("words", "two answers, word by word", |runner| {
        runner.run(words());
    }),
    program("jobs", "five jobs, two at a time", |runner| {
        runner.run(jobs());
    }),
    program("ready_queue", "three tasks stand in line", |runner| {
        runner.run(in_line());
    }),
    Program {
        seed: Some(7),
        ..program(
            "shuffled",
            "a seed draws the order of each turn",
            |runner| {
                runner.run(in_line());
            },
        )
    },
];

const fn program(name: &'static str, shows: &'static str, run: fn(&mut Runner)) -> Program {
    Program {
        name,
        shows,
        seed: None,
        run,
    }
}

impl Program {
    /// Runs the program on a loop of its own and gives the recording.
    pub fn record(&self) -> Trace {
        let tracer = Tracer::new();
        let mut builder = Runner::builder().virtual_time().instrument(tracer.clone());
        if let Some(seed) = self.seed {
            builder = builder.seed(seed);
        }
        let mut runner = builder.build();
        (self.run)(&mut runner);
        drop(runner); // the end of the loop belongs to the recording
        let mut trace = tracer.trace();
        trace.program = self.name.into();
        trace.args = Vec::new();
        trace
    }
}

async fn fetch(source: &str, seconds: u64) -> String {
    executor::println!("Fetching from {source}...");
    sleep(Duration::from_secs(seconds)).await;
    format!("Data from {source}")
}

async fn fetch_data() {
    let results = gather((fetch("API 1", 2), fetch("API 2", 2), fetch("API 3", 2))).await;
    for result in <[String; 3]>::from(results) {
        executor::println!("{result}");
    }
}

async fn one_after_another() {
    for source in ["API 1", "API 2", "API 3"] {
        let result = fetch(source, 2).await;
        executor::println!("{result}");
    }
}

async fn tasks() {
    let sources = [("API 1", 3), ("API 2", 1), ("API 3", 2)];
    let tasks = sources.map(|(source, seconds)| spawn_named(source, fetch(source, seconds)));
    for task in tasks {
        executor::println!("{}", task.await.expect("it returns"));
    }
}

async fn borrowing() {
    let sources = vec!["API 1".to_string(), "API 2".to_string()];
    scope(async |s| {
        for source in &sources {
            s.spawn_named(source.as_str(), async move {
                let result = fetch(source, 2).await;
                executor::println!("{result}");
            });
        }
    })
    .await;
    executor::println!("{} sources, still ours", sources.len());
}

async fn cancel() {
    let heart = spawn_named("heartbeat", async {
        loop {
            sleep(Duration::from_secs(1)).await;
            executor::println!("beat");
        }
    });
    sleep(Duration::from_millis(2500)).await;
    mark("enough");
    heart.cancel();
    let ended = heart.await.expect_err("it never returns");
    executor::println!("{}", ended.is_cancelled());
}

async fn too_slow() {
    let start = now();
    let result = timeout(Duration::from_secs(1), fetch("a slow API", 60)).await;
    executor::println!("{}", result.expect_err("it takes a minute"));
    executor::println!("{:?} have passed", now() - start);
}

async fn lost_waker() {
    let forgetful = spawn_named("forgetful", async {
        let mut polls = 0;
        poll_fn(|_| {
            polls += 1;
            // Wrong: it says "later", and keeps no waker to be called with.
            if polls == 2 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    });
    drop(spawn_named("never", pending::<()>()));
    forgetful
        .await
        .expect("it would return, had it been polled again");
}

/// Two streams, as a model sends them: a pause before each word.
async fn words() {
    let answer = |number: u32, pause: u64, words: [&'static str; 4]| async move {
        for word in words {
            sleep(Duration::from_millis(pause)).await;
            executor::println!("{number}: {word}");
        }
    };
    let one = spawn_named("answer 1", answer(1, 300, ["Once", "upon", "a", "time"]));
    let two = spawn_named("answer 2", answer(2, 400, ["Far", "away", "and", "long"]));
    for task in [one, two] {
        task.await.expect("it returns");
    }
}

async fn jobs() {
    let job = |seconds| async move {
        sleep(Duration::from_secs(seconds)).await;
        executor::println!("a job of {seconds} s is done");
    };
    gather([1, 3, 2, 1, 1].map(job).into_iter().collect::<Vec<_>>())
        .limit(2)
        .await;
}

async fn in_line() {
    let steps = |name: &'static str| async move {
        for step in 1..=2 {
            executor::println!("{name} {step}");
            yield_now().await;
        }
    };
    let tasks = ["a", "b", "c"].map(|name| spawn(steps(name)));
    for task in tasks {
        task.await.expect("it returns");
    }
}
