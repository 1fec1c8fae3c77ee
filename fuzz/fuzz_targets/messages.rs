//! `cargo +nightly fuzz run messages -- -max_total_time=60`
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::messages(bytes));

#[cfg(not(fuzzing))]
fn main() {
    println!("run it with: cargo +nightly fuzz run messages");
}
