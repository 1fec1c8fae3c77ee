//! What a row is, and the list of all rows.

use std::time::Duration;

use crate::{gather, http, lifecycle, spawn, tcp, threads, timers, wake, yielding};

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

/// One thing that is measured on both runtimes.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The criterion group.
    pub group: &'static str,
    /// The name within the group.
    pub name: &'static str,
    /// Operations per iteration; a row's number is the time for one of them.
    pub batch: u64,
    /// The ratio to tokio that the executor promises to stay below.
    pub goal: f64,
    /// The work on the executor.
    pub executor: Work,
    /// The work on tokio.
    pub tokio: Work,
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

/// All rows, group by group.
pub fn all() -> Vec<Row> {
    let groups: [fn() -> Vec<Row>; 9] = [
        lifecycle::rows,
        spawn::rows,
        yielding::rows,
        gather::rows,
        timers::rows,
        threads::rows,
        wake::rows,
        tcp::rows,
        http::rows,
    ];
    groups.iter().flat_map(|rows| rows()).collect()
}

/// Makes rows of one group from work that is generic over the runtime.
///
/// `"name" by 100 below HALF: work` is the row `name` with batches of 100,
/// which does `work::<Executor>` and `work::<Tokio>`.
macro_rules! rows {
    ($group:literal, $($name:literal by $batch:literal below $goal:ident: $work:ident;)+) => {
        /// The rows of this group.
        pub fn rows() -> Vec<$crate::row::Row> {
            vec![$($crate::row::Row {
                group: $group,
                name: $name,
                batch: $batch,
                goal: $crate::row::$goal,
                executor: $work::<$crate::side::Executor>,
                tokio: $work::<$crate::side::Tokio>,
            }),+]
        }
    };
}
pub(crate) use rows;
