//! The rules: traces of loops that broke one, each reported at the event that
//! broke it.

use loop_trace::replay::{Rule, State, judge};

use crate::common::trace;

const SPAWN: &str = r#"task.spawn "task":1,"name":"Task-1","parent":null,"at":"here""#;
const SECOND: &str = r#"task.spawn "task":2,"name":"Task-2","parent":null,"at":"here""#;
const PUSH: &str = r#"ready.push "task":1"#;
const POLL: &str = r#"poll.start "task":1"#;
const PENDING: &str = r#"poll.end "task":1,"result":"pending""#;
const READY: &str = r#"poll.end "task":1,"result":"ready""#;
const DONE: &str = r#"task.done "task":1,"how":"returned""#;
const TIMER: &str = r#"timer.add "timer":1,"task":1,"deadline":100"#;
const PARK: &str = r#"park.start "until":100"#;

/// Returns the broken rules of a trace, and the events that broke them.
fn broken(events: &[&str]) -> Vec<(Rule, usize)> {
    let broken = judge(&trace(events));
    broken
        .iter()
        .map(|broken| (broken.rule, broken.event))
        .collect()
}

#[test]
fn a_loop_that_keeps_the_rules_is_not_reported() {
    let events = [
        "run.start",
        SPAWN,
        PUSH,
        r#"turn "n":1,"ready":1"#,
        POLL,
        TIMER,
        r#"await "task":1,"on":{"timer":1}"#,
        PENDING,
        PARK,
        r#"@100 park.end "cause":"timer""#,
        r#"timer.fire "timer":1"#,
        PUSH,
        r#"turn "n":2,"ready":1"#,
        POLL,
        READY,
        DONE,
        r#"run.end "how":"returned""#,
        "loop.close",
        "loop.closed",
    ];
    assert_eq!(broken(&events), []);
}

#[test]
fn two_tasks_polled_at_once_are_reported() {
    let push = r#"ready.push "task":2"#;
    let events = [SPAWN, SECOND, PUSH, push, POLL, r#"poll.start "task":2"#];
    assert_eq!(broken(&events), [(Rule::OneAtATime, 5)]);
}

#[test]
fn a_task_polled_out_of_turn_is_reported() {
    let push = r#"ready.push "task":2"#;
    let events = [SPAWN, SECOND, PUSH, push, r#"poll.start "task":2"#];
    assert_eq!(broken(&events), [(Rule::QueueOrder, 4)]);
}

#[test]
fn a_poll_without_a_wake_is_reported() {
    let events = [SPAWN, PUSH, POLL, PENDING, POLL];
    assert_eq!(broken(&events), [(Rule::QueueOrder, 4)]);
}

#[test]
fn a_seed_that_loses_a_task_is_reported_and_one_that_reorders_is_not() {
    let push = r#"ready.push "task":2"#;
    let second = r#"poll.start "task":2"#;
    let reorders = [
        SPAWN,
        SECOND,
        PUSH,
        push,
        r#"turn.order "order":[2,1]"#,
        second,
    ];
    assert_eq!(broken(&reorders), []);
    let loses = [
        SPAWN,
        SECOND,
        PUSH,
        push,
        r#"turn.order "order":[2]"#,
        second,
    ];
    assert_eq!(broken(&loses), [(Rule::QueueOrder, 4)]);
}

#[test]
fn a_task_that_is_twice_in_the_queue_is_reported() {
    assert_eq!(broken(&[SPAWN, PUSH, PUSH]), [(Rule::NoDuplicate, 2)]);
}

#[test]
fn a_poll_of_a_task_that_has_ended_is_reported() {
    let events = [SPAWN, PUSH, POLL, READY, DONE, PUSH, POLL];
    assert_eq!(
        broken(&events),
        [(Rule::NoPollAfterDone, 5), (Rule::NoPollAfterDone, 6)]
    );
}

#[test]
fn a_park_while_a_task_is_ready_is_reported() {
    assert_eq!(broken(&[SPAWN, PUSH, PARK]), [(Rule::NoParkWithWork, 2)]);
}

#[test]
fn a_timer_that_fires_early_is_reported() {
    let fire = r#"@99 timer.fire "timer":1"#;
    assert_eq!(broken(&[SPAWN, TIMER, fire]), [(Rule::NoEarlyTimer, 2)]);
}

#[test]
fn timers_that_fire_out_of_order_are_reported() {
    let other = r#"timer.add "timer":2,"task":1,"deadline":100"#;
    let fire = r#"@100 timer.fire "timer":2"#;
    assert_eq!(
        broken(&[SPAWN, TIMER, other, fire]),
        [(Rule::TimerOrder, 3)]
    );
    let moved = r#"timer.move "timer":1,"deadline":100"#;
    assert_eq!(
        broken(&[SPAWN, TIMER, other, moved, fire]),
        [],
        "the moved timer is last now"
    );
}

#[test]
fn time_that_decreases_is_reported() {
    let back = [
        r#"@5 mark "task":null,"text":"a""#,
        r#"@4 mark "task":null,"text":"b""#,
    ];
    assert_eq!(broken(&back), [(Rule::TimeGoesOn, 1)]);
}

#[test]
fn a_wait_that_nothing_can_end_is_reported_at_the_park() {
    let lost = [SPAWN, PUSH, POLL, PENDING, PARK];
    assert_eq!(broken(&lost), [(Rule::LiveWaker, 4)]);
    let has_a_waker = r#"waker.count "task":1,"n":1,"noted":false"#;
    assert_eq!(broken(&[SPAWN, PUSH, POLL, PENDING, has_a_waker, PARK]), []);
    let gone = r#"waker.count "task":1,"n":0,"noted":false"#;
    let events = [SPAWN, PUSH, POLL, PENDING, has_a_waker, gone, PARK];
    assert_eq!(broken(&events), [(Rule::LiveWaker, 6)]);
}

#[test]
fn what_is_left_at_the_end_is_reported() {
    let events = [SPAWN, PUSH, TIMER, "loop.close", "loop.closed"];
    let what: Vec<_> = judge(&trace(&events))
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        what,
        [
            "event 4: balanced-end: 1 queued tasks are left at the end of the loop",
            "event 4: balanced-end: 1 tasks are left at the end of the loop",
            "event 4: balanced-end: 1 timers are left at the end of the loop",
        ]
    );
}

#[test]
fn a_child_of_a_scope_is_polled_inside_its_owners_poll_and_only_if_it_was_woken() {
    let woken = r#"scope.push "task":2"#;
    let inner = r#"poll.start "task":2"#;
    let inner_end = r#"poll.end "task":2,"result":"pending""#;
    let fine = [SPAWN, SECOND, woken, PUSH, POLL, inner, inner_end, PENDING];
    assert_eq!(broken(&fine), []);
    let alone = [SPAWN, SECOND, woken, inner];
    assert_eq!(broken(&alone), [(Rule::OneAtATime, 3)]);
}

#[test]
fn a_state_as_json() {
    let mut state = State::new();
    for entry in &trace(&[SPAWN, PUSH, POLL, TIMER]).events {
        state.apply(entry);
    }
    assert_eq!(
        state.to_json(),
        r#"{"i":3,"t":0,"k":"timer.add","mode":"poll","turn":0,"polling":1,"suspended":[],"#
            .to_owned()
            + r#""queue":[],"tasks":[{"task":1,"name":"Task-1","parent":null,"#
            + r#""state":"polling","polls":1,"waits":[],"wakers":0,"noted":false,"#
            + r#""cancel":false}],"timers":[{"timer":1,"task":1,"deadline":100}],"#
            + r#""parked":null,"inbox":[],"sources":[],"jobs":[],"printed":[]}"#
    );
}

/// Without its last events, a trace has no end to be balanced.
#[test]
fn a_trace_that_was_cut_off_is_judged_as_far_as_it_goes() {
    let events = [SPAWN, PUSH, TIMER, "loop.close", "loop.closed"];
    let mut trace = trace(&events);
    assert_ne!(judge(&trace), []);
    trace.dropped = 1;
    assert_eq!(judge(&trace), []);
}
