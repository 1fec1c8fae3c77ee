//! Random programs, and smaller ones that fail in the same way.
//!
//! Invariant: a number gives one program, on every machine, for as long as
//! this file stays as it is. proptest draws and shrinks; called by `campaign`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use proptest::prelude::{BoxedStrategy, Just, Strategy, any};
use proptest::prop_oneof;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::program::{Act, Body, Place, Step};

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
    /// Those of `Modelled`, and sets of many futures.
    Crowds,
    /// Budgets that are spent, limits that have passed.
    Spent,
    /// Foreign wakers, which act.
    Wakers,
    /// Sockets with several waiters.
    Sources,
    /// Resets and reads from other places.
    Places,
    /// Remote handles, loops on threads of their own.
    Remotes,
}

impl Kind {
    /// Returns whether the second queue has room for one item only.
    pub(crate) fn is_bounded(self) -> bool {
        !matches!(self, Kind::Strict | Kind::Grouped)
    }

    /// Returns whether the reference model knows the steps.
    pub(crate) fn is_modelled(self) -> bool {
        !matches!(
            self,
            Kind::Threads
                | Kind::Spent
                | Kind::Wakers
                | Kind::Sources
                | Kind::Places
                | Kind::Remotes
        )
    }

    /// Returns whether threads or the kernel influence the order.
    pub(crate) fn is_out_of_order(self) -> bool {
        matches!(
            self,
            Kind::Threads | Kind::Sources | Kind::Places | Kind::Remotes
        )
    }

    /// Returns whether every stall is certain: no foreign waker, thread or
    /// handle exists that could wake a task.
    pub(crate) fn is_closed(self) -> bool {
        matches!(
            self,
            Kind::Modelled | Kind::Wild | Kind::Crowds | Kind::Spent
        )
    }
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

/// How long to look for a smaller program: one that hangs takes seconds to fail.
const SHRINKING: Duration = Duration::from_secs(120);

/// The smallest program that `fails` still finds fault with, of so many.
pub(crate) fn shrink(
    mut tree: impl ValueTree<Value = Body>,
    mut tries: u32,
    fails: impl Fn(&Body) -> bool,
) -> Body {
    let began = Instant::now();
    let mut smallest = tree.current();
    while tries > 0 && began.elapsed() < SHRINKING {
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
    if kind == Kind::Sources {
        let two = (main, 0..5_u8, 0..5_u8);
        return two.prop_map(number_with_sources).boxed();
    }
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

fn number_with_sources((mut main, one, other): (Body, u8, u8)) -> Body {
    main.choose_sources([one, other]);
    main.number(false)
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
    let own = own_leaf(kind);
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
    if kind == Kind::Modelled || kind == Kind::Crowds {
        return prop_oneof![basic, rude].boxed();
    }
    if let Some(own) = own {
        // With fewer other steps, more bodies reach the sockets.
        let weight = if kind == Kind::Sources { 12 } else { 3 };
        return prop_oneof![2 => calm_leaf(), weight => own].boxed();
    }
    let within = (any::<u32>(), time()).prop_map(|(task, ms)| Step::CancelWithin(task, ms * 1000));
    if kind == Kind::Wild {
        return prop_oneof![4 => basic, 4 => rude, 1 => within].boxed();
    }
    prop_oneof![4 => basic, 4 => rude, 1 => within, 3 => Just(Step::Thread)].boxed()
}

/// Steps that complete whatever the others do.
fn brief_leaf() -> BoxedStrategy<Step> {
    prop_oneof![
        3 => (0..6_u64).prop_map(|ms| Step::Sleep(ms * 1000)),
        3 => Just(Step::Yield),
        1 => (0..2_u8).prop_map(Step::Set),
        1 => Just(Step::Fail),
    ]
    .boxed()
}

/// Bodies that want the same lock, permits and items: more than two at a time,
/// which shows in which order they get them.
fn contenders(brief: &BoxedStrategy<Body>) -> BoxedStrategy<Vec<Body>> {
    let brief = || brief.clone();
    let wanted = prop_oneof![
        4 => brief().prop_map(|body| Step::Lock(0, body)),
        4 => brief().prop_map(|body| Step::Permit(0, body)),
        1 => Just(Step::Put(0)),
        1 => Just(Step::Get(0)),
        1 => Just(Step::Wait(0)),
    ];
    proptest::collection::vec(body(wanted.boxed(), 1..3), 3..8).boxed()
}

/// Steps that never end a body early, and seldom let time pass.
fn calm_leaf() -> BoxedStrategy<Step> {
    let two = || 0..2_u8;
    prop_oneof![
        2 => (0..6_u64).prop_map(|ms| Step::Sleep(ms * 1000)),
        6 => Just(Step::Yield),
        4 => any::<u32>().prop_map(Step::Join),
        4 => any::<u32>().prop_map(Step::Cancel),
        1 => any::<u32>().prop_map(Step::Detach),
        2 => two().prop_map(Step::Wait),
        3 => two().prop_map(Step::Set),
        1 => two().prop_map(Step::Clear),
        3 => two().prop_map(Step::Put),
        2 => two().prop_map(Step::Get),
    ]
    .boxed()
}

/// Steps without bodies that one kind alone has.
fn own_leaf(kind: Kind) -> Option<BoxedStrategy<Step>> {
    // Around the budget of a poll, which is 128, and several times as much.
    let spent = || prop_oneof![Just(126_u16), Just(127), Just(128), Just(129), Just(300)];
    let inside = prop_oneof![Just(Place::Inside), Just(Place::Job), Just(Place::Away)];
    let outside = || prop_oneof![Just(Place::Between), Just(Place::OtherLoop)];
    let time = || (0..6_u64).prop_map(|ms| ms * 1000);
    let own = match kind {
        Kind::Spent => prop_oneof![
            4 => spent().prop_map(Step::Spend),
            3 => (0..5_u8, prop_oneof![0..4_u8, 126..131_u8]).prop_map(|(how, n)| Step::Drain(how, n)),
            1 => (0..9_u8).prop_map(Step::Rounds),
            1 => (0..5_u8).prop_map(Step::Busy),
        ]
        .boxed(),
        Kind::Sources => prop_oneof![
            3 => (0..2_u8, 1..5_u8).prop_map(|(which, n)| Step::Send(which, n)),
            4 => (0..2_u8, 1..4_u8).prop_map(|(which, n)| Step::Receive(which, n)),
        ]
        .boxed(),
        Kind::Places => {
            let place = prop_oneof![3 => inside, 3 => outside()];
            prop_oneof![
                4 => (0..2_u8, time()).prop_map(|(which, us)| Step::Nap(which, us)),
                4 => (0..2_u8, time(), place)
                    .prop_map(|(which, us, place)| Step::Reset(which, us, place)),
                2 => (any::<u32>(), outside()).prop_map(|(task, place)| Step::Read(task, place)),
                1 => spent().prop_map(Step::Spend),
            ]
            .boxed()
        }
        Kind::Remotes => prop_oneof![
            8 => (0..4_u8).prop_map(Step::AwaitRemote),
            8 => (0..4_u8, proptest::collection::vec(0..6_u8, 1..6))
                .prop_map(|(which, uses)| Step::UseRemote(which, uses)),
            1 => (0..4_u8).prop_map(Step::DropLoop),
        ]
        .boxed(),
        Kind::Wakers => calm_leaf(),
        _ => return None,
    };
    Some(own)
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
    if kind == Kind::Crowds {
        // Of 33 bodies that may wait for others, some mostly wait forever.
        let brief = body(brief_leaf(), 0..3);
        let many = || {
            let any = proptest::collection::vec(flat.clone(), 33..40);
            prop_oneof![any, proptest::collection::vec(brief.clone(), 33..40)]
        };
        let few = proptest::collection::vec(inner.clone(), 0..6);
        let limited = prop_oneof![3 => few, 1 => many()];
        return prop_oneof![
            8 => known,
            3 => contenders(&brief).prop_map(Step::Gather),
            1 => many().prop_map(Step::Gather),
            1 => many().prop_map(Step::TryGather),
            1 => many().prop_map(Step::Race),
            1 => many().prop_map(Step::AsCompleted),
            3 => some(0).prop_map(Step::AsCompleted),
            3 => (1..4_u8, limited).prop_map(|(limit, bodies)| Step::Limited(limit, bodies)),
        ]
        .boxed();
    }
    let scope = (some(0), one()).prop_map(|(children, own)| Step::Scope(children, own));
    let asked = one().prop_map(Step::UntilAsked);
    if kind == Kind::Wakers {
        let foreign = (act(), one()).prop_map(|(act, body)| Step::Foreign(act, body));
        return prop_oneof![6 => known, 3 => scope, 1 => asked, 8 => foreign].boxed();
    }
    if kind == Kind::Sources {
        return prop_oneof![6 => one().prop_map(Step::Spawn), 3 => known, 1 => scope].boxed();
    }
    if kind == Kind::Remotes {
        return prop_oneof![1 => known, 3 => one().prop_map(Step::Remote)].boxed();
    }
    prop_oneof![6 => known, 2 => scope, 1 => asked].boxed()
}

/// What a foreign waker does besides waking.
fn act() -> BoxedStrategy<Act> {
    prop_oneof![
        Just(Act::Nothing),
        Just(Act::Starts),
        Just(Act::Lists),
        Just(Act::Opens),
        Just(Act::Closes),
        Just(Act::Drops),
        Just(Act::Nests),
        Just(Act::Panics),
    ]
    .boxed()
}
