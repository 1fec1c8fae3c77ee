//! What a row is, and the list of all rows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::{
    channel, gather, http, lifecycle, program, spawn, stream, sync, tcp, threads, timers, wake,
    yielding,
};

/// How much a row is to do.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many operations belong together, for instance the futures of one
    /// `gather`.
    pub batch: u64,
    /// How many times to do that, inside one run where the row allows it.
    pub times: u64,
}

/// Does the work and says how long it took, without what comes before and
/// after it.
pub type Work = fn(Load) -> Duration;

/// One way to do the work of a row: a runtime's, or the floor.
#[derive(Clone, Copy, Debug)]
pub struct Contender<W = Work> {
    /// What the tables call it.
    pub name: &'static str,
    /// What it does.
    pub work: W,
}

impl Contender {
    /// Does the work; after a panic says so on stderr and gives nothing. Some
    /// runtimes cannot do all rows, and the others should not suffer for it.
    pub fn work_or_skip(&self, id: &str, load: Load) -> Option<Duration> {
        self.or_skip(id, || (self.work)(load))
    }

    /// The same for whatever measures this contender.
    pub fn or_skip<T>(&self, id: &str, measure: impl FnOnce() -> T) -> Option<T> {
        let result = catch_unwind(AssertUnwindSafe(measure));
        if result.is_err() {
            eprintln!("skipped: {id} on {}: it panics", self.name);
        }
        result.ok()
    }
}

/// The name of the hand-written code without any runtime: what none can beat.
pub const FLOOR: &str = "floor";

/// One thing that is measured on all runtimes that can do it.
#[derive(Clone, Debug)]
pub struct Row {
    /// The criterion group.
    pub group: &'static str,
    /// The name within the group.
    pub name: &'static str,
    /// Operations per iteration; a row's number is the time for one of them.
    pub batch: u64,
    /// The ratio to tokio that the executor promises to stay below.
    pub goal: f64,
    /// Who does the work: the executor, tokio, the peers that can, the floor.
    pub contenders: Vec<Contender>,
}

impl Row {
    /// `group/name`, what filters look at.
    pub fn id(&self) -> String {
        format!("{}/{}", self.group, self.name)
    }

    /// The load for a number of iterations.
    pub fn load(&self, times: u64) -> Load {
        Load {
            batch: self.batch,
            times,
        }
    }
}

/// The promise for what the executor is made for: half of tokio's time.
pub const HALF: f64 = 0.5;
/// The promise for everything else.
pub const SAME: f64 = 1.0;

/// All rows, group by group, with those contenders that this machine can run.
pub fn all() -> Vec<Row> {
    // A new group is a file like `spawn.rs` and a line here: `scope` belongs
    // after `gather`.
    let groups: [fn() -> Vec<Row>; 13] = [
        lifecycle::rows,
        spawn::rows,
        yielding::rows,
        channel::rows,
        gather::rows,
        sync::rows,
        timers::rows,
        threads::rows,
        wake::rows,
        tcp::rows,
        http::rows,
        stream::rows,
        program::rows,
    ];
    let mut rows: Vec<_> = groups.iter().flat_map(|rows| rows()).collect();
    for row in &mut rows {
        keep_runnable(&mut row.contenders);
    }
    rows
}

/// Takes out those that this machine cannot run; [`announce`] says who and why.
pub fn keep_runnable<W>(contenders: &mut Vec<Contender<W>>) {
    contenders.retain(|contender| {
        let is_left_out = left_out().iter().any(|(name, _)| *name == contender.name);
        !is_left_out
    });
}

/// Says on stderr who is not measured, and why.
pub fn announce() {
    for (name, reason) in left_out() {
        eprintln!("skipped: {name}: {reason}");
    }
}

/// Names and reasons, found out once.
pub fn left_out() -> &'static [(&'static str, String)] {
    use std::sync::OnceLock;
    static LEFT_OUT: OnceLock<Vec<(&str, String)>> = OnceLock::new();
    LEFT_OUT.get_or_init(|| {
        let mut left_out = program::missing_interpreters();
        #[cfg(all(feature = "peers", target_os = "linux"))]
        left_out.extend(crate::peers::that_cannot_run());
        #[cfg(not(all(feature = "peers", target_os = "linux")))]
        left_out.push((
            "all other runtimes",
            "they take the feature `peers`, on Linux".to_string(),
        ));
        #[cfg(not(feature = "llm"))]
        left_out.push(("the group llm", "it takes the feature `llm`".to_string()));
        left_out
    })
}

/// Makes rows of one group from work that is generic over the runtime.
///
/// `"name" by 100 below HALF: work;` is the row `name` with batches of 100,
/// which does `work::<Executor>`, `work::<Tokio>` and so on. `[timed] work`
/// asks only those runtimes that have timers, see [`sides`]; `, floor by_hand`
/// adds the floor.
macro_rules! rows {
    ($group:literal, $(
        $name:literal by $batch:literal below $goal:ident:
        $([$kind:ident])? $work:ident $(, floor $floor:path)?;
    )+) => {
        /// The rows of this group.
        pub fn rows() -> Vec<$crate::row::Row> {
            vec![$({
                #[allow(unused_mut)]
                let mut contenders = $crate::row::sides!([$($kind)?] $work);
                $(contenders.push($crate::row::Contender {
                    name: $crate::row::FLOOR,
                    work: $floor as $crate::row::Work,
                });)?
                $crate::row::Row {
                    group: $group,
                    name: $name,
                    batch: $batch,
                    goal: $crate::row::$goal,
                    contenders,
                }
            }),+]
        }
    };
}
pub(crate) use rows;

/// A list of [`Contender`]s: the work on every runtime of a kind.
///
/// The kinds: `[]` all; `[timed]` those with timers, which also have threads;
/// `[sockets]` those with sockets; `[local]` those with sockets that do all
/// their work on one thread, whose time can be told from the client's.
#[cfg(not(all(feature = "peers", target_os = "linux")))]
macro_rules! sides {
    ([$($kind:ident)?] $work:ident) => { $crate::row::list!($work: Executor Tokio) };
}

#[cfg(all(feature = "peers", target_os = "linux"))]
macro_rules! sides {
    ([] $work:ident) => {
        $crate::row::list!($work: Executor Tokio TokioTwo LocalSet Smol LocalPool
            MonoioUring MonoioEpoll Glommio Compio)
    };
    ([local] $work:ident) => {
        $crate::row::list!($work: Executor Tokio LocalSet Smol MonoioUring MonoioEpoll
            Glommio Compio)
    };
    // Timers or sockets: all but `LocalPool`, which has neither.
    ([$kind:ident] $work:ident) => {
        $crate::row::list!($work: Executor Tokio TokioTwo LocalSet Smol
            MonoioUring MonoioEpoll Glommio Compio)
    };
}
pub(crate) use sides;

macro_rules! list {
    ($work:ident: $($side:ident)+) => {
        vec![$($crate::row::Contender {
            name: <$crate::row::by_name::$side as $crate::side::Side>::NAME,
            work: $work::<$crate::row::by_name::$side> as _,
        }),+]
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
        let panics = Contender { name: "one", work };
        assert_eq!(panics.work_or_skip("a row", load), None);
        let work: Work = |_| Duration::ZERO;
        let works = Contender { name: "two", work };
        assert_eq!(works.work_or_skip("a row", load), Some(Duration::ZERO));
    }
}
