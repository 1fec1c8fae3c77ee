//! A test of the real runtime that the small one fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use docs::Exercise;

/// The runtime that you have built.
#[path = "../mini/24a"]
#[allow(dead_code, unused_imports, unreachable_pub, missing_docs)]
mod book {
    pub(crate) mod mini;
}
use book::mini::{RunError, try_run};

/// Runs a future as `mini::run` does.
fn run<F: Future>(main: F) -> F::Output {
    match try_run(main) {
        Ok(output) => output,
        Err(RunError::AlreadyRunning) => panic!(
            "a loop is already running on this thread, and loops do not nest. Inside it: `.await` \
             the future, `spawn` it, or run it on a thread of its own with `to_thread(|| \
             executor::run(..))`. For a notebook: `Runner::background()`"
        ),
        Err(error) => panic!("{error}"),
    }
}

/// Runs a program that must panic, and returns the text of the panic.
fn panic_text<T>(program: impl FnOnce() -> T) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(program)) else {
        panic!("expected a panic");
    };
    let text = payload.downcast_ref::<String>().cloned();
    let literal = payload.downcast_ref::<&str>().map(|text| text.to_string());
    text.or(literal).expect("a panic with a text")
}

/// From `executor/tests/it/event_loop/run.rs`, as it is there.
fn a_nested_run_panics_with_a_text_that_says_what_to_do() {
    let text = run(async { panic_text(|| run(async {})) });
    assert_eq!(
        text,
        "a loop is already running on this thread, and loops do not nest. Inside it: `.await` the \
         future, `spawn` it, or run it on a thread of its own with `to_thread(|| \
         executor::run(..))`. For a notebook: `Runner::background()`"
    );
}

fn main() -> ExitCode {
    let hint = "match on `Err(RunError::AlreadyRunning)` and panic with the text of the test";
    Exercise::new(hint).judge("the test", || {
        let test = a_nested_run_panics_with_a_text_that_says_what_to_do;
        catch_unwind(test).map_err(|_| "the test fails, see above".into())
    })
}
