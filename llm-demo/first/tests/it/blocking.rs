use super::common::{refusal, said, said_to_closed_pipe};

const PROGRAM: &str = env!("CARGO_BIN_EXE_blocking");

/// The lateness in a row of the table, in milliseconds.
#[track_caller]
fn lateness(table: &str, name: &str) -> f64 {
    let row = table.lines().find_map(|line| line.strip_prefix(name));
    let row = row.unwrap_or_else(|| panic!("no row {name:?} in:\n{table}"));
    let number = row.trim().strip_suffix(" ms late").expect(row);
    number.parse().expect(number)
}

#[test]
fn a_call_in_the_task_makes_a_beat_late_by_nearly_its_whole_length() {
    let said = said(PROGRAM, &["--block", "60ms", "--every", "5ms"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    let inline = lateness(&said.out, "in the task itself");
    assert!(inline >= 55.0, "a beat is due within 5 ms: {}", said.out);
    // How late the others are depends on the machine, but they are measured.
    assert!(lateness(&said.out, "to_thread") >= 0.0);
    assert!(lateness(&said.out, "run_in_executor") >= 0.0);
}

#[test]
fn the_table_is_aligned_and_a_sentence_says_what_it_means() {
    let said = said(PROGRAM, &["--block", "3ms", "--every", "1ms"]);
    let (table, text) = said.out.split_once("\n\n").expect("table, then text");
    let widths: Vec<_> = table.lines().map(str::len).collect();
    assert_eq!(widths.len(), 4);
    assert!(widths.iter().all(|width| *width == widths[0]), "{table}");
    assert!(text.trim_end().ends_with('.'), "{text}");
}

#[test]
fn a_heartbeat_that_would_miss_the_call_is_refused() {
    let text = refusal(PROGRAM, &["--block", "10ms", "--every", "10ms"]);
    assert!(
        text.contains("--every must be shorter than --block"),
        "{text}"
    );
    assert!(text.contains("Usage: blocking"), "{text}");
}

#[test]
fn times_that_are_none_are_refused() {
    for option in ["--block", "--every"] {
        for time in ["0s", "", "7", "-1ms", "600years"] {
            let text = refusal(PROGRAM, &[option, time]);
            assert!(
                text.contains(option) && text.contains("invalid value"),
                "{text}"
            );
        }
    }
}

#[test]
fn an_unknown_argument_is_refused() {
    assert!(refusal(PROGRAM, &["faster"]).contains("faster"));
}

#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    let said = said_to_closed_pipe(PROGRAM, &["--block", "2ms", "--every", "1ms"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
}
