//! Random programs, and smaller ones that fail in the same way.
//!
//! Invariant: a number gives one program, on every machine, for as long as
//! this file stays as it is. proptest draws and shrinks; called by `campaign`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use proptest::prelude::{BoxedStrategy, Just, Strategy, any};
use proptest::prop_oneof;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::program::{Body, Step};

/// Which steps a program may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Those that the reference model knows.
    Modelled,
    /// Everything that runs on the loop's own thread.
    Wild,
    /// Thread jobs too: their order is not defined.
    Threads,
    /// Those for which asyncio promises the same order, to the line.
    Strict,
    /// Those for which asyncio takes other turns within one moment.
    Grouped,
}

/// How deep bodies stand in each other, at most.
const DEPTH: u32 = 4;

/// The program with this number, and its smaller kin.
pub(crate) fn program(kind: Kind, number: u64) -> impl ValueTree<Value = Body> {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, rng);
    let tree = programs(kind).new_tree(&mut runner);
    tree.expect("nothing is filtered")
}

/// The smallest program that `fails` still finds fault with, of so many.
pub(crate) fn shrink(
    mut tree: impl ValueTree<Value = Body>,
    mut tries: u32,
    fails: impl Fn(&Body) -> bool,
) -> Body {
    let mut smallest = tree.current();
    while tries > 0 {
        tries -= 1;
        let candidate = tree.current();
        let moved = if fails(&candidate) {
            smallest = candidate;
            tree.simplify()
        } else {
            tree.complicate()
        };
        if !moved {
            break;
        }
    }
    smallest
}

/// All programs of a kind. Built once: it is made of thousands of parts.
fn programs(kind: Kind) -> BoxedStrategy<Body> {
    thread_local! {
        static BUILT: RefCell<HashMap<Kind, BoxedStrategy<Body>>> = RefCell::default();
    }
    BUILT.with_borrow_mut(|built| {
        let strategy = built.entry(kind).or_insert_with(|| build(kind));
        strategy.clone()
    })
}

fn build(kind: Kind) -> BoxedStrategy<Body> {
    let flat = body(leaf(kind), 0..5);
    let mut inner = flat.clone();
    for _ in 1..DEPTH {
        inner = body(step(kind, &inner, &flat), 0..5);
    }
    let main = body(step(kind, &inner, &flat), 1..8);
    let strict = matches!(kind, Kind::Strict | Kind::Grouped);
    main.prop_map(move |mut body| {
        if kind == Kind::Grouped {
            // The longest time of all: no task is left when the main body ends.
            body.steps.push(Step::Sleep(u64::MAX));
        }
        body.number(strict)
    })
    .boxed()
}

fn body(step: BoxedStrategy<Step>, len: Range<usize>) -> BoxedStrategy<Body> {
    proptest::collection::vec(step, len)
        .prop_map(|steps| Body { id: 0, steps })
        .boxed()
}

fn step(
    kind: Kind,
    inner: &BoxedStrategy<Body>,
    flat: &BoxedStrategy<Body>,
) -> BoxedStrategy<Step> {
    prop_oneof![
        3 => leaf(kind),
        2 => nested(kind, inner, flat),
    ]
    .boxed()
}

/// Steps without bodies.
fn leaf(kind: Kind) -> BoxedStrategy<Step> {
    let time = || 0..6_u64;
    let alone = prop_oneof![
        4 => time().prop_map(|ms| Step::Sleep(ms * 1000)),
        3 => Just(Step::Yield),
    ];
    if kind == Kind::Grouped {
        return alone.boxed(); // what tasks share would depend on their turns
    }
    let basic = prop_oneof![
        7 => alone,
        3 => any::<u32>().prop_map(Step::Join),
    ];
    let two = || 0..2_u8;
    let shared = prop_oneof![
        12 => any::<u32>().prop_map(Step::Cancel),
        2 => any::<u32>().prop_map(Step::Detach),
        4 => two().prop_map(Step::Wait),
        6 => two().prop_map(Step::Set),
        2 => two().prop_map(Step::Clear),
        6 => two().prop_map(Step::Put),
        4 => two().prop_map(Step::Get),
        2 => two().prop_map(Step::SetVar),
        2 => Just(Step::GetVar),
        1 => Just(Step::Fail),
        1 => Just(Step::Panic),
    ];
    if kind == Kind::Strict {
        return prop_oneof![basic, shared].boxed();
    }
    let rude = prop_oneof![12 => shared, 1 => Just(Step::PanicOnDrop)];
    if kind == Kind::Modelled {
        return prop_oneof![basic, rude].boxed();
    }
    let within = (any::<u32>(), time()).prop_map(|(task, ms)| Step::CancelWithin(task, ms * 1000));
    if kind == Kind::Wild {
        return prop_oneof![4 => basic, 4 => rude, 1 => within].boxed();
    }
    prop_oneof![4 => basic, 4 => rude, 1 => within, 3 => Just(Step::Thread)].boxed()
}

/// Steps with bodies.
fn nested(
    kind: Kind,
    inner: &BoxedStrategy<Body>,
    flat: &BoxedStrategy<Body>,
) -> BoxedStrategy<Step> {
    let one = || inner.clone();
    let some = |least: usize| proptest::collection::vec(inner.clone(), least..4);
    let limit = || (0..6_u64).prop_map(|ms| ms * 1000);
    let spawn = one().prop_map(Step::Spawn);
    let timeout = (limit(), one()).prop_map(|(ms, body)| Step::Timeout(ms, body));
    let mostly_one = || prop_oneof![5 => Just(0_u8), 1 => Just(1)];
    let locks = prop_oneof![
        (mostly_one(), one()).prop_map(|(lock, body)| Step::Lock(lock, body)),
        (mostly_one(), one()).prop_map(|(lock, body)| Step::Permit(lock, body)),
    ];
    if kind == Kind::Strict {
        return prop_oneof![6 => spawn, 2 => timeout, 4 => locks].boxed();
    }
    let gather = some(0).prop_map(Step::Gather);
    let race = some(1).prop_map(Step::Race);
    if kind == Kind::Grouped {
        // asyncio has started all before the first one wins.
        let later = |body: &mut Body| body.steps.insert(0, Step::Sleep(1000));
        let race = some(1).prop_map(move |mut bodies| {
            bodies.iter_mut().for_each(later);
            Step::Race(bodies)
        });
        return prop_oneof![3 => spawn, 2 => timeout, 2 => gather, 2 => race].boxed();
    }
    // More than 32 futures are polled in another way than a few.
    let crowd = proptest::collection::vec(flat.clone(), 33..40);
    let many = prop_oneof![
        6 => gather,
        1 => crowd.prop_map(Step::Gather),
        4 => some(0).prop_map(Step::TryGather),
        4 => race,
    ];
    let known = prop_oneof![5 => spawn, 2 => timeout, 4 => locks, 4 => many];
    if kind == Kind::Modelled {
        return known.boxed();
    }
    let scope = (some(0), one()).prop_map(|(children, own)| Step::Scope(children, own));
    let asked = one().prop_map(Step::UntilAsked);
    prop_oneof![6 => known, 2 => scope, 1 => asked].boxed()
}
