//! Three answers stream in at once, on one thread, word by word beside each
//! other; one of them is dropped half-way.
//!
//! A heartbeat beats meanwhile, and tells how long the loop was ever held up.

use std::cell::RefCell;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use executor::{now, try_gather};
use first_programs::Heartbeat;
use llm_demo::cli::{CommonArgs, Pace, Printer, friendly, remark, rounded, run};
use llm_demo::{Error, OpenAi};

/// Asks a model three things at once and prints the answers as they come,
/// word by word. The third is dropped half-way, and the server notices.
#[derive(Parser)]
#[command(name = "interleave")]
struct Options {
    /// After how many words the third answer is dropped
    #[arg(long, value_name = "N", default_value_t = 20)]
    drop_after: usize,

    #[command(flatten)]
    common: CommonArgs,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let llm = options.common.client();
    run(&mut options.common.runner(), interleave(&llm, &options))
}

async fn interleave(llm: &OpenAi, options: &Options) -> Result<(), Error> {
    let heart = Heartbeat::start(Duration::from_millis(10));
    let printer = &RefCell::new(options.common.printer());
    let begun = now();
    let streams = try_gather([
        print(llm, 1, "A story of a fox", usize::MAX, printer),
        print(llm, 2, "A story of a crow", usize::MAX, printer),
        print(llm, 3, "A story of a river", options.drop_after, printer),
    ]);
    let paces = streams.await?;
    let together = friendly(now() - begun);
    for (number, pace) in (1..).zip(&paces) {
        printer.borrow_mut().pace(&format!("{number}: "), pace);
    }
    let sum = friendly(paces.iter().map(Pace::total).sum());
    remark(format_args!(
        "together: {together}; one after another: {sum}"
    ));
    let (beats, worst) = (heart.beats(), heart.worst());
    remark(format_args!(
        "heartbeat: {beats} beats, the worst {} late",
        rounded(worst, 1)
    ));
    Ok(())
}

/// Prints an answer as it comes, or the first words of it.
async fn print(
    llm: &OpenAi,
    number: usize,
    prompt: &str,
    most: usize,
    printer: &RefCell<Printer>,
) -> Result<Pace, Error> {
    let mut pace = Pace::new();
    let mut stream = llm.astream_chat([("user", prompt)]).await?;
    while let Some(chunk) = stream.try_next().await? {
        pace.step(&chunk);
        printer.borrow_mut().delta_of(number, &chunk);
        if stream.deltas() >= most {
            break; // with the stream goes its connection, and the server stops
        }
    }
    Ok(pace)
}
