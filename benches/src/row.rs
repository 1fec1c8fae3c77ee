//! What a row is, and the macro that makes the rows of a group.

use crate::contender::{Contender, Load};

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
    /// The executor, tokio, the peers that can do the work, and the floor, in
    /// this order.
    pub contenders: Vec<Contender>,
}

impl Row {
    /// Returns `group/name`, the text that filters are compared with.
    pub fn id(&self) -> String {
        format!("{}/{}", self.group, self.name)
    }

    /// Returns the load for a number of iterations.
    pub fn load(&self, times: u64) -> Load {
        Load {
            batch: self.batch,
            times,
        }
    }
}

/// The promise for the operations that the executor is made for: half of
/// tokio's time.
pub const HALF: f64 = 0.5;
/// The promise for everything else.
pub const SAME: f64 = 1.0;

/// Makes the rows of one group from work that is generic over the runtime.
///
/// `"name" by 100 below HALF: work;` is the row `name` with batches of 100,
/// which does `work::<Executor>`, `work::<Tokio>` and so on. `[timed] work`
/// lists only the runtimes that have timers, see [`sides`](crate::contender::sides);
/// `, floor by_hand` adds the floor.
macro_rules! rows {
    ($group:literal, $(
        $name:literal by $batch:literal below $goal:ident:
        $([$kind:ident])? $work:ident $(, floor $floor:path)?;
    )+) => {
        /// The rows of this group.
        pub fn rows() -> Vec<$crate::row::Row> {
            vec![$({
                #[allow(unused_mut)]
                let mut contenders = $crate::contender::sides!([$($kind)?] $work);
                $(contenders.push($crate::contender::Contender::floor(
                    $floor as $crate::contender::Work,
                ));)?
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
