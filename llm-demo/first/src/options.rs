//! Command-line options and exit codes of the programs in this package.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | success, `--help`, or a closed pipe on stdout |
//! | 1 | the run failed; stderr says why |
//! | 2 | the arguments make no sense |

use std::fmt::Display;
use std::process::{self, ExitCode};

use executor::{Builder, Runner};
pub use lexopt::{Arg, Error, Parser, ValueExt};

use crate::tell;

/// Options of every program: `--seed` and `--timeline`.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoopOptions {
    /// The seed of the loop's random choices.
    pub seed: Option<u64>,
    /// Whether a timeline of the run is printed at its end.
    pub timeline: bool,
}

impl LoopOptions {
    /// Returns the builder of a loop with these options.
    pub fn builder(self) -> Builder {
        if self.timeline {
            executor::instrument::print_timelines();
        }
        match self.seed {
            Some(seed) => Runner::builder().seed(seed),
            None => Runner::builder(),
        }
    }
}

/// Parses the command line with `parse`. If it fails, prints its error with the
/// usage line of `help` and ends the process with code 2.
pub fn read<T>(help: &str, parse: impl FnOnce(&mut Parser) -> Result<T, Error>) -> T {
    parse(&mut Parser::from_env()).unwrap_or_else(|error| {
        let mut lines = help.lines();
        let usage = lines.find(|line| line.starts_with("Usage: "));
        let usage = usage.unwrap_or_default();
        tell(format_args!(
            "error: {error}\n\n{usage}\n\nFor more information, try '--help'."
        ));
        process::exit(2)
    })
}

/// Parses the value of the option just read, `option`, with `parse`.
///
/// # Errors
///
/// If the value is missing, is not UTF-8, or `parse` rejects it.
pub fn value<T, E: Display>(
    args: &mut Parser,
    option: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, Error> {
    let text = args.value()?.string()?;
    parse(&text).map_err(|why| format!("invalid value '{text}' for '{option}': {why}").into())
}

/// Prints the help text and ends the process.
pub fn print_help(help: &str) -> ! {
    executor::println!("{help}");
    process::exit(0)
}

/// Runs `program` on the loop and returns the exit code.
pub fn run(mut runner: Runner, program: impl Future<Output = ()>) -> ExitCode {
    match runner.try_run(program) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(format_args!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}
