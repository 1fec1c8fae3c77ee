//! Wait-for graph: its blocked nodes and its cycles.
//!
//! **Invariant:** the two lists of edges are transposes of each other.
//!
//! Called by `deadlock`. Imports nothing.

/// A directed graph: an edge goes from a node to one that it waits for.
pub(super) struct Graph {
    waits_for: Vec<Vec<usize>>,
    waited_by: Vec<Vec<usize>>,
}

/// What releases a node that waits for several others.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Release {
    /// The progress of any of them.
    ByAny,
    /// The progress of all of them.
    ByAll,
}

impl Graph {
    /// Creates a graph from the nodes that each node waits for.
    pub(super) fn new(waits_for: Vec<Vec<usize>>) -> Self {
        let mut waited_by = vec![Vec::new(); waits_for.len()];
        for (node, targets) in waits_for.iter().enumerate() {
            for &target in targets {
                waited_by[target].push(node);
            }
        }
        Graph {
            waits_for,
            waited_by,
        }
    }

    /// Returns for each node whether it can never progress. A node that waits
    /// for no other can; and so can, in turn, the nodes that it releases.
    pub(super) fn blocked(&self, release: Release) -> Vec<bool> {
        let mut blocked: Vec<_> = self.waits_for.iter().map(|all| !all.is_empty()).collect();
        let mut missing: Vec<_> = self.waits_for.iter().map(Vec::len).collect();
        let mut released: Vec<_> = (0..blocked.len()).filter(|n| !blocked[*n]).collect();
        while let Some(node) = released.pop() {
            for &waiter in &self.waited_by[node] {
                missing[waiter] -= 1;
                let is_released = release == Release::ByAny || missing[waiter] == 0;
                if is_released && std::mem::replace(&mut blocked[waiter], false) {
                    released.push(waiter);
                }
            }
        }
        blocked
    }

    /// Returns for each node whether it is blocked and a cycle of blocked nodes
    /// waits for it: removes, again and again, the blocked nodes for which no
    /// other waits.
    pub(super) fn cycle(&self, blocked: &[bool]) -> Vec<bool> {
        let mut cycle = blocked.to_vec();
        let waiters = |n: usize| self.waited_by[n].iter().filter(|w| blocked[**w]).count();
        let mut waiters: Vec<_> = (0..blocked.len()).map(waiters).collect();
        let is_outside = |n: &usize| blocked[*n] && waiters[*n] == 0;
        let mut outside: Vec<_> = (0..blocked.len()).filter(is_outside).collect();
        while let Some(node) = outside.pop() {
            cycle[node] = false;
            for &target in &self.waits_for[node] {
                waiters[target] -= 1;
                if waiters[target] == 0 {
                    outside.push(target);
                }
            }
        }
        cycle
    }
}
