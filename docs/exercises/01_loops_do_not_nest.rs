//! A program that calls `run` inside `run`, through an innocent function.

use std::process::ExitCode;
use std::time::Duration;

use docs::Exercise;
use executor::{run, sleep};

async fn lookup(name: &str) -> usize {
    sleep(Duration::from_millis(5)).await;
    name.len()
}

// TODO: this starts a second loop on a thread that has one. Make it wait on
// the loop that is there.
fn length_of(name: &str) -> usize {
    run(lookup(name))
}

async fn program() -> usize {
    length_of("API 1") + length_of("API 22")
}

fn main() -> ExitCode {
    let hint = "`async fn` in front, `.await` behind, at each call on the way";
    Exercise::new(hint).check(program(), |seen, sum| {
        if sum != 11 {
            return Err(format!("the sum is {sum}, not 11"));
        }
        if seen.took != Duration::from_millis(10) {
            return Err(format!(
                "it took {:?} on its own loop, not 10 ms",
                seen.took
            ));
        }
        Ok(())
    })
}
