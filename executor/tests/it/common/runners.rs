//! Runners with virtual time, judged where the `observe` feature allows it.

use executor::{Builder, Runner};

/// A runner with virtual time, [judged] at every step.
pub(crate) fn virtual_runner() -> Runner {
    judged(Runner::builder().virtual_time())
}

/// A runner whose every step the oracle judges. Miri would spend nine tenths of
/// its time on that, and without `observe` there are no events to judge.
pub(crate) fn judged(builder: Builder) -> Runner {
    #[cfg(all(feature = "observe", not(miri)))]
    let builder = builder.instrument(super::Oracle::new());
    builder.build()
}
