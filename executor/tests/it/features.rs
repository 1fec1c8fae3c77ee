//! The promises of layers 2 and 3, which are the features of the crate, in the
//! order of the layers. The header of `main.rs` has the rules, which hold here as
//! well.

#![cfg_attr(
    not(all(feature = "net", feature = "observe", feature = "scope")),
    allow(
        unused_imports,
        dead_code,
        reason = "the tests that use them are absent"
    )
)]

mod common;

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

// The example programs.
#[cfg(all(feature = "net", feature = "os", unix, not(miri)))]
mod examples;
