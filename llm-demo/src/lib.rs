//! A client and a server of an API like OpenAI's, on the `executor` crate's
//! loop, with the names that LlamaIndex has for them.
//!
//! ```
//! use llm_demo::OpenAi;
//!
//! executor::run(async {
//!     let llm = OpenAi::from_env(); // with no base URL: the embedded server
//!     let mut stream = llm.astream_chat([("user", "Tell me a story")]).await?;
//!     while let Some(chunk) = stream.try_next().await? {
//!         print!("{}", chunk.delta);
//!     }
//!     Ok::<(), llm_demo::Error>(())
//! })
//! .unwrap();
//! ```
//!
//! The programs are in `src/bin`, one for each idea. They use the `executor`
//! crate as anybody would, through its public names.
//!
//! | module | what it is |
//! |---|---|
//! | `client` | questions: [`OpenAi`] |
//! | `message`, `reply`, `stream` | what is asked; what is answered, whole and in pieces |
//! | `retry`, `error`, [`notice`] | when to ask again; what goes wrong; what is told on the way |
//! | `wire`, [`sse`] | the API's JSON; server-sent events |
//! | [`http`] | connections, kept or new, with TLS and through a proxy |
//! | [`jobs`] | many questions, some at a time |
//! | [`server`] | the other side |
//! | [`retrieval`] | finding what a question needs to know |
//! | [`cli`] | what the programs share |

mod client;
mod message;
mod reply;
mod stream;
mod retry;
mod error;
pub mod notice;
mod wire;
pub mod sse;
pub mod http;
pub mod retrieval;
pub mod server;

pub use client::{Builder, OpenAi};
pub use error::{ApiError, Error, Phase};
pub use message::{ChatMessage, IntoMessages, Role, ToolCall};
pub use reply::{ChatResponse, CompletionResponse};
pub use stream::{ChatStream, CompletionStream};
pub use wire::Usage;

use std::fmt;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::time::Duration;

/// The longest time that the programs take as an option: 500 years. The loop
/// counts nanoseconds in 64 bits, which are full after 584.
pub const LONGEST: Duration = Duration::from_secs(500 * 31_557_600);

/// Reads a duration as people write it.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(llm_demo::duration("2s"), Ok(Duration::from_secs(2)));
/// assert_eq!(llm_demo::duration("1min 30s"), Ok(Duration::from_secs(90)));
/// assert!(llm_demo::duration("2").unwrap_err().contains("unit"));
/// ```
///
/// # Errors
///
/// A sentence on what is wrong with the text, or that it is more than
/// [`LONGEST`].
pub fn duration(text: &str) -> Result<Duration, String> {
    // humantime panics on some sums that do not fit. They all need more digits
    // than this, and no duration that is taken here does.
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let too_long = || format!("the longest is {}", friendly(LONGEST));
    if digits > 18 {
        return Err(too_long());
    }
    let parsed = humantime::parse_duration(text)
        .map_err(|_| "write a number and a unit, for example 2s or 150ms")?;
    if parsed > LONGEST {
        return Err(too_long());
    }
    Ok(parsed)
}

/// Reads a duration that is more than nothing.
///
/// ```
/// assert!(llm_demo::some_time("1ns").is_ok());
/// assert!(llm_demo::some_time("0s").is_err());
/// ```
///
/// # Errors
///
/// As [`duration`], and if it is zero.
pub fn some_time(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it must be more than zero".into()),
        some => Ok(some),
    }
}

/// Reads a number of things, of which there must be one at least.
///
/// ```
/// assert_eq!(llm_demo::at_least_one("3").unwrap().get(), 3);
/// assert!(llm_demo::at_least_one("0").is_err());
/// ```
///
/// # Errors
///
/// If it is no whole number, or zero.
pub fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .map_err(|_| "it must be a whole number, 1 or more".into())
}

/// A duration to be read by people: two digits after the point below a
/// minute, whole seconds above.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(llm_demo::friendly(Duration::from_micros(2_003_700)), "2.00s");
/// assert_eq!(llm_demo::friendly(Duration::from_secs(3 * 31_557_600)), "3years");
/// ```
pub fn friendly(duration: Duration) -> String {
    if duration.is_zero() {
        "0s".into()
    } else if duration < Duration::from_secs(60) {
        format!("{duration:.2?}")
    } else {
        humantime::format_duration(Duration::from_secs(duration.as_secs())).to_string()
    }
}

/// Says something to the person at the terminal, on stderr, so that stdout
/// holds nothing but results.
///
/// ```
/// llm_demo::tell(format_args!("elapsed: {}", "2.00s"));
/// ```
pub fn tell(text: fmt::Arguments<'_>) {
    // In one piece: stderr has no buffer, and others write to the terminal too.
    // If nobody reads stderr, there is nobody to tell that to.
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}

// The code in the two README files, as doctests: it compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
#[doc = include_str!("../../executor/README.md")]
struct Readme;
