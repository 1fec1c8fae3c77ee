//! The promises of the core, layers 0 and 1, in the order of the layers.
//!
//! The program `features` has those of layers 2 and 3. It is in this folder, with
//! the same helpers; as two programs, they are compiled side by side.
//!
//! A test that pins a case of the behaviour catalogue begins with its id:
//! `c022_…`. The file `coverage` counts them and names the missing ones. No test
//! asserts a speed; time is virtual wherever the case allows. Miri, which looks
//! for undefined behaviour and data races, interprets the tests that need no
//! sockets, processes and source files, and none that takes it too long.
//!
//! A module or test names the features of the crate that it needs.

#![cfg_attr(
    not(all(feature = "net", feature = "observe", feature = "scope")),
    allow(
        unused_imports,
        dead_code,
        reason = "the tests that use them are absent"
    )
)]

mod common;

// Layer 0.
mod event_loop {
    mod budget;
    mod deep_chains;
    mod fairness;
    #[cfg(not(miri))]
    mod foreign_runtimes;
    mod nested_panics;
    #[cfg(all(feature = "observe", feature = "scope", feature = "sync", not(miri)))]
    mod reentrancy;
    mod run;
    mod stalls;
    mod wakers;
}

// Layer 1.
mod spawn {
    mod cancel;
    mod cancel_within;
    mod context_vars;
    mod handles_elsewhere;
    mod lost_panics;
    mod tasks;
}
mod time {
    mod clock_jumps;
    mod resets;
    mod timers;
    mod virtual_time;
}
mod combine;
mod blocking;
mod runner {
    mod background;
    mod cross_thread;
    mod remote_handles;
    mod repeated_runs;
}

// The catalogue of cases.
#[cfg(not(miri))]
mod catalogue;
#[cfg(not(miri))]
mod coverage;
