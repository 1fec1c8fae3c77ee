//! Helpers that the tests share.

#![allow(dead_code, reason = "each set of features uses some of them")]
#![allow(unused_imports, reason = "as above")]

#[cfg(feature = "observe")]
mod events;
#[cfg(all(unix, not(miri)))]
mod folder;
mod futures;
mod panics;
mod processes;
#[cfg(all(unix, not(miri)))]
mod program;
mod runners;
#[cfg(feature = "net")]
mod sockets;
mod tasks;

#[cfg(feature = "observe")]
pub(crate) use self::events::*;
#[cfg(all(unix, not(miri)))]
pub(crate) use self::folder::*;
pub(crate) use self::futures::*;
pub(crate) use self::panics::*;
pub(crate) use self::processes::*;
#[cfg(all(unix, not(miri)))]
pub(crate) use self::program::*;
pub(crate) use self::runners::*;
#[cfg(feature = "net")]
pub(crate) use self::sockets::*;
pub(crate) use self::tasks::*;

/// The size of a test that holds for any size: smaller under Miri, which is a
/// thousand times slower than the machine.
pub(crate) const fn sized<T: Copy>(usual: T, in_miri: T) -> T {
    if cfg!(miri) { in_miri } else { usual }
}

/// The size of a test that takes seconds without optimisation.
pub(crate) const fn sized_by_build<T: Copy>(optimised: T, in_debug: T, in_miri: T) -> T {
    sized(
        if cfg!(debug_assertions) {
            in_debug
        } else {
            optimised
        },
        in_miri,
    )
}
