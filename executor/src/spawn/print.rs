//! `println!` for programs on the loop.
//!
//! **Invariant:** a line that was recorded was printed, in the same order.
//!
//! Called by users.

use std::fmt;
use std::io::{self, Write};

use crate::base::hooks::PRINT;
use crate::event_loop::runtime::Runtime;

/// Prints a line, as std's `println!` does, and reports it to the loop's
/// instruments (asyncio's examples use `print`).
///
/// If the reader of the output is gone (`program | head -1`), it ends the
/// process quietly with code 0, where std's would panic.
///
/// Call it by its path: `use executor::*` makes every plain `println!` of the
/// file ambiguous.
///
/// ```
/// executor::run(async {
///     executor::println!("Fetching from {}...", "API 1");
/// });
/// ```
#[macro_export]
macro_rules! println {
    () => {
        $crate::__print_line(::core::format_args!(""))
    };
    ($($arg:tt)*) => {
        $crate::__print_line(::core::format_args!($($arg)*))
    };
}

/// What [`println!`](crate::println!) calls.
///
/// # Panics
///
/// If stdout fails otherwise than by being closed.
#[doc(hidden)]
pub fn __print_line(text: fmt::Arguments<'_>) {
    match writeln!(io::stdout().lock(), "{text}") {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => panic!("could not print to stdout: {error}"),
    }
    // With nothing borrowed: the text's `Display` and the subscribers may run any
    // code. The text first, so that the events that it causes are reported.
    if let Some(runtime) = Runtime::current().filter(|runtime| runtime.hooks.wants(PRINT)) {
        let text = text.to_string();
        runtime.hooks.emit(PRINT, |hook| hook.print(&text));
    }
}
