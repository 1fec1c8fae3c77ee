//! What the server can do wrong when asked to, so that clients can be tried.
//!
//! Invariant: without a fault asked for, none of this runs. Called by `routes`,
//! `stream` and `connection`.

use std::fmt;
use std::str::FromStr;

/// A way for the server to fail, by the name that `serve --fault` takes.
///
/// ```
/// use llm_demo_server::Fault;
///
/// assert_eq!("cut".parse(), Ok(Fault::Cut));
/// assert_eq!(Fault::Unavailable.to_string(), "503");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// `stall`: some tokens come, then nothing more; the connection stays open.
    Stall,
    /// `silent`: the request is read and never answered.
    Silent,
    /// `cut`: some tokens come, then the connection is closed in mid-body.
    Cut,
    /// `reset`: some tokens come, then the connection is reset.
    Reset,
    /// `end`: some tokens come, then the body ends as if all were well: no
    /// `finish_reason`, no `[DONE]`.
    End,
    /// `corrupt`: after some tokens comes an event that is no JSON.
    Corrupt,
    /// `error`: after some tokens comes an event with an error object.
    Error,
    /// `503`: every request is answered with 503 and an error object.
    Unavailable,
    /// `500`: every request is answered with 500 and a line of plain text.
    PlainText,
    /// `garbage`: the server does not speak HTTP at all.
    Garbage,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 10] = [
        Fault::Stall,
        Fault::Silent,
        Fault::Cut,
        Fault::Reset,
        Fault::End,
        Fault::Corrupt,
        Fault::Error,
        Fault::Unavailable,
        Fault::PlainText,
        Fault::Garbage,
    ];

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Fault::Stall => "stall",
            Fault::Silent => "silent",
            Fault::Cut => "cut",
            Fault::Reset => "reset",
            Fault::End => "end",
            Fault::Corrupt => "corrupt",
            Fault::Error => "error",
            Fault::Unavailable => "503",
            Fault::PlainText => "500",
            Fault::Garbage => "garbage",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Fault::ALL.into_iter().find(|fault| fault.name() == name);
        found.ok_or_else(|| format!("there are {}", Fault::ALL.map(Fault::name).join(", ")))
    }
}
