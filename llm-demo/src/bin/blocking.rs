//! What a call that blocks does to the other tasks, and how to make it so that
//! it does nothing to them.
//!
//! A heartbeat is due every ten milliseconds. Beside it runs the same blocking
//! call in three ways; the lateness of the beats tells what that did.

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use executor::{ThreadPool, run_in_executor, sleep, to_thread};
use llm_demo::cli::{LoopArgs, run, show};
use llm_demo::{Heartbeat, some_time};
use serde_json::json;

/// Makes the same blocking call in the task itself, with to_thread and with
/// run_in_executor, and shows how late a heartbeat beside it gets.
#[derive(Parser)]
#[command(name = "blocking")]
struct Options {
    /// How long the call blocks its thread
    #[arg(long, default_value = "300ms", value_parser = some_time, allow_hyphen_values = true)]
    block: Duration,

    /// How often the heart beats; shorter than the call, or it sees nothing
    #[arg(long, default_value = "10ms", value_parser = some_time, allow_hyphen_values = true)]
    every: Duration,
    /// Print JSON, one object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    of_loop: LoopArgs,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if options.every >= options.block {
        let text = "--every must be shorter than --block, or no beat falls into the call";
        let error = Options::command().error(ErrorKind::ValueValidation, text);
        error.exit(); // with code 2, like any other bad argument
    }
    run(&mut options.of_loop.runner(), async {
        compare(&options).await;
        Ok::<_, std::convert::Infallible>(())
    })
}

async fn compare(options: &Options) {
    let block = options.block;
    let call = move || thread::sleep(block); // stands for any call that blocks
    let pool = ThreadPool::new(1);

    let say = |text: &str| {
        if !options.json {
            executor::println!("{text}");
        }
    };
    say("how the call is made        worst beat");
    let inline = async { call() };
    row(options, "in the task itself", inline).await;
    row(options, "to_thread", to_thread(call)).await;
    row(options, "run_in_executor", run_in_executor(&pool, call)).await;
    say("");
    say("A call in the task holds up the loop's only thread, and every other task with it.");
    say("A call on another thread takes as long, and the heart goes on beating.");
}

/// Lets the heart beat beside a call, and tells how late the latest beat was.
async fn row(options: &Options, name: &str, call: impl Future<Output = ()>) {
    let heart = Heartbeat::start(options.every);
    sleep(options.every).await; // it beats steadily
    call.await;
    sleep(options.every).await; // a beat that fell into the call comes now
    let late = heart.worst().as_secs_f64() * 1e3;
    let object = json!({ "call": name, "worst_beat_late_ms": late });
    let text = format!("{late:.2} ms late");
    show(options.json, &object, format_args!("{name:<22}{text:>16}"));
}
