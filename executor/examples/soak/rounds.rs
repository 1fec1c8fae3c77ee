//! Rounds of the soak, and the checks after each round and at the end.
//!
//! **Invariant:** a round leaves no task, thread, descriptor or unbalanced count
//! behind.
//!
//! Called by `examples/soak.rs` and `tests/soak.rs`.

use std::time::{Duration, Instant};

use executor::{Runner, tasks, timeout};

use crate::counts::Counts;
use crate::load::{PANIC, load};
use crate::process::{Resources, resident};

/// A round that takes longer is taken to hang. A round takes some milliseconds
/// on an idle machine.
const HANG: Duration = Duration::from_secs(300);

/// The number of rounds after which memory must not grow.
const WARM_UP: u64 = 3;

/// How much memory may grow after that, in KiB: the allocator's own memory varies
/// by some MiB, and a leak of one KiB per round exceeds this within a minute.
const GROWTH: u64 = 16 * 1024;

pub(crate) fn soak(time: Duration) {
    silence_panics_on_purpose();
    let began = Instant::now();
    let sum = Counts::default();
    // The first round also creates what the process keeps until its end.
    round(0, &sum);
    let before = Resources::now();
    let (mut rounds, mut warm) = (1, 0);
    while rounds <= WARM_UP || began.elapsed() < time {
        round(rounds, &sum);
        rounds += 1;
        if rounds == WARM_UP {
            warm = resident();
        }
    }
    Resources::assert_no_more_than(before);
    let memory = resident();
    assert!(
        memory <= warm + GROWTH,
        "memory grew from {warm} to {memory} KiB in {rounds} rounds"
    );
    println!("{rounds} rounds; resident memory {warm} KiB after {WARM_UP}, {memory} KiB now");
    println!("{sum}");
}

/// Runs one loop from its start to its end, and checks what is left.
fn round(number: u64, sum: &Counts) {
    let counts = Counts::default();
    let mut runner = Runner::builder()
        .seed(number)
        .instrument(counts.clone())
        .build();
    runner.run(async {
        let work = timeout(HANG, load(number, counts.clone()));
        if work.await.is_err() {
            panic!("round {number} hangs: {:?}", tasks());
        }
        let left: Vec<_> = tasks().iter().map(|task| task.name().to_owned()).collect();
        assert_eq!(left.len(), 1, "tasks left over: {left:?}");
    });
    runner.close();
    drop(runner);
    counts.reconcile();
    sum.add_all(&counts);
}

/// Prints no message for the panics on purpose.
fn silence_panics_on_purpose() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref::<&str>() != Some(&PANIC) {
            print(info);
        }
    }));
}
