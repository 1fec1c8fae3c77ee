//! The `EXECUTOR_…` variables: which values turn an observer on, which leave it
//! off, and which are reported. In processes of their own, because the
//! environment is read once per process.

use std::path::Path;
use std::process::Output;

use executor::{run, spawn, yield_now};

use crate::common::{Folder, in_own_process, reports};

/// The variables, without `EXECUTOR_TRACE`, which names a file.
const SWITCHES: [&str; 3] = ["EXECUTOR_DEBUG", "EXECUTOR_PS", "EXECUTOR_TIMELINE"];

const LOST: &str = "can never be woken";

/// Has an effect of every variable: a lost task for debug mode, a socket for
/// `executor-ps`, a loop for the timeline and the trace.
fn program() {
    run(async {
        let lost = spawn(std::future::poll_fn(|_| std::task::Poll::<()>::Pending));
        yield_now().await;
        let folder = std::env::var_os("XDG_RUNTIME_DIR").expect("set by the parent");
        println!(
            "listens: {}",
            Path::new(&folder).join("executor-ps").exists()
        );
        drop(lost);
    });
}

/// Which switches had their effect.
fn effects(child: &Output) -> Vec<&'static str> {
    let stdout = String::from_utf8_lossy(&child.stdout);
    let stderr = String::from_utf8_lossy(&child.stderr);
    let had = [
        stderr.contains(LOST),
        stdout.contains("listens: true"),
        stderr.contains(" turns, "),
    ];
    let switches = SWITCHES.into_iter().zip(had);
    switches
        .filter_map(|(name, had)| had.then_some(name))
        .collect()
}

/// The reports about the environment.
fn complaints(child: &Output) -> Vec<String> {
    let mut reports = reports(child);
    reports.retain(|report| report.starts_with("EXECUTOR_"));
    reports
}

#[test]
fn a_switch_is_off_if_it_is_empty_or_zero_and_an_unusual_value_is_named_in_one_line() {
    let test = "observe::environment::a_switch_is_off_if_it_is_empty_or_zero_and_an_unusual_value_is_named_in_one_line";
    let folder = Folder::new("switches");
    let child =
        |name, value| in_own_process(test, &[(name, value), ("XDG_RUNTIME_DIR", folder.text())]);
    for name in SWITCHES {
        for value in ["", "0", "1", "yes"] {
            let Some(child) = child(name, value) else {
                return program();
            };
            let is_on = !["", "0"].contains(&value);
            let expected = if is_on { vec![name] } else { vec![] };
            assert_eq!(effects(&child), expected, "{name}={value}");
            let complaint =
                format!("{name} is {value:?} and counts as 1: set it to 1 for on, to 0 for off");
            let expected = if value == "yes" {
                vec![complaint]
            } else {
                vec![]
            };
            assert_eq!(complaints(&child), expected, "{name}={value}");
            let _ = std::fs::remove_dir_all(folder.path().join("executor-ps"));
        }
    }
}

#[test]
fn a_trace_is_written_only_if_the_variable_names_a_file() {
    let test = "observe::environment::a_trace_is_written_only_if_the_variable_names_a_file";
    let folder = Folder::new("traces");
    let file = folder.path().join("trace.json");
    let child = |value: &str| {
        let environment = [
            ("EXECUTOR_TRACE", value),
            ("XDG_RUNTIME_DIR", folder.text()),
        ];
        in_own_process(test, &environment)
    };
    for value in ["", "0", "1"] {
        let Some(child) = child(value) else {
            return program();
        };
        let complaint = "EXECUTOR_TRACE is \"1\" and has no effect: set it to the name of a file";
        let expected = if value == "1" {
            vec![complaint]
        } else {
            vec![]
        };
        assert_eq!(complaints(&child), expected, "EXECUTOR_TRACE={value}");
        assert!(!Path::new(value).is_file(), "EXECUTOR_TRACE={value}");
    }
    let child = child(file.to_str().unwrap()).expect("this is the parent");
    assert_eq!(complaints(&child), [""; 0]);
    assert!(file.is_file());
}
