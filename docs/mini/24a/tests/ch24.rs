//! Tests of the real runtime, word for word.

#![allow(dead_code, unused_imports, unexpected_cfgs)]

mod blocking;
mod combine_gather;
mod common;
mod event_loop_fairness;
mod event_loop_nested_panics;
mod event_loop_run;
mod event_loop_wakers;
mod spawn_cancel;
mod spawn_tasks;
mod time_timers;
mod time_virtual_time;
