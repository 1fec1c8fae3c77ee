//! asyncio and uvloop: the program of the group `program` in Python.

use std::env;
use std::process::{Command, Output};

/// asyncio as it comes with CPython.
pub const ASYNCIO: &str = "asyncio";
/// asyncio on uvloop.
pub const UVLOOP: &str = "uvloop";

const SCRIPT: &str = "
import sys
if sys.argv[1] == 'uvloop':
    import uvloop as runtime
else:
    import asyncio as runtime
import asyncio

async def fetch(number):
    await asyncio.sleep(0.01)
    return number

async def main():
    assert await asyncio.gather(*map(fetch, range(3))) == [0, 1, 2]

runtime.run(main())
for line in open('/proc/self/status'):
    if line.startswith('VmHWM:'):
        print(int(line.split()[1]) * 1024)
";

/// Returns the command that runs the program on one of the two libraries.
///
/// The interpreter is `python3`, or the value of `BENCHES_PYTHON`: uvloop is
/// often in an environment of its own.
pub(crate) fn command(library: &str) -> Command {
    let interpreter = env::var("BENCHES_PYTHON").unwrap_or_else(|_| "python3".to_string());
    let mut command = Command::new(interpreter);
    command.args(["-c", SCRIPT, library]);
    command
}

/// Returns the largest number of bytes that were resident in the program.
pub(crate) fn peak_bytes(library: &str) -> Result<f64, String> {
    let output = output(library)?;
    let answer = String::from_utf8_lossy(&output.stdout);
    let number = answer.trim().parse();
    number.map_err(|_| "it needs VmHWM in /proc/self/status".to_string())
}

/// Runs the program on each library and returns those that fail, with the
/// reason.
pub(crate) fn missing() -> Vec<(&'static str, String)> {
    let tries = [ASYNCIO, UVLOOP].map(|library| (library, try_to_run(library)));
    let failed = |(name, result): (_, Result<(), String>)| result.err().map(|why| (name, why));
    tries.into_iter().filter_map(failed).collect()
}

fn try_to_run(library: &str) -> Result<(), String> {
    let output = output(library)?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let last_line = stderr.lines().last().unwrap_or("it prints no error");
    Err(format!(
        "{last_line} (BENCHES_PYTHON names another interpreter)"
    ))
}

fn output(library: &str) -> Result<Output, String> {
    command(library).output().map_err(|error| error.to_string())
}
