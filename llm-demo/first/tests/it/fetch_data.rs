use std::fmt::Write;
use std::time::{Duration, Instant};

use super::common::{Said, refusal, said, said_to_closed_pipe};

const PROGRAM: &str = env!("CARGO_BIN_EXE_fetch_data");

pub(crate) const THE_PAGES_OUTPUT: &str = "\
Fetching from API 1...
Fetching from API 2...
Fetching from API 3...
Data from API 1
Data from API 2
Data from API 3
";

fn fetch(arguments: &[&str]) -> Said {
    let said = said(PROGRAM, arguments);
    assert_eq!(said.code, 0, "{said:?}");
    said
}

/// The two times on the stderr line, as they stand there.
#[track_caller]
fn times(err: &str) -> (&str, &str) {
    let line = err.strip_suffix('\n').expect("one whole line");
    assert!(!line.contains('\n'), "one line only: {err}");
    let (elapsed, sum) = line.split_once("; ").expect("two times");
    (
        elapsed.strip_prefix("elapsed: ").expect(line),
        sum.strip_prefix("one after another: ").expect(line),
    )
}

#[test]
fn three_sources_with_two_seconds_each_take_two_seconds_together() {
    let start = Instant::now();
    let said = fetch(&[]);
    assert!(start.elapsed() >= Duration::from_secs(2));
    assert_eq!(said.out, THE_PAGES_OUTPUT);
    let (elapsed, sum) = times(&said.err);
    assert!(elapsed.ends_with('s') && !elapsed.contains("virtual"));
    assert_eq!(sum, "6.00s");
}

#[test]
fn virtual_time_prints_the_same_and_says_that_it_is_virtual() {
    let said = fetch(&["--virtual"]);
    assert_eq!(said.out, THE_PAGES_OUTPUT);
    assert_eq!(times(&said.err), ("2.00s of virtual time", "6.00s"));
}

#[test]
fn a_year_takes_no_time_when_time_is_virtual() {
    let said = fetch(&["--virtual", "--delay", "1year"]);
    assert_eq!(said.out, THE_PAGES_OUTPUT);
    assert_eq!(times(&said.err), ("1year of virtual time", "3years"));
}

#[test]
fn one_after_another_the_times_add_up() {
    let said = fetch(&["--virtual", "--sequential"]);
    let one_by_one = "\
Fetching from API 1...
Fetching from API 2...
Fetching from API 3...
";
    assert!(said.out.starts_with(one_by_one));
    assert_eq!(said.out, THE_PAGES_OUTPUT);
    assert_eq!(times(&said.err), ("6.00s of virtual time", "6.00s"));
}

#[test]
fn a_limit_of_two_runs_three_sources_in_two_rounds() {
    let said = fetch(&["--virtual", "--limit", "2"]);
    assert_eq!(said.out, THE_PAGES_OUTPUT);
    assert_eq!(times(&said.err), ("4.00s of virtual time", "6.00s"));
}

#[test]
fn a_limit_beyond_the_number_of_sources_changes_nothing() {
    let said = fetch(&["--virtual", "--limit", &usize::MAX.to_string()]);
    assert_eq!(times(&said.err).0, "2.00s of virtual time");
}

#[test]
fn sources_are_named_on_the_command_line() {
    let said = fetch(&["--virtual", "tea", "", "größe"]);
    let expected = "\
Fetching from tea...
Fetching from ...
Fetching from größe...
Data from tea
Data from 
Data from größe
";
    assert_eq!(said.out, expected);
}

#[test]
fn one_source_is_enough() {
    let said = fetch(&["--delay", "1ms", "only"]);
    assert_eq!(said.out, "Fetching from only...\nData from only\n");
    assert_eq!(times(&said.err).1, "1.00ms");
}

#[test]
fn a_thousand_sources_answer_in_order_after_one_delay() {
    let names: Vec<_> = (0..1000).map(|n| format!("n{n}")).collect();
    let mut arguments = vec!["--virtual"];
    arguments.extend(names.iter().map(String::as_str));
    let mut expected = String::new();
    for what in ["Fetching from", "Data from"] {
        let dots = if what == "Data from" { "" } else { "..." };
        for name in &names {
            writeln!(expected, "{what} {name}{dots}").unwrap();
        }
    }
    let said = fetch(&arguments);
    assert_eq!(said.out, expected);
    let (elapsed, sum) = times(&said.err);
    assert_eq!((elapsed, sum), ("2.00s of virtual time", "33m 20s"));
}

#[test]
fn no_delay_is_fine() {
    let said = fetch(&["--virtual", "--delay", "0s"]);
    assert_eq!(said.out, THE_PAGES_OUTPUT);
    assert_eq!(times(&said.err), ("0s of virtual time", "0s"));
}

#[test]
fn the_longest_delay_is_fine_and_its_sum_does_not_overflow() {
    let said = fetch(&["--virtual", "--delay", "500years"]);
    let (elapsed, sum) = times(&said.err);
    assert_eq!((elapsed, sum), ("500years of virtual time", "1500years"));
}

#[test]
fn more_than_the_loop_can_count_is_refused() {
    let text = refusal(PROGRAM, &["--virtual", "--delay", "501years"]);
    assert!(text.contains("the longest is 500years"), "{text}");
    for mode in [&["--sequential"] as &[_], &["--limit", "1"]] {
        let mut arguments = vec!["--virtual", "--delay", "200years"];
        arguments.extend(mode);
        let text = refusal(PROGRAM, &arguments);
        assert!(text.contains("more than 500years"), "{text}");
        assert!(text.contains("Usage: fetch_data"), "{text}");
    }
}

#[test]
fn a_duration_that_is_none_is_refused_by_its_name() {
    let huge = "18446744073709551615s 1000ms";
    for delay in ["2", "", "soon", "-1s", "1.s", "2parsecs", huge] {
        let text = refusal(PROGRAM, &["--delay", delay]);
        let named = format!("invalid value '{delay}' for '--delay <DELAY>': ");
        assert!(text.contains(&named), "{text}");
    }
}

#[test]
fn a_limit_of_zero_is_refused() {
    for limit in ["0", "-1", "1.5", "many"] {
        let text = refusal(PROGRAM, &["--limit", limit]);
        assert!(text.contains("a whole number, 1 or more"), "{text}");
    }
}

#[test]
fn one_after_another_and_a_limit_exclude_each_other() {
    let text = refusal(PROGRAM, &["--sequential", "--limit", "2"]);
    assert!(text.contains("cannot be used with"), "{text}");
}

#[test]
fn a_url_is_refused_because_nothing_would_be_fetched() {
    let text = refusal(PROGRAM, &["API 1", "https://example.com/"]);
    assert!(
        text.contains("https://example.com/") && text.contains("fetch_urls"),
        "{text}"
    );
}

#[test]
fn help_lists_the_options_and_ends_well() {
    for option in ["--help", "-h"] {
        let said = fetch(&[option, "--fast"]);
        assert!(said.out.contains("Usage: fetch_data"), "{said:?}");
        for name in [
            "--delay",
            "--sequential",
            "--limit",
            "--virtual",
            "--seed",
            "--timeline",
        ] {
            assert!(said.out.contains(name), "{name}: {said:?}");
        }
    }
}

#[test]
fn a_timeline_is_drawn_after_the_results() {
    let said = fetch(&["--virtual", "--timeline", "--seed=7", "tea"]);
    assert!(said.err.contains("sleep 2 s"), "{said:?}");
}

#[test]
fn an_unknown_option_is_refused() {
    assert!(refusal(PROGRAM, &["--fast"]).contains("--fast"));
}

#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    let said = said_to_closed_pipe(PROGRAM, &["--virtual"]);
    let quiet = Said {
        out: String::new(),
        err: String::new(),
        code: 0,
    };
    assert_eq!(said, quiet);
}

#[test]
fn the_readme_shows_the_real_output() {
    let readme = include_str!("../../../../README.md");
    let command = "$ cargo run -p first-programs --bin fetch_data\n";
    let session = format!("{command}{THE_PAGES_OUTPUT}elapsed: 2.00s; one after another: 6.00s\n");
    assert!(
        readme.contains(&session),
        "README.md shows no such session:\n{session}"
    );
}
