//! Six claims that are right in Python. Which of them are right here, too?

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use Here::*;
use docs::Exercise;
use executor::{ThreadPool, gather, now, run_in_executor, sleep, spawn, tasks, try_gather};

#[allow(dead_code, reason = "every answer is given")]
#[derive(Clone, Copy, Debug, PartialEq)]
enum Here {
    Right,
    Wrong,
    NotSaid,
}

const CLAIMS: [(Here, &str); 6] = [
    (Right, "Calling an async function runs nothing."),
    (Wrong, "`gather` makes a task of each of its arguments."),
    (
        Wrong,
        "`run_in_executor` starts the call before it is awaited.",
    ),
    (
        Wrong,
        "A task may vanish half way if its handle is not kept.",
    ),
    (
        Wrong,
        "If one of several gathered calls fails, the others go on.",
    ),
    (Right, "Two gathered sleeps take as long as the longer one."),
];

const SECOND: Duration = Duration::from_secs(1);

/// Tries each claim on this loop: does it hold?
async fn program() -> [bool; 6] {
    [
        calling_runs_nothing().await,
        gather_makes_tasks().await,
        the_pool_starts_unasked().await,
        a_task_without_a_handle_vanishes().await,
        the_others_go_on().await,
        gathered_sleeps_overlap().await,
    ]
}

async fn calling_runs_nothing() -> bool {
    let ran = Cell::new(false);
    let function = async || ran.set(true);
    drop(function());
    !ran.get()
}

async fn gather_makes_tasks() -> bool {
    let count = async || tasks().len();
    gather([count(), count(), count()]).await[2] > 1
}

async fn the_pool_starts_unasked() -> bool {
    let pool = ThreadPool::new(1);
    let (sender, receiver) = mpsc::channel();
    let call = run_in_executor(&pool, move || sender.send(()));
    sleep(SECOND).await;
    drop(call);
    receiver.recv().is_ok() // an error: the sender was dropped, unused
}

async fn a_task_without_a_handle_vanishes() -> bool {
    let ended = Rc::new(Cell::new(false));
    let set = Rc::clone(&ended);
    drop(spawn(async move {
        sleep(SECOND).await;
        set.set(true);
    }));
    sleep(2 * SECOND).await;
    !ended.get()
}

async fn the_others_go_on() -> bool {
    let ended = Cell::new(false);
    let call = async |seconds: u32| {
        sleep(seconds * SECOND).await;
        ended.set(seconds == 2);
        if seconds == 1 { Err("no") } else { Ok(()) }
    };
    let failed = try_gather([call(1), call(2)]).await;
    sleep(2 * SECOND).await;
    failed.is_err() && ended.get()
}

async fn gathered_sleeps_overlap() -> bool {
    let start = now();
    gather((sleep(SECOND), sleep(2 * SECOND))).await;
    now() - start == 2 * SECOND
}

fn main() -> ExitCode {
    let hint = "a claim has a program below: go through it with the words of Part I";
    Exercise::new(hint).check(program(), |_, shown| {
        for ((said, claim), holds) in CLAIMS.into_iter().zip(shown) {
            let is = if holds { Right } else { Wrong };
            if said == NotSaid {
                return Err(format!("not said: {claim}"));
            }
            if said != is {
                return Err(format!(
                    "you say {said:?}, and the program shows {is:?}: {claim}"
                ));
            }
        }
        Ok(())
    })
}
