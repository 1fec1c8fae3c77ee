//! `println!` for programs on the loop.
//!
//! **Invariant:** a line that was recorded was printed, in the same order.
//!
//! A room: calls `runtime` for the probe.

use std::fmt;
use std::io::{self, Write};

use crate::probe::Event;
use crate::runtime::Runtime;

/// Prints a line, as std's `println!` does, and tells the loop's instrument
/// about it (asyncio's examples use `print`).
///
/// When nobody reads the output any more (`program | head -1`), it ends the
/// process quietly with code 0, where std's would panic.
///
/// Call it by its path: `use executor::*` would make every plain `println!` of
/// the file ambiguous.
///
/// ```
/// executor::run(async {
///     executor::println!("Fetching from {}...", "API 1");
/// });
/// ```
#[macro_export]
macro_rules! println {
    () => {
        $crate::print::line(::core::format_args!(""))
    };
    ($($arg:tt)*) => {
        $crate::print::line(::core::format_args!($($arg)*))
    };
}

/// What [`println!`](crate::println!) calls.
///
/// # Panics
///
/// If stdout fails otherwise than by being closed.
#[doc(hidden)]
pub fn line(text: fmt::Arguments<'_>) {
    match writeln!(io::stdout().lock(), "{text}") {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => panic!("could not print to stdout: {error}"),
    }
    Runtime::with(|runtime| {
        runtime.emit(move |probe| Event::Print {
            task: runtime.polled_task().map(|task| probe.id(task)),
            text: text.to_string(),
        });
    });
}
