//! Counts allocations per operation: `cargo bench -- allocations` starts it.
//!
//! A program of its own, because an allocator that counts makes every
//! allocation slower, and all other numbers with it.

use std::alloc::System;

use benches::answers::answer_if_asked;
use benches::passes::allocations;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    if answer_if_asked() {
        return;
    }
    allocations::count(|| {
        let stats = ALLOCATOR.stats();
        let calls = stats.allocations + stats.reallocations;
        (calls as u64, stats.bytes_allocated as u64)
    });
}
