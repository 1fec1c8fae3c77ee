//! Console blocks are run, and what they print is compared.
//!
//! The syntax is trycmd's: `$ command`, then `? code` if it fails, then what
//! it prints; `[..]` stands for part of a line, a line `...` for any lines.
//! Under `<!-- console: numbers vary -->` a number stands for any number, so
//! that a page can show real measurements without `[..]` all over them. Under
//! `<!-- console: drawn anew -->` it is a timeline of a real run: which lanes
//! it has is compared, not how long their bars are. `cargo test` of a step of
//! Part II is compared without the time that it took.
//!
//! Invariant: a command is a program of this workspace or a Python program of
//! the book, never a shell.
//!
//! Called by `main`.

use std::fmt::Write as _;
use std::process::Command;

use crate::check::{Finding, difference};
use crate::markdown::{Fence, Page};
use crate::programs::{self, Printed, Target, program, python, tests};

pub(crate) fn check(page: &Page) -> Vec<Finding> {
    let fences = page.fences.iter();
    let consoles = fences.filter(|fence| fence.language() == "console");
    consoles.filter_map(|fence| look(fence).err()).collect()
}

fn look(fence: &Fence) -> Result<(), Finding> {
    let how = match fence.directed("console") {
        None => Compare::Text,
        Some("numbers vary") => Compare::AllButNumbers,
        Some("drawn anew") => Compare::Lanes,
        Some(other) => return Err(Finding::new(fence.line, format!("console: {other}?"))),
    };
    let mut real = String::new();
    let mut same = true;
    for entry in entries(&fence.body) {
        let complain = |what| Finding::new(fence.line, format!("$ {}: {what}", entry.command));
        let Some(printed) = other_output(&entry, how).map_err(complain)? else {
            real.push_str(&entry.whole());
            continue;
        };
        same = false;
        writeln!(real, "$ {}\n{printed}", entry.command).expect("a String takes everything");
        real.truncate(real.trim_end().len());
        real.push('\n');
    }
    if same {
        return Ok(());
    }
    let what = format!(
        "it prints something else:{}",
        difference(&fence.body, &real)
    );
    Err(Finding::new(fence.line, what).mended_by(fence.with_body(&real)))
}

/// How often a command is run before what it prints counts as wrong.
///
/// Some programs sleep in real time. If the machine stops one for longer than
/// it sleeps, its sleeps end in another order, or a timeout comes too late.
/// What is wrong with a page itself is wrong each time.
const TRIES: usize = 5;

/// What a command printed, if that is not what the page shows.
fn other_output(entry: &Entry<'_>, how: Compare) -> Result<Option<String>, String> {
    let mut other = None;
    for _ in 0..TRIES {
        let Some(printed) = run(entry.command)? else {
            return Ok(None);
        };
        let printed = with_status(printed);
        if matches(&entry.expected, &printed, how) {
            return Ok(None);
        }
        other = Some(printed);
    }
    Ok(other)
}

/// A command of a block, and what should come out.
struct Entry<'a> {
    command: &'a str,
    expected: String,
}

impl Entry<'_> {
    fn whole(&self) -> String {
        format!("$ {}\n{}", self.command, self.expected)
    }
}

fn entries(body: &str) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for line in body.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            let expected = String::new();
            entries.push(Entry { command, expected });
        } else if let Some(entry) = entries.last_mut() {
            entry.expected += line;
            entry.expected += "\n";
        }
    }
    entries
}

/// The programs that a page runs, as their commands name them.
pub(crate) fn commands(page: &Page) -> Vec<String> {
    let fences = page.fences.iter();
    let consoles = fences.filter(|fence| fence.language() == "console");
    let entries = consoles.flat_map(|fence| entries(&fence.body));
    entries.map(|entry| entry.command.to_owned()).collect()
}

/// `None` if the program that it needs is not on this machine.
fn run(line: &str) -> Result<Option<Printed>, String> {
    let words = words(line);
    let is_setting = |word: &&String| word.contains('=') && !word.starts_with('-');
    let settings = words.iter().take_while(is_setting).count();
    let (settings, words) = words.split_at(settings);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let mut command = match &words[..] {
        ["python3", path, args @ ..] if path.starts_with("docs/python/") => {
            let Some(python) = python() else {
                return Ok(None);
            };
            let mut command = Command::new(python);
            // No bytecode beside the files, nothing from the environment.
            command.args(["-B", "-E", "-X", "utf8", path]).args(args);
            command
        }
        ["cargo", "run", rest @ ..] => {
            let (target, args) = target(rest)?;
            let mut command = Command::new(program(&target)?);
            command.args(args);
            command
        }
        ["cargo", "test", "-q", "-p", "mini", rest @ ..] => {
            let (feature, name, args) = match rest {
                ["--features", feature, "--example", name, args @ ..] => {
                    (Some(*feature), name, args)
                }
                ["--example", name, args @ ..] => (None, name, args),
                _ => return Err("say --example after `-p mini`, or --features before it".into()),
            };
            let mut command = tests(name, feature)?;
            command.args(args.iter().filter(|arg| **arg != "--"));
            return programs::run(&mut command).map(|printed| Some(as_cargo(name, printed)));
        }
        _ => {
            let what =
                "`cargo run`, `cargo test -q -p mini --example ..` and `python3 docs/python/..`";
            return Err(format!("only {what} can be checked"));
        }
    };
    // Until the page says otherwise: no verdict may depend on a slow machine.
    command.env("EXERCISE_SECONDS", "100");
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    for (name, value) in settings.iter().filter_map(|word| word.split_once('=')) {
        match name {
            // The recording is the reader's, and does not belong in the workspace.
            "MINI_TRACE" => command.env(name, folder.path().join(value)),
            _ => command.env(name, value),
        };
    }
    programs::run(&mut command).map(Some)
}

/// What cargo shows of the tests of a step: its own line if they fail.
fn as_cargo(example: &str, mut printed: Printed) -> Printed {
    if !printed.status.success() {
        let rerun = format!("error: test failed, to rerun pass `-p mini --example {example}`\n");
        printed.text += &rerun;
    }
    printed
}

/// The words of a command line; quotes hold one together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' | '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().expect("there is one").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// What `cargo run ..` runs, and with what arguments.
fn target<'a>(mut words: &'a [&'a str]) -> Result<(Target, &'a [&'a str]), String> {
    let mut package = None;
    let mut found = None;
    loop {
        words = match words {
            ["--release", rest @ ..] => rest,
            ["-p", name, rest @ ..] => {
                package = Some(name.to_string());
                rest
            }
            [kind @ ("--bin" | "--example"), name, rest @ ..] => {
                found = Some((kind[2..].to_owned(), name.to_string()));
                rest
            }
            ["--", rest @ ..] => {
                words = rest;
                break;
            }
            [] => break,
            [word, ..] => return Err(format!("`{word}` is not understood here")),
        }
    }
    let (kind, name) = found.ok_or("say --bin or --example")?;
    // Without it, cargo builds dependencies with the features that the whole workspace asks for.
    let package = package.ok_or("say -p")?;
    let target = Target {
        package,
        kind,
        name,
    };
    Ok((target, words))
}

/// What a block shows: `? code` above the text, if it failed.
fn with_status(Printed { text, status }: Printed) -> String {
    let mut text = text.replace("\r\n", "\n");
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    match status.code() {
        Some(0) => text,
        Some(code) => format!("? {code}\n{text}"),
        None => format!("? interrupted\n{text}"),
    }
}

/// What of a program's output has to be as the page shows it.
#[derive(Clone, Copy)]
enum Compare {
    Text,
    AllButNumbers,
    Lanes,
}

/// Does the text fit what is expected?
fn matches(expected: &str, text: &str, how: Compare) -> bool {
    let normal = |text: &str| match how {
        Compare::Text => without_chance(text),
        Compare::AllButNumbers => without_numbers(text),
        Compare::Lanes => lanes(text),
    };
    let (expected, text) = (normal(expected), normal(text));
    let expected: Vec<_> = expected.lines().collect();
    let text: Vec<_> = text.lines().collect();
    lines_match(&expected, &text)
}

/// How long tests took, and the number of a thread, are another each time.
fn without_chance(text: &str) -> String {
    let line = |line: &str| {
        if let Some((result, _)) = line.split_once("; finished in ") {
            return format!("{result}\n");
        }
        let number = line.strip_prefix("thread '").and_then(|rest| {
            let (thread, rest) = rest.split_once("' (")?;
            let (_, rest) = rest.split_once(") panicked at ")?;
            Some(format!("thread '{thread}' panicked at {rest}\n"))
        });
        number.unwrap_or_else(|| format!("{line}\n"))
    };
    text.trim_end().lines().map(line).collect()
}

/// The names of a timeline's lanes.
fn lanes(text: &str) -> String {
    let bars = ['│', '█', '▒', '─', '·', '▄'];
    let lanes = text.lines().filter_map(|line| {
        let (name, bar) = line.split_once("  ")?;
        let named = name.starts_with(char::is_alphanumeric);
        (named && bar.contains(bars)).then(|| format!("{name}\n"))
    });
    lanes.collect()
}

fn lines_match(expected: &[&str], text: &[&str]) -> bool {
    match (expected, text) {
        (["...", rest @ ..], _) => {
            (0..=text.len()).any(|skipped| lines_match(rest, &text[skipped..]))
        }
        ([e, expected @ ..], [t, text @ ..]) => line_matches(e, t) && lines_match(expected, text),
        (expected, text) => expected.is_empty() && text.is_empty(),
    }
}

fn line_matches(expected: &str, line: &str) -> bool {
    let parts: Vec<_> = expected.split("[..]").collect();
    let [first, between @ .., last] = &parts[..] else {
        return expected == line;
    };
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    for part in between {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Every number becomes `#`, and the blanks that line numbers up become one.
fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    for line in text.trim_end().lines() {
        let mut last = ' ';
        for c in line.chars() {
            let now = match c {
                '0'..='9' => '#',
                '.' if last == '#' => continue,
                c => c,
            };
            if !(now == last && matches!(now, '#' | ' ')) {
                out.push(now);
            }
            last = now;
        }
        out.push('\n');
    }
    out
}

#[test]
fn wildcards_match_parts_and_lines() {
    assert!(matches("a [..] c\n", "a b c\n", Compare::Text));
    assert!(!matches("a [..] c\n", "a b d\n", Compare::Text));
    assert!(matches("a\n...\nz\n", "a\nb\nc\nz\n", Compare::Text));
    assert!(!matches("a\n...\nz\n", "a\nb\n", Compare::Text));
    assert!(!matches("a\n", "a\nb\n", Compare::Text));
    assert!(matches("one[..]\n", "one\n", Compare::Text));
}

#[test]
fn numbers_vary_where_a_page_says_so() {
    assert!(matches(
        "took  2.00s of 6\n",
        "took 13.5s of 7\n",
        Compare::AllButNumbers
    ));
    assert!(!matches(
        "took 2.00s\n",
        "took 2.00ms\n",
        Compare::AllButNumbers
    ));
    assert!(!matches("took 2.00s\n", "took 2.01s\n", Compare::Text));
}

#[test]
fn the_tests_of_a_step_are_run_as_cargo_runs_them() {
    let printed = run("cargo test -q -p mini --example step_09a no_such_test").unwrap();
    let text = with_status(printed.expect("cargo is there"));
    assert!(text.starts_with("\nrunning 0 tests\n"), "{text}");
    assert!(text.contains("test result: ok. 0 passed"), "{text}");
    assert!(run("cargo test -q -p mini --example step_no").is_err());
    assert!(run("cargo test -q -p mini --features no --example step_09a").is_err());
    let failed = "cargo test -q -p mini --example step_09a -- --no-such-option";
    let printed = run(failed).unwrap();
    let text = with_status(printed.expect("cargo is there"));
    assert!(text.starts_with("? 101\n"), "{text}");
    assert!(
        text.ends_with("to rerun pass `-p mini --example step_09a`\n"),
        "{text}"
    );
}

#[test]
fn the_time_of_tests_and_the_number_of_a_thread_are_not_compared() {
    let result = |time: &str| format!("test result: ok. 1 passed; finished in {time}s\n");
    assert!(matches(&result("0.00"), &result("0.07"), Compare::Text));
    assert!(!matches(
        &result("0.00"),
        &result("0.00").replace('1', "2"),
        Compare::Text
    ));
    let panic =
        |number: &str, line: &str| format!("thread 'a' ({number}) panicked at a.rs:{line}:\n");
    assert!(matches(&panic("1", "7"), &panic("23", "7"), Compare::Text));
    assert!(matches(
        &panic("[..]", "7"),
        &panic("23", "7"),
        Compare::Text
    ));
    assert!(!matches(&panic("1", "7"), &panic("1", "8"), Compare::Text));
}

#[test]
fn a_timeline_has_lanes() {
    let shown = "hog: 40 ms\n       0   20 ms\nloop   ···\nhog    │─██\n\n│ █ polled\n";
    assert_eq!(lanes(shown), "loop\nhog\n");
    assert!(matches(shown, "loop   ·····\nhog    ██\n", Compare::Lanes));
    assert!(!matches(shown, "loop   ·····\n", Compare::Lanes));
}

#[test]
fn a_command_line_names_a_program() {
    let line = "run -p docs --example lazy -- --slow \"two words\"";
    let words = words(line);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let (target, args) = target(&words[1..]).unwrap();
    assert_eq!((&target.kind[..], &target.name[..]), ("example", "lazy"));
    assert_eq!(args, ["--slow", "two words"]);
}

#[test]
fn a_command_names_its_package() {
    assert!(target(&["-p", "llm-demo", "--bin", "serve"]).is_ok());
    assert!(target(&["--bin", "serve"]).is_err());
}
