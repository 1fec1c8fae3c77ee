//! A small model checker: every order in which a loop that goes to sleep and a
//! thread that wakes it can take their steps.

use std::mem::take;
use std::process::ExitCode;

use docs::Exercise;

/// What the two share, and what the loop has seen.
#[derive(Clone, Default)]
struct State {
    key_is_queued: bool,
    asleep: bool,
    token: bool,
    key_was_seen: bool,
}

/// A step: its name, and what it does. It returns `false` if it has to wait.
type Step = (&'static str, fn(&mut State) -> bool);

const LOOK: Step = ("the loop looks at the queue", |state| {
    state.key_was_seen = state.key_is_queued;
    true
});
const SET_FLAG: Step = ("the loop sets the flag", |state| {
    state.asleep = true;
    true
});
const BLOCK: Step = ("the loop blocks if it saw no key", |state| {
    state.key_was_seen || take(&mut state.token)
});

const PUSH: Step = ("the thread pushes a key", |state| {
    state.key_is_queued = true;
    true
});
const UNPARK: Step = ("the thread unparks if the flag is set", |state| {
    state.token |= take(&mut state.asleep);
    true
});

// First its own flag, then the other's queue; first its own key, then the other's flag.
const LOOP: [Step; 3] = [SET_FLAG, LOOK, BLOCK];
const THREAD: [Step; 2] = [PUSH, UNPARK];

/// Takes the remaining steps of the two in every order; returns how many orders
/// there are. The error is one in which steps remain and none can be taken.
fn explore(state: &State, rest: [&[Step]; 2], taken: &[&str]) -> Result<usize, String> {
    if rest.iter().all(|steps| steps.is_empty()) {
        return Ok(1);
    }
    let mut orders = 0;
    for who in 0..rest.len() {
        let Some(((name, step), later)) = rest[who].split_first() else {
            continue; // this one has no steps left
        };
        let mut state = state.clone();
        if step(&mut state) {
            let mut rest = rest;
            rest[who] = later;
            orders += explore(&state, rest, &[taken, &[name]].concat())?;
        }
    }
    match orders {
        0 => Err(taken.join("\n  ")),
        orders => Ok(orders),
    }
}

fn main() -> ExitCode {
    let hint = "each side has to write its own thing before it reads the other's";
    Exercise::new(hint).judge("the model", || {
        let all = explore(&State::default(), [&LOOP, &THREAD], &[]);
        let orders = all.map_err(|order| format!("a wake is lost\n  {order}"))?;
        println!("{orders} orders, and no wake is lost");
        Ok(())
    })
}
