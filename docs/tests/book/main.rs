//! The tests that keep the book true.
//!
//! Each test reads every page and complains about all that is wrong at once.
//! `BLESS=1 cargo test -p docs` rewrites what can be rewritten: shown code,
//! diffs, printed output, compiler messages.
//!
//! The one rule: a page is never believed. What it shows is compared with the
//! file it names, or produced again by the program it names.

mod assembly;
#[path = "../../../executor/tests/it/catalogue.rs"]
mod catalogue;
mod check;
mod code;
mod compile_fail;
mod conformance;
mod console;
mod diffs;
mod exercises;
mod form;
mod items;
mod layers;
#[allow(dead_code)] // the test of the architecture uses the rest
#[path = "../../../executor/tests/architecture/reading.rs"]
mod lines_of_code;
mod links;
mod manifests;
mod markdown;
mod outline;
mod programs;
mod python;
mod same_tests;
mod shown;
mod steps;
mod words;

use check::Report;

#[test]
fn shown_code_equals_its_source() {
    Report::of("shown code", code::check).unwrap();
}

#[test]
fn shown_diffs_equal_the_real_ones() {
    Report::of("shown diffs", steps::check_diffs).unwrap();
}

#[test]
fn every_line_of_every_step_is_shown() {
    steps::check_shown().unwrap();
}

#[test]
fn every_step_is_run_in_its_chapter() {
    steps::check_run().unwrap();
}

#[test]
fn every_step_adds_few_lines() {
    steps::check_sizes().unwrap();
}

#[test]
fn every_step_is_an_example() {
    manifests::check_steps().unwrap();
}

#[test]
fn every_exercise_is_an_example() {
    manifests::check_exercises().unwrap();
}

#[test]
fn every_step_builds_without_warnings() {
    programs::check_steps().unwrap();
}

#[test]
fn what_the_pages_show_gives_each_step() {
    assembly::check().unwrap();
}

#[test]
fn what_the_pages_show_builds_and_passes_its_tests() {
    assembly::build().unwrap();
}

#[test]
fn console_blocks_print_what_they_show() {
    Report::of("console blocks", console::check).unwrap();
}

#[test]
fn code_that_must_not_compile_gives_the_shown_error() {
    Report::of("compile_fail blocks", compile_fail::check).unwrap();
}

#[test]
fn links_and_anchors_exist() {
    Report::of("links", links::check).unwrap();
}

#[test]
fn every_page_is_in_the_contents() {
    links::check_contents().unwrap();
}

#[test]
fn every_term_is_in_the_glossary() {
    words::check_glossary().unwrap();
}

#[test]
fn every_line_of_the_phrase_book_is_in_a_program() {
    words::check_phrasebook().unwrap();
}

#[test]
fn chapters_are_short_and_end_with_questions() {
    form::check_chapters().unwrap();
}

#[test]
fn the_behaviour_catalogue_lists_the_tests_that_there_are() {
    conformance::check().unwrap();
}

#[test]
fn the_tests_of_chapter_24_are_those_of_the_real_runtime() {
    same_tests::check().unwrap();
}

#[test]
fn the_lines_of_both_runtimes_are_counted() {
    Report::of("line counts", same_tests::check_counts).unwrap();
}

#[test]
fn pictures_have_text() {
    Report::of("pictures", form::check_pictures).unwrap();
}

#[test]
fn the_page_shows_every_directory_of_the_plan() {
    layers::check().unwrap();
}

#[test]
fn python_programs_are_shown_and_run() {
    python::check().unwrap();
}

#[test]
fn exercises_fail_unsolved_and_pass_solved() {
    exercises::check().unwrap();
}
