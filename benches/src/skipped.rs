//! What is not measured on this machine or in this build, and why.

use std::sync::OnceLock;

use crate::contender::Contender;
use crate::python;

/// Returns names with reasons. The first call tries to start each contender
/// that may be unable to run, which takes time and memory.
pub fn reasons() -> &'static [(&'static str, String)] {
    static REASONS: OnceLock<Vec<(&str, String)>> = OnceLock::new();
    REASONS.get_or_init(|| {
        let mut skipped = python::missing();
        #[cfg(all(feature = "peers", target_os = "linux"))]
        skipped.extend(crate::peers::that_cannot_run());
        #[cfg(not(all(feature = "peers", target_os = "linux")))]
        skipped.push((
            "all other runtimes",
            "they take the feature `peers`, on Linux".to_string(),
        ));
        #[cfg(not(feature = "llm"))]
        skipped.push(("the group llm", "it takes the feature `llm`".to_string()));
        skipped
    })
}

/// Removes the contenders that cannot run; [`announce`] prints which and why.
pub fn keep_runnable<W>(contenders: &mut Vec<Contender<W>>) {
    contenders.retain(|contender| {
        let is_skipped = reasons().iter().any(|(name, _)| *name == contender.name);
        !is_skipped
    });
}

/// Prints on stderr what is not measured, and why.
pub fn announce() {
    for (name, reason) in reasons() {
        eprintln!("skipped: {name}: {reason}");
    }
}
