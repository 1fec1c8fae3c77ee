//! Three seconds of the soak, in a program of its own: it counts the threads
//! and descriptors of the process. `examples/soak.rs` says what it does.

#![cfg(target_os = "linux")]

use std::time::Duration;

#[path = "../examples/soak/counts.rs"]
mod counts;
#[path = "../examples/soak/contend.rs"]
mod contend;
#[path = "../examples/soak/load.rs"]
mod load;
#[path = "../examples/soak/process.rs"]
mod process;
#[path = "../examples/soak/rounds.rs"]
mod rounds;

#[test]
fn nothing_is_left_over_after_everything_at_once() {
    rounds::soak(Duration::from_secs(3));
}
