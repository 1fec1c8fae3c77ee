//! What the programs share: options, colours, Ctrl-C, exit codes.
//!
//! **Invariant:** stdout carries the answer and nothing else; all that is said
//! about it goes to stderr.
//!
//! | exit code | why |
//! |---|---|
//! | 0 | all went well, or the reader of the output has gone |
//! | 1 | something failed; one line on stderr says what |
//! | 2 | the arguments make no sense |
//! | 130 | Ctrl-C |

mod pace;
mod printer;

use std::fmt::{self, Display};
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::Args;
use executor::{RunError, Runner};
use first_programs::options::LoopOptions;

pub use first_programs::{at_least_one, duration, friendly, rounded, tell};
pub use pace::Pace;
pub use printer::Printer;

use crate::client::{Builder, OpenAi};
use crate::notice::Notice;

/// Options of every program.
#[derive(Args, Clone, Debug, Default)]
pub struct LoopArgs {
    /// Make chance repeatable: the loop's, the retries', the model's
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// Show what the loop did, at the end
    #[arg(long)]
    pub timeline: bool,
}

/// Options of every program that asks a model.
#[derive(Args, Clone, Debug, Default)]
pub struct CommonArgs {
    /// Where the API is, up to and with /v1; if neither this nor
    /// OPENAI_BASE_URL is given, a small server in this process answers
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,

    /// The model to ask
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,

    /// Print JSON, one object per line
    #[arg(long)]
    pub json: bool,

    /// Say what happens on the wire; twice for every event
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,

    #[allow(missing_docs)] // a comment here would become the help's
    #[command(flatten)]
    pub of_loop: LoopArgs,
}

impl LoopArgs {
    /// Returns the loop that the program runs on.
    pub fn runner(&self) -> Runner {
        let (seed, timeline) = (self.seed, self.timeline);
        LoopOptions { seed, timeline }.builder().build()
    }
}

impl CommonArgs {
    /// The client that the options and the environment describe.
    pub fn client(&self) -> OpenAi {
        self.client_builder().build()
    }

    /// The same, for programs that add something.
    pub fn client_builder(&self) -> Builder {
        let mut builder = Builder::from_env();
        if let Some(url) = &self.base_url {
            builder = builder.base_url(url);
        }
        if let Some(model) = &self.model {
            builder = builder.model(model);
        }
        if let Some(seed) = self.of_loop.seed {
            builder = builder.seed(seed);
        }
        if builder.has_unused_key() {
            tell(format_args!(
                "OPENAI_API_KEY is set and OPENAI_BASE_URL is not: the embedded model answers. \
                 For OpenAI's, set OPENAI_BASE_URL=https://api.openai.com/v1"
            ));
        }
        let level = self.verbose;
        builder.notices(move |notice| {
            if level >= least_level(notice) {
                tell(format_args!("{notice}"));
            }
        })
    }

    /// The loop that the program runs on.
    pub fn runner(&self) -> Runner {
        self.of_loop.runner()
    }

    /// What prints answers as these options say.
    pub fn printer(&self) -> Printer {
        Printer::new(self.json)
    }
}

/// How often `-v` must be given for a notice to be shown.
fn least_level(notice: &Notice) -> u8 {
    match notice {
        Notice::Retry {
            connected: true, ..
        } => 0,
        Notice::Event(_) => 2,
        _ => 1,
    }
}

/// Runs a program until it ends or Ctrl-C ends it, and gives its exit code.
///
/// The first Ctrl-C drops the program, and with it every connection. A second
/// one, while that goes on, ends the process.
pub fn run<E: Display>(
    runner: &mut Runner,
    program: impl Future<Output = Result<(), E>>,
) -> ExitCode {
    match runner.try_run(until_ctrl_c(program)) {
        Ok(None) => ExitCode::from(130),
        Ok(Some(outcome)) => finish(Ok(outcome)),
        Err(error) => failed(&error),
    }
}

/// The same for a program that has its own idea of what Ctrl-C means. While it
/// waits for none, Ctrl-C ends the process, with the same code.
pub fn run_with_its_own_ctrl_c<E: Display>(
    runner: &mut Runner,
    program: impl Future<Output = Result<(), E>>,
) -> ExitCode {
    finish(runner.try_run(async {
        // Waiting for one Ctrl-C replaces what the system does about them.
        // One poll is enough.
        #[cfg(unix)]
        drop(executor::timeout(Duration::ZERO, executor::signal::ctrl_c()).await);
        program.await
    }))
}

/// The exit code of a program that has run; a failure is said on stderr.
fn finish<E: Display>(outcome: Result<Result<(), E>, RunError>) -> ExitCode {
    match outcome {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => failed(&error),
        Err(error) => failed(&error),
    }
}

#[cfg(unix)]
async fn until_ctrl_c<T>(program: impl Future<Output = T>) -> Option<T> {
    let program = async { Some(program.await) };
    let ctrl_c = async {
        if let Err(error) = executor::signal::ctrl_c().await {
            // Then Ctrl-C ends the process as it does any other.
            tell(format_args!("cannot wait for Ctrl-C: {error}"));
            std::future::pending::<()>().await;
        }
        None
    };
    executor::race((program, ctrl_c)).await.1
}

#[cfg(not(unix))]
async fn until_ctrl_c<T>(program: impl Future<Output = T>) -> Option<T> {
    Some(program.await)
}

/// Says what failed, and gives the code for it.
pub fn failed(error: &dyn Display) -> ExitCode {
    let red = AnsiColor::Red.on_default().bold();
    tell_styled(format_args!("{red}error:{red:#} {error}"));
    ExitCode::FAILURE
}

/// Prints a result on stdout: the text, or the object if JSON is wanted.
pub fn show(json: bool, object: &serde_json::Value, text: fmt::Arguments<'_>) {
    match json {
        true => executor::println!("{object}"),
        false => executor::println!("{text}"),
    }
}

/// Says something about an answer, less loudly than the answer.
pub fn remark(text: fmt::Arguments<'_>) {
    let dim = Style::new().dimmed();
    tell_styled(format_args!("{dim}{text}{dim:#}"));
}

/// [`tell`] for text with colours, which are removed if stderr is no terminal.
fn tell_styled(text: fmt::Arguments<'_>) {
    // One write: stderr is unbuffered, and other processes share the terminal.
    // A failed write is ignored, because there is no other place to report it.
    let _ = AutoStream::auto(io::stderr()).write_all(format!("{text}\n").as_bytes());
}
