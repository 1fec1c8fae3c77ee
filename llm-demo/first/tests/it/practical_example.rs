use super::common::{Said, said, said_to_closed_pipe};
use super::fetch_data::THE_PAGES_OUTPUT;

const PROGRAM: &str = env!("CARGO_BIN_EXE_practical_example");

#[test]
fn the_example_prints_what_the_page_s_does() {
    let (out, err) = (THE_PAGES_OUTPUT.into(), String::new());
    assert_eq!(said(PROGRAM, &[]), Said { out, err, code: 0 });
}

#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    let quiet = said_to_closed_pipe(PROGRAM, &[]);
    assert_eq!((quiet.err.as_str(), quiet.code), ("", 0));
}
