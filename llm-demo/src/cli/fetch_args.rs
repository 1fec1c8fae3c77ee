//! The options of `fetch_data`.
//!
//! **Invariant:** what all of it takes together is a time that the loop can
//! count.

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use executor::Runner;

use super::LoopArgs;
use crate::times::{LONGEST, at_least_one, duration, friendly};

/// Fetches from several sources at once, and shows that it takes as long as
/// the slowest, not as long as all of them.
#[derive(Debug, Parser)]
#[command(name = "fetch_data")]
pub struct FetchArgs {
    /// What to fetch from; what begins with http:// or https:// is really
    /// fetched
    #[arg(default_values = ["API 1", "API 2", "API 3"])]
    pub sources: Vec<String>,

    /// How long each source that is none takes to answer, for example 2s or
    /// 150ms
    #[arg(long, default_value = "2s", value_parser = duration, allow_hyphen_values = true)]
    pub delay: Duration,

    /// Fetch one after another
    #[arg(long, conflicts_with = "limit")]
    pub sequential: bool,

    /// Fetch from at most N sources at a time
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_hyphen_values = true)]
    pub limit: Option<NonZeroUsize>,

    /// Let the loop's clock jump instead of waiting
    #[arg(long = "virtual")]
    pub virtual_time: bool,

    /// Print JSON, one object per line
    #[arg(long)]
    pub json: bool,

    #[allow(missing_docs)] // a comment here would become the help's
    #[command(flatten)]
    pub of_loop: LoopArgs,
}

impl FetchArgs {
    /// Reads the command line, or ends the process with code 2.
    pub fn read() -> Self {
        let args = FetchArgs::parse();
        if args.takes() > LONGEST {
            let text = format!("all of it would take more than {}", friendly(LONGEST));
            let error = FetchArgs::command().error(ErrorKind::ValueValidation, text);
            error.exit();
        }
        args
    }

    /// The loop that the program runs on.
    pub fn runner(&self) -> Runner {
        let builder = self.of_loop.builder();
        let builder = match self.virtual_time {
            true => builder.virtual_time(),
            false => builder,
        };
        builder.build()
    }

    /// Whose time it is, where that must be said.
    pub fn clock(&self) -> &'static str {
        match self.virtual_time {
            true => " of virtual time",
            false => "",
        }
    }

    /// How many may be fetched from at a time.
    pub fn at_a_time(&self) -> usize {
        match self.limit {
            _ if self.sequential => 1,
            Some(n) => n.get(),
            None => self.sources.len().max(1),
        }
    }

    /// How long the program takes: the delay, as often as a fetch has to wait
    /// for others.
    fn takes(&self) -> Duration {
        let rounds = self.sources.len().div_ceil(self.at_a_time());
        let rounds = u32::try_from(rounds).unwrap_or(u32::MAX);
        self.delay.saturating_mul(rounds)
    }
}
