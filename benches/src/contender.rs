//! One way to do a row's work, and the macro that lists all of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// How much work a row does.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many operations belong together, for instance the futures of one
    /// `gather`.
    pub batch: u64,
    /// How many times to do that, inside one run where the row allows it.
    pub times: u64,
}

/// Does the work and returns how long it took, without the preparation and the
/// cleanup.
pub type Work = fn(Load) -> Duration;

/// One way to do the work of a row: a runtime's, or the floor.
#[derive(Clone, Copy, Debug)]
pub struct Contender<W = Work> {
    /// The name in the tables.
    pub name: &'static str,
    /// The function that does the work.
    pub work: W,
}

impl<W> Contender<W> {
    /// Returns a contender of that name.
    pub const fn new(name: &'static str, work: W) -> Self {
        Contender { name, work }
    }

    /// Returns the hand-written code without any runtime: the bound that no
    /// runtime can beat.
    pub const fn floor(work: W) -> Self {
        Contender::new(FLOOR, work)
    }

    /// Runs any measurement of this contender. A panic is reported on stderr
    /// and gives `None`: some runtimes cannot do all rows, and the others are
    /// still measured.
    pub fn or_skip<T>(&self, id: &str, measure: impl FnOnce() -> T) -> Option<T> {
        let result = catch_unwind(AssertUnwindSafe(measure));
        if result.is_err() {
            eprintln!("skipped: {id} on {}: it panics", self.name);
        }
        result.ok()
    }
}

impl Contender {
    /// Does the work, as [`or_skip`](Contender::or_skip) does.
    pub fn work_or_skip(&self, id: &str, load: Load) -> Option<Duration> {
        self.or_skip(id, || (self.work)(load))
    }
}

/// The name of the hand-written code without any runtime.
pub const FLOOR: &str = "floor";

/// Lists the [`Contender`]s that run generic work on every runtime of a kind.
///
/// The kinds: `[]` all; `[timed]` those with timers, which also have threads;
/// `[sockets]` those with sockets; `[local]` those with sockets that do all
/// their work on one thread, whose CPU time is separate from the client's.
#[cfg(not(all(feature = "peers", target_os = "linux")))]
macro_rules! sides {
    ([$($kind:ident)?] $work:ident) => { $crate::contender::list!($work: Executor Tokio) };
}

#[cfg(all(feature = "peers", target_os = "linux"))]
macro_rules! sides {
    ([] $work:ident) => {
        $crate::contender::list!($work: Executor Tokio TokioTwo LocalSet Smol LocalPool
            MonoioUring MonoioEpoll Glommio Compio)
    };
    ([local] $work:ident) => {
        $crate::contender::list!($work: Executor Tokio LocalSet Smol MonoioUring MonoioEpoll
            Glommio Compio)
    };
    // Timers or sockets: all but `LocalPool`, which has neither.
    ([$kind:ident] $work:ident) => {
        $crate::contender::list!($work: Executor Tokio TokioTwo LocalSet Smol
            MonoioUring MonoioEpoll Glommio Compio)
    };
}
pub(crate) use sides;

/// Lists the [`Contender`]s that run generic work on the named runtimes.
macro_rules! list {
    ($work:ident: $($side:ident)+) => {
        vec![$($crate::contender::Contender::new(
            <$crate::contender::by_name::$side as $crate::side::Side>::NAME,
            $work::<$crate::contender::by_name::$side> as _,
        )),+]
    };
}
pub(crate) use list;

/// Every runtime, for the macros.
pub(crate) mod by_name {
    #[cfg(all(feature = "peers", target_os = "linux"))]
    pub(crate) use crate::peers::*;
    pub(crate) use crate::side::{Executor, Tokio};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contender_that_panics_is_skipped_and_the_next_one_is_not() {
        let load = Load { batch: 1, times: 1 };
        let work: Work = |_| panic!("as asked");
        let panics = Contender::new("one", work);
        assert_eq!(panics.work_or_skip("a row", load), None);
        let work: Work = |_| Duration::ZERO;
        let works = Contender::new("two", work);
        assert_eq!(works.work_or_skip("a row", load), Some(Duration::ZERO));
    }
}
