//! What a call that blocks does to the other tasks, and how to make the call
//! without stopping them.
//!
//! A heartbeat is due every ten milliseconds. Beside it runs the same blocking
//! call in three ways; the lateness of the beats shows the effect of each.

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use executor::{ThreadPool, println, run_in_executor, sleep, to_thread};
use first_programs::options::{self, Arg, Error, LoopOptions, Parser, value};
use first_programs::{Heartbeat, some_time};

const HELP: &str = "\
Makes the same blocking call in the task itself, with to_thread and with
run_in_executor, and prints how late a heartbeat beside it gets.

Usage: blocking [OPTIONS]

Options:
      --block <TIME>  How long the call blocks its thread [default: 300ms]
      --every <TIME>  How often the heart beats; shorter than the call [default: 10ms]
      --seed <N>      Make the loop's random choices repeatable
      --timeline      Print a timeline of the run at its end
  -h, --help          Print this text";

struct Options {
    block: Duration,
    every: Duration,
    of_loop: LoopOptions,
}

fn main() -> ExitCode {
    let options = options::read(HELP, Options::parse);
    options::run(options.of_loop.builder().build(), compare(&options))
}

async fn compare(options: &Options) {
    let block = options.block;
    let call = move || thread::sleep(block); // stands for any call that blocks
    let pool = ThreadPool::new(1);

    println!("how the call is made        worst beat");
    let inline = async { call() };
    row(options, "in the task itself", inline).await;
    row(options, "to_thread", to_thread(call)).await;
    row(options, "run_in_executor", run_in_executor(&pool, call)).await;
    println!();
    println!("A call in the task holds up the loop's only thread, and every other task with it.");
    println!("A call on another thread takes as long, and the heart goes on beating.");
}

/// Runs a heartbeat beside a call, and prints how late the latest beat was.
async fn row(options: &Options, name: &str, call: impl Future<Output = ()>) {
    let heart = Heartbeat::start(options.every);
    sleep(options.every).await; // the heart beats steadily
    call.await;
    sleep(options.every).await; // a beat that was due during the call comes now
    let late = heart.worst().as_secs_f64() * 1e3;
    let late = format!("{late:.2} ms late");
    println!("{name:<22}{late:>16}");
}

impl Options {
    fn parse(args: &mut Parser) -> Result<Self, Error> {
        let mut options = Options {
            block: Duration::from_millis(300),
            every: Duration::from_millis(10),
            of_loop: LoopOptions::default(),
        };
        while let Some(arg) = args.next()? {
            match arg {
                Arg::Long("block") => options.block = value(args, "--block <TIME>", some_time)?,
                Arg::Long("every") => options.every = value(args, "--every <TIME>", some_time)?,
                Arg::Long("seed") => {
                    options.of_loop.seed = Some(value(args, "--seed <N>", str::parse)?);
                }
                Arg::Long("timeline") => options.of_loop.timeline = true,
                Arg::Long("help") | Arg::Short('h') => options::print_help(HELP),
                arg => return Err(arg.unexpected()),
            }
        }
        if options.every >= options.block {
            return Err(
                "--every must be shorter than --block, or no beat is due during the call".into(),
            );
        }
        Ok(options)
    }
}
