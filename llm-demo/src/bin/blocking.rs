//! What a call that blocks does to the other tasks, and how to make it so that
//! it does nothing to them.
//!
//! A heartbeat is due every ten milliseconds. Beside it runs the same blocking
//! call in three ways; the lateness of the beats tells what that did.

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use executor::{
    ThreadPool, interval, now, run_in_executor, sleep, spawn_named, to_thread, try_run,
};
use llm_demo::{some_time, tell};

/// Makes the same blocking call in the task itself, with to_thread and with
/// run_in_executor, and shows how late a heartbeat beside it gets.
#[derive(Clone, Copy, Parser)]
#[command(name = "blocking")]
struct Options {
    /// How long the call blocks its thread
    #[arg(long, default_value = "300ms", value_parser = some_time, allow_hyphen_values = true)]
    block: Duration,

    /// How often the heart beats; shorter than the call, or it sees nothing
    #[arg(long, default_value = "10ms", value_parser = some_time, allow_hyphen_values = true)]
    every: Duration,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if options.every >= options.block {
        let text = "--every must be shorter than --block, or no beat falls into the call";
        let error = Options::command().error(ErrorKind::ValueValidation, text);
        error.exit(); // with code 2, like any other bad argument
    }
    match try_run(compare(options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(format_args!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn compare(Options { block, every }: Options) {
    let call = move || thread::sleep(block); // stands for any call that blocks
    let pool = ThreadPool::new(1);

    row("how the call is made", "worst beat");
    let inline = async { call() };
    row(
        "in the task itself",
        late(worst_lateness(every, inline).await),
    );
    let beside = to_thread(call);
    row("to_thread", late(worst_lateness(every, beside).await));
    let in_pool = run_in_executor(&pool, call);
    row(
        "run_in_executor",
        late(worst_lateness(every, in_pool).await),
    );
    executor::println!();
    executor::println!(
        "A call in the task holds up the loop's only thread, and every other task with it."
    );
    executor::println!("A call on another thread takes as long, and the heart goes on beating.");
}

/// Lets the heart beat beside a call, and tells how late the latest beat was.
async fn worst_lateness(every: Duration, call: impl Future<Output = ()>) -> Duration {
    let worst = Rc::new(Cell::new(Duration::ZERO));
    let heart = spawn_named("heartbeat", heartbeat(every, Rc::clone(&worst)));
    sleep(every).await; // it beats steadily
    call.await;
    sleep(every).await; // a beat that fell into the call comes now
    heart.cancel();
    worst.get()
}

/// Beats until it is cancelled. A beat has its due time from the schedule, so
/// the first of those that a blocked loop misses is as late as the loop is.
async fn heartbeat(every: Duration, worst: Rc<Cell<Duration>>) {
    let mut beats = interval(every);
    loop {
        let due = beats.tick().await;
        worst.set(worst.get().max(now() - due));
    }
}

fn late(by: Duration) -> String {
    format!("{:.2} ms late", by.as_secs_f64() * 1e3)
}

fn row(name: &str, value: impl AsRef<str>) {
    executor::println!("{name:<22}{:>16}", value.as_ref());
}
