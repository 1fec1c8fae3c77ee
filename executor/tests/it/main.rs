//! The promises of the library, in the order of its layers (DESIGN, section 3).
//!
//! A test that pins a case of the behaviour catalogue begins with its id:
//! `c022_…`. The file `coverage` counts them and names the missing ones. No test
//! asserts a speed; time is virtual wherever the case allows. Miri, which looks
//! for undefined behaviour and data races, interprets the tests that need no
//! sockets, processes and source files, and none that takes it too long.
//!
//! A module or test names the features of the crate that it needs. Without
//! features the tests of the core remain.

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

// Layer 2.
#[cfg(feature = "scope")]
mod scope;
#[cfg(feature = "sync")]
mod sync {
    mod events;
    mod locks;
    mod queues;
    mod semaphores;
}
#[cfg(all(feature = "net", not(miri)))]
mod net {
    mod addresses;
    mod faults;
    mod reactor;
    mod serve;
    mod streams;
    mod tcp;
    mod udp;
    #[cfg(unix)]
    mod unix;
    mod waiters;
}
#[cfg(all(feature = "os", unix, not(miri)))]
mod os {
    mod ctrl_c;
    mod processes;
    #[cfg(all(feature = "net", target_os = "linux", target_arch = "x86_64"))]
    mod refused_system_calls;
    mod stdin;
}

// Layer 3.
#[cfg(feature = "observe")]
mod observe {
    #[cfg(all(feature = "scope", feature = "sync"))]
    mod deadlocks;
    #[cfg(all(unix, not(miri)))]
    mod environment;
    #[cfg(all(unix, not(miri)))]
    mod executor_ps;
    #[cfg(all(feature = "scope", feature = "net"))]
    mod instrument_panics;
    mod instruments;
    #[cfg(all(feature = "sync", not(miri)))]
    mod hostile_names;
    mod task_listings;
    #[cfg(all(unix, not(miri)))]
    mod watchdog;
}
#[cfg(all(feature = "observe", feature = "net"))]
mod recording;
#[cfg(feature = "testing")]
mod testing;

// The examples, and the catalogue of cases.
#[cfg(not(miri))]
mod catalogue;
#[cfg(not(miri))]
mod coverage;
#[cfg(all(feature = "net", feature = "os", unix, not(miri)))]
mod examples;
