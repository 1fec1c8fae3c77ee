//! A report takes its time and holds up a greeting.

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use docs::Exercise;
use executor::instrument::Event;
use executor::{gather, to_thread};

/// Waits for a device, say. It cannot be awaited.
fn read_device() -> u32 {
    thread::sleep(Duration::from_millis(20));
    7
}

/// Quick: not worth another thread.
fn square(n: u32) -> u32 {
    n * n
}

async fn report() {
    let reading = to_thread(read_device).await;
    let result = square(reading);
    executor::println!("report: {result}");
}

async fn greet() {
    executor::println!("hello");
}

async fn program() {
    gather((report(), greet())).await;
}

fn main() -> ExitCode {
    let hint = "`to_thread(read_device).await`; and which of the two is slow?";
    Exercise::new(hint).check(program(), |seen, ()| {
        if seen.printed != ["hello", "report: 49"] {
            return Err(format!("the greeting had to wait: {:?}", seen.printed));
        }
        match seen.count(|event| matches!(event, Event::JobSubmit { .. })) {
            1 => Ok(()),
            jobs => Err(format!("{jobs} calls went to threads; one is enough")),
        }
    })
}
