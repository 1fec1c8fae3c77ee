//! The first programs, run as a user runs them.

mod blocking;
mod common;
mod fetch_data;
mod practical_example;
