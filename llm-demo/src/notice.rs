//! What a client reports while it works, and the callback that it reports to.
//!
//! **Invariant:** no notice holds the key.
//!
//! Made by `client` and `stream`; a program decides which to show.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use first_programs::rounded;

/// The callback that a client and its streams report to.
#[derive(Clone)]
pub(crate) struct Notify(Rc<dyn Fn(&Notice)>);

impl Notify {
    pub(crate) fn new(callback: impl Fn(&Notice) + 'static) -> Self {
        Notify(Rc::new(callback))
    }

    pub(crate) fn tell(&self, notice: &Notice) {
        (self.0)(notice);
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notify")
    }
}

/// Something that happened on the way.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Notice {
    /// A request failed and will be sent again.
    Retry {
        /// After this wait.
        wait: Duration,
        /// Which retry this is, from 1.
        attempt: u32,
        /// How many there may be.
        of: u32,
        /// What failed.
        why: String,
        /// Was there a server at all? If not, the error at the end says it
        /// all, and says it better.
        connected: bool,
    },
    /// The head of an answer came.
    Head {
        /// Such as `POST`.
        method: &'static str,
        /// Where to.
        url: String,
        /// The HTTP status.
        status: u16,
        /// How long it took to come.
        after: Duration,
        /// Over a connection that had been kept?
        reused: bool,
    },
    /// An event of a stream came: its data.
    Event(String),
    /// A body was read to its end.
    End {
        /// How many bytes it had.
        bytes: u64,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Retry {
                wait,
                attempt,
                of,
                why,
                ..
            } => write!(
                f,
                "retry {attempt} of {of} in {:.2}s: {why}",
                wait.as_secs_f64()
            ),
            Notice::Head {
                method,
                url,
                status,
                after,
                reused,
            } => {
                let connection = if *reused { "kept" } else { "new" };
                write!(
                    f,
                    "{method} {url}: {status} after {}, {connection} connection",
                    rounded(*after, 1)
                )
            }
            Notice::Event(data) => write!(f, "event: {data}"),
            Notice::End { bytes } => write!(f, "end of the answer after {bytes} bytes"),
        }
    }
}
