//! The program `executor-ps`: shows what the tasks of a running program wait for.
//!
//! `executor-ps PID [--tree | --json]` asks a process that was started with
//! `EXECUTOR_PS=1`. **Invariant:** only an answer goes to stdout.
//!
//! Imports `executor::ps`.

#[cfg(unix)]
use executor::ps::{Question, ask};
use std::process::ExitCode;

const HELP: &str = "\
Shows the tasks of a running program and what each waits for.

Usage: executor-ps PID [--tree | --json]

  PID     the id of a process that was started with EXECUTOR_PS=1
  --tree  prints each task below the one that spawned it
  --json  prints JSON, for programs
  --help  prints this text

Exit codes: 0 answered, 1 the process cannot be asked, 2 wrong arguments
";

#[cfg(unix)]
fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if arguments
        .iter()
        .any(|argument| argument == "--help" || argument == "-h")
    {
        print(HELP);
        return ExitCode::SUCCESS;
    }
    let (pid, question) = match parse(&arguments) {
        Ok(parsed) => parsed,
        Err(error) => {
            eprintln!("executor-ps: {error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match ask(pid, question) {
        Ok(answer) => {
            print(&answer);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("executor-ps: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("executor-ps needs Unix sockets.\n\n{HELP}");
    ExitCode::FAILURE
}

#[cfg(unix)]
fn parse(arguments: &[String]) -> Result<(u32, Question), String> {
    let mut pid = None;
    let mut question = Question::List;
    for argument in arguments {
        let format = match argument.as_str() {
            "--tree" => Some(Question::Tree),
            "--json" => Some(Question::Json),
            _ => None,
        };
        match format {
            Some(_) if question != Question::List => {
                return Err("one of --tree and --json, once".into());
            }
            Some(format) => question = format,
            None if pid.is_none() => pid = Some(parse_pid(argument)?),
            None => return Err(format!("what is {argument:?}?")),
        }
    }
    let pid = pid.ok_or("which process? Give its number")?;
    Ok((pid, question))
}

#[cfg(unix)]
fn parse_pid(argument: &str) -> Result<u32, String> {
    match argument.parse() {
        Ok(0) | Err(_) => Err(format!("{argument:?} is no process number")),
        Ok(pid) => Ok(pid),
    }
}

/// Prints to stdout. A closed pipe is no error: the reader needs no more.
#[cfg(unix)]
fn print(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
}
